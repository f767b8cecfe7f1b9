//! A digest per group over its memberships: two snapshots compare by these, and read only the groups that differ.

use super::{
    columns::{Cell, digest, distinct, number, text},
    table::Table,
    table_file::TableFile,
    table_reader::TableReader,
    table_writer::TableWriter,
};
use crate::model::{Membership, SyncKey};
use parquet::errors::ParquetError;
use std::io::Write;

pub(super) const TABLE: Table = Table {
    name: "membership_group",
    columns: &[text("source"), distinct("id"), number("members"), digest("digest")],
    sorted_by: 2,
};

/// The memberships of one group, or course, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipDigest {
    pub group: SyncKey,
    /// Over its members as [`Member::write`](crate::model::Member::write) writes them, in the order of their persons:
    /// the same memberships, the same digest.
    pub digest: [u8; 16],
    pub count: u64,
}

/// Takes the memberships in their order and writes a row per group.
pub(super) struct MemberDigests<W: Write + Send> {
    table: TableWriter<W>,
    group: Option<(SyncKey, blake3::Hasher, u64)>,
    /// Members that the hasher has not taken yet: of many at once it is much faster.
    waiting: Vec<u8>,
}

const MOST_WAITING: usize = 64 * 1024;

impl<W: Write + Send> MemberDigests<W> {
    pub fn new(out: W) -> Result<Self, ParquetError> {
        Ok(Self { table: TableWriter::new(out, &TABLE)?, group: None, waiting: Vec::new() })
    }

    pub fn add(&mut self, membership: &Membership) -> Result<(), ParquetError> {
        if self.group.as_ref().is_none_or(|(current, ..)| *current != membership.group) {
            self.end_group()?;
            self.group = Some((membership.group.clone(), blake3::Hasher::new(), 0));
        }
        if let Some((_, hasher, count)) = &mut self.group {
            membership.as_member().write(&mut self.waiting);
            *count += 1;
            if self.waiting.len() >= MOST_WAITING {
                hasher.update(&self.waiting);
                self.waiting.clear();
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        let Some((group, mut hasher, count)) = self.group.take() else { return Ok(()) };
        hasher.update(&self.waiting);
        self.waiting.clear();
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        let count = i32::try_from(count).map_err(|error| ParquetError::General(error.to_string()))?;
        self.table.push([
            Cell::Text(group.source),
            Cell::Text(group.id),
            Cell::Number(count),
            Cell::Digest(digest),
        ])
    }

    pub fn finish(mut self) -> Result<W, ParquetError> {
        self.end_group()?;
        self.table.finish()
    }
}

/// The digests of a snapshot, sorted by group.
pub(super) struct MemberDigestReader(TableReader);

impl MemberDigestReader {
    pub fn open(file: TableFile) -> Result<Self, String> {
        TableReader::open(file, &TABLE, (0..TABLE.columns.len()).collect(), None).map(Self)
    }
}

impl Iterator for MemberDigestReader {
    type Item = Result<MembershipDigest, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match self.0.next_row()? {
            Ok(row) => row,
            Err(why) => return Some(Err(why)),
        };
        let Ok([Cell::Text(source), Cell::Text(id), Cell::Number(count), Cell::Digest(digest)]) =
            <[Cell; 4]>::try_from(row)
        else {
            return Some(Err("a row of another shape".to_owned()));
        };
        let count = u64::try_from(count).map_err(|_| "a negative count".to_owned());
        Some(count.map(|count| MembershipDigest { group: SyncKey { source, id }, digest, count }))
    }
}
