//! The folder of snapshots: where each lies, how one gets there, and the ways to read it.

use super::{
    SnapshotError, SnapshotId, SnapshotReader, SnapshotWriter, Sweep,
    digests::{self, Whole},
    manifest::{self, Manifest},
    member_digests::{self, MemberDigestReader, MembershipDigest},
    member_rows::MemberRows,
    reader::{Part, RowRanges},
    shared::Shared,
    table_file::TableFile,
};
use crate::{
    model::{Kind, KindCounts, Record, RecordHash, RecordKey, Roster, SyncKey},
    seal::{Keys, SealError},
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// Begins the name of a folder that no snapshot has become yet.
pub(super) const FRESH: &str = ".new-";

/// A folder of snapshots; clones share it.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    pub(super) root: PathBuf,
    pub(super) whole: Arc<Whole>,
    pub(super) keys: Keys,
    /// Where the snapshots are; the folder is a cache then. `None`: they are in the folder.
    pub(super) shared: Option<Shared>,
    /// Bytes that the cache may have.
    pub(super) room: u64,
}

impl SnapshotStore {
    /// Opens the folder, and makes it when missing.
    pub fn open(root: &Path) -> Result<Self, SnapshotError> {
        fs::create_dir_all(root).map_err(|source| folder(root, source))?;
        let (whole, keys) = (Arc::default(), Keys::default());
        Ok(Self { root: root.to_path_buf(), whole, keys, shared: None, room: 0 })
    }

    /// With keys to read what is encrypted, and, if they say so, one to write with.
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }

    pub(super) fn place(&self, id: &SnapshotId) -> PathBuf {
        let name = id.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Where it lies: a place for what does not fit the memory, too.
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// Begins a snapshot of records that come one by one, in the order of their keys.
    pub fn writer(&self) -> Result<SnapshotWriter, SnapshotError> {
        SnapshotWriter::new(self.clone(), self.fresh()?)
    }

    /// A folder that is to become a snapshot; dropped before, it is gone.
    pub(super) fn fresh(&self) -> Result<TempDir, SnapshotError> {
        let fresh = tempfile::Builder::new().prefix(FRESH).tempdir_in(&self.root);
        fresh.map_err(|source| folder(&self.root, source))
    }

    /// Writes a roster that is in memory, unless it is there.
    pub fn write(&self, roster: &Roster) -> Result<SnapshotId, SnapshotError> {
        let id = SnapshotId::of(roster);
        if self.touch(&id)? {
            return Ok(id);
        }
        let mut writer = self.writer()?;
        roster.records().iter().try_for_each(|record| writer.push(record))?;
        writer.finish()
    }

    /// Gives a complete folder its name, in one step.
    pub(super) fn take_in(&self, complete: &Path, id: &SnapshotId) -> Result<(), SnapshotError> {
        let place = self.place(id);
        let parent = place.parent().expect("a snapshot lies in a folder of its first digits");
        fs::create_dir_all(parent)
            .and_then(|()| sync(&self.root))
            .map_err(|source| folder(parent, source))?;
        match fs::rename(complete, &place) {
            Ok(()) => sync(parent).map_err(|source| folder(parent, source)),
            // Another writer of the same content was faster.
            Err(_) if place.is_dir() => Ok(()),
            Err(source) => Err(folder(&place, source)),
        }
    }

    /// The records in their order, read a stretch at a time. That they are all of them, and of this snapshot, is
    /// known at the end: who stops before has read true records, but perhaps of another one.
    pub fn read(&self, id: &SnapshotId) -> Result<SnapshotReader, SnapshotError> {
        self.read_hashed(id).map(SnapshotReader)
    }

    /// The same with the digest of each record.
    pub fn read_hashed(&self, id: &SnapshotId) -> Result<Sweep<Record>, SnapshotError> {
        self.check_manifest(id)?;
        Ok(Sweep::records(self.clone(), *id))
    }

    /// Every key with the digest of its record, in the order of [`SnapshotStore::read`] and checked the same way,
    /// from the key columns alone.
    pub fn keys(&self, id: &SnapshotId) -> Result<Sweep<RecordKey>, SnapshotError> {
        self.check_manifest(id)?;
        Ok(Sweep::keys(self.clone(), *id))
    }

    /// The keys of one kind. The place of a key, counted from 0, is what [`SnapshotStore::read_rows`] takes.
    pub fn keys_of(&self, id: &SnapshotId, kind: Kind) -> Result<Part<RecordKey>, SnapshotError> {
        self.check_manifest(id)?;
        Part::keys(self, *id, kind)
    }

    /// Records of one kind by their places: what `rows` names, sorted and apart, is decoded, and little else.
    pub fn read_rows(
        &self,
        id: &SnapshotId,
        kind: Kind,
        rows: RowRanges,
    ) -> Result<Part<Record>, SnapshotError> {
        self.check_manifest(id)?;
        Part::records(self, *id, kind, Some(rows))
    }

    /// Who is in groups, by the places of the memberships.
    pub fn members_in(&self, id: &SnapshotId, rows: RowRanges) -> Result<MemberRows, SnapshotError> {
        self.check_manifest(id)?;
        MemberRows::open(self, *id, rows)
    }

    /// Records of one kind whose keys lie between two, both included; of memberships, those of such groups.
    pub fn read_range(
        &self,
        id: &SnapshotId,
        kind: Kind,
        range: RangeInclusive<SyncKey>,
    ) -> Result<impl Iterator<Item = Result<(Record, RecordHash), SnapshotError>> + use<>, SnapshotError>
    {
        self.check_manifest(id)?;
        let around = Part::around(self, *id, kind, &range)?;
        Ok(around.filter(move |found| match found {
            Ok((record, _)) => range.contains(&record.key().key),
            Err(_) => true,
        }))
    }

    /// For each group that has memberships: its key, a digest of them, how many. Sorted by group.
    pub fn membership_digests(
        &self,
        id: &SnapshotId,
    ) -> Result<impl Iterator<Item = Result<MembershipDigest, SnapshotError>> + use<>, SnapshotError> {
        self.check_manifest(id)?;
        let (id, table) = (*id, member_digests::TABLE.name);
        let file = self.checked(&id, table)?;
        let damaged = move |why| SnapshotError::Damaged { id, file: table, why };
        let reader = MemberDigestReader::open(file).map_err(damaged)?;
        Ok(reader.map(move |found| found.map_err(damaged)))
    }

    /// The memberships of some groups, in their order.
    pub fn memberships_of(
        &self,
        id: &SnapshotId,
        groups: &BTreeSet<SyncKey>,
    ) -> Result<Part<Record>, SnapshotError> {
        let (mut rows, mut at) = (RowRanges::new(), 0);
        for group in self.membership_digests(id)? {
            let group = group?;
            if groups.contains(&group.group) {
                rows.push(at..at + group.count);
            }
            at += group.count;
        }
        Part::records(self, *id, Kind::Membership, Some(rows))
    }

    /// How many records of each kind. All of the snapshot's files are there and whole.
    pub fn counts(&self, id: &SnapshotId) -> Result<KindCounts, SnapshotError> {
        let manifest = self.check_manifest(id)?;
        for kind in Kind::ALL {
            self.checked(id, kind.as_str())?;
        }
        self.checked(id, member_digests::TABLE.name)?;
        Ok(manifest.records)
    }

    fn check_manifest(&self, id: &SnapshotId) -> Result<Manifest, SnapshotError> {
        let place = self.bring(id)?;
        let manifest = self.whole.check(&place, manifest::NAME).and_then(|()| Manifest::read(&place));
        let damaged = |why| SnapshotError::Damaged { id: *id, file: "snapshot", why };
        let manifest = manifest.map_err(damaged)?;
        if manifest.id == *id { Ok(manifest) } else { Err(SnapshotError::OtherContent { id: *id }) }
    }

    /// The file of a table, once it was found whole.
    pub(super) fn checked(&self, id: &SnapshotId, table: &'static str) -> Result<TableFile, SnapshotError> {
        let (place, name) = (self.bring(id)?, table_file(table));
        let damaged = |why| SnapshotError::Damaged { id: *id, file: table, why };
        self.whole.check(&place, &name).map_err(damaged)?;
        TableFile::open(&place.join(name), &self.keys).map_err(|error| match error {
            SealError::File(_) | SealError::Damaged(_) => damaged(error.to_string()),
            source => SnapshotError::Sealed { id: *id, file: table, source },
        })
    }
}

pub(super) fn folder(path: &Path, source: io::Error) -> SnapshotError {
    SnapshotError::Folder { path: path.to_path_buf(), source }
}

/// Makes the names in a folder outlast a crash.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The file of a table.
pub(super) fn table_file(table: &str) -> String {
    format!("{table}.parquet")
}

/// Whether a snapshot has a file of this name.
pub(super) fn is_file_of_snapshot(name: &str) -> bool {
    let tables = Kind::ALL.map(Kind::as_str).into_iter().chain([member_digests::TABLE.name]);
    [manifest::NAME, digests::NAME].contains(&name)
        || tables.into_iter().any(|table| table_file(table) == name)
}
