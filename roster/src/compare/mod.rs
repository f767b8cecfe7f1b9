//! Compares and stores rosters in memory that hardly grows with them: an index of each, then a merge.
//!
//! | file | what |
//! |---|---|
//! | `gather` | reads the blocks of a file on several threads |
//! | `checks` | checks records against each other |
//! | `runs` | sorts more than fits the memory |
//! | `entry`, `index` | an entry per record and per group's memberships: key, digest, place in the file |
//! | `members` | the members of a group as bytes, and where those of two sides differ |
//! | `record_file` | reads a record again by its place |
//! | `side`, `snapshot_side` | what can be compared: files, snapshots, rosters in memory |
//! | `comparison` | merges two sides, and reads again only what differs |
//! | `store` | writes a file's records into a snapshot |
//!
//! A file in which anything has to be reported is read again by [`crate::read::read_imse`], which knows every place.

mod checks;
mod comparison;
mod entry;
mod gather;
mod index;
mod members;
mod record_file;
mod runs;
mod side;
mod snapshot_side;
mod store;

pub use comparison::{Changes, Comparison};
pub use store::{Stored, read_to_snapshot};

use self::{side::Side, snapshot_side::SnapshotSide};
use crate::{
    read::{ReadOptions, ReadReport},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};
use std::{io, path::Path};

#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    #[error("a roster cannot be read")]
    Unreadable(#[from] io::Error),
    #[error("a roster is refused: {0}")]
    Refused(ReadReport),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// With what rosters are read and compared.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    pub read: &'a ReadOptions,
    /// A folder for what does not fit the memory; nothing stays in it.
    pub scratch: &'a Path,
    pub threads: usize,
    /// Bytes of a file that a thread reads at a time.
    pub block: usize,
    /// Bytes of memory for the entries of one file before they go to disk.
    pub memory: usize,
}

const BLOCK: usize = 512 * 1024;
const MEMORY: usize = 32 * 1024 * 1024;

impl<'a> Options<'a> {
    /// All processors, and as much memory as a small server has.
    pub fn new(read: &'a ReadOptions, scratch: &'a Path) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { read, scratch, threads, block: BLOCK, memory: MEMORY }
    }
}

/// What turns the roster of one IMS Enterprise file into that of another.
///
/// # Errors
/// A file that cannot be read, or is refused: which of the two shows by the name in the report.
pub fn compare_files(old: &Path, new: &Path, options: &Options<'_>) -> Result<Comparison, RosterError> {
    let (old, new) = (Side::of_file(old, options)?, Side::of_file(new, options)?);
    Comparison::of(old, new, options.threads)
}

/// What turns a snapshot, or nothing, into another snapshot.
///
/// # Errors
/// A snapshot that is not there, or damaged.
pub fn compare_snapshots(
    store: &SnapshotStore,
    old: Option<&SnapshotId>,
    new: &SnapshotId,
) -> Result<Comparison, RosterError> {
    let side = |id: &SnapshotId| Side::of_snapshot(SnapshotSide { store: store.clone(), id: *id });
    let old = old.map_or_else(|| Ok(Side::empty()), side)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Comparison::of(old, side(new)?, threads)
}

/// What turns a snapshot into the roster of an IMS Enterprise file.
///
/// # Errors
/// A file that cannot be read, or is refused; a snapshot that is not there, or damaged.
pub fn compare_to_snapshot(
    store: &SnapshotStore,
    old: &SnapshotId,
    new: &Path,
    options: &Options<'_>,
) -> Result<Comparison, RosterError> {
    let old = Side::of_snapshot(SnapshotSide { store: store.clone(), id: *old })?;
    Comparison::of(old, Side::of_file(new, options)?, options.threads)
}
