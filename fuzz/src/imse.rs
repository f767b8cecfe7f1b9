//! IMS Enterprise files of any dialect: strict against lenient, read against written, streamed against in memory.

use crate::{check_lenient, check_report, invented, lenient, strict};
use rollover_roster::{
    compare::{Options, RosterError, compare_files, compare_to_snapshot},
    diff::{Change, ChangeCounts, diff},
    model::Roster,
    read::{ReadReport, ReadRoster, read_imse},
    snapshot::{SnapshotId, SnapshotStore},
    write::write_imse,
};
use std::{cell::OnceCell, convert::Infallible, fs, path::PathBuf};
use tempfile::TempDir;

pub fn check(bytes: &[u8]) {
    let read = read_imse(bytes, &strict());
    let leniently = read_imse(bytes, &lenient());
    if let Err(report) = &leniently {
        check_report(report);
    }
    match &read {
        Ok(roster) => {
            check_lenient(roster, leniently);
            check_written(&roster.roster);
        }
        Err(report) => check_report(report),
    }
    PLACE.with(|place| place.get_or_init(Place::new).check_streamed(bytes, read));
}

/// What the writer makes of a roster is read as that roster.
fn check_written(roster: &Roster) {
    let text = written(roster);
    match read_imse(text.as_slice(), &strict()) {
        Ok(again) => assert_eq!(*roster, again.roster, "{}", String::from_utf8_lossy(&text)),
        Err(report) => panic!("what was written is refused: {report}\n{}", String::from_utf8_lossy(&text)),
    }
}

pub fn written(roster: &Roster) -> Vec<u8> {
    let mut out = Vec::new();
    write_imse(&mut out, roster, "sas", "2024-06-03").expect("the reader lets in only what can be written");
    out
}

thread_local! {
    static PLACE: OnceCell<Place> = const { OnceCell::new() };
}

/// A folder with the file at hand, and a snapshot that it is compared with.
struct Place {
    folder: TempDir,
    file: PathBuf,
    store: SnapshotStore,
    roster: Roster,
    snapshot: SnapshotId,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the run");
        let store = SnapshotStore::open(&folder.path().join("store")).expect("a store");
        let roster = invented();
        let snapshot = store.write(&roster).expect("a snapshot");
        Self { file: folder.path().join("roster.xml"), folder, store, roster, snapshot }
    }

    /// Reading in blocks gives what reading whole gives, roster or report.
    fn check_streamed(&self, bytes: &[u8], whole: Result<ReadRoster, ReadReport>) {
        fs::write(&self.file, bytes).expect("the file can be written");
        let read = strict();
        let options =
            Options { threads: 1, block: 512, memory: 4_096, ..Options::new(&read, self.folder.path()) };
        let against = refused(compare_to_snapshot(&self.store, &self.snapshot, &self.file, &options));
        match (whole, against) {
            (Ok(whole), Ok(against)) => {
                let expected = difference(&self.roster, &whole.roster);
                let changes: Vec<Change> =
                    against.changes().map(|change| change.expect("it is there")).collect();
                assert_eq!(changes, expected);
                assert_eq!(*against.counts(), ChangeCounts::of(&expected));
                assert_eq!(*against.new_records(), whole.roster.counts());
                assert_eq!(*against.properties(), whole.properties);
                let same = compare_files(&self.file, &self.file, &options).expect("it was read just now");
                assert!(same.counts().is_empty() && same.changes().next().is_none(), "equal to itself");
            }
            (Err(whole), Err(against)) => assert_eq!(whole.with_file("roster.xml"), against),
            (Ok(_), Err(report)) => panic!("refused in blocks alone: {report}"),
            (Err(report), Ok(_)) => panic!("read in blocks, and refused whole: {report}"),
        }
    }
}

fn refused<T>(result: Result<T, RosterError>) -> Result<T, ReadReport> {
    result.map_err(|error| match error {
        RosterError::Refused(report) => report,
        other => panic!("{other}"),
    })
}

fn difference(old: &Roster, new: &Roster) -> Vec<Change> {
    let stream = |roster: &Roster| roster.records().to_vec().into_iter().map(Ok::<_, Infallible>);
    diff(stream(new), stream(old))
        .map(|change| match change {
            Ok(change) => change,
            Err(never) => match never {},
        })
        .collect()
}
