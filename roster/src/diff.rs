//! The difference of two rosters as a merge of two sorted streams: what to create, update and delete.

use crate::model::{Kind, Record, RecordKey, Roster};
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt, iter::Peekable};

/// What is to be done with one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Create(Record),
    Update { from: Box<Record>, to: Record, fields: Vec<&'static str> },
    Delete(Record),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Change {
    /// The record as it will be, or as it was before its delete.
    pub const fn record(&self) -> &Record {
        match self {
            Self::Create(record) | Self::Delete(record) | Self::Update { to: record, .. } => record,
        }
    }

    /// The record alone, as [`Change::record`] gives it.
    pub fn into_record(self) -> Record {
        match self {
            Self::Create(record) | Self::Delete(record) | Self::Update { to: record, .. } => record,
        }
    }

    /// The change that takes this one back.
    #[must_use]
    pub fn undone(self) -> Self {
        match self {
            Self::Create(record) => Self::Delete(record),
            Self::Update { from, to, fields } => Self::Update { from: Box::new(to), to: *from, fields },
            Self::Delete(record) => Self::Create(record),
        }
    }

    pub const fn kind(&self) -> Kind {
        self.record().kind()
    }

    pub const fn action(&self) -> Action {
        match self {
            Self::Create(_) => Action::Create,
            Self::Update { .. } => Action::Update,
            Self::Delete(_) => Action::Delete,
        }
    }
}

/// How many changes of each kind and action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCounts {
    pub group: ActionCounts,
    pub person: ActionCounts,
    pub course: ActionCounts,
    pub membership: ActionCounts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionCounts {
    pub create: u64,
    pub update: u64,
    pub delete: u64,
}

impl ActionCounts {
    pub const fn add(&mut self, action: Action) {
        self.add_many(action, 1);
    }

    pub const fn add_all(&mut self, other: &Self) {
        self.create += other.create;
        self.update += other.update;
        self.delete += other.delete;
    }

    const fn add_many(&mut self, action: Action, count: u64) {
        match action {
            Action::Create => self.create += count,
            Action::Update => self.update += count,
            Action::Delete => self.delete += count,
        }
    }
}

impl ChangeCounts {
    pub const fn get(&self, kind: Kind, action: Action) -> u64 {
        let counts = match kind {
            Kind::Group => &self.group,
            Kind::Person => &self.person,
            Kind::Course => &self.course,
            Kind::Membership => &self.membership,
        };
        match action {
            Action::Create => counts.create,
            Action::Update => counts.update,
            Action::Delete => counts.delete,
        }
    }

    pub const fn add(&mut self, change: &Change) {
        self.add_many(change.kind(), change.action(), 1);
    }

    pub const fn add_many(&mut self, kind: Kind, action: Action, count: u64) {
        self.of_kind(kind).add_many(action, count);
    }

    pub const fn of_kind(&mut self, kind: Kind) -> &mut ActionCounts {
        match kind {
            Kind::Group => &mut self.group,
            Kind::Person => &mut self.person,
            Kind::Course => &mut self.course,
            Kind::Membership => &mut self.membership,
        }
    }

    pub fn of(changes: &[Change]) -> Self {
        let mut counts = Self::default();
        changes.iter().for_each(|change| counts.add(change));
        counts
    }

    pub fn total(&self) -> u64 {
        Kind::ALL.iter().flat_map(|kind| Action::ALL.map(|action| self.get(*kind, action))).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }
}

/// Merges two streams that are sorted by [`Record::key`]; memory holds one record of each.
pub fn diff<E>(
    roster: impl Iterator<Item = Result<Record, E>>,
    mirror: impl Iterator<Item = Result<Record, E>>,
) -> impl Iterator<Item = Result<Change, E>> {
    Merge { roster: keyed(roster).peekable(), mirror: keyed(mirror).peekable() }
}

/// What leads from one roster in memory to another; only what differs is copied.
pub fn diff_rosters<'a>(roster: &'a Roster, mirror: &'a Roster) -> impl Iterator<Item = Change> + 'a {
    let (mut new, mut old) = (roster.records(), mirror.records());
    std::iter::from_fn(move || {
        loop {
            let side = match (new.first(), old.first()) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(to), Some(from)) => to.by_key(from),
            };
            match side {
                Ordering::Less => return Some(Change::Create(new.split_off_first()?.clone())),
                Ordering::Greater => return Some(Change::Delete(old.split_off_first()?.clone())),
                Ordering::Equal => {
                    let (to, from) = (new.split_off_first()?, old.split_off_first()?);
                    if from != to {
                        let (from, to, fields) =
                            (Box::new(from.clone()), to.clone(), from.changed_fields(to));
                        return Some(Change::Update { from, to, fields });
                    }
                }
            }
        }
    })
}

type Keyed<E> = Result<(RecordKey, Record), E>;

fn keyed<E>(records: impl Iterator<Item = Result<Record, E>>) -> impl Iterator<Item = Keyed<E>> {
    records.map(|record| record.map(|record| (record.key(), record)))
}

struct Merge<E, R: Iterator<Item = Keyed<E>>, M: Iterator<Item = Keyed<E>>> {
    roster: Peekable<R>,
    mirror: Peekable<M>,
}

enum Side {
    Roster,
    Mirror,
    Both,
}

impl<E, R: Iterator<Item = Keyed<E>>, M: Iterator<Item = Keyed<E>>> Merge<E, R, M> {
    /// Which stream stands at the smaller key; an error comes first, so that it is not passed over.
    fn side(&mut self) -> Option<Side> {
        Some(match (self.roster.peek(), self.mirror.peek()) {
            (None, None) => return None,
            (Some(_), None) | (Some(Err(_)), _) => Side::Roster,
            (None, Some(_)) | (_, Some(Err(_))) => Side::Mirror,
            (Some(Ok((new, _))), Some(Ok((old, _)))) => match new.cmp(old) {
                Ordering::Less => Side::Roster,
                Ordering::Greater => Side::Mirror,
                Ordering::Equal => Side::Both,
            },
        })
    }
}

impl<E, R: Iterator<Item = Keyed<E>>, M: Iterator<Item = Keyed<E>>> Iterator for Merge<E, R, M> {
    type Item = Result<Change, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.side()? {
                Side::Roster => return Some(self.roster.next()?.map(|(_, record)| Change::Create(record))),
                Side::Mirror => return Some(self.mirror.next()?.map(|(_, record)| Change::Delete(record))),
                Side::Both => match (self.roster.next()?, self.mirror.next()?) {
                    (Err(error), _) | (_, Err(error)) => return Some(Err(error)),
                    (Ok((_, to)), Ok((_, from))) if from != to => {
                        let fields = from.changed_fields(&to);
                        return Some(Ok(Change::Update { from: Box::new(from), to, fields }));
                    }
                    _ => {}
                },
            }
        }
    }
}
