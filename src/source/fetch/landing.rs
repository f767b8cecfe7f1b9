//! How a fetched file reaches the customer's folder, and what is remembered of it.
//!
//! A crash at any point leaves no half a roster: the file is written under a name that nobody reads, synced, and then
//! renamed; what was remembered changes after that. A crash between the two fetches the same file once more, which an
//! import tells as unchanged. A file of an earlier fetch that still waits goes to the backup area first: it is not lost.

use super::FetchError;
use crate::source::{
    backup::{BACKUP, move_to_backup},
    waiting::{Look, Waiting, look},
};
use chrono::{DateTime, Utc};
use rollover_jobs::ports::Delivery;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Names that begin with a dot are no rosters to whoever looks into the folder.
const PART: &str = ".fetched.part";
const LOCK: &str = ".fetched.lock";
const MARK: &str = ".fetched.json";
const NEW_MARK: &str = ".fetched.json.part";

/// What the source said of the file that was fetched last, and where that file went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The address it came from: of another, nothing is known.
    pub from: String,
    pub stamp: Stamp,
    pub name: String,
    pub bytes: u64,
    pub arrived_at: DateTime<Utc>,
}

/// By what a source lets an unchanged file be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stamp {
    Https { etag: Option<String>, last_modified: Option<String> },
    Sftp { path: String, bytes: u64, modified: u32 },
}

/// A customer's folder while one fetch has it for itself.
pub(super) struct Landing {
    folder: PathBuf,
    /// Given back when the process ends, however it does.
    _lock: File,
}

impl Landing {
    pub fn open(folder: &Path) -> Result<Self, FetchError> {
        fs::create_dir_all(folder)?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(FetchError::Later("another import fetches it at this moment".to_owned()))
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// What was fetched last from this address, as long as the file is still here. One that cannot be read counts as
    /// none: the file is fetched anew.
    pub fn last(&self, from: &str) -> Option<(Mark, Delivery)> {
        let mark: Mark = serde_json::from_slice(&fs::read(self.folder.join(MARK)).ok()?).ok()?;
        let delivery = self.find(&mark).filter(|_| mark.from == from)?;
        Some((mark, delivery))
    }

    /// In the folder, or in the backup area once it was dealt with: a move keeps date and size.
    fn find(&self, mark: &Mark) -> Option<Delivery> {
        let is_it = |path: &Path| {
            let look = look(path).ok().flatten();
            look.is_some_and(|look| look.bytes == mark.bytes && look.arrived_at() == mark.arrived_at)
        };
        let put_away = fs::read_dir(self.folder.join(BACKUP)).into_iter().flatten().flatten();
        let put_away = put_away
            .map(|entry| entry.path())
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&mark.name)));
        let path = std::iter::once(self.folder.join(&mark.name)).chain(put_away).find(|path| is_it(path))?;
        Some(Delivery { name: mark.name.clone(), path, bytes: mark.bytes, arrived_at: mark.arrived_at })
    }

    /// An empty file to be filled; what an earlier fetch left half-way is gone.
    pub fn part(&self) -> io::Result<File> {
        File::create(self.folder.join(PART))
    }

    /// Gives the filled file its name, and remembers it.
    pub fn land(
        &self,
        part: File,
        from: &str,
        name: &str,
        stamp: Stamp,
        now: DateTime<Utc>,
    ) -> io::Result<()> {
        part.sync_all()?;
        drop(part);
        let (here, place) = (self.folder.join(PART), self.folder.join(name));
        if let Some(Look { modified, bytes }) = look(&place)? {
            let earlier = Waiting { modified, name: name.to_owned(), path: place.clone(), bytes };
            move_to_backup(&self.folder, &earlier, now)?;
        }
        fs::rename(here, &place)?;
        File::open(&self.folder)?.sync_all()?;
        let landed = look(&place)?.ok_or(io::ErrorKind::NotFound)?;
        let mark = Mark {
            from: from.to_owned(),
            stamp,
            name: name.to_owned(),
            bytes: landed.bytes,
            arrived_at: landed.arrived_at(),
        };
        fs::write(self.folder.join(NEW_MARK), serde_json::to_vec(&mark)?)?;
        fs::rename(self.folder.join(NEW_MARK), self.folder.join(MARK))
    }

    /// Takes away what a fetch that broke off has written.
    pub fn discard(&self) -> io::Result<()> {
        match fs::remove_file(self.folder.join(PART)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const FROM: &str = "https://mis.example/nes.xml";

    fn stamp(etag: &str) -> Stamp {
        Stamp::Https { etag: Some(etag.to_owned()), last_modified: None }
    }

    fn land(landing: &Landing, text: &str, etag: &str) {
        let mut part = landing.part().unwrap();
        part.write_all(text.as_bytes()).unwrap();
        landing.land(part, FROM, "roster.xml", stamp(etag), "2100-01-01T00:00:00Z".parse().unwrap()).unwrap();
    }

    #[test]
    fn what_was_fetched_is_remembered_as_long_as_its_file_is_here() {
        let place = tempfile::tempdir().unwrap();
        let landing = Landing::open(place.path()).unwrap();
        assert!(landing.last(FROM).is_none());
        land(&landing, "one", "1");
        let (mark, delivery) = landing.last(FROM).unwrap();
        assert_eq!((mark.stamp, delivery.bytes), (stamp("1"), 3));
        assert!(
            landing.last("https://other.example/nes.xml").is_none(),
            "of another address nothing is known"
        );
        fs::create_dir_all(place.path().join(BACKUP)).unwrap();
        let away = place.path().join(BACKUP).join("20240610T061321Z-roster.xml");
        fs::rename(place.path().join("roster.xml"), &away).unwrap();
        assert_eq!(landing.last(FROM).unwrap().1.path, away);
        fs::remove_file(&away).unwrap();
        assert!(landing.last(FROM).is_none());
    }

    // DOMAIN P1: what arrives is not lost.
    #[test]
    fn a_file_that_still_waits_goes_to_the_backup_area() {
        let place = tempfile::tempdir().unwrap();
        let landing = Landing::open(place.path()).unwrap();
        land(&landing, "one", "1");
        land(&landing, "two", "2");
        assert_eq!(fs::read_to_string(place.path().join("roster.xml")).unwrap(), "two");
        let backup = fs::read_dir(place.path().join(BACKUP)).unwrap().next().unwrap().unwrap().path();
        assert_eq!(fs::read_to_string(backup).unwrap(), "one");
    }

    #[test]
    fn two_do_not_fetch_at_once_and_a_dead_one_hinders_nobody() {
        let place = tempfile::tempdir().unwrap();
        let landing = Landing::open(place.path()).unwrap();
        assert!(matches!(Landing::open(place.path()), Err(FetchError::Later(_))));
        landing.part().unwrap().write_all(b"half a ros").unwrap();
        drop(landing);
        let landing = Landing::open(place.path()).unwrap();
        assert!(landing.last(FROM).is_none(), "what was half written is no roster");
        land(&landing, "one", "1");
        assert_eq!(landing.last(FROM).unwrap().1.bytes, 3);
    }
}
