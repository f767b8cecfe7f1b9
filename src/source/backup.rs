//! The backup area beside a customer's rosters: what was dealt with goes there and is never overwritten.

use super::waiting::Waiting;
use chrono::{DateTime, NaiveDateTime, Utc};
use rollover_jobs::ports::Backup;
use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// The area's folder, inside the customer's.
pub(super) const BACKUP: &str = "backup";
/// How the arrival stands before the name.
pub(super) const ARRIVAL: &str = "%Y%m%dT%H%M%SZ";
/// Files of one name and one second that are kept apart.
const SAME_NAMES: u32 = 1_000;

/// Moves a file to `backup/<arrival>-<name>`. One that is gone was moved before, which is no error.
///
/// The name is taken first, by an empty file that nobody else can take too, and then filled by a rename. A crash
/// between the two leaves the empty file, and the roster where it was.
pub(super) fn move_to_backup(folder: &Path, file: &Waiting, now: DateTime<Utc>) -> io::Result<()> {
    let area = folder.join(BACKUP);
    fs::create_dir_all(&area)?;
    let place = take_name(&area, file, now)?;
    match fs::rename(&file.path, &place) {
        Err(error) => {
            fs::remove_file(&place)?;
            if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
        }
        Ok(()) => Ok(()),
    }
}

fn take_name(area: &Path, file: &Waiting, now: DateTime<Utc>) -> io::Result<PathBuf> {
    // Nothing arrives later than now: not from a sender whose clock is ahead, and not in a simulated season.
    let arrival = file.arrived_at().min(now).format(ARRIVAL);
    for number in 1..=SAME_NAMES {
        let name = match number {
            1 => format!("{arrival}-{}", file.name),
            _ => format!("{arrival}-{number}-{}", file.name),
        };
        let place = area.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&place) {
            Ok(_) => return Ok(place),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("the backup area holds {SAME_NAMES} files of this name and moment")))
}

/// What lies in the area, the newest first. A file whose name does not begin with an arrival was laid there by
/// somebody else and is not listed.
pub(super) fn backups(folder: &Path) -> io::Result<Vec<Backup>> {
    let entries = match fs::read_dir(folder.join(BACKUP)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let (metadata, name) = (entry.metadata()?, entry.file_name());
        let Some((name, came_at)) = name.to_str().and_then(|name| Some((name, arrival(name)?))) else {
            continue;
        };
        if metadata.is_file() {
            found.push(Backup { name: name.to_owned(), bytes: metadata.len(), came_at });
        }
    }
    found.sort_by(|a, b| (b.came_at, &b.name).cmp(&(a.came_at, &a.name)));
    Ok(found)
}

fn arrival(name: &str) -> Option<DateTime<Utc>> {
    let (arrival, _) = name.split_once('-')?;
    NaiveDateTime::parse_from_str(arrival, ARRIVAL).ok().map(|time| time.and_utc())
}

/// Takes a file out of the area. One that is gone is no error.
pub(super) fn remove_backup(folder: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(folder.join(BACKUP).join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
