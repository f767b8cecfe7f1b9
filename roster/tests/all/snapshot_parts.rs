//! Parts of snapshots: keys, places, ranges, groups; each gives what reading everything and choosing would give.

use crate::generate;
use proptest::{prelude::*, sample::Index};
use rollover_roster::{
    invent::{Invention, Municipality},
    model::{Kind, Record, RecordHash, RecordKey, Roster, SyncKey},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};
use tempfile::TempDir;

struct Kept {
    _folder: TempDir,
    store: SnapshotStore,
    id: SnapshotId,
}

fn keep(roster: &Roster) -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let id = store.write(roster).unwrap();
    Kept { _folder: folder, store, id }
}

/// Several row groups of persons and memberships.
fn large() -> Roster {
    let roster = Municipality::new(&Invention::large(1, 9_000)).roster();
    assert!(roster.counts().membership > 60_000);
    roster
}

fn of_kind(roster: &Roster, kind: Kind) -> Vec<&Record> {
    roster.records().iter().filter(|record| record.kind() == kind).collect()
}

type Found<T> = Result<(T, RecordHash), SnapshotError>;

fn same(found: impl Iterator<Item = Found<Record>>, expected: &[&Record]) -> bool {
    let found: Vec<_> = found.map(Result::unwrap).collect();
    found.iter().all(|(record, hash)| record.hash() == *hash)
        && found.iter().map(|(record, _)| record).eq(expected.iter().copied())
}

fn group_of(record: &Record) -> Option<&SyncKey> {
    match record {
        Record::Membership(membership) => Some(&membership.group),
        _ => None,
    }
}

fn check_keys(roster: &Roster) {
    let Kept { store, id, .. } = &keep(roster);
    let expected: Vec<_> = roster.records().iter().map(|record| (record.key(), record.hash())).collect();
    assert!(store.keys(id).unwrap().map(Result::unwrap).eq(expected.iter().cloned()));
    for kind in Kind::ALL {
        let expected = expected.iter().filter(|(key, _)| key.kind == kind).cloned();
        assert!(store.keys_of(id, kind).unwrap().map(Result::unwrap).eq(expected), "{kind}");
    }
}

fn check_digests(roster: &Roster) {
    let Kept { store, id, .. } = &keep(roster);
    let mut expected: BTreeMap<&SyncKey, (Vec<u8>, u64)> = BTreeMap::new();
    for record in roster.records() {
        let Record::Membership(membership) = record else { continue };
        let (members, count) = expected.entry(&membership.group).or_default();
        membership.as_member().write(members);
        *count += 1;
    }
    let found: Vec<_> = store.membership_digests(id).unwrap().map(Result::unwrap).collect();
    assert_eq!(found.len(), expected.len());
    for (found, (group, (members, count))) in found.iter().zip(&expected) {
        assert!(found.group == **group && found.count == *count);
        assert_eq!(found.digest, blake3::hash(members).as_bytes()[..16]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn keys_are_those_of_the_records(roster in generate::roster()) {
        check_keys(&roster);
    }

    #[test]
    fn digests_are_those_of_the_memberships(roster in generate::roster()) {
        check_digests(&roster);
    }

    #[test]
    fn a_range_gives_what_lies_in_it(roster in generate::roster(), ends in any::<(Index, Index)>()) {
        let Kept { store, id, .. } = &keep(&roster);
        let keys: Vec<RecordKey> = roster.records().iter().map(Record::key).collect();
        prop_assume!(!keys.is_empty());
        let (from, to) = (ends.0.get(&keys).clone(), ends.1.get(&keys).clone());
        let range = from.key.clone().min(to.key.clone())..=from.key.max(to.key);
        for kind in Kind::ALL {
            let records = of_kind(&roster, kind).into_iter();
            let expected: Vec<_> = records.filter(|record| range.contains(&record.key().key)).collect();
            prop_assert!(same(store.read_range(id, kind, range.clone()).unwrap(), &expected));
        }
    }
}

#[test]
fn keys_and_digests_of_many_row_groups() {
    let roster = large();
    check_keys(&roster);
    check_digests(&roster);
}

#[test]
#[expect(clippy::single_range_in_vec_init, reason = "the range is meant, not what is in it")]
fn rows_are_found_by_their_places() {
    let roster = large();
    let Kept { store, id, .. } = &keep(&roster);
    let memberships = of_kind(&roster, Kind::Membership);
    let end = memberships.len() as u64;
    let cases = [
        vec![],
        vec![0..1],
        vec![end - 1..end],
        vec![19_999..20_001],
        vec![3..5, 3_999..4_001, 19_990..20_000, 20_000..20_010, 59_000..end],
        vec![0..end],
    ];
    for rows in cases {
        let places = rows.iter().cloned().flatten();
        let expected: Vec<_> = places.map(|place| memberships[usize::try_from(place).unwrap()]).collect();
        assert!(same(store.read_rows(id, Kind::Membership, rows.clone()).unwrap(), &expected), "{rows:?}");
    }
}

#[test]
fn a_range_over_several_row_groups() {
    let roster = large();
    let Kept { store, id, .. } = &keep(&roster);
    let memberships = of_kind(&roster, Kind::Membership);
    for (from, to) in [(0, 10), (19_990, 20_010), (25_000, 55_000), (60_000, memberships.len() - 1)] {
        let range = memberships[from].key().key..=memberships[to].key().key;
        let inside = |record: &&Record| range.contains(&record.key().key);
        let expected: Vec<_> = memberships.iter().copied().filter(inside).collect();
        let found = store.read_range(id, Kind::Membership, range.clone()).unwrap();
        assert!(same(found, &expected), "{from} {to}");
    }
}

#[test]
fn memberships_of_some_groups() {
    let roster = large();
    let Kept { store, id, .. } = &keep(&roster);
    let memberships = of_kind(&roster, Kind::Membership);
    let groups: BTreeSet<_> = memberships.iter().filter_map(|record| group_of(record)).cloned().collect();
    for step in [1, 7, groups.len()] {
        let mut wanted: BTreeSet<_> = groups.iter().step_by(step).cloned().collect();
        wanted.insert(SyncKey::new("sas", "a group that nobody is in"));
        let expected: Vec<_> = memberships
            .iter()
            .copied()
            .filter(|record| group_of(record).is_some_and(|group| wanted.contains(group)))
            .collect();
        assert!(same(store.memberships_of(id, &wanted).unwrap(), &expected), "every {step}th group");
    }
}

#[test]
fn records_come_in_their_order_or_not_at_all() {
    let roster = Municipality::new(&Invention { schools: 1, ..Invention::small(1) }).roster();
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let [one, two, ..] = roster.records() else { panic!("the roster is too small") };
    for (first, second) in [(two, one), (one, one)] {
        let mut writer = store.writer().unwrap();
        writer.push(first).unwrap();
        assert!(matches!(writer.push(second), Err(SnapshotError::OutOfOrder { .. })));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a writer that is dropped leaves nothing");
}

#[test]
fn records_that_came_one_by_one_are_the_same_snapshot() {
    let roster = Municipality::new(&Invention { schools: 1, ..Invention::small(1) }).roster();
    let Kept { store, id, .. } = &keep(&roster);
    let mut writer = store.writer().unwrap();
    for found in store.read_hashed(id).unwrap() {
        let (record, hash) = found.unwrap();
        writer.push_hashed(&record, hash).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), *id);
}

/// The digest is the record's, so a writer cannot be told another one without the reader seeing it.
#[test]
fn a_wrong_digest_is_seen_by_who_reads() {
    let roster = Municipality::new(&Invention { schools: 1, ..Invention::small(1) }).roster();
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let mut writer = store.writer().unwrap();
    writer.push_hashed(&roster.records()[0], RecordHash([7; 16])).unwrap();
    let id = writer.finish().unwrap();
    let first = store.read(&id).unwrap().next().unwrap();
    assert!(matches!(first, Err(SnapshotError::Damaged { file: "group", .. })), "{first:?}");
}

/// Parts cannot be checked against the name record by record; the name that lies beside them is.
#[test]
fn a_part_of_a_snapshot_under_the_name_of_another_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let roster = |seed| Municipality::new(&Invention { schools: 1, ..Invention::small(seed) }).roster();
    let (id, other) = (store.write(&roster(4)).unwrap(), store.write(&roster(5)).unwrap());
    let place = |id: &SnapshotId| folder.path().join(&id.to_string()[..2]).join(id.to_string());
    fs::remove_dir_all(place(&id)).unwrap();
    fs::rename(place(&other), place(&id)).unwrap();
    assert!(matches!(store.keys_of(&id, Kind::Person).err(), Some(SnapshotError::OtherContent { .. })));
    assert!(matches!(store.membership_digests(&id).err(), Some(SnapshotError::OtherContent { .. })));
    assert!(matches!(store.counts(&id), Err(SnapshotError::OtherContent { .. })));
}
