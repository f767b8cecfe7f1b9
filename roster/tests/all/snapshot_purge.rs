//! Taking snapshots away: only idle ones, whole, and never one that is needed again meanwhile.

use rollover_roster::{
    invent::{Invention, Municipality},
    model::Roster,
    snapshot::{SnapshotId, SnapshotStore},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const HOUR: Duration = Duration::from_secs(3_600);

fn roster(seed: u64) -> Roster {
    Municipality::new(&Invention { schools: 1, ..Invention::small(seed) }).roster()
}

fn place(root: &Path, id: &SnapshotId) -> PathBuf {
    root.join(&id.to_string()[..2]).join(id.to_string())
}

/// As if nobody had needed it for so long.
fn age(place: &Path, by: Duration) {
    let then = fs::metadata(place).unwrap().modified().unwrap() - by;
    let used = place.join(".used");
    if used.exists() {
        File::options().append(true).open(used).unwrap().set_modified(then).unwrap();
    }
    File::open(place).unwrap().set_modified(then).unwrap();
}

fn names(root: &Path) -> Vec<String> {
    let names = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn an_idle_snapshot_goes_whole_and_others_stay() {
    let root = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(root.path()).unwrap();
    let (old, young) = (store.write(&roster(1)).unwrap(), store.write(&roster(2)).unwrap());
    age(&place(root.path(), &old), 2 * HOUR);
    let mut kept = store.list().unwrap();
    kept.sort_by_key(|kept| kept.idle);
    assert_eq!(kept.iter().map(|kept| kept.id).collect::<Vec<_>>(), [young, old]);
    assert!(kept[0].idle < HOUR && kept[1].idle >= 2 * HOUR);
    let files = fs::read_dir(place(root.path(), &old)).unwrap();
    assert_eq!(kept[1].bytes, files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>());

    assert!(!store.remove_idle(&young, HOUR).unwrap());
    assert!(store.remove_idle(&old, HOUR).unwrap());
    assert!(!store.remove_idle(&old, HOUR).unwrap(), "it was gone");
    assert!(store.counts(&young).is_ok() && store.counts(&old).is_err());
    assert!(names(root.path()).is_empty(), "{:?}", names(root.path()));
}

/// An import that comes to a roster of long ago is about to name its snapshot.
#[test]
fn a_snapshot_that_is_written_again_is_idle_no_more() {
    let root = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(root.path()).unwrap();
    let id = store.write(&roster(1)).unwrap();
    for streamed in [false, true] {
        age(&place(root.path(), &id), 2 * HOUR);
        if streamed {
            let mut writer = store.writer().unwrap();
            roster(1).records().iter().for_each(|record| writer.push(record).unwrap());
            assert_eq!(writer.finish().unwrap(), id);
        } else {
            assert_eq!(store.write(&roster(1)).unwrap(), id);
        }
        assert!(!store.remove_idle(&id, HOUR).unwrap());
    }
    assert!(store.counts(&id).is_ok());
}

#[test]
fn what_a_crash_left_goes_once_it_is_old() {
    let root = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(root.path()).unwrap();
    for (name, old) in [(".new-a", true), (".new-b", false), (".gone-c", true)] {
        let place = root.path().join(name);
        fs::create_dir(&place).unwrap();
        fs::write(place.join("person.parquet"), b"PAR1").unwrap();
        if old {
            File::open(&place).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
    }
    assert_eq!(store.remove_remains(HOUR).unwrap(), 8);
    assert_eq!(names(root.path()), [".new-b"]);
}
