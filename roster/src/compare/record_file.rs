//! A file whose records can be read by their places.

use super::checks::put_in_order;
use crate::{
    model::Record,
    read::{Block, Part, Plain, ReadLimits, read_block},
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
            self.read_one(place, &mut records)?;
        }
        Ok(put_in_order(&mut records).then_some(records))
    }

    fn read_one(&self, place: &Range<u64>, all: &mut Vec<Record>) -> io::Result<()> {
        let length = usize::try_from(place.end - place.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, place.start)?;
        let block = Block { at: place.start, bytes, part: Part::INSIDE };
        let facts = read_block(&block, self.encoding, &self.limits, |_, records| all.append(records));
        facts.map(|_| ()).ok_or_else(changed)
    }
}

/// What was read once without an error cannot be read again.
pub(super) fn changed() -> io::Error {
    io::Error::other("the file changed while it was compared")
}
