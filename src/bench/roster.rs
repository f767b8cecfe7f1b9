//! Measures how rosters are compared and stored, each part in a process of its own, beside a bare scan of their XML.

use anyhow::{Context, anyhow, ensure};
use quick_xml::{Reader, events::Event};
use rollover_roster::{
    compare::{Options, compare_files, compare_to_snapshot, read_to_snapshot},
    diff::diff_rosters,
    model::Roster,
    read::{
        ReadLimits, ReadOptions,
        oneroster::{OneRoster, read_oneroster},
    },
    snapshot::{SnapshotId, SnapshotStore},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

/// What is measured, in this order: a comparison to a snapshot needs the one that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// The events of both files by quick-xml alone: no reader of them can be faster on one thread.
    Scan,
    Diff,
    Store,
    /// The events of the new file alone.
    ScanNew,
    Against,
    /// The same two nights as OneRoster bundles.
    Oneroster,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub what: String,
    pub seconds: f64,
    /// How many times the seconds of the bare scan of the same files.
    pub times_scan: Option<f64>,
    /// Peak of resident memory, where the system tells it.
    pub peak_kib: Option<u64>,
}

/// The parts with their names, and the scan that reads the same files.
const PARTS: [(Part, &str, Option<usize>); 6] = [
    (Part::Scan, "scan", None),
    (Part::Diff, "diff", Some(0)),
    (Part::Store, "store", None),
    (Part::ScanNew, "scan-new", None),
    (Part::Against, "against", Some(3)),
    (Part::Oneroster, "oneroster", None),
];
const OLD: &str = "old.xml";
const NEW: &str = "new.xml";
const OLD_BUNDLE: &str = "old.zip";
const NEW_BUNDLE: &str = "new.zip";
const SNAPSHOTS: &str = "snapshots";
const STORED: &str = "stored";
/// What a file of a million persons comes to, and more.
const BYTES: u64 = 8 * 1024 * 1024 * 1024;
const RECORDS: usize = 30_000_000;

/// Invents two nights of a municipality in a folder that is gone afterwards, and measures every part on them.
pub fn measure(persons: usize) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir().context("a temporary folder cannot be made")?;
    let program = std::env::current_exe().context("this program is not found")?;
    let files = [
        (OLD, false, "imse"),
        (NEW, true, "imse"),
        (OLD_BUNDLE, false, "oneroster"),
        (NEW_BUNDLE, true, "oneroster"),
    ];
    for (name, is_new, format) in files {
        let mut command = Command::new(&program);
        command.args(["roster", "generate", "--persons", &persons.to_string(), "--format", format]);
        command.args(is_new.then_some("--next-night")).arg("--out").arg(folder.path().join(name));
        answer(&mut command)?;
    }
    let mut figures: Vec<Figure> = Vec::new();
    for (_, name, scan) in PARTS {
        let mut command = Command::new(&program);
        let printed = answer(command.args(["bench", "roster-part", name]).arg(folder.path()))?;
        let mut figure: Figure = serde_json::from_slice(&printed).context("a part has no figure")?;
        figure.times_scan = scan.map(|scan| figure.seconds / figures[scan].seconds);
        figures.push(figure);
    }
    Ok(figures)
}

fn answer(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().context("this program cannot be started again")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "a part broke off: {}", said.trim());
    Ok(output.stdout)
}

impl Part {
    /// Runs in a process that does nothing else.
    pub fn measure(self, folder: &Path) -> anyhow::Result<Figure> {
        let [old, new] = [OLD, NEW].map(|name| folder.join(name));
        let read = ReadOptions::from(ReadLimits { bytes: BYTES, records: RECORDS, ..ReadLimits::default() });
        let options = Options::new(&read, folder);
        let store = || SnapshotStore::open(&folder.join(SNAPSHOTS));
        let began = Instant::now();
        let what = match self {
            Self::Scan => {
                let events = scan(&old)? + scan(&new)?;
                format!("bare scan of both files, {events} events")
            }
            Self::ScanNew => format!("bare scan of the new file, {} events", scan(&new)?),
            Self::Diff => {
                let changes = compare_files(&old, &new, &options)?.counts().total();
                format!("difference of both files, {changes} changes")
            }
            Self::Store => {
                let stored = read_to_snapshot(&old, &options, &store()?)?;
                fs::write(folder.join(STORED), stored.id.to_string())?;
                "read the old file into a snapshot".to_owned()
            }
            Self::Against => {
                let id: SnapshotId = fs::read_to_string(folder.join(STORED))?.parse()?;
                let changes = compare_to_snapshot(&store()?, &id, &new, &options)?.counts().total();
                format!("difference of the new file to the snapshot, {changes} changes")
            }
            Self::Oneroster => {
                let changes = compare_bundles(&folder.join(OLD_BUNDLE), &folder.join(NEW_BUNDLE), &read)?;
                format!("difference of both nights as OneRoster, {changes} changes")
            }
        };
        let seconds = began.elapsed().as_secs_f64();
        Ok(Figure { what, seconds, times_scan: None, peak_kib: peak_kib() })
    }
}

fn scan(file: &PathBuf) -> anyhow::Result<u64> {
    let mut reader = Reader::from_file(file)?;
    let (mut buffer, mut events) = (Vec::new(), 0);
    while reader.read_event_into(&mut buffer)? != Event::Eof {
        events += 1;
        buffer.clear();
    }
    Ok(events)
}

/// How many changes there are between two bundles, each read on a thread of its own.
fn compare_bundles(old: &Path, new: &Path, read: &ReadOptions) -> anyhow::Result<usize> {
    let (old, new) = thread::scope(|scope| {
        let old = scope.spawn(|| read_bundle(old, read));
        let new = read_bundle(new, read);
        (old.join().expect("a reader does not panic"), new)
    });
    Ok(diff_rosters(&new?, &old?).count())
}

fn read_bundle(path: &Path, read: &ReadOptions) -> anyhow::Result<Roster> {
    match read_oneroster(path, None, read) {
        Ok(OneRoster::Full(read)) => Ok(read.roster),
        Ok(OneRoster::Delta(_)) => Err(anyhow!("a generated bundle holds changes alone")),
        Err(report) => Err(anyhow!("a generated bundle is refused: {report}")),
    }
}

fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
