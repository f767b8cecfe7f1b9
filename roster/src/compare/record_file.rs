//! A file whose records can be read by their places.

use super::{checks::put_in_order, members::Members};
use crate::{
    model::Record,
    read::{Block, Found, Part, Plain, ReadLimits, read_block},
};
use std::{fs::File, io, ops::Range, os::unix::fs::FileExt};

pub(super) struct RecordFile {
    pub file: File,
    pub encoding: Plain,
    pub limits: ReadLimits,
}

impl RecordFile {
    /// What stands at some places, all of one key or of one group: sorted by key, each record once.
    /// `None` when records of one key differ.
    pub fn read(&self, places: &[Range<u64>]) -> io::Result<Option<Vec<Record>>> {
        let mut records = Vec::new();
        for place in places {
            self.read_one(place, |found| records.append(&mut found.into_records()))?;
        }
        Ok(put_in_order(&mut records).then_some(records))
    }

    /// The members at some places, all of one group: sorted, each once. `None` when those of one person differ.
    pub fn read_members(&self, places: &[Range<u64>]) -> io::Result<Option<Members>> {
        let mut members = Members::default();
        for place in places {
            self.read_one(place, |found| match found {
                Found::Members(found) => found.members.iter().for_each(|member| members.push(member)),
                Found::Records(records) => members.add(records),
            })?;
        }
        Ok(members.put_in_order().then_some(members))
    }

    fn read_one(&self, place: &Range<u64>, mut take: impl FnMut(Found<'_, '_>)) -> io::Result<()> {
        let length = usize::try_from(place.end - place.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, place.start)?;
        let block = Block { at: place.start, bytes, part: Part::INSIDE };
        let facts = read_block(&block, self.encoding, &self.limits, |_, found| take(found));
        facts.map(|_| ()).ok_or_else(changed)
    }
}

/// What was read once without an error cannot be read again.
pub(super) fn changed() -> io::Error {
    io::Error::other("the file changed while it was compared")
}
