//! One side of a comparison: a file, by its index, or a roster in memory.

use super::{
    Options,
    entry::{Entry, Joined},
    index::{Index, IndexEntries},
};
use crate::{
    model::{KindCounts, Record, Roster},
    read::{Properties, ReadReport, ReadRoster, read_imse},
};
use std::{fs::File, io, io::BufReader, path::Path};

#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("comparing rosters")]
    Io(#[from] io::Error),
    #[error("a roster is refused: {0}")]
    Refused(ReadReport),
}

/// Where a side's records are.
enum Source {
    File(Index),
    Memory(Roster),
}

pub(super) struct Side {
    source: Source,
    pub counts: KindCounts,
    pub properties: Properties,
    pub groups_without_id: u64,
}

impl Side {
    pub fn of_file(path: &Path, options: &Options<'_>) -> Result<Self, CompareError> {
        if let Some(index) = Index::of(path, options)? {
            let (counts, groups_without_id) = (index.counts, index.groups_without_id);
            let properties = index.properties.clone();
            return Ok(Self { source: Source::File(index), counts, properties, groups_without_id });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let read = read_imse(BufReader::new(File::open(path)?), &options.limits)
            .map_err(|report| CompareError::Refused(report.with_file(&name)))?;
        let ReadRoster { roster, properties, groups_without_id } = read;
        let counts = roster.counts();
        Ok(Self { source: Source::Memory(roster), counts, properties, groups_without_id })
    }

    pub fn entries(&self) -> Entries<'_> {
        match &self.source {
            Source::File(index) => Entries::File(index.entries()),
            Source::Memory(roster) => Entries::Memory { rest: roster.records(), at: 0 },
        }
    }

    /// The records of an entry, sorted by key.
    pub fn records(&self, entry: &Joined) -> io::Result<Vec<Record>> {
        match &self.source {
            Source::File(index) => index.records(entry),
            Source::Memory(roster) => {
                let at = |place: u64| usize::try_from(place).expect("a roster fits the memory");
                let places = entry.places.iter();
                Ok(places
                    .flat_map(|place| roster.records()[at(place.start)..at(place.end)].to_vec())
                    .collect())
            }
        }
    }
}

/// The entries of a side, sorted by key.
pub(super) enum Entries<'a> {
    File(IndexEntries),
    Memory { rest: &'a [Record], at: u64 },
}

impl Entries<'_> {
    pub fn next(&mut self) -> io::Result<Option<Joined>> {
        match self {
            Self::File(entries) => entries.next(),
            Self::Memory { rest, at } => {
                let Some(first) = rest.first() else { return Ok(None) };
                let same = match first {
                    Record::Membership(of) => rest.partition_point(
                        |record| matches!(record, Record::Membership(member) if member.group == of.group),
                    ),
                    _ => 1,
                };
                let place = *at..*at + same as u64;
                let entry = Entry::of(&rest[..same], place.clone())
                    .ok_or_else(|| io::Error::other("a group has more memberships than can be counted"))?;
                (*rest, *at) = (&rest[same..], place.end);
                let Entry { key, digest, count, .. } = entry;
                Ok(Some(Joined { key, digest, count, places: vec![place] }))
            }
        }
    }
}
