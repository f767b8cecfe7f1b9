//! The mirror after an import: what it was, with what was applied; what waits stays as it was.

use crate::{
    diff::{Action, Change},
    model::{Record, RecordKey, Roster},
};
use std::collections::BTreeMap;

/// Applies changes to the records of a mirror. Postponed deletes are not among the changes, so they stay in the
/// mirror, and the same difference brings them again (DOMAIN P2); held courses stay out of it the same way (C1).
pub fn mirror_after(mirror: impl Iterator<Item = Record>, applied: &[Change]) -> Roster {
    let mut records: BTreeMap<RecordKey, Record> = mirror.map(|record| (record.key(), record)).collect();
    for change in applied {
        let record = change.record();
        if change.action() == Action::Delete {
            records.remove(&record.key());
        } else {
            records.insert(record.key(), record.clone());
        }
    }
    Roster::from_records(records.into_values().collect())
}
