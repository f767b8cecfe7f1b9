//! One side of a comparison: a file by its index, a snapshot, or a roster in memory.

use super::{
    Options, RosterError,
    entry::{Entry, Joined},
    index::{Index, IndexEntries},
    members::Members,
    snapshot_side::{SnapshotEntries, SnapshotSide},
};
use crate::{
    model::{Kind, KindCounts, Record, Roster},
    read::{Concessions, KeyChange, Mapping, Properties, ReadRoster, read_imse},
};
use std::{fs::File, io::BufReader, path::Path, thread};

/// Where a side's records are.
enum Source {
    File(Index),
    Snapshot(SnapshotSide),
    Memory(Roster),
}

pub(super) struct Side {
    source: Source,
    pub counts: KindCounts,
    pub properties: Properties,
    pub groups_without_id: u64,
    pub key_changes: Vec<KeyChange>,
    pub concessions: Concessions,
}

impl Side {
    /// Of a file; one in which anything has to be reported is read whole by the reader that can say what.
    pub fn of_file(path: &Path, options: &Options<'_>) -> Result<Self, RosterError> {
        // What a mapping makes of a record may follow from others.
        let index = if options.read.mapping == Mapping::default() { Index::of(path, options)? } else { None };
        if let Some(index) = index {
            let (counts, groups_without_id) = (index.counts, index.groups_without_id);
            let properties = index.properties.clone();
            return Ok(Self { properties, groups_without_id, ..Self::of(Source::File(index), counts) });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let read = read_imse(BufReader::new(File::open(path)?), options.read)
            .map_err(|report| RosterError::Refused(report.with_file(&name)))?;
        let ReadRoster { roster, properties, groups_without_id, key_changes, concessions, .. } = read;
        let counts = roster.counts();
        let source = Source::Memory(roster);
        Ok(Self { source, counts, properties, groups_without_id, key_changes, concessions })
    }

    pub fn of_snapshot(snapshot: SnapshotSide) -> Result<Self, RosterError> {
        let counts = snapshot.counts()?;
        Ok(Self::of(Source::Snapshot(snapshot), counts))
    }

    /// Of what says nothing of itself.
    fn of(source: Source, counts: KindCounts) -> Self {
        Self {
            source,
            counts,
            properties: Properties::default(),
            groups_without_id: 0,
            key_changes: Vec::new(),
            concessions: Concessions::default(),
        }
    }

    /// Of nothing.
    pub fn empty() -> Self {
        Self::of(Source::Memory(Roster::default()), KindCounts::default())
    }

    /// Whether both are the same snapshot.
    pub fn is_snapshot_of(&self, other: &Self) -> bool {
        match (&self.source, &other.source) {
            (Source::Snapshot(one), Source::Snapshot(other)) => one.id == other.id,
            _ => false,
        }
    }

    /// Those of one kind, or all.
    pub fn entries(&self, kind: Option<Kind>) -> Entries<'_> {
        match &self.source {
            Source::File(index) => Entries::File { entries: index.entries(), kind },
            Source::Snapshot(snapshot) => Entries::Snapshot(snapshot.entries(kind)),
            Source::Memory(roster) => {
                let (all, is_before) = (roster.records(), |record: &Record| Some(record.kind()) < kind);
                let start = if kind.is_some() { all.partition_point(is_before) } else { 0 };
                let of_kind = |record: &Record| kind.is_none_or(|kind| record.kind() == kind);
                let length = all[start..].partition_point(of_kind);
                Entries::Memory { rest: &all[start..start + length], at: start as u64 }
            }
        }
    }

    /// The records of some entries, which come in their order; of each, sorted by key.
    pub fn records(&self, entries: &[&Joined], threads: usize) -> Result<Vec<Vec<Record>>, RosterError> {
        on_threads(entries, threads, |entries| match &self.source {
            Source::File(index) => {
                Ok(entries.iter().map(|entry| index.records(entry)).collect::<Result<_, _>>()?)
            }
            Source::Snapshot(snapshot) => snapshot.records(entries),
            Source::Memory(roster) => {
                Ok(entries.iter().map(|entry| in_memory(roster, entry).to_vec()).collect())
            }
        })
    }

    /// The members of some entries, which are of memberships and come in their order.
    pub fn members(&self, entries: &[&Joined], threads: usize) -> Result<Vec<Members>, RosterError> {
        on_threads(entries, threads, |entries| match &self.source {
            Source::File(index) => {
                Ok(entries.iter().map(|entry| index.members(entry)).collect::<Result<_, _>>()?)
            }
            Source::Snapshot(snapshot) => snapshot.members(entries),
            Source::Memory(roster) => {
                Ok(entries.iter().map(|entry| Members::of(in_memory(roster, entry))).collect())
            }
        })
    }
}

/// Of a roster in memory an entry has one place.
fn in_memory<'a>(roster: &'a Roster, entry: &Joined) -> &'a [Record] {
    let at = |place: u64| usize::try_from(place).expect("a roster fits the memory");
    entry.places.first().map_or(&[], |place| &roster.records()[at(place.start)..at(place.end)])
}

/// Reads entries on several threads, each a part of them.
fn on_threads<T: Send>(
    entries: &[&Joined],
    threads: usize,
    read: impl Fn(&[&Joined]) -> Result<Vec<T>, RosterError> + Sync,
) -> Result<Vec<T>, RosterError> {
    let part = entries.len().div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        let read = &read;
        let workers: Vec<_> = entries.chunks(part).map(|part| scope.spawn(move || read(part))).collect();
        let mut all = Vec::with_capacity(entries.len());
        for worker in workers {
            all.append(&mut worker.join().expect("a worker does not panic")?);
        }
        Ok(all)
    })
}

/// The entries of a side, sorted by key.
pub(super) enum Entries<'a> {
    File { entries: IndexEntries, kind: Option<Kind> },
    Snapshot(SnapshotEntries<'a>),
    Memory { rest: &'a [Record], at: u64 },
}

impl Entries<'_> {
    pub fn next(&mut self) -> Result<Option<Joined>, RosterError> {
        match self {
            Self::File { entries, kind } => loop {
                let entry = entries.next()?;
                let is_other = |entry: &Joined| kind.is_some_and(|kind| entry.key.kind() != kind);
                if !entry.as_ref().is_some_and(is_other) {
                    return Ok(entry);
                }
            },
            Self::Snapshot(entries) => entries.next(),
            Self::Memory { rest, at } => {
                let Some(first) = rest.first() else { return Ok(None) };
                let same = rest.partition_point(|record| is_of_one_entry(first, record));
                let (of_entry, others) = rest.split_at(same);
                let place = *at..*at + same as u64;
                (*rest, *at) = (others, place.end);
                let entry = Entry::of(of_entry, place).expect("it has a record, and memory for all of them");
                let Entry { key, digest, count, place } = entry;
                Ok(Some(Joined { key, digest, count, places: vec![place] }))
            }
        }
    }
}

/// Whether a record that sorts behind the first of an entry belongs to it too.
fn is_of_one_entry(first: &Record, record: &Record) -> bool {
    match (first, record) {
        (Record::Membership(first), Record::Membership(member)) => first.group == member.group,
        _ => std::ptr::eq(first, record),
    }
}
