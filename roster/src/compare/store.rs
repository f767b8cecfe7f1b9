//! Takes a file into the store of snapshots, in bounded memory: its index gives the order, its records are read again.

use super::{Options, RosterError, entry::Joined, side::Side};
use crate::{
    model::KindCounts,
    read::{Concessions, KeyChange, Properties},
    snapshot::{SnapshotId, SnapshotStore, SnapshotWriter},
};
use std::path::Path;

/// Records that are read at once, so that several threads have something to do.
const AT_ONCE: u64 = 20_000;

/// A roster that was read without an error, and lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub id: SnapshotId,
    pub counts: KindCounts,
    pub properties: Properties,
    /// Groups without an id: they do nothing.
    pub groups_without_id: u64,
    /// Records that have another key than before, as the file announces.
    pub key_changes: Vec<KeyChange>,
    /// What was let pass.
    pub concessions: Concessions,
}

/// Reads an IMS Enterprise file into a snapshot.
///
/// # Errors
/// A file that cannot be read, or is refused; a snapshot that cannot be written.
pub fn read_to_snapshot(
    file: &Path,
    options: &Options<'_>,
    store: &SnapshotStore,
) -> Result<Stored, RosterError> {
    let side = Side::of_file(file, options)?;
    let mut writer = store.writer()?;
    let (mut entries, mut stretch, mut records) = (side.entries(None), Vec::new(), 0);
    while let Some(entry) = entries.next()? {
        records += u64::from(entry.count);
        stretch.push(entry);
        if records >= AT_ONCE {
            write(&side, &stretch, options.threads, &mut writer)?;
            (records, _) = (0, stretch.clear());
        }
    }
    write(&side, &stretch, options.threads, &mut writer)?;
    drop(entries);
    let id = writer.finish()?;
    let Side { counts, properties, groups_without_id, key_changes, concessions, .. } = side;
    Ok(Stored { id, counts, properties, groups_without_id, key_changes, concessions })
}

fn write(
    side: &Side,
    stretch: &[Joined],
    threads: usize,
    writer: &mut SnapshotWriter,
) -> Result<(), RosterError> {
    let entries: Vec<&Joined> = stretch.iter().collect();
    for record in side.records(&entries, threads)?.iter().flatten() {
        writer.push(record)?;
    }
    Ok(())
}
