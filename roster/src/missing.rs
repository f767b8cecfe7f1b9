//! Since which of several rosters records have been missing: no book is kept of it, the rosters themselves tell.

use crate::{
    model::{Kind, RecordKey},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// So many different rosters are read; what is missing from all of them is missing for at least so long.
pub const ROSTERS_READ: usize = 100;

/// The oldest roster from which on a record has been missing without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since<T> {
    pub roster: T,
    /// What came before is not known, so it may be missing for longer.
    pub at_least: bool,
}

/// `rosters` are the newest first, each with what it is called by; `whole` is whether none older can matter. `keys` are
/// of one kind. Of each roster the key columns are read, no records. `None`: it is in the newest roster.
///
/// # Errors
/// A snapshot that is damaged. One that is not kept any more is none.
pub fn missing_since<T: Copy>(
    store: &SnapshotStore,
    kind: Kind,
    keys: &[RecordKey],
    rosters: impl IntoIterator<Item = (T, SnapshotId)>,
    whole: bool,
) -> Result<Vec<Option<Since<T>>>, SnapshotError> {
    let mut since: Vec<Option<Since<T>>> = vec![None; keys.len()];
    let mut open: Vec<usize> = (0..keys.len()).collect();
    let (mut newer, mut read, mut known) = (None, 0, whole);
    for (roster, snapshot) in rosters {
        if open.is_empty() {
            break;
        }
        // Rosters of neighbouring nights are often one.
        if newer != Some(snapshot) {
            if read == ROSTERS_READ {
                known = false;
                break;
            }
            let there = match there(store, kind, &snapshot, open.iter().map(|at| &keys[*at]).collect()) {
                Err(SnapshotError::Missing { .. }) => {
                    known = false;
                    break;
                }
                there => there?,
            };
            open.retain(|at| !there.contains(&keys[*at]));
            (newer, read) = (Some(snapshot), read + 1);
        }
        for at in &open {
            since[*at] = Some(Since { roster, at_least: false });
        }
    }
    if !known {
        for at in open {
            since[at] = since[at].map(|since| Since { at_least: true, ..since });
        }
    }
    Ok(since)
}

fn there(
    store: &SnapshotStore,
    kind: Kind,
    snapshot: &SnapshotId,
    wanted: HashSet<&RecordKey>,
) -> Result<HashSet<RecordKey>, SnapshotError> {
    let mut there = HashSet::new();
    for found in store.keys_of(snapshot, kind)? {
        let (key, _) = found?;
        if wanted.contains(&key) {
            there.insert(key);
        }
    }
    Ok(there)
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
        // (rosters, the newest first; whether they are all; what is said of a, b, d)
        let cases = [
            (vec![(3, few), (2, some), (1, all)], true, [at(2), at(3), None]),
            // The same roster on two nights: since the first of them.
            (vec![(4, few), (3, few), (2, some), (1, all)], true, [at(2), at(3), None]),
            // It came back in between: since it went again.
            (vec![(4, few), (3, all), (2, some), (1, all)], true, [at(4), at(4), None]),
            // What is older is not kept, or was not asked for, or cannot matter.
            (vec![(3, few), (2, gone), (1, all)], true, [longer(3), longer(3), None]),
            (vec![(3, few), (2, some)], false, [longer(2), at(3), None]),
            (vec![(3, few)], true, [at(3), at(3), None]),
            (vec![], false, [None, None, None]),
        ];
        for (rosters, whole, expected) in cases {
            let found = missing_since(&store, Kind::Person, &keys, rosters.clone(), whole).unwrap();
            assert_eq!(found, expected, "{rosters:?}");
        }
        assert_eq!(missing_since(&store, Kind::Person, &[], [(1, all)], true).unwrap(), []);
    }

    #[test]
    fn no_more_rosters_are_read_than_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(folder.path()).unwrap();
        let (key, other) = (person("a", "Kari", "Berg", None).key(), |at: usize| format!("p-{at}"));
        let mut rosters = Vec::new();
        for at in 0..=ROSTERS_READ {
            let roster = Roster::from_records(vec![person(&other(at), "Ola", "Moe", None)]);
            rosters.push((at, store.write(&roster).unwrap()));
        }
        let since = |rosters: &[(usize, SnapshotId)]| {
            missing_since(&store, Kind::Person, std::slice::from_ref(&key), rosters.iter().copied(), true)
                .unwrap()[0]
        };
        let last = ROSTERS_READ - 1;
        assert_eq!(since(&rosters[..ROSTERS_READ]), Some(Since { roster: last, at_least: false }));
        assert_eq!(since(&rosters), Some(Since { roster: last, at_least: true }));
    }
}
