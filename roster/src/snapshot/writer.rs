//! Writes a snapshot record by record; memory holds one stretch of rows per kind.

use super::{
    SnapshotError, SnapshotId, SnapshotStore, columns, digests,
    id::Content,
    manifest::{self, Manifest},
    member_digests::{self, MemberDigests},
    store::{sync, table_file},
    table::Table,
    table_file::Out,
    table_writer::TableWriter,
};
use crate::model::{Kind, KindCounts, Record, RecordHash, RecordKey};
use parquet::errors::ParquetError;
use std::path::Path;
use tempfile::TempDir;

/// A snapshot on its way. Dropped before [`SnapshotWriter::finish`], it leaves nothing.
pub struct SnapshotWriter {
    store: SnapshotStore,
    fresh: TempDir,
    /// In the order of the kinds.
    tables: Vec<TableWriter<Out>>,
    members: MemberDigests<Out>,
    content: Content,
    records: KindCounts,
    last: Option<RecordKey>,
}

impl SnapshotWriter {
    pub(super) fn new(store: SnapshotStore, fresh: TempDir) -> Result<Self, SnapshotError> {
        let tables = Kind::ALL.map(|kind| {
            let table = columns::table(kind);
            let made = create(&store, fresh.path(), &table).and_then(|out| TableWriter::new(out, &table));
            made.map_err(|error| unwritten(table.name, error))
        });
        let members = create(&store, fresh.path(), &member_digests::TABLE)
            .and_then(MemberDigests::new)
            .map_err(|error| unwritten(member_digests::TABLE.name, error))?;
        Ok(Self {
            store,
            fresh,
            tables: tables.into_iter().collect::<Result<_, _>>()?,
            members,
            content: Content::default(),
            records: KindCounts::default(),
            last: None,
        })
    }

    /// Takes the next record: its key is greater than that of the one before.
    pub fn push(&mut self, record: &Record) -> Result<(), SnapshotError> {
        self.push_hashed(record, record.hash())
    }

    /// The same with the record's digest, as a reader of another snapshot gave it.
    pub fn push_hashed(&mut self, record: &Record, hash: RecordHash) -> Result<(), SnapshotError> {
        let (kind, key) = (record.kind(), record.key());
        if self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(SnapshotError::OutOfOrder { kind });
        }
        let table = &mut self.tables[kind as usize];
        table.push(columns::row(record, hash)).map_err(|error| unwritten(kind.as_str(), error))?;
        if let Record::Membership(membership) = record {
            let added = self.members.add(membership);
            added.map_err(|error| unwritten(member_digests::TABLE.name, error))?;
        }
        self.content.add(hash);
        self.records.add(kind);
        self.last = Some(key);
        Ok(())
    }

    /// Puts the snapshot into its place, unless one of the same content is there.
    pub fn finish(self) -> Result<SnapshotId, SnapshotError> {
        let id = self.content.id();
        if self.store.touch(&id)? {
            return Ok(id);
        }
        let Self { store, fresh, tables, members, records, .. } = self;
        let mut files = Vec::with_capacity(Kind::ALL.len() + 2);
        for (kind, table) in Kind::ALL.into_iter().zip(tables) {
            files.push((table_file(kind.as_str()), close(table.finish(), kind.as_str())?));
        }
        let name = member_digests::TABLE.name;
        files.push((table_file(name), close(members.finish(), name)?));
        let folder = |source| SnapshotError::Folder { path: fresh.path().to_path_buf(), source };
        files.push((
            manifest::NAME.to_owned(),
            Manifest::new(id, records).write(fresh.path()).map_err(folder)?,
        ));
        digests::write(fresh.path(), &files).and_then(|()| sync(fresh.path())).map_err(folder)?;
        if let Some(shared) = &store.shared {
            let names: Vec<String> = files.into_iter().map(|(name, _)| name).collect();
            shared.put(&id, fresh.path(), &names)?;
        }
        // Its guard finds it gone, and takes nothing away.
        store.take_in(fresh.path(), &id)?;
        store.make_room()?;
        Ok(id)
    }
}

fn create(store: &SnapshotStore, folder: &Path, table: &Table) -> Result<Out, ParquetError> {
    Ok(Out::create(&folder.join(table_file(table.name)), &store.keys)?)
}

/// Brings a file down to the disk and gives its digest.
fn close(written: Result<Out, ParquetError>, name: &'static str) -> Result<blake3::Hash, SnapshotError> {
    let out = written.map_err(|error| unwritten(name, error))?;
    out.close().map_err(|error| unwritten(name, error))
}

fn unwritten(table: &'static str, why: impl Into<ParquetError>) -> SnapshotError {
    SnapshotError::Unwritten { table, source: why.into() }
}
