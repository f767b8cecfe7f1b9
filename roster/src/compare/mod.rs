//! Compares rosters by what they hold, in memory that does not grow with them: an index each, then a merge.
//!
//! | file | what |
//! |---|---|
//! | `gather` | reads the blocks of a file on several threads and checks records against each other |
//! | `runs` | sorts more than fits the memory |
//! | `entry`, `index` | an entry per record and per group's memberships: key, digest, place in the file |
//! | `record_file` | reads a record again by its place |
//! | `side`, `comparison` | merges two sides, and reads again only what differs |
//!
//! A file in which anything has to be reported is read again by [`crate::read::read_imse`], which knows every place.

mod comparison;
mod entry;
mod gather;
mod index;
mod record_file;
mod runs;
mod side;

pub use comparison::{Changes, Comparison};
pub use side::CompareError;

use crate::read::ReadLimits;
use side::Side;
use std::path::Path;

/// With what a comparison is made.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    pub limits: ReadLimits,
    /// A folder for what does not fit the memory; nothing stays in it.
    pub scratch: &'a Path,
    pub threads: usize,
    /// Bytes of memory for the entries of one file before they go to disk.
    pub memory: usize,
}

impl<'a> Options<'a> {
    /// All processors, and as much memory as a small server has.
    pub fn new(scratch: &'a Path) -> Self {
        Self {
            limits: ReadLimits::default(),
            scratch,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory: MEMORY,
        }
    }
}

const MEMORY: usize = 32 * 1024 * 1024;

/// What turns the roster of one IMS Enterprise file into that of another.
///
/// # Errors
/// A file that cannot be read, or is refused: which of the two shows by the name in the report.
pub fn compare_files(old: &Path, new: &Path, options: &Options<'_>) -> Result<Comparison, CompareError> {
    Comparison::of(Side::of_file(old, options)?, Side::of_file(new, options)?)
}
