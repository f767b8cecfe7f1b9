//! The difference of two sides as a merge of their entries: records are read only where digests differ.

use super::{
    RosterError,
    entry::{EntryKey, Joined},
    members::{Differing, Members},
    side::{Entries, Side},
};
use crate::{
    diff::{Action, Change, ChangeCounts, diff},
    model::{Kind, KindCounts, Record},
    read::Properties,
};
use std::{cmp::Ordering, convert::Infallible};

/// Records that are read at once, so that several threads have something to do.
const AT_ONCE: u64 = 20_000;
/// Members that are read at once to be counted alone: they take less memory.
const COUNTED_AT_ONCE: u64 = 100_000;

/// Two rosters, compared. The changes are counted, and can be had one by one, any number of times.
pub struct Comparison {
    old: Side,
    new: Side,
    threads: usize,
    /// Both are one snapshot: nothing has to be read.
    equal: bool,
    changes: ChangeCounts,
}

/// Which changes are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// Creates and updates.
    Puts,
    Deletes,
}

impl Wanted {
    /// Whether a pair may hold such a change; of memberships that cannot be told before they are read.
    fn may_come_of(self, pair: &Pair) -> bool {
        match self {
            Self::All => true,
            Self::Puts => pair.new.is_some(),
            Self::Deletes => pair.new.is_none() || pair.kind() == Kind::Membership,
        }
    }

    fn is(self, change: &Change) -> bool {
        match self {
            Self::All => true,
            Self::Puts => change.action() != Action::Delete,
            Self::Deletes => change.action() == Action::Delete,
        }
    }
}

impl Comparison {
    pub(super) fn of(old: Side, new: Side, threads: usize) -> Result<Self, RosterError> {
        let equal = old.is_snapshot_of(&new);
        let mut comparison = Self { old, new, threads, equal, changes: ChangeCounts::default() };
        if !equal {
            comparison.changes = comparison.count()?;
        }
        Ok(comparison)
    }

    /// Only the members of groups that differ have to be read for it.
    fn count(&self) -> Result<ChangeCounts, RosterError> {
        let (mut counts, mut stretch) = (ChangeCounts::default(), Stretch::default());
        let mut pairs = Pairs::of(&self.old, &self.new, None);
        loop {
            let pair = pairs.next()?;
            if pair.is_none() || stretch.records >= COUNTED_AT_ONCE {
                let groups = std::mem::take(&mut stretch).pairs;
                for (old, new) in self.members_of(&groups.iter().collect::<Vec<_>>())? {
                    counts.of_kind(Kind::Membership).add_all(&Differing::between(&old, &new).counts);
                }
            }
            match pair {
                None => return Ok(counts),
                Some(Pair { old: Some(old), new: None }) => {
                    counts.add_many(old.key.kind(), Action::Delete, u64::from(old.count));
                }
                Some(Pair { old: None, new: Some(new) }) => {
                    counts.add_many(new.key.kind(), Action::Create, u64::from(new.count));
                }
                Some(pair) if pair.has_members() => stretch.push(pair),
                Some(pair) => counts.add_many(pair.kind(), Action::Update, 1),
            }
        }
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

    /// The changes in the order of [`diff`]. Memory holds those of a few thousand records, or of one group.
    pub fn changes(&self) -> Changes<'_> {
        self.walk(None, Wanted::All)
    }

    /// The changes of one kind.
    pub fn changes_of(&self, kind: Kind) -> Changes<'_> {
        self.walk(Some(kind), Wanted::All)
    }

    /// The creates and updates of one kind.
    pub fn puts_of(&self, kind: Kind) -> Changes<'_> {
        self.walk(Some(kind), Wanted::Puts)
    }

    /// The deletes of one kind.
    pub fn deletes_of(&self, kind: Kind) -> Changes<'_> {
        self.walk(Some(kind), Wanted::Deletes)
    }

    fn walk(&self, kind: Option<Kind>, wanted: Wanted) -> Changes<'_> {
        let pairs = (!self.equal).then(|| Pairs::of(&self.old, &self.new, kind));
        Changes { comparison: self, pairs, wanted, ready: Vec::new().into_iter() }
    }

    /// The members of groups that are on both sides.
    fn members_of(&self, pairs: &[&Pair]) -> Result<Vec<(Members, Members)>, RosterError> {
        let (olds, news) = sides_of(pairs);
        let (olds, news) = (self.old.members(&olds, self.threads)?, self.new.members(&news, self.threads)?);
        Ok(olds.into_iter().zip(news).collect())
    }

    fn changes_in(&self, stretch: &Stretch) -> Result<Vec<Change>, RosterError> {
        let (groups, others): (Vec<_>, Vec<_>) = stretch.pairs.iter().partition(|pair| pair.has_members());
        let mut members = self.members_of(&groups)?.into_iter();
        let (olds, news) = sides_of(&others);
        let mut olds = self.old.records(&olds, self.threads)?.into_iter();
        let mut news = self.new.records(&news, self.threads)?.into_iter();
        let mut changes = Vec::new();
        for pair in &stretch.pairs {
            if pair.has_members() {
                let (old, new) = members.next().expect("each group was read");
                let differing = Differing::between(&old, &new);
                let group = pair.key().to_sync_key();
                changes.extend(between(
                    old.records(&differing.old, &group),
                    new.records(&differing.new, &group),
                ));
            } else {
                let old = pair.old.as_ref().and_then(|_| olds.next()).unwrap_or_default();
                let new = pair.new.as_ref().and_then(|_| news.next()).unwrap_or_default();
                changes.extend(between(old, new));
            }
        }
        Ok(changes)
    }
}

/// The changes of a comparison, one after another.
pub struct Changes<'a> {
    comparison: &'a Comparison,
    /// `None` at the end, and after an error.
    pairs: Option<Pairs<'a>>,
    wanted: Wanted,
    ready: std::vec::IntoIter<Change>,
}

impl Changes<'_> {
    fn next_stretch(&mut self) -> Result<Vec<Change>, RosterError> {
        let (mut stretch, mut pairs) = (Stretch::default(), self.pairs.take());
        while let Some(pair) = pairs.as_mut().map_or(Ok(None), Pairs::next)? {
            if !self.wanted.may_come_of(&pair) {
                continue;
            }
            stretch.push(pair);
            if stretch.records >= AT_ONCE {
                self.pairs = pairs;
                break;
            }
        }
        self.comparison.changes_in(&stretch).inspect_err(|_| self.pairs = None)
    }
}

impl Iterator for Changes<'_> {
    type Item = Result<Change, RosterError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(change) = self.ready.find(|change| self.wanted.is(change)) {
                return Some(Ok(change));
            }
            self.pairs.as_ref()?;
            match self.next_stretch() {
                Ok(changes) => self.ready = changes.into_iter(),
                Err(error) => return Some(Err(error)),
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

/// What stands at one key, where the sides differ: on one of them, or on both.
struct Pair {
    old: Option<Joined>,
    new: Option<Joined>,
}

impl Pair {
    fn key(&self) -> &EntryKey {
        let entry = self.old.as_ref().or(self.new.as_ref());
        &entry.expect("a pair has one side at least").key
    }

    fn kind(&self) -> Kind {
        self.key().kind()
    }

    /// Whether it is a group with members on both sides.
    fn has_members(&self) -> bool {
        self.old.is_some() && self.new.is_some() && self.kind() == Kind::Membership
    }
}

/// The entries of each side.
fn sides_of<'a>(pairs: &[&'a Pair]) -> (Vec<&'a Joined>, Vec<&'a Joined>) {
    let old = pairs.iter().filter_map(|pair| pair.old.as_ref());
    (old.collect(), pairs.iter().filter_map(|pair| pair.new.as_ref()).collect())
}

/// Pairs that are read together.
#[derive(Default)]
struct Stretch {
    pairs: Vec<Pair>,
    records: u64,
}

impl Stretch {
    fn push(&mut self, pair: Pair) {
        let count = |entry: &Option<Joined>| entry.as_ref().map_or(0, |entry| u64::from(entry.count));
        self.records += count(&pair.old) + count(&pair.new);
        self.pairs.push(pair);
    }
}

/// Merges the entries of two sides.
struct Pairs<'a> {
    old: Entries<'a>,
    new: Entries<'a>,
    /// What was read and is not paired yet.
    ahead: (Option<Joined>, Option<Joined>),
}

impl<'a> Pairs<'a> {
    /// Of one kind, or of all.
    fn of(old: &'a Side, new: &'a Side, kind: Option<Kind>) -> Self {
        Self { old: old.entries(kind), new: new.entries(kind), ahead: (None, None) }
    }

    fn next(&mut self) -> Result<Option<Pair>, RosterError> {
        loop {
            let old = self.ahead.0.take().map_or_else(|| self.old.next(), |entry| Ok(Some(entry)))?;
            let new = self.ahead.1.take().map_or_else(|| self.new.next(), |entry| Ok(Some(entry)))?;
            let order = match (&old, &new) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) if old.key == new.key && old.digest == new.digest => continue,
                (Some(old), Some(new)) => old.key.cmp(&new.key),
            };
            return Ok(Some(match order {
                Ordering::Equal => Pair { old, new },
                Ordering::Less => {
                    self.ahead.1 = new;
                    Pair { old, new: None }
                }
                Ordering::Greater => {
                    self.ahead.0 = old;
                    Pair { old: None, new }
                }
            }));
        }
    }
}
