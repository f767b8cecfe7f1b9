//! Readers of rosters: strict, in bounded memory of their own, with every error of a file in one report.

mod decode;
mod element;
mod imse;
pub mod oneroster;
mod report;

pub use imse::{Properties, ReadRoster, read_imse};
pub use report::{ReadError, ReadReport};

/// Limits on everything that comes from outside; what stays within them fits the memory of a small server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Size of a file in bytes.
    pub bytes: u64,
    /// Elements inside elements.
    pub depth: usize,
    pub records: usize,
    /// Elements of one record; a membership holds all members of its group.
    pub elements: usize,
    /// Bytes of one text, tag or comment.
    pub text: usize,
    /// Errors that are kept; the rest is counted.
    pub errors: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024 * 1024,
            depth: 32,
            records: 3_000_000,
            elements: 200_000,
            text: 64 * 1024,
            errors: 100,
        }
    }
}
