//! The backup area beside a customer's rosters: what was dealt with goes there and is never overwritten.

use super::waiting::Waiting;
use chrono::{DateTime, Utc};
use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// The area's folder, inside the customer's.
pub(super) const BACKUP: &str = "backup";
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
    let arrival = file.arrived_at().min(now).format("%Y%m%dT%H%M%SZ");
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
