//! Since which of several rosters records have been missing: nothing is kept of it, the rosters themselves tell.

use crate::{
    model::{Kind, RecordKey},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};
use std::collections::HashSet;

/// The oldest roster from which on a record has been missing without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since<T> {
    pub roster: T,
    /// An older roster is not kept any more, so it may be missing for longer.
    pub at_least: bool,
}

/// `rosters` are the newest first, each with what it is called by; `keys` are of one kind. Of each roster only the
/// stretch between the first and the last key is read, so neighbours are best asked for together. `None`: it is in the
/// newest roster.
///
/// # Errors
/// A snapshot that is damaged.
pub fn missing_since<T: Copy>(
    store: &SnapshotStore,
    kind: Kind,
    keys: &[RecordKey],
    rosters: impl IntoIterator<Item = (T, SnapshotId)>,
) -> Result<Vec<Option<Since<T>>>, SnapshotError> {
    let mut since: Vec<Option<Since<T>>> = vec![None; keys.len()];
    let (Some(first), Some(last)) =
        (keys.iter().map(|key| &key.key).min(), keys.iter().map(|key| &key.key).max())
    else {
        return Ok(since);
    };
    let mut open: Vec<usize> = (0..keys.len()).collect();
    let mut read: Option<SnapshotId> = None;
    for (roster, snapshot) in rosters {
        if open.is_empty() {
            break;
        }
        if !store.contains(&snapshot) {
            for at in open {
                since[at] = since[at].map(|since| Since { at_least: true, ..since });
            }
            break;
        }
        // Rosters of neighbouring nights are often one.
        if read != Some(snapshot) {
            let wanted: HashSet<&RecordKey> = open.iter().map(|at| &keys[*at]).collect();
            let mut there: HashSet<RecordKey> = HashSet::new();
            for found in store.read_range(&snapshot, kind, first.clone()..=last.clone())? {
                let key = found?.0.key();
                if wanted.contains(&key) {
                    there.insert(key);
                }
            }
            open.retain(|at| !there.contains(&keys[*at]));
            read = Some(snapshot);
        }
        for at in &open {
            since[*at] = Some(Since { roster, at_least: false });
        }
    }
    Ok(since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Roster, samples::person};

    // DOMAIN P4
    #[test]
    fn a_record_is_missing_since_it_was_last_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(folder.path()).unwrap();
        let write = |ids: &[&str]| {
            let records = ids.iter().map(|id| person(id, "Kari", "Berg", None)).collect();
            store.write(&Roster::from_records(records)).unwrap()
        };
        let (all, some, few) = (write(&["a", "b", "c", "d"]), write(&["b", "d"]), write(&["d"]));
        let keys: Vec<RecordKey> =
            ["a", "b", "d"].iter().map(|id| person(id, "Kari", "Berg", None).key()).collect();
        let gone: SnapshotId = "ab".repeat(32).parse().unwrap();
        let at = |roster| Some(Since { roster, at_least: false });
        let longer = |roster| Some(Since { roster, at_least: true });
        // (rosters, the newest first; what is said of a, b, d)
        let cases = [
            (vec![(3, few), (2, some), (1, all)], [at(2), at(3), None]),
            // The same roster on two nights: since the first of them.
            (vec![(4, few), (3, few), (2, some), (1, all)], [at(2), at(3), None]),
            // It came back in between: since it went again.
            (vec![(4, few), (3, all), (2, some), (1, all)], [at(4), at(4), None]),
            // What is older is not kept.
            (vec![(3, few), (2, gone), (1, all)], [longer(3), longer(3), None]),
            (vec![(3, few)], [at(3), at(3), None]),
            (vec![], [None, None, None]),
        ];
        for (rosters, expected) in cases {
            let found = missing_since(&store, Kind::Person, &keys, rosters.clone()).unwrap();
            assert_eq!(found, expected, "{rosters:?}");
        }
        assert_eq!(missing_since(&store, Kind::Person, &[], [(1, all)]).unwrap(), []);
    }
}
