//! The files that wait in a customer's folder, oldest first, and which of them are complete.

use chrono::{DateTime, Utc};
use rollover_jobs::RosterFormat;
use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A file that changed this short ago may still be growing; it is looked at twice.
const MAY_GROW: Duration = Duration::from_secs(2);
/// Between the two looks.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Beside a file, these say that its sender is not done with it; as its own ending too.
const UNFINISHED: [&str; 4] = ["lock", "part", "tmp", "filepart"];
/// A folder with more files than this is not a drop folder.
const FILES: usize = 10_000;

/// A complete file that waits. The order is that of arrival.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    pub modified: SystemTime,
    pub name: String,
    pub path: PathBuf,
    pub bytes: u64,
}

impl Waiting {
    pub fn arrived_at(&self) -> DateTime<Utc> {
        self.modified.into()
    }
}

/// What one look at a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub modified: SystemTime,
    pub bytes: u64,
}

impl Look {
    pub fn arrived_at(self) -> DateTime<Utc> {
        self.modified.into()
    }
}

/// Whether a file can be read now.
#[derive(Debug, PartialEq, Eq)]
enum Completeness {
    Complete,
    /// Its sender says so by a file beside it.
    Locked,
    Growing,
}

/// A file is complete when nothing beside it says otherwise, and it stood still between two looks or for longer.
fn decide_complete(locked: bool, first: Look, second: Look) -> Completeness {
    if locked {
        Completeness::Locked
    } else if first != second {
        Completeness::Growing
    } else {
        Completeness::Complete
    }
}

/// Whether a file of this date and size lies there still.
pub(super) fn lies_unchanged(path: &Path, arrived_at: DateTime<Utc>, bytes: u64) -> io::Result<bool> {
    Ok(look(path)?.is_some_and(|look| look.arrived_at() == arrived_at && look.bytes == bytes))
}

/// Every complete file of the format in a folder, oldest first. A folder that is not there is `None`.
pub(super) fn waiting(folder: &Path, format: RosterFormat) -> io::Result<Option<Vec<Waiting>>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut files = Vec::new();
    for entry in entries.take(FILES) {
        let entry = entry?;
        if let Some(file) = complete_file(&entry, format)? {
            files.push(file);
        }
    }
    files.sort();
    Ok(Some(files))
}

fn complete_file(entry: &fs::DirEntry, format: RosterFormat) -> io::Result<Option<Waiting>> {
    let name = entry.file_name();
    let Some(name) = name.to_str().filter(|name| is_roster_name(name, format)) else { return Ok(None) };
    let path = entry.path();
    // Not followed: a link that a sender lays down may lead anywhere on this machine.
    let Some(first) = look(&path)? else { return Ok(None) };
    let second = if may_grow(first) { look_again(&path)? } else { Some(first) };
    let Some(second) = second else { return Ok(None) };
    Ok(match decide_complete(is_locked(&path), first, second) {
        Completeness::Complete => {
            let Look { modified, bytes } = second;
            Some(Waiting { modified, name: name.to_owned(), path, bytes })
        }
        Completeness::Locked | Completeness::Growing => None,
    })
}

pub(super) fn is_roster_name(name: &str, format: RosterFormat) -> bool {
    let endings: &[&str] = match format {
        RosterFormat::ImsEnterprise => &["xml"],
        RosterFormat::OneRosterCsv => &["zip"],
    };
    let ending = Path::new(name).extension().and_then(OsStr::to_str);
    !name.starts_with('.')
        && ending.is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
}

/// `None`: no longer there, or not a file.
pub(super) fn look(path: &Path) -> io::Result<Option<Look>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(found) if !found.is_file() => Ok(None),
        Ok(found) => Ok(Some(Look { modified: found.modified()?, bytes: found.len() })),
    }
}

fn look_again(path: &Path) -> io::Result<Option<Look>> {
    std::thread::sleep(LOOK_AGAIN_AFTER);
    look(path)
}

/// Judged by the machine's clock, which is the one that dates files; a date to come says nothing, so it may.
fn may_grow(look: Look) -> bool {
    look.modified.elapsed().map_or(true, |age| age <= MAY_GROW)
}

/// `roster.xml.part` and `roster.part` both speak of `roster.xml`.
fn is_locked(path: &Path) -> bool {
    UNFINISHED.iter().any(|ending| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".");
        beside.push(ending);
        Path::new(&beside).exists() || path.with_extension(ending).exists()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_or_is_locked_is_not_complete() {
        let look =
            |bytes, seconds| Look { modified: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), bytes };
        let cases = [
            (false, look(10, 1), look(10, 1), Completeness::Complete),
            (false, look(0, 1), look(0, 1), Completeness::Complete),
            (false, look(10, 1), look(11, 1), Completeness::Growing),
            (false, look(10, 1), look(10, 2), Completeness::Growing),
            (true, look(10, 1), look(10, 1), Completeness::Locked),
        ];
        for (locked, first, second, expected) in cases {
            assert_eq!(decide_complete(locked, first, second), expected, "{first:?} {second:?}");
        }
    }

    #[test]
    fn names_follow_the_format() {
        let cases = [
            ("roster.xml", RosterFormat::ImsEnterprise, true),
            ("ROSTER.XML", RosterFormat::ImsEnterprise, true),
            (".roster.xml", RosterFormat::ImsEnterprise, false),
            ("roster.xml.part", RosterFormat::ImsEnterprise, false),
            ("roster.zip", RosterFormat::ImsEnterprise, false),
            ("roster.zip", RosterFormat::OneRosterCsv, true),
            ("users.csv", RosterFormat::OneRosterCsv, false),
            ("xml", RosterFormat::ImsEnterprise, false),
        ];
        for (name, format, expected) in cases {
            assert_eq!(is_roster_name(name, format), expected, "{name}");
        }
    }
}
