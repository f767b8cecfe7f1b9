//! Snapshots in an object store that several machines share: how one gets there, how it is found, how it goes.
//!
//! | object | what |
//! |---|---|
//! | `<first two digits>/<id>/<copy>/<file>` | the files of a copy, `B3SUMS` last: with it the copy is whole |
//! | `<first two digits>/<id>/<file>` | the same, of a folder of snapshots that was copied there by hand |
//! | `<first two digits>/<id>/used` | its age says when somebody last found the snapshot already written |
//! | `<first two digits>/<id>/going-<purge>` | a purge is about to take away the copies that it sees |
//!
//! An object store has no rename and no lock, so no writer writes where another one does: each puts a copy of its own
//! and takes away nothing; readers take any whole copy. What is left to settle is a purge beside a writer who finds the
//! snapshot already there, and is about to name it:
//!
//! - the writer marks `used`, then looks; where it sees a `going`, it takes nothing for written and puts a new copy;
//! - the purge marks `going`, then looks; where it sees a `used` or a copy that is young, it leaves all in place.
//!
//! Each marks before it looks, so one of them at least sees the other; see both, one copy more lies there. A purge takes
//! away the copies that it saw, `B3SUMS` first, never a later one.
//!
//! Crash story: a writer that dies leaves a copy without `B3SUMS`, which is none; a purge that dies leaves a `going`,
//! which costs a later writer a new copy, or parts of one. All of these go with a purge a day later.

use super::{
    SnapshotId,
    digests::{self, MAX_LIST_BYTES},
    objects::{Object, Objects, ObjectsError},
    store::is_file_of_snapshot,
};
use rand::{TryRng, rngs::SysRng};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

const USED: &str = "used";
const GOING: &str = "going-";

/// A table is smaller than this, and whatever else lies in a copy too.
const MOST_BYTES: u64 = 64 * 1024 * 1024 * 1024;

#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<dyn Objects>);

/// Why a copy did not come.
pub(super) enum FetchError {
    Objects(ObjectsError),
    Disk(io::Error),
}

impl From<ObjectsError> for FetchError {
    fn from(error: ObjectsError) -> Self {
        Self::Objects(error)
    }
}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// The objects of one snapshot.
#[derive(Default)]
pub(super) struct Place {
    /// By the name of the copy; empty: files that lie there without one.
    copies: BTreeMap<String, Vec<Object>>,
    used: Option<Object>,
    going: Vec<Object>,
}

impl Place {
    fn is_written(&self) -> bool {
        self.going.is_empty() && self.copies.values().any(|files| is_whole(files))
    }

    /// Since somebody wrote a part of it or found it written.
    pub fn idle(&self) -> Duration {
        let files = self.copies.values().flatten().chain(&self.used);
        files.map(|object| object.age).min().unwrap_or(Duration::MAX)
    }

    pub fn bytes(&self) -> u64 {
        self.copies.values().flatten().map(|object| object.bytes).sum()
    }
}

fn file_name(object: &Object) -> &str {
    object.name.rsplit('/').next().unwrap_or_default()
}

fn is_whole(files: &[Object]) -> bool {
    files.iter().any(|object| file_name(object) == digests::NAME)
}

fn beginning(id: &SnapshotId) -> String {
    let name = id.to_string();
    format!("{}/{name}/", &name[..2])
}

/// The snapshot that an object belongs to, and its copy; `None` of what is no part of one.
fn belongs(object: &Object) -> Option<(SnapshotId, Option<&str>)> {
    let mut parts = object.name.split('/');
    let (digits, id) = (parts.next()?, parts.next()?);
    let snapshot: SnapshotId = id.parse().ok().filter(|_| id.starts_with(digits))?;
    match (parts.next()?, parts.next(), parts.next()) {
        (_file, None, None) => Some((snapshot, None)),
        (copy, Some(_file), None) => Some((snapshot, Some(copy))),
        _ => None,
    }
}

/// What chance names once: nobody else writes under it.
fn fresh_name() -> Result<String, ObjectsError> {
    let number = SysRng.try_next_u64();
    number.map(|number| format!("{number:016x}")).map_err(|error| ObjectsError(error.to_string()))
}

impl Shared {
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self(objects)
    }

    /// Every snapshot of which anything is there.
    pub fn places(&self, beginning: &str) -> Result<BTreeMap<SnapshotId, Place>, ObjectsError> {
        let mut places: BTreeMap<SnapshotId, Place> = BTreeMap::new();
        for object in self.0.list(beginning)? {
            let Some((id, copy)) = belongs(&object) else { continue };
            let (copy, place) = (copy.map(str::to_owned), places.entry(id).or_default());
            match copy {
                None if file_name(&object) == USED => place.used = Some(object),
                None if file_name(&object).starts_with(GOING) => place.going.push(object),
                copy => place.copies.entry(copy.unwrap_or_default()).or_default().push(object),
            }
        }
        Ok(places)
    }

    /// Those that are whole.
    pub fn list(&self) -> Result<Vec<(SnapshotId, Place)>, ObjectsError> {
        let whole = |place: &Place| place.copies.values().any(|files| is_whole(files));
        Ok(self.places("")?.into_iter().filter(|(_, place)| whole(place)).collect())
    }

    fn place(&self, id: &SnapshotId) -> Result<Place, ObjectsError> {
        Ok(self.places(&beginning(id))?.remove(id).unwrap_or_default())
    }

    /// Notes that a snapshot is needed. `false`: it is not there, or about to go.
    pub fn touch(&self, id: &SnapshotId) -> Result<bool, ObjectsError> {
        if !self.place(id)?.is_written() {
            return Ok(false);
        }
        self.0.mark(&format!("{}{USED}", beginning(id)))?;
        Ok(self.place(id)?.is_written())
    }

    /// Puts a new copy of a complete folder; it is there with the last file, or not at all.
    pub fn put(&self, id: &SnapshotId, folder: &Path, files: &[String]) -> Result<(), ObjectsError> {
        let copy = format!("{}{}/", beginning(id), fresh_name()?);
        for file in files {
            self.0.put(&format!("{copy}{file}"), &folder.join(file))?;
        }
        self.0.put(&format!("{copy}{}", digests::NAME), &folder.join(digests::NAME))
    }

    /// Brings the files of a whole copy into a folder. `false`: there is none.
    pub fn fetch(&self, id: &SnapshotId, folder: &Path) -> Result<bool, FetchError> {
        let place = self.place(id)?;
        for files in place.copies.values().filter(|files| is_whole(files)) {
            if self.fetch_copy(files, folder)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `false`: a purge was faster.
    fn fetch_copy(&self, files: &[Object], folder: &Path) -> Result<bool, FetchError> {
        for object in files.iter().filter(|object| is_file_of_snapshot(file_name(object))) {
            let limit = if file_name(object) == digests::NAME { MAX_LIST_BYTES } else { MOST_BYTES };
            if object.bytes > limit {
                let told = format!("an object of {} bytes is no file of a snapshot", object.bytes);
                return Err(ObjectsError(told).into());
            }
            // What a copy that went meanwhile left is written over.
            let mut file = File::create(folder.join(file_name(object)))?;
            if !self.0.get(&object.name, object.bytes, &mut file)? {
                return Ok(false);
            }
            file.flush()?;
            file.sync_all()?;
        }
        Ok(true)
    }

    /// Takes a snapshot away, unless somebody needed it within `at_least`. `false`: it stays, or was gone.
    pub fn remove_idle(&self, id: &SnapshotId, at_least: Duration) -> Result<bool, ObjectsError> {
        if self.place(id)?.idle() < at_least {
            return Ok(false);
        }
        let going = format!("{}{GOING}{}", beginning(id), fresh_name()?);
        self.0.mark(&going)?;
        let place = self.place(id)?;
        let goes = place.idle() >= at_least;
        if goes {
            for files in place.copies.values() {
                self.delete(files)?;
            }
            self.delete(place.used.as_slice())?;
        }
        self.0.delete(&going)?;
        Ok(goes && !place.copies.is_empty())
    }

    /// The file that makes a copy whole goes first.
    fn delete(&self, files: &[Object]) -> Result<u64, ObjectsError> {
        let (last, others): (Vec<_>, Vec<_>) =
            files.iter().partition(|object| file_name(object) == digests::NAME);
        last.iter().chain(&others).try_for_each(|object| self.0.delete(&object.name))?;
        Ok(files.iter().map(|object| object.bytes).sum())
    }

    /// Takes away what crashes left: copies that never became whole, marks of purges; gives the bytes.
    pub fn remove_remains(&self, idle_for: Duration) -> Result<u64, ObjectsError> {
        let old = |object: &Object| object.age >= idle_for;
        let mut bytes = 0;
        for place in self.places("")?.into_values() {
            for files in place.copies.values().filter(|files| !is_whole(files) && files.iter().all(old)) {
                bytes += self.delete(files)?;
            }
            let of_nothing = place.used.iter().filter(|_| place.copies.is_empty());
            for mark in place.going.iter().chain(of_nothing).filter(|mark| old(mark)) {
                self.0.delete(&mark.name)?;
            }
        }
        Ok(bytes)
    }
}
