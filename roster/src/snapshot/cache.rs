//! The folder beside an object store: a cache that is filled when something is read, and may be deleted at any time.
//!
//! What is fetched counts once its files are whole and its records are those that it is named after; then it is renamed
//! into place, as a new one is. Over its bounds, those go first that were written or fetched longest ago: whoever still
//! reads one has its files open, or fetches it again.

use super::{
    ObjectsError, SnapshotError, SnapshotId, SnapshotStore,
    objects::Objects,
    shared::{FetchError, Shared},
    store::folder,
};
use std::{fs, path::PathBuf, sync::Arc, time::Duration};

/// One that came within this time is in use.
const SHORTEST_STAY: Duration = Duration::from_secs(3_600);
/// What a purge took out of the store from another machine goes here, too.
const LONGEST_STAY: Duration = Duration::from_secs(7 * 24 * 3_600);

impl SnapshotStore {
    /// The same with its snapshots in an object store: what is written counts once it is there. The folder holds up to
    /// `room` bytes of what was written or read lately.
    pub fn in_objects(self, objects: Arc<dyn Objects>, room: u64) -> Self {
        Self { shared: Some(Shared::new(objects)), room, ..self }
    }

    /// Where a snapshot lies on this machine; from the object store it is fetched when it does not.
    pub(super) fn bring(&self, id: &SnapshotId) -> Result<PathBuf, SnapshotError> {
        let place = self.place(id);
        if !place.is_dir() {
            let shared = self.shared.as_ref().ok_or(SnapshotError::Missing { id: *id })?;
            self.fetch(shared, id)?;
        }
        Ok(place)
    }

    fn fetch(&self, shared: &Shared, id: &SnapshotId) -> Result<(), SnapshotError> {
        let fresh = self.fresh()?;
        let apart = Self::open(fresh.path())?.with_keys(self.keys.clone());
        let place = apart.place(id);
        fs::create_dir_all(&place).map_err(|source| folder(&place, source))?;
        match shared.fetch(id, &place) {
            Ok(true) => {}
            Ok(false) => return Err(SnapshotError::Missing { id: *id }),
            Err(FetchError::Objects(error)) => return Err(error.into()),
            Err(FetchError::Disk(source)) => return Err(folder(&place, source)),
        }
        apart.counts(id)?;
        apart.keys(id)?.try_for_each(|key| key.map(drop))?;
        self.take_in(&place, id)?;
        self.make_room()
    }

    /// Takes away what the cache has no room for, or has held for long.
    pub fn make_room(&self) -> Result<(), SnapshotError> {
        if self.shared.is_none() {
            return Ok(());
        }
        let mut held = self.list_here()?;
        held.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.idle));
        let mut bytes: u64 = held.iter().map(|snapshot| snapshot.bytes).sum();
        for snapshot in held {
            if decide_stay(bytes, self.room, snapshot.idle) == Stay::Goes
                && self.remove_here(&snapshot.id, SHORTEST_STAY)?
            {
                bytes -= snapshot.bytes;
            }
        }
        Ok(())
    }
}

/// What becomes of a snapshot in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    InUse,
    HasRoom,
    Goes,
}

/// `bytes`: of all that is there; the ones that came before this one were decided about.
fn decide_stay(bytes: u64, room: u64, idle: Duration) -> Stay {
    if idle < SHORTEST_STAY {
        Stay::InUse
    } else if bytes > room || idle >= LONGEST_STAY {
        Stay::Goes
    } else {
        Stay::HasRoom
    }
}

impl From<ObjectsError> for SnapshotError {
    fn from(source: ObjectsError) -> Self {
        Self::Objects { source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_stays_and_what_has_no_room_goes() {
        let (hour, week) = (3_600, 7 * 24 * 3_600);
        let cases = [
            (11, hour - 1, Stay::InUse),
            (11, hour, Stay::Goes),
            (10, hour, Stay::HasRoom),
            (10, week - 1, Stay::HasRoom),
            (0, week, Stay::Goes),
        ];
        for (bytes, idle, expected) in cases {
            assert_eq!(
                decide_stay(bytes, 10, Duration::from_secs(idle)),
                expected,
                "{bytes} bytes, {idle} s"
            );
        }
    }
}
