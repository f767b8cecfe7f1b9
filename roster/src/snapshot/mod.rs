//! Snapshots of rosters: immutable, named by their content, sorted, compressed, columnar.
//!
//! A snapshot is a folder `<root>/<first two digits>/<id>/` with one Parquet file (zstd) per kind: `group`,
//! `person`, `course`, `membership`, and their digests in `B3SUMS`. Rows are sorted by key. Columns are text unless
//! said:
//!
//! | file | columns |
//! |---|---|
//! | group | source, id, type, level (int32), name, parent_source?, parent_id?, long?, full?, org?, hash |
//! | person | source, id, userid?, given, family, email?, birth_date? (date), profile, nickname?, middle_name?, url?, phone?, mobile?, street?, extended?, postcode?, locality?, relatives? (JSON list), hash |
//! | course | source, id, title, code?, template_source?, template_id?, parent_source?, parent_id?, long?, full?, org?, credits?, creator_source?, creator_id?, terms? (JSON list), hash |
//! | membership | group_source, group_id, person_source, person_id, role, begin? (date), end? (date), subrole?, custom_role?, hash |
//!
//! Any tool that reads Parquet reads them: `SELECT count(*) FROM 'person.parquet'`.
//!
//! Crash story: files are written into a folder of their own, synced, and renamed into place in one step, so a
//! snapshot is there whole or not at all. Writing one that is there changes nothing.

mod columns;
mod digests;
mod table;

use crate::model::{Kind, KindCounts, Record, Roster};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The name of a snapshot: a digest of the digests of its records, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotId([u8; 32]);

/// The text is no snapshot id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no snapshot: expected 64 hexadecimal digits")]
pub struct BadSnapshotId(String);

impl SnapshotId {
    pub fn of(roster: &Roster) -> Self {
        let mut hasher = blake3::Hasher::new();
        for record in roster.records() {
            hasher.update(&record.hash().0);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Enough for people to tell two apart.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for SnapshotId {
    type Err = BadSnapshotId;

    fn from_str(text: &str) -> Result<Self, BadSnapshotId> {
        let bad = || BadSnapshotId(text.chars().take(80).collect());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = BadSnapshotId;

    fn try_from(text: String) -> Result<Self, BadSnapshotId> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> Self {
        id.to_string()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("snapshot folder {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("snapshot {id:?} is not there")]
    Missing { id: SnapshotId },
    #[error("snapshot {id:?}, {kind}s: {why}")]
    Damaged { id: SnapshotId, kind: Kind, why: String },
    #[error("snapshot {id:?} holds other records than those it is named after")]
    OtherContent { id: SnapshotId },
}

/// A folder of snapshots; clones share it.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    root: PathBuf,
}

impl SnapshotStore {
    /// Opens the folder, and makes it when missing.
    pub fn open(root: &Path) -> Result<Self, SnapshotError> {
        fs::create_dir_all(root).map_err(|source| folder(root, source))?;
        Ok(Self { root: root.to_path_buf() })
    }

    fn place(&self, id: &SnapshotId) -> PathBuf {
        let name = id.to_string();
        self.root.join(&name[..2]).join(name)
    }

    pub fn contains(&self, id: &SnapshotId) -> bool {
        self.place(id).is_dir()
    }

    /// Writes a roster, unless it is there.
    pub fn write(&self, roster: &Roster) -> Result<SnapshotId, SnapshotError> {
        let id = SnapshotId::of(roster);
        let place = self.place(&id);
        if place.is_dir() {
            return Ok(id);
        }
        let parent = place.parent().expect("a snapshot lies in a folder of its first digits");
        fs::create_dir_all(parent).map_err(|source| folder(parent, source))?;
        let fresh = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(parent)
            .map_err(|source| folder(parent, source))?;
        let mut rest = roster.records();
        for kind in Kind::ALL {
            let count = rest.partition_point(|record| record.kind() == kind);
            let path = fresh.path().join(file_name(kind));
            table::write(&path, kind, &rest[..count]).map_err(|why| SnapshotError::Damaged {
                id,
                kind,
                why,
            })?;
            rest = &rest[count..];
        }
        digests::write(fresh.path(), &Kind::ALL.map(file_name))
            .and_then(|()| sync(fresh.path()))
            .map_err(|source| folder(fresh.path(), source))?;
        match fs::rename(fresh.path(), &place) {
            Ok(()) => {
                // It has its final name; the guard must not take it away.
                let _renamed = fresh.keep();
                sync(parent).map_err(|source| folder(parent, source))?;
                Ok(id)
            }
            // Another writer of the same content was faster.
            Err(_) if place.is_dir() => Ok(id),
            Err(source) => Err(folder(&place, source)),
        }
    }

    /// The records in their order, read a stretch at a time. That they are all of them, and of this snapshot, is
    /// known at the end: who stops before has read true records, but perhaps of another one.
    pub fn read(&self, id: &SnapshotId) -> Result<SnapshotReader, SnapshotError> {
        let place = self.place(id);
        if !place.is_dir() {
            return Err(SnapshotError::Missing { id: *id });
        }
        Ok(SnapshotReader {
            id: *id,
            place,
            kinds: Kind::ALL.to_vec().into_iter(),
            table: None,
            content: Some(blake3::Hasher::new()),
        })
    }

    /// How many records of each kind, from the files' own metadata.
    pub fn counts(&self, id: &SnapshotId) -> Result<KindCounts, SnapshotError> {
        let place = self.place(id);
        if !place.is_dir() {
            return Err(SnapshotError::Missing { id: *id });
        }
        let count = |kind: Kind| {
            digests::check(&place, &file_name(kind))
                .and_then(|()| table::count(&place.join(file_name(kind))))
                .map_err(|why| SnapshotError::Damaged { id: *id, kind, why })
        };
        Ok(KindCounts {
            group: count(Kind::Group)?,
            person: count(Kind::Person)?,
            course: count(Kind::Course)?,
            membership: count(Kind::Membership)?,
        })
    }
}

fn folder(path: &Path, source: io::Error) -> SnapshotError {
    SnapshotError::Folder { path: path.to_path_buf(), source }
}

/// Makes the names in a folder outlast a crash.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn file_name(kind: Kind) -> String {
    format!("{kind}.parquet")
}

/// Records of one snapshot, sorted by kind and key.
pub struct SnapshotReader {
    id: SnapshotId,
    place: PathBuf,
    kinds: std::vec::IntoIter<Kind>,
    table: Option<(Kind, table::TableReader)>,
    /// Of what was read so far; `None` once an error was given out or all is read.
    content: Option<blake3::Hasher>,
}

impl SnapshotReader {
    fn open(&self, kind: Kind) -> Result<table::TableReader, String> {
        digests::check(&self.place, &file_name(kind))?;
        table::TableReader::open(&self.place.join(file_name(kind)), kind)
    }

    fn damaged(&mut self, kind: Kind, why: String) -> SnapshotError {
        self.content = None;
        SnapshotError::Damaged { id: self.id, kind, why }
    }

    /// At the end: whether the records were those of the snapshot.
    fn check_content(&mut self) -> Option<SnapshotError> {
        let content = SnapshotId(*self.content.take()?.finalize().as_bytes());
        (content != self.id).then_some(SnapshotError::OtherContent { id: self.id })
    }
}

impl Iterator for SnapshotReader {
    type Item = Result<Record, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((kind, table)) = &mut self.table {
                let kind = *kind;
                match table.next() {
                    Some(Ok((record, hash))) => {
                        if let Some(content) = &mut self.content {
                            content.update(&hash.0);
                        }
                        return Some(Ok(record));
                    }
                    Some(Err(why)) => return Some(Err(self.damaged(kind, why))),
                    None => self.table = None,
                }
            }
            let Some(kind) = self.kinds.next() else { return self.check_content().map(Err) };
            match self.open(kind) {
                Ok(table) => self.table = Some((kind, table)),
                Err(why) => return Some(Err(self.damaged(kind, why))),
            }
        }
    }
}
