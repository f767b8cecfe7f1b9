//! Damage to the files of a snapshot, and every way to read it afterwards.

use crate::invented;
use rollover_roster::{
    compare::compare_snapshots,
    model::{Kind, Record, Roster, SyncKey},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};
use std::{
    cell::OnceCell,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// One change takes so many bytes of the input: which file, where, what.
const CHANGE: usize = 6;

thread_local! {
    static PLACE: OnceCell<Place> = const { OnceCell::new() };
}

pub fn check(input: &[u8]) {
    PLACE.with(|place| place.get_or_init(Place::new).check(input));
}

struct Place {
    folder: TempDir,
    roster: Roster,
    id: SnapshotId,
    /// The snapshot's files as they were written.
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the run");
        let store = SnapshotStore::open(folder.path()).expect("a store");
        let roster = invented();
        let id = store.write(&roster).expect("a snapshot");
        let name = id.to_string();
        let place = folder.path().join(&name[..2]).join(&name);
        let mut files: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(&place)
            .expect("its folder")
            .map(|entry| entry.expect("a file").path())
            .map(|path| (path.clone(), fs::read(path).expect("a file")))
            .collect();
        files.sort();
        Self { folder, roster, id, files }
    }

    fn check(&self, input: &[u8]) {
        let mut files = self.files.clone();
        for change in input.chunks_exact(CHANGE) {
            let file = &mut files[usize::from(change[0]) % self.files.len()].1;
            damage(file, &change[1..]);
        }
        for ((path, bytes), (_, whole)) in files.iter().zip(&self.files) {
            lay(path, bytes, whole);
        }
        // A store of its own: nothing is remembered as whole.
        let store = SnapshotStore::open(self.folder.path()).expect("a store");
        let is_whole = files == self.files;
        self.check_reads(&store, is_whole);
        for ((path, bytes), (_, whole)) in self.files.iter().zip(&files) {
            lay(path, bytes, whole);
        }
    }

    fn check_reads(&self, store: &SnapshotStore, is_whole: bool) {
        let read = store.read(&self.id).and_then(Iterator::collect::<Result<Vec<Record>, _>>);
        match read {
            Ok(records) => assert!(records == self.roster.records(), "other records under the same name"),
            Err(error) => assert!(!is_whole, "{error}"),
        }
        let keys = store.keys(&self.id).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        assert!(keys.is_ok() || !is_whole);
        drop(store.counts(&self.id));
        for kind in Kind::ALL {
            self.check_parts(store, kind);
        }
        let digests = store.membership_digests(&self.id).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        assert!(digests.is_ok() || !is_whole);
        if let Ok(comparison) = compare_snapshots(store, None, &self.id) {
            drop(comparison.changes().collect::<Result<Vec<_>, _>>());
        }
    }

    /// Whatever is given out stands in the roster.
    fn check_parts(&self, store: &SnapshotStore, kind: Kind) {
        let is_ours = |found: Result<(Record, _), SnapshotError>| {
            if let Ok((record, _)) = found {
                assert!(self.roster.records().contains(&record), "a record that was never written");
            }
        };
        if let Ok(rows) = store.read_rows(&self.id, kind, std::iter::once(0..2).collect()) {
            rows.for_each(is_ours);
        }
        let range = SyncKey::new("", "")..=SyncKey::new("zzz", "zzz");
        if let Ok(rows) = store.read_range(&self.id, kind, range) {
            rows.for_each(is_ours);
        }
    }
}

/// Another byte, a piece less, a piece twice, an end; by the first of the numbers.
fn damage(file: &mut Vec<u8>, change: &[u8]) {
    let [how, high, low, count, byte] = *change else { return };
    if file.is_empty() {
        return;
    }
    let at = (usize::from(high) << 8 | usize::from(low)) % file.len();
    let end = (at + usize::from(count)).min(file.len());
    match how % 5 {
        0 => file[at] = byte,
        1 => file.truncate(at),
        2 => drop(file.drain(at..end)),
        3 => {
            let piece = file[at..end].to_vec();
            file.splice(at..at, piece);
        }
        _ => file.splice(at..at, std::iter::repeat_n(byte, usize::from(count))).for_each(drop),
    }
}

fn lay(path: &Path, bytes: &[u8], before: &[u8]) {
    if bytes != before {
        fs::write(path, bytes).expect("the file can be written");
    }
}
