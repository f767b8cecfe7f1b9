//! Groups and courses of a snapshot: where each lies, and its name; persons are not read.

use super::difference::Found;
use rollover_roster::{
    model::{Kind, Record, SyncKey},
    places::Places,
    snapshot::{SnapshotId, SnapshotStore},
};
use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Hierarchy {
    pub places: Places,
    /// Of groups, and titles of courses.
    pub names: HashMap<SyncKey, String>,
}

impl Hierarchy {
    pub fn of(store: &SnapshotStore, snapshot: Option<SnapshotId>) -> Found<Self> {
        let mut hierarchy = Self::default();
        let Some(snapshot) = snapshot else { return Ok(hierarchy) };
        for kind in [Kind::Group, Kind::Course] {
            for record in records(store, snapshot, kind)? {
                let record = record?;
                hierarchy.places.learn(&record);
                match record {
                    Record::Group(group) => drop(hierarchy.names.insert(group.key, group.name)),
                    Record::Course(course) => drop(hierarchy.names.insert(course.key, course.title)),
                    Record::Person(_) | Record::Membership(_) => {}
                }
            }
        }
        Ok(hierarchy)
    }
}

/// Every record of one kind.
pub(super) fn records(
    store: &SnapshotStore,
    snapshot: SnapshotId,
    kind: Kind,
) -> Found<impl Iterator<Item = Found<Record>> + use<>> {
    let count = store.counts(&snapshot)?.get(kind);
    let rows = if count == 0 { Vec::new() } else { std::iter::once(0..count).collect() };
    Ok(store.read_rows(&snapshot, kind, rows)?.map(|found| Ok(found?.0)))
}
