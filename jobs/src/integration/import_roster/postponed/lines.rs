//! The list of deletes that wait: the first of them by kind, school, class and name, with names and since when.

use super::{
    super::{difference::Found, hierarchy::Hierarchy},
    WaitsFor,
};
use crate::ports::{RunId, WaitingRoster, WaitingRosters};
use chrono::{DateTime, NaiveDate, Utc};
use rollover_roster::{
    missing::{Since, missing_since},
    model::{Kind, Person, Record, RecordKey, SyncKey},
    places::Place,
    snapshot::{SnapshotId, SnapshotStore},
};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap, HashMap, HashSet},
    fmt,
};

/// No list goes on past so many lines; a narrower question reaches the others.
pub const LINES_REACHED: usize = 20_000;

/// One delete that waits. With the names of persons, for who has the right to read them; its `Debug` has none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostponedLine {
    pub kind: Kind,
    pub school: String,
    pub class: Option<String>,
    /// Of the group or course; of a membership, what it is in.
    pub name: Option<String>,
    pub person: Option<String>,
    /// The profile of a person; of a membership, its role.
    pub role: Option<String>,
    /// Since which run it would have gone, where that can be told.
    pub since: Option<WaitingSince>,
    pub waits_for: WaitsFor,
    /// The last day on which it waits for the window; the day on which the school year starts.
    pub until: Option<NaiveDate>,
}

impl fmt::Debug for PostponedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostponedLine({} at {}, {:?})", self.kind, self.school, self.waits_for)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingSince {
    pub run: RunId,
    pub at: DateTime<Utc>,
    /// Older rosters are not kept any more: it may wait for longer.
    pub at_least: bool,
}

/// A record that is to be listed, with what it is sorted by.
pub(super) struct Listed {
    order: (Kind, String, Option<String>, String),
    record: Record,
    waits_for: WaitsFor,
}

impl Listed {
    pub fn new(record: Record, waits_for: WaitsFor, place: &Place<'_>, hierarchy: &Hierarchy) -> Self {
        let name = match &record {
            Record::Group(group) => group.name.clone(),
            Record::Course(course) => course.title.clone(),
            Record::Person(person) => format!("{} {}", person.family, person.given),
            Record::Membership(member) => hierarchy.names.get(&member.group).cloned().unwrap_or_default(),
        };
        let (school, class) = (place.school_name().to_owned(), place.class.map(str::to_owned));
        Self { order: (record.kind(), school, class, name), record, waits_for }
    }
}

impl Ord for Listed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.cmp(&other.order).then_with(|| self.record.by_key(&other.record))
    }
}

impl PartialOrd for Listed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Listed {}

/// The least of what comes by, as many as are asked for.
pub(super) struct Least {
    from: usize,
    room: usize,
    /// The greatest that is kept is on top.
    kept: BinaryHeap<Listed>,
}

impl Least {
    pub fn of(from: usize, limit: usize) -> Self {
        let room = if limit == 0 { 0 } else { from.saturating_add(limit).min(LINES_REACHED) };
        Self { from, room, kept: BinaryHeap::new() }
    }

    pub fn push(&mut self, listed: Listed) {
        if self.kept.len() < self.room {
            self.kept.push(listed);
        } else if let Some(mut greatest) = self.kept.peek_mut()
            && listed < *greatest
        {
            *greatest = listed;
        }
    }

    pub fn into_listed(self) -> Vec<Listed> {
        let mut sorted = self.kept.into_sorted_vec();
        sorted.drain(..self.from.min(sorted.len()));
        sorted
    }
}

/// What the lines are told from.
pub(super) struct Lister<'a> {
    pub store: &'a SnapshotStore,
    pub mirror: SnapshotId,
    pub hierarchy: &'a Hierarchy,
    pub rosters: WaitingRosters,
    pub window_end: Option<NaiveDate>,
    pub opens: Option<NaiveDate>,
}

impl Lister<'_> {
    pub fn lines(&self, listed: Vec<Listed>) -> Found<Vec<PostponedLine>> {
        let (persons, since) = (self.persons_in(&listed)?, self.since(&listed)?);
        Ok(listed.into_iter().map(|listed| self.line(listed, &persons, &since)).collect())
    }

    fn line(
        &self,
        listed: Listed,
        persons: &HashMap<SyncKey, String>,
        since: &HashMap<RecordKey, WaitingSince>,
    ) -> PostponedLine {
        let (kind, school, class, name) = listed.order;
        let since = since.get(&listed.record.key()).copied();
        let (name, person, role) = match listed.record {
            Record::Group(_) | Record::Course(_) => (Some(name), None, None),
            Record::Person(person) => {
                (None, Some(full_name(&person)), Some(person.profile.as_str().to_owned()))
            }
            Record::Membership(member) => {
                let name = self.hierarchy.names.get(&member.group).cloned();
                let role = member.role.as_str().replace('_', " ");
                (name, persons.get(&member.person).cloned(), Some(role))
            }
        };
        let until = match listed.waits_for {
            WaitsFor::WindowEnd => self.window_end,
            WaitsFor::SchoolYear => self.opens,
            WaitsFor::NextImport => None,
        };
        PostponedLine { kind, school, class, name, person, role, since, waits_for: listed.waits_for, until }
    }

    fn since(&self, listed: &[Listed]) -> Found<HashMap<RecordKey, WaitingSince>> {
        let mut by_kind: BTreeMap<Kind, Vec<RecordKey>> = BTreeMap::new();
        for listed in listed {
            by_kind.entry(listed.record.kind()).or_default().push(listed.record.key());
        }
        let mut all = HashMap::new();
        for (kind, keys) in by_kind {
            let rosters = self.rosters.rosters.iter().map(|roster| (roster, roster.roster));
            let since = missing_since(self.store, kind, &keys, rosters, self.rosters.whole)?;
            let told = |since: Since<&WaitingRoster>| WaitingSince {
                run: since.roster.run,
                at: since.roster.taken_in_at,
                at_least: since.at_least,
            };
            all.extend(keys.into_iter().zip(since).filter_map(|(key, since)| Some((key, told(since?)))));
        }
        Ok(all)
    }

    /// The names of those whose memberships are listed.
    fn persons_in(&self, listed: &[Listed]) -> Found<HashMap<SyncKey, String>> {
        let wanted: HashSet<&SyncKey> = listed
            .iter()
            .filter_map(|listed| match &listed.record {
                Record::Membership(member) => Some(&member.person),
                Record::Group(_) | Record::Person(_) | Record::Course(_) => None,
            })
            .collect();
        let mut names = HashMap::new();
        if wanted.is_empty() {
            return Ok(names);
        }
        let (mut rows, keys) = (Vec::new(), self.store.keys_of(&self.mirror, Kind::Person)?);
        for (row, key) in (0..).zip(keys) {
            if wanted.contains(&key?.0.key) {
                rows.push(row..row + 1);
            }
        }
        for record in self.store.read_rows(&self.mirror, Kind::Person, rows)? {
            if let (Record::Person(person), _) = record? {
                names.insert(person.key.clone(), full_name(&person));
            }
        }
        Ok(names)
    }
}

fn full_name(person: &Person) -> String {
    format!("{} {}", person.given, person.family).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollover_roster::model::{Details, Group};

    fn class(name: &str) -> Listed {
        let group = Group {
            key: SyncKey::new("sas", name),
            group_type: "Class".to_owned(),
            level: 2,
            name: name.to_owned(),
            parent: None,
            details: Details::default(),
        };
        let place = Place { school: Some("Nes skole"), class: Some(name) };
        Listed::new(Record::Group(group), WaitsFor::WindowEnd, &place, &Hierarchy::default())
    }

    #[test]
    fn a_page_holds_the_lines_of_its_place() {
        // (passed over, asked for, lines)
        let cases: [(usize, usize, &[&str]); 7] = [
            (0, 2, &["8A", "8B"]),
            (2, 2, &["8C", "8D"]),
            (3, 9, &["8D", "8E"]),
            (5, 1, &[]),
            (9, 9, &[]),
            (0, 0, &[]),
            (usize::MAX, 1, &[]),
        ];
        for (from, limit, expected) in cases {
            let mut least = Least::of(from, limit);
            ["8D", "8A", "8E", "8C", "8B"].into_iter().for_each(|name| least.push(class(name)));
            let names: Vec<_> = least.into_listed().into_iter().map(|listed| listed.order.3).collect();
            assert_eq!(names, expected, "{from} {limit}");
        }
    }
}
