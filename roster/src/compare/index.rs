//! The index of one file: an entry for each record and for the memberships of each group, sorted by key.

use super::{
    Options,
    checks::Complete,
    entry::{Entry, Grouped, Joined},
    gather::gather,
    members::Members,
    record_file::{RecordFile, changed},
    runs::{Run, RunReader, RunWriter},
};
use crate::{
    model::{Kind, KindCounts, Record},
    read::{Blocks, Properties},
};
use std::{fs::File, io, path::Path};

/// What a comparison keeps of a file: entries on disk, and the way back to the records.
pub(super) struct Index {
    records: RecordFile,
    entries: Run,
    pub counts: KindCounts,
    pub properties: Properties,
    pub groups_without_id: u64,
}

impl Index {
    /// `None` when the file holds anything that has to be reported, or is in an encoding that has no blocks.
    pub fn of(path: &Path, options: &Options<'_>) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        if file.metadata()?.len() > options.read.limits.bytes {
            return Ok(None);
        }
        let Some(blocks) = Blocks::open(&file, options.block)? else { return Ok(None) };
        let encoding = blocks.encoding;
        let Some(complete) = gather(blocks, options)? else { return Ok(None) };
        Self::join(RecordFile { file, encoding, limits: options.read.limits }, complete, options)
    }

    /// Makes entries of one key say the same. `None` when they cannot.
    fn join(records: RecordFile, complete: Complete, options: &Options<'_>) -> io::Result<Option<Self>> {
        let (mut entries, mut joined) = (Grouped::new(complete.entries), RunWriter::new(options.scratch)?);
        let (mut counts, mut item) = (KindCounts::default(), Vec::new());
        while let Some(same) = entries.next()? {
            let Some((digest, count)) = together(&records, &same)? else { return Ok(None) };
            counts.add_many(same[0].key.kind(), u64::from(count));
            for entry in same {
                Entry { digest, count, ..entry }.write(&mut item);
                joined.push(&item)?;
            }
        }
        let Complete { properties, groups_without_id, .. } = complete;
        Ok(Some(Self { records, entries: joined.finish()?, counts, properties, groups_without_id }))
    }

    pub fn entries(&self) -> IndexEntries {
        IndexEntries(Grouped::new(self.entries.read()))
    }

    /// The records of an entry, sorted by key.
    pub fn records(&self, entry: &Joined) -> io::Result<Vec<Record>> {
        let records = self.records.read(&entry.places)?.ok_or_else(changed)?;
        let found = Entry::of(&records, 0..0).ok_or_else(changed)?;
        if found.digest == entry.digest { Ok(records) } else { Err(changed()) }
    }

    /// The members of an entry.
    pub fn members(&self, entry: &Joined) -> io::Result<Members> {
        let members = self.records.read_members(&entry.places)?.ok_or_else(changed)?;
        if members.digest() == entry.digest { Ok(members) } else { Err(changed()) }
    }
}

/// The digest and the count of all entries of one key. `None` when records of one key differ.
fn together(records: &RecordFile, same: &[Entry]) -> io::Result<Option<([u8; 16], u32)>> {
    let first = &same[0];
    if same.len() == 1 || first.key.kind() != Kind::Membership {
        let equal = same.iter().all(|entry| entry.digest == first.digest);
        return Ok(equal.then_some((first.digest, first.count)));
    }
    let places: Vec<_> = same.iter().map(|entry| entry.place.clone()).collect();
    let Some(members) = records.read_members(&places)? else { return Ok(None) };
    let count = u32::try_from(members.len()).map_err(io::Error::other)?;
    Ok(Some((members.digest(), count)))
}

/// Entries in the order of their keys.
pub(super) struct IndexEntries(Grouped<RunReader>);

impl IndexEntries {
    pub fn next(&mut self) -> io::Result<Option<Joined>> {
        let Some(same) = self.0.next()? else { return Ok(None) };
        let places = same.iter().map(|entry| entry.place.clone()).collect();
        let first = same.into_iter().next().expect("entries of one key are at least one");
        Ok(Some(Joined { key: first.key, digest: first.digest, count: first.count, places }))
    }
}
