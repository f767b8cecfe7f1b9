//! How fast rosters are read, kept and compared: `cargo bench --bench roster`.

use divan::{Bencher, counter::BytesCount, counter::ItemsCount};
use rollover_roster::{
    compare::{Options, compare_files},
    diff::{ChangeCounts, diff},
    filter::{Limits, decide_abort},
    invent::{Invention, Municipality},
    model::Roster,
    read::{ReadOptions, read_imse},
    snapshot::SnapshotStore,
    write::write_imse,
};
use std::{convert::Infallible, fs};

/// Persons of a small town and of a large one.
const PERSONS: [usize; 2] = [2_000, 50_000];

fn main() {
    divan::main();
}

fn municipality(persons: usize) -> Municipality {
    Municipality::new(&Invention::large(1, persons))
}

#[divan::bench(args = PERSONS, sample_count = 5)]
fn read_ims_enterprise(bencher: Bencher, persons: usize) {
    let mut file = Vec::new();
    write_imse(&mut file, &municipality(persons).roster(), "bench", "2024-06-01T02:00:00")
        .expect("a file in memory");
    bencher
        .counter(BytesCount::new(file.len()))
        .bench(|| read_imse(file.as_slice(), &ReadOptions::default()).expect("a file without errors"));
}

/// An everyday difference, of files that lie on disk.
#[divan::bench(args = PERSONS, sample_count = 5)]
fn compare_two_files(bencher: Bencher, persons: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut municipality = municipality(persons);
    let (mut paths, mut bytes) = (Vec::new(), 0);
    for name in ["old.xml", "new.xml"] {
        let mut file = Vec::new();
        write_imse(&mut file, &municipality.roster(), "bench", "2024-06-01T02:00:00")
            .expect("a file in memory");
        municipality.small_changes(persons / 100);
        paths.push(folder.path().join(name));
        fs::write(folder.path().join(name), &file).expect("a file");
        bytes += file.len();
    }
    let read = ReadOptions::default();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let options = Options::new(&read, folder.path());
        *compare_files(&paths[0], &paths[1], &options).expect("files without errors").counts()
    });
}

#[divan::bench(args = PERSONS, sample_count = 5)]
fn write_snapshot(bencher: Bencher, persons: usize) {
    let roster = municipality(persons).roster();
    bencher
        .counter(ItemsCount::new(roster.records().len()))
        .with_inputs(|| tempfile::tempdir().expect("a folder"))
        .bench_refs(|folder| {
            SnapshotStore::open(folder.path()).and_then(|store| store.write(&roster)).expect("a new snapshot")
        });
}

#[divan::bench(args = PERSONS, sample_count = 5)]
fn read_snapshot(bencher: Bencher, persons: usize) {
    let roster = municipality(persons).roster();
    let folder = tempfile::tempdir().expect("a folder");
    let store = SnapshotStore::open(folder.path()).expect("a store");
    let id = store.write(&roster).expect("a new snapshot");
    bencher
        .counter(ItemsCount::new(roster.records().len()))
        .bench(|| store.read(&id).expect("a snapshot").filter(Result::is_ok).count());
}

#[divan::bench(args = PERSONS, sample_count = 5)]
fn compare_two_school_years(bencher: Bencher, persons: usize) {
    let mut municipality = municipality(persons);
    let before = municipality.roster();
    municipality.turn_school_year();
    let after = municipality.roster();
    bencher.counter(ItemsCount::new(before.records().len() + after.records().len())).bench(|| {
        let changes: Vec<_> = diff(records(&after), records(&before)).map_while(Result::ok).collect();
        let counts = ChangeCounts::of(&changes);
        decide_abort(Some(&Limits::default()), &before.counts(), &counts, false)
    });
}

fn records(roster: &Roster) -> impl Iterator<Item = Result<rollover_roster::model::Record, Infallible>> {
    roster.records().iter().cloned().map(Ok)
}
