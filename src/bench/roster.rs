//! Measures how rosters of IMS Enterprise are compared and stored, each part in a process of its own.

use anyhow::{Context, ensure};
use quick_xml::{Reader, events::Event};
use rollover_roster::{
    compare::{Options, compare_files, compare_to_snapshot, read_to_snapshot},
    read::ReadOptions,
    snapshot::{SnapshotId, SnapshotStore},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// What is measured, in this order: a comparison to a snapshot needs the one that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// The events of both files by quick-xml alone: no reader of them can be faster on one thread.
    Scan,
    Diff,
    Store,
    Against,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub what: String,
    pub seconds: f64,
    /// Peak of resident memory, where the system tells it.
    pub peak_kib: Option<u64>,
}

const PARTS: [(Part, &str); 4] =
    [(Part::Scan, "scan"), (Part::Diff, "diff"), (Part::Store, "store"), (Part::Against, "against")];
const OLD: &str = "old.xml";
const NEW: &str = "new.xml";
const SNAPSHOTS: &str = "snapshots";
const STORED: &str = "stored";

/// Invents two nights of a municipality in a folder that is gone afterwards, and measures every part on them.
pub fn measure(persons: usize) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir().context("a temporary folder cannot be made")?;
    let program = std::env::current_exe().context("this program is not found")?;
    for (name, night) in [(OLD, None), (NEW, Some("--next-night"))] {
        let mut command = Command::new(&program);
        command.args(["roster", "generate", "--persons", &persons.to_string()]).args(night);
        answer(command.arg("--out").arg(folder.path().join(name)))?;
    }
    PARTS
        .iter()
        .map(|(_, name)| {
            let mut command = Command::new(&program);
            let printed = answer(command.args(["bench", "roster-part", name]).arg(folder.path()))?;
            serde_json::from_slice(&printed).context("a part has no figure")
        })
        .collect()
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
        let read = ReadOptions::default();
        let options = Options::new(&read, folder);
        let store = || SnapshotStore::open(&folder.join(SNAPSHOTS));
        let began = Instant::now();
        let what = match self {
            Self::Scan => {
                let events = scan(&old)? + scan(&new)?;
                format!("bare scan of both files, {events} events")
            }
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
        };
        Ok(Figure { what, seconds: began.elapsed().as_secs_f64(), peak_kib: peak_kib() })
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

fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
