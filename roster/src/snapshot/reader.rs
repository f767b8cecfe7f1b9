//! Reads snapshots: all records or keys in their order, or a part of one kind.

use super::{
    SnapshotError, SnapshotId, SnapshotStore,
    columns::{self, Cell},
    id::Content,
    table_reader::TableReader,
};
use crate::model::{Kind, Record, RecordHash, RecordKey, SyncKey};
use parquet::file::metadata::RowGroupMetaData;
use std::ops::{Range, RangeInclusive};

/// Places of rows in one kind, counted from 0; sorted and apart.
pub type RowRanges = Vec<Range<u64>>;

type Decode<T> = fn(Kind, Vec<Cell>) -> Result<(T, RecordHash), String>;

/// Records or keys of one kind, sorted, each with its digest.
pub struct Part<T> {
    id: SnapshotId,
    kind: Kind,
    table: TableReader,
    decode: Decode<T>,
}

impl Part<Record> {
    pub(super) fn records(
        store: &SnapshotStore,
        id: SnapshotId,
        kind: Kind,
        rows: Option<RowRanges>,
    ) -> Result<Self, SnapshotError> {
        Self::open(store, id, kind, columns::every(kind), rows, columns::record)
    }

    /// What may lie in a range; more, to the ends of its row groups.
    pub(super) fn around(
        store: &SnapshotStore,
        id: SnapshotId,
        kind: Kind,
        range: &RangeInclusive<SyncKey>,
    ) -> Result<Self, SnapshotError> {
        let mut part = Self::records(store, id, kind, None)?;
        let table = part.table.only(|group| may_hold(group, range));
        part.table = table.map_err(|why| SnapshotError::Damaged { id, file: kind.as_str(), why })?;
        Ok(part)
    }
}

impl Part<RecordKey> {
    pub(super) fn keys(store: &SnapshotStore, id: SnapshotId, kind: Kind) -> Result<Self, SnapshotError> {
        Self::open(store, id, kind, columns::of_key(kind), None, columns::key)
    }
}

impl<T> Part<T> {
    fn open(
        store: &SnapshotStore,
        id: SnapshotId,
        kind: Kind,
        columns: Vec<usize>,
        rows: Option<RowRanges>,
        decode: Decode<T>,
    ) -> Result<Self, SnapshotError> {
        let file = store.checked(&id, kind.as_str())?;
        let table = TableReader::open(file, &columns::table(kind), columns, rows)
            .map_err(|why| SnapshotError::Damaged { id, file: kind.as_str(), why })?;
        Ok(Self { id, kind, table, decode })
    }
}

impl<T> Iterator for Part<T> {
    type Item = Result<(T, RecordHash), SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.table.next_row()?.and_then(|row| (self.decode)(self.kind, row));
        Some(row.map_err(|why| SnapshotError::Damaged { id: self.id, file: self.kind.as_str(), why }))
    }
}

/// Whether a row group may hold a key of a range: by the least and the greatest source, and, where it has one
/// source only, by those of the id. Bounds that were cut short still enclose the values.
fn may_hold(group: &RowGroupMetaData, range: &RangeInclusive<SyncKey>) -> bool {
    let bounds = |index: usize| {
        let statistics = group.column(index).statistics()?;
        Some((statistics.min_bytes_opt()?, statistics.max_bytes_opt()?))
    };
    let (from, to) = (range.start(), range.end());
    let Some((least, greatest)) = bounds(0) else { return true };
    if greatest < from.source.as_bytes() || least > to.source.as_bytes() {
        return false;
    }
    let Some((least_id, greatest_id)) = bounds(1).filter(|_| least == greatest) else { return true };
    let source = least;
    let before = source == from.source.as_bytes() && greatest_id < from.id.as_bytes();
    let after = source == to.source.as_bytes() && least_id > to.id.as_bytes();
    !before && !after
}

/// All of a snapshot, kind after kind. Its last item is an error unless its content was the one it is named after.
pub struct Sweep<T> {
    store: SnapshotStore,
    id: SnapshotId,
    kinds: std::vec::IntoIter<Kind>,
    part: Option<Part<T>>,
    open: fn(&SnapshotStore, SnapshotId, Kind) -> Result<Part<T>, SnapshotError>,
    /// Of what was read so far; `None` once an error was given out or all is read.
    content: Option<Content>,
}

impl Sweep<Record> {
    pub(super) fn records(store: SnapshotStore, id: SnapshotId) -> Self {
        Self::new(store, id, |store, id, kind| Part::records(store, id, kind, None))
    }
}

impl Sweep<RecordKey> {
    pub(super) fn keys(store: SnapshotStore, id: SnapshotId) -> Self {
        Self::new(store, id, Part::keys)
    }
}

impl<T> Sweep<T> {
    fn new(
        store: SnapshotStore,
        id: SnapshotId,
        open: fn(&SnapshotStore, SnapshotId, Kind) -> Result<Part<T>, SnapshotError>,
    ) -> Self {
        let (kinds, content) = (Kind::ALL.to_vec().into_iter(), Some(Content::default()));
        Self { store, id, kinds, part: None, open, content }
    }

    /// At the end: whether the records were those of the snapshot.
    fn check_content(&mut self) -> Option<SnapshotError> {
        let content = self.content.take()?.id();
        (content != self.id).then_some(SnapshotError::OtherContent { id: self.id })
    }
}

impl<T> Iterator for Sweep<T> {
    type Item = Result<(T, RecordHash), SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.part.as_mut().and_then(Iterator::next) {
                Some(Ok((found, hash))) => {
                    if let Some(content) = &mut self.content {
                        content.add(hash);
                    }
                    return Some(Ok((found, hash)));
                }
                Some(Err(error)) => {
                    self.content = None;
                    return Some(Err(error));
                }
                None => self.part = None,
            }
            let Some(kind) = self.kinds.next() else { return self.check_content().map(Err) };
            match (self.open)(&self.store, self.id, kind) {
                Ok(part) => self.part = Some(part),
                Err(error) => {
                    self.content = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Records of one snapshot, sorted by kind and key.
pub struct SnapshotReader(pub(super) Sweep<Record>);

impl Iterator for SnapshotReader {
    type Item = Result<Record, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map(|(record, _)| record))
    }
}
