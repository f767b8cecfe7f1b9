//! Readers of rosters: strict, in bounded memory of their own, with every error of a file in one report.

mod blocks;
mod decode;
mod element;
mod events;
mod imse;
mod lenient;
mod mapping;
pub mod oneroster;
mod plain;
mod report;
mod tree;

pub(crate) use blocks::{Block, Blocks, Part};
pub(crate) use decode::Plain;
pub(crate) use imse::{BlockFacts, Found, UsualMembership, read_block};
pub use imse::{KeyChange, Properties, ReadRoster, read_imse};
pub use lenient::{Concession, Concessions, Leniency, Lenient};
pub use mapping::{
    BadMapping, Becomes, GroupMatch, GroupRule, Mapping, Others, RoleRule, SourceVerdict, Sources,
    SpecialCourse,
};
pub use report::{ReadError, ReadReport};

/// How one customer's file is read: strictly and as it stands, unless said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    pub limits: ReadLimits,
    pub lenient: Lenient,
    pub mapping: Mapping,
}

impl From<ReadLimits> for ReadOptions {
    fn from(limits: ReadLimits) -> Self {
        Self { limits, ..Self::default() }
    }
}

/// Limits on everything that comes from outside; what stays within them fits the memory of a small server. By default a
/// national roster of 12 million memberships is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Size of a file in bytes.
    pub bytes: u64,
    /// Elements inside elements.
    pub depth: usize,
    pub records: usize,
    /// Records of one file that are in memory at once: of a OneRoster bundle, and of a file of IMS Enterprise in which
    /// something has to be told or a mapping is to be used. What is in order streams, and holds few of them.
    pub held: usize,
    /// Elements of one record; a membership holds all members of its group.
    pub elements: usize,
    /// Bytes of one text, tag or comment.
    pub text: usize,
    /// Errors that are kept; the rest is counted.
    pub errors: usize,
}

impl ReadLimits {
    /// The most records that a reader takes which holds them all, and what it says beyond.
    pub(crate) fn most_held(&self) -> (usize, &'static str) {
        if self.held < self.records {
            (
                self.held,
                "what this reader cannot read as a stream it holds in memory: mend what is told of the file, or raise \
                 rosters.read_max_records_in_memory",
            )
        } else {
            (self.records, "split the customer, or raise rosters.read_max_records")
        }
    }
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            bytes: 4 * 1024 * 1024 * 1024,
            depth: 32,
            records: 15_000_000,
            held: 3_000_000,
            elements: 200_000,
            text: 64 * 1024,
            errors: 100,
        }
    }
}
