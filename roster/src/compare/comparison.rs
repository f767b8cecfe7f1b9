//! The difference of two sides as a merge of their entries: records are read only where digests differ.

use super::{
    entry::Joined,
    side::{CompareError, Entries, Side},
};
use crate::{
    diff::{Action, Change, ChangeCounts, diff},
    model::{KindCounts, Record},
    read::Properties,
};
use std::{cmp::Ordering, convert::Infallible, io};

/// Two rosters, compared. The changes are counted, and can be had one by one, any number of times.
pub struct Comparison {
    old: Side,
    new: Side,
    changes: ChangeCounts,
}

impl Comparison {
    pub(super) fn of(old: Side, new: Side) -> Result<Self, CompareError> {
        let mut changes = ChangeCounts::default();
        let mut pairs = Pairs::of(&old, &new);
        while let Some(pair) = pairs.next()? {
            match pair {
                Pair::New(entry) => {
                    changes.add_many(entry.key.kind(), Action::Create, u64::from(entry.count));
                }
                Pair::Old(entry) => {
                    changes.add_many(entry.key.kind(), Action::Delete, u64::from(entry.count));
                }
                Pair::Both(before, after) => {
                    let records = (old.records(&before)?, new.records(&after)?);
                    between(records.0, records.1).for_each(|change| changes.add(&change));
                }
            }
        }
        Ok(Self { old, new, changes })
    }

    /// How many changes there are.
    pub const fn counts(&self) -> &ChangeCounts {
        &self.changes
    }

    pub const fn old_records(&self) -> &KindCounts {
        &self.old.counts
    }

    pub const fn new_records(&self) -> &KindCounts {
        &self.new.counts
    }

    /// What the new file says of itself.
    pub const fn properties(&self) -> &Properties {
        &self.new.properties
    }

    /// Groups of the new file without an id: they do nothing.
    pub const fn groups_without_id(&self) -> u64 {
        self.new.groups_without_id
    }

    /// The changes in the order of [`diff`]. Memory holds those of one record, or of the memberships of one group.
    pub fn changes(&self) -> Changes<'_> {
        Changes { comparison: self, pairs: Pairs::of(&self.old, &self.new), ready: Vec::new().into_iter() }
    }
}

/// The changes of a comparison, one after another.
pub struct Changes<'a> {
    comparison: &'a Comparison,
    pairs: Pairs<'a>,
    ready: std::vec::IntoIter<Change>,
}

impl Changes<'_> {
    fn next_pair(&mut self) -> Result<bool, CompareError> {
        let Some(pair) = self.pairs.next()? else { return Ok(false) };
        let Comparison { old, new, .. } = self.comparison;
        let (before, after) = match pair {
            Pair::New(entry) => (Vec::new(), new.records(&entry)?),
            Pair::Old(entry) => (old.records(&entry)?, Vec::new()),
            Pair::Both(before, after) => (old.records(&before)?, new.records(&after)?),
        };
        self.ready = between(before, after).collect::<Vec<_>>().into_iter();
        Ok(true)
    }
}

impl Iterator for Changes<'_> {
    type Item = Result<Change, CompareError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(change) = self.ready.next() {
                return Some(Ok(change));
            }
            match self.next_pair() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.pairs.over = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// The difference of some records, each sorted by key.
fn between(old: Vec<Record>, new: Vec<Record>) -> impl Iterator<Item = Change> {
    let [old, new] = [old, new].map(|records| records.into_iter().map(Ok::<_, Infallible>));
    diff(new, old).map(|change| match change {
        Ok(change) => change,
        Err(never) => match never {},
    })
}

/// What stands at one key, where the sides differ.
enum Pair {
    Old(Joined),
    New(Joined),
    Both(Joined, Joined),
}

/// Merges the entries of two sides.
struct Pairs<'a> {
    old: Entries<'a>,
    new: Entries<'a>,
    /// What was read and is not paired yet.
    ahead: (Option<Joined>, Option<Joined>),
    over: bool,
}

impl<'a> Pairs<'a> {
    fn of(old: &'a Side, new: &'a Side) -> Self {
        Self { old: old.entries(), new: new.entries(), ahead: (None, None), over: false }
    }

    fn next(&mut self) -> io::Result<Option<Pair>> {
        while !self.over {
            let old = self.ahead.0.take().map_or_else(|| self.old.next(), |entry| Ok(Some(entry)))?;
            let new = self.ahead.1.take().map_or_else(|| self.new.next(), |entry| Ok(Some(entry)))?;
            let order = match (&old, &new) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.key.cmp(&new.key),
            };
            match (order, old, new) {
                (Ordering::Less, Some(old), new) => {
                    self.ahead.1 = new;
                    return Ok(Some(Pair::Old(old)));
                }
                (Ordering::Greater, old, Some(new)) => {
                    self.ahead.0 = old;
                    return Ok(Some(Pair::New(new)));
                }
                (Ordering::Equal, Some(old), Some(new)) if old.digest != new.digest => {
                    return Ok(Some(Pair::Both(old, new)));
                }
                _ => {}
            }
        }
        self.over = true;
        Ok(None)
    }
}
