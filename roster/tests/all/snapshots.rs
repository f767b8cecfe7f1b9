//! Snapshots: what was written is read; content is the name; damage is an error and never another record.

use crate::generate;
use proptest::prelude::*;
use rollover_roster::{
    invent::{Invention, Municipality},
    model::{Kind, Record, Roster},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Barrier,
};

fn roster(seed: u64) -> Roster {
    Municipality::new(&Invention { schools: 1, ..Invention::small(seed) }).roster()
}

fn read(store: &SnapshotStore, id: &SnapshotId) -> Result<Vec<Record>, SnapshotError> {
    store.read(id)?.collect()
}

fn folder_of(root: &Path, id: &SnapshotId) -> PathBuf {
    root.join(&id.to_string()[..2]).join(id.to_string())
}

/// All that lies under the root, two levels deep.
fn snapshots(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root)
        .unwrap()
        .flat_map(|digits| fs::read_dir(digits.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_roster_comes_back_under_the_name_of_its_content(
        one in generate::roster(),
        other in generate::roster(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(folder.path()).unwrap();
        let (id, other_id) = (store.write(&one).unwrap(), store.write(&other).unwrap());
        prop_assert!(read(&store, &id).unwrap() == one.records());
        prop_assert!(read(&store, &other_id).unwrap() == other.records());
        prop_assert_eq!(store.counts(&id).unwrap(), one.counts());
        prop_assert_eq!(id == other_id, one == other);
        prop_assert_eq!(store.write(&one).unwrap(), id);
    }
}

#[test]
fn the_order_in_which_records_came_makes_no_difference() {
    let roster = roster(1);
    let mut backwards = roster.records().to_vec();
    backwards.reverse();
    assert_eq!(SnapshotId::of(&Roster::from_records(backwards)), SnapshotId::of(&roster));
}

#[test]
fn an_empty_roster_is_a_snapshot_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let id = store.write(&Roster::default()).unwrap();
    assert_eq!(read(&store, &id).unwrap(), []);
}

/// More than one stretch, so that a reader goes from one to the next.
#[test]
fn a_large_roster_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let roster = Municipality::new(&Invention::large(1, 4_000)).roster();
    assert!(roster.counts().membership > 25_000);
    let id = store.write(&roster).unwrap();
    assert!(read(&store, &id).unwrap() == roster.records());
}

#[test]
fn damage_anywhere_in_a_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let roster = roster(2);
    let id = store.write(&roster).unwrap();
    for file in Kind::ALL.map(Kind::as_str) {
        let path = folder_of(folder.path(), &id).join(format!("{file}.parquet"));
        let whole = fs::read(&path).unwrap();
        let step = (whole.len() / 50).max(1);
        for at in (0..whole.len()).step_by(step) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            fs::write(&path, &bytes).unwrap();
            let damaged = |error| matches!(error, Some(SnapshotError::Damaged { file: f, .. }) if f == file);
            assert!(damaged(read(&store, &id).err()), "{file}, byte {at}");
            assert!(damaged(store.counts(&id).err()), "{file}, byte {at}");
        }
        fs::write(&path, &whole).unwrap();
    }
    assert!(read(&store, &id).unwrap() == roster.records());
}

#[test]
fn without_its_digests_nothing_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let id = store.write(&roster(2)).unwrap();
    fs::remove_file(folder_of(folder.path(), &id).join("B3SUMS")).unwrap();
    assert!(matches!(read(&store, &id), Err(SnapshotError::Damaged { file: "snapshot", .. })));
}

#[test]
fn a_file_that_is_short_or_gone_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let id = store.write(&roster(3)).unwrap();
    let path = folder_of(folder.path(), &id).join("membership.parquet");
    let whole = fs::read(&path).unwrap();
    for length in [0, 4, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(read(&store, &id), Err(SnapshotError::Damaged { file: "membership", .. })));
        assert!(matches!(store.counts(&id), Err(SnapshotError::Damaged { file: "membership", .. })));
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(read(&store, &id), Err(SnapshotError::Damaged { file: "membership", .. })));
}

#[test]
fn a_file_of_another_snapshot_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let (id, other) = (store.write(&roster(4)).unwrap(), store.write(&roster(5)).unwrap());
    let file = |id, name| folder_of(folder.path(), id).join(name);
    fs::copy(file(&other, "person.parquet"), file(&id, "person.parquet")).unwrap();
    assert!(matches!(read(&store, &id), Err(SnapshotError::Damaged { file: "person", .. })));
}

/// Every file is true in itself, and so is what ties them together; only the name of the folder shows that they are of another roster.
#[test]
fn a_snapshot_under_the_name_of_another_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let (id, other) = (store.write(&roster(4)).unwrap(), store.write(&roster(5)).unwrap());
    fs::remove_dir_all(folder_of(folder.path(), &id)).unwrap();
    fs::rename(folder_of(folder.path(), &other), folder_of(folder.path(), &id)).unwrap();
    assert!(matches!(read(&store, &id), Err(SnapshotError::OtherContent { .. })));
}

#[test]
fn a_snapshot_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let id = SnapshotId::of(&roster(1));
    assert!(store.counts(&id).is_err());
    assert!(matches!(store.read(&id).err(), Some(SnapshotError::Missing { .. })));
    assert!(matches!(store.counts(&id), Err(SnapshotError::Missing { .. })));
    assert_eq!(id.to_string().parse(), Ok(id));
    for wrong in
        ["", "xyz", &"g".repeat(64), &"å".repeat(32), &"0".repeat(65), &format!("+{}", "0".repeat(63))]
    {
        assert!(wrong.parse::<SnapshotId>().is_err(), "{wrong}");
    }
}

/// As a crash leaves it: a folder with a name of its own, some files in it, never renamed.
#[test]
fn what_a_crash_left_half_written_is_no_snapshot_and_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let roster = roster(6);
    let id = SnapshotId::of(&roster);
    let half = folder.path().join(".new-abc123");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("group.parquet"), b"PAR1").unwrap();
    assert!(store.counts(&id).is_err());
    assert!(matches!(store.read(&id).err(), Some(SnapshotError::Missing { .. })));
    assert_eq!(store.write(&roster).unwrap(), id);
    assert!(read(&store, &id).unwrap() == roster.records());
}

#[test]
fn a_write_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let roster = roster(7);
    let id = SnapshotId::of(&roster);
    // A file stands where the snapshot would be, so that the last step fails.
    let place = folder_of(folder.path(), &id);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, b"in the way").unwrap();
    assert!(matches!(store.write(&roster), Err(SnapshotError::Folder { .. })));
    assert!(store.counts(&id).is_err());
    assert_eq!(snapshots(folder.path()), [id.to_string()], "the file in the way, and nothing half written");
}

#[test]
fn writers_of_the_same_content_all_succeed_and_one_snapshot_is_there() {
    const WRITERS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let roster = roster(8);
    let start = Barrier::new(WRITERS);
    let ids: Vec<SnapshotId> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    store.clone().write(&roster).unwrap()
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(snapshots(folder.path()), [ids[0].to_string()]);
    assert!(read(&store, &ids[0]).unwrap() == roster.records());
}
