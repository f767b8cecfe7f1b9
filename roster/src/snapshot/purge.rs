//! Takes snapshots away: what lies in the folder, for how long nobody has needed it, and how one goes whole.
//!
//! Who may still be named is for others to say. Here only this is kept: a snapshot that somebody has just written, or
//! found already written and is about to name, stays. Such a one was touched, and ages are told by the folder's own
//! clock, so it makes no difference whose clock is wrong.
//!
//! Of snapshots in an object store, the store is asked ([`super::shared`] says how it is done there); what goes there
//! goes from the folder too.
//!
//! Crash story: a snapshot is renamed first and emptied then, so it is there whole or not at all; what a crash leaves
//! of one, or of one that was being written, goes with a later purge.

use super::{
    SnapshotError, SnapshotId, SnapshotStore,
    shared::Place,
    store::{FRESH, folder},
};
use std::{
    fs::{self, DirEntry},
    io,
    path::Path,
    time::{Duration, SystemTime},
};

/// Begins the name of a folder that is a snapshot no more.
const GONE: &str = ".gone-";
/// Its date says when a snapshot was last needed, if that is later than when it was written.
const USED: &str = ".used";

/// A snapshot that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptSnapshot {
    pub id: SnapshotId,
    /// Of all its files.
    pub bytes: u64,
    /// Since it was written, or written again.
    pub idle: Duration,
}

impl SnapshotStore {
    /// Every snapshot, in no order.
    pub fn list(&self) -> Result<Vec<KeptSnapshot>, SnapshotError> {
        let Some(shared) = &self.shared else { return self.list_here() };
        let kept =
            |(id, place): (SnapshotId, Place)| KeptSnapshot { id, bytes: place.bytes(), idle: place.idle() };
        Ok(shared.list()?.into_iter().map(kept).collect())
    }

    /// Takes a snapshot away, unless somebody needed it within `at_least`. `false`: it stays, or was gone.
    pub fn remove_idle(&self, id: &SnapshotId, at_least: Duration) -> Result<bool, SnapshotError> {
        let Some(shared) = &self.shared else { return self.remove_here(id, at_least) };
        let removed = shared.remove_idle(id, at_least)?;
        if removed {
            self.remove_here(id, Duration::ZERO)?;
        }
        Ok(removed)
    }

    /// Takes away what crashes left, of snapshots on their way in or out; gives the bytes.
    pub fn remove_remains(&self, idle_for: Duration) -> Result<u64, SnapshotError> {
        self.make_room()?;
        let shared = self.shared.as_ref().map_or(Ok(0), |shared| shared.remove_remains(idle_for))?;
        Ok(shared + self.remove_remains_here(idle_for)?)
    }

    /// Notes that a snapshot is needed. `false`: it is not there.
    pub(super) fn touch(&self, id: &SnapshotId) -> Result<bool, SnapshotError> {
        let here = self.touch_here(id)?;
        self.shared.as_ref().map_or(Ok(here), |shared| Ok(shared.touch(id)?))
    }

    /// What lies in the folder.
    pub(super) fn list_here(&self) -> Result<Vec<KeptSnapshot>, SnapshotError> {
        let list = || -> io::Result<Vec<KeptSnapshot>> {
            let now = self.folder_time()?;
            let mut found = Vec::new();
            for digits in entries(&self.root)? {
                for place in entries(&digits.path())? {
                    let Some(id) = place.file_name().to_str().and_then(|name| name.parse().ok()) else {
                        continue;
                    };
                    // One that went meanwhile is none.
                    let (Ok(bytes), Ok(idle)) = (size(&place.path()), idle(&place.path(), now)) else {
                        continue;
                    };
                    found.push(KeptSnapshot { id, bytes, idle });
                }
            }
            Ok(found)
        };
        list().map_err(|source| folder(&self.root, source))
    }

    pub(super) fn remove_here(&self, id: &SnapshotId, at_least: Duration) -> Result<bool, SnapshotError> {
        let (place, gone) = (self.place(id), self.root.join(format!("{GONE}{id}")));
        let remove = || -> io::Result<bool> {
            let now = self.folder_time()?;
            if idle(&place, now)? < at_least {
                return Ok(false);
            }
            fs::rename(&place, &gone)?;
            // Touched between the look and the rename: it goes back.
            if idle(&gone, now)? < at_least {
                fs::rename(&gone, &place)?;
                return Ok(false);
            }
            fs::remove_dir_all(&gone)?;
            Ok(true)
        };
        match remove() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => removed.map_err(|source| folder(&place, source)),
        }
    }

    fn remove_remains_here(&self, idle_for: Duration) -> Result<u64, SnapshotError> {
        let remove = || -> io::Result<u64> {
            let now = self.folder_time()?;
            let mut bytes = 0;
            for entry in entries(&self.root)? {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if (name.starts_with(FRESH) || name.starts_with(GONE))
                    && idle(&entry.path(), now)? >= idle_for
                {
                    bytes += size(&entry.path())?;
                    fs::remove_dir_all(entry.path())?;
                }
            }
            Ok(bytes)
        };
        remove().map_err(|source| folder(&self.root, source))
    }

    fn touch_here(&self, id: &SnapshotId) -> Result<bool, SnapshotError> {
        let place = self.place(id);
        match fs::write(place.join(USED), b"\n") {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(_) if !place.is_dir() => Ok(false),
            Err(source) => Err(folder(&place, source)),
        }
    }

    /// What the folder's clock says: on a shared folder, another one than this machine's.
    fn folder_time(&self) -> io::Result<SystemTime> {
        tempfile::tempfile_in(&self.root)?.metadata()?.modified()
    }
}

fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.into_iter().filter(|entry| entry.path().is_dir()).collect())
}

fn size(folder: &Path) -> io::Result<u64> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

fn idle(place: &Path, now: SystemTime) -> io::Result<Duration> {
    let written = fs::metadata(place)?.modified()?;
    let last = match fs::metadata(place.join(USED)) {
        Ok(used) => written.max(used.modified()?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => written,
        Err(error) => return Err(error),
    };
    Ok(now.duration_since(last).unwrap_or_default())
}
