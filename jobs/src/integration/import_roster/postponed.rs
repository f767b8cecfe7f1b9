//! Deletes that wait for the end of delay delete: what they are, and what the last day brings (DOMAIN P4).
//!
//! Nothing is kept of them. They are the part of the difference import database − mirror that the window holds back,
//! told by the code that an import goes by; since when each waits is told by the rosters of earlier runs.

use super::{
    Import, WhenPaused,
    difference::{Changes, changes, compare},
    hierarchy::Hierarchy,
    prepare::{Taken, blocking},
};
use crate::{
    JobContext, Stop,
    ports::{Author, IntegrationState, RunId, Window},
};
use chrono::NaiveDate;
use rollover_roster::{
    compare::RosterError,
    diff::{Action, Change, ChangeCounts},
    filter::{Breach, Verdict},
    missing::{Since, missing_since},
    model::{Kind, Person, Record, RecordKey, SyncKey},
    snapshot::{SnapshotId, SnapshotStore},
    timing::Timing,
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// What waits; its lines are read when they are asked for.
pub struct Postponed {
    pub window: Window,
    pub set_by: Option<Author>,
    pub counts: ChangeCounts,
    pub last_day: LastDay,
    list: Option<List>,
}

/// What the first import after the window does, if the roster stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastDay {
    /// The first day on which nothing is held back.
    pub on: NaiveDate,
    /// The postponed deletes, with whatever else flows by then.
    pub changes: ChangeCounts,
    /// Limits of the Filter that they break: then nothing takes place, and the customer decides.
    pub breaches: Vec<Breach>,
}

/// One delete that waits. The name of a person is for who has the right to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostponedLine {
    pub kind: Kind,
    pub school: String,
    pub class: Option<String>,
    /// Of the group or course; of a membership, what it is in.
    pub name: Option<String>,
    pub person: Option<String>,
    pub since: Option<Since<RunId>>,
}

type Found<T> = Result<T, RosterError>;

/// `None` where no window holds deletes back today, or no roster was accepted yet.
///
/// # Errors
/// A snapshot that cannot be read; what the ports give.
pub async fn postponed(cx: &JobContext) -> Result<Option<Postponed>, Stop> {
    let import = looking(cx, cx.ports.integration.state(cx.customer()?).await?, None)?;
    let state = &import.state;
    let today = import.today()?;
    let Some(window) = state.delay_delete.filter(|window| window.holds(today)) else { return Ok(None) };
    let Some(roster) = state.import else { return Ok(None) };
    let set_by = state.delay_delete_by.clone();
    let last_day = last_day(cx, state.clone(), window, roster).await?;
    let (store, mirror) = (cx.ports.rosters.snapshots().clone(), state.mirror);
    let changes = changes(&import, roster).await?;
    let (counts, list) = blocking(move || {
        let list = mirror.map(|mirror| List { store, mirror, changes });
        let counts = list.as_ref().map_or(Ok(ChangeCounts::default()), List::counts);
        Ok((counts.map_err(|error| unread(&error))?, list))
    })
    .await?;
    Ok(Some(Postponed { window, set_by, counts, last_day, list }))
}

fn looking<'a>(
    cx: &'a JobContext,
    state: IntegrationState,
    on: Option<NaiveDate>,
) -> Result<Import<'a>, Stop> {
    let (customer, started_at, when_paused) = (cx.customer()?, cx.now(), WhenPaused::Pass);
    Ok(Import { cx, customer, state, started_at, dry_run: true, on, when_paused })
}

async fn last_day(
    cx: &JobContext,
    state: IntegrationState,
    window: Window,
    roster: SnapshotId,
) -> Result<LastDay, Stop> {
    let on = window.end.succ_opt().unwrap_or(window.end);
    let difference = compare(&looking(cx, state, Some(on))?, Taken::again(roster)).await?;
    let breaches = match difference.verdict {
        Verdict::Pass => Vec::new(),
        Verdict::Abort(breaches) => breaches,
    };
    Ok(LastDay { on, changes: difference.flowing, breaches })
}

fn unread(error: &RosterError) -> Stop {
    Stop::retry(format!("a snapshot cannot be read: {error}"))
}

impl Postponed {
    /// The lines of one kind in the order of keys, `size` at a time, from one of them on, until `take` wants no more.
    /// `runs` are those that accepted a roster while deletes waited, the newest first. It reads files: not for a thread
    /// that serves others.
    ///
    /// # Errors
    /// A snapshot that cannot be read.
    pub fn each_lines(
        &self,
        kind: Kind,
        from: usize,
        size: usize,
        runs: &[(RunId, SnapshotId)],
        mut take: impl FnMut(Vec<PostponedLine>) -> bool,
    ) -> Result<(), RosterError> {
        let Some(list) = &self.list else { return Ok(()) };
        let hierarchy = list.hierarchy(kind)?;
        let mut waiting = list.waiting(kind).skip(from);
        loop {
            let records = waiting.by_ref().take(size).collect::<Found<Vec<Record>>>()?;
            if records.is_empty() || !take(list.lines(kind, &records, &hierarchy, runs)?) {
                return Ok(());
            }
        }
    }
}

struct List {
    store: SnapshotStore,
    mirror: SnapshotId,
    changes: Changes,
}

impl List {
    fn counts(&self) -> Found<ChangeCounts> {
        let mut counts = ChangeCounts::default();
        for kind in Kind::ALL {
            for record in self.waiting(kind) {
                counts.add(&Change::Delete(record?));
            }
        }
        Ok(counts)
    }

    /// What the window holds back of one kind.
    fn waiting(&self, kind: Kind) -> impl Iterator<Item = Found<Record>> {
        self.changes.timed_of(kind).filter_map(|timed| match timed {
            Ok((change, Timing::Postponed)) if change.action() == Action::Delete => {
                Some(Ok(change.into_record()))
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// Persons are placed by the memberships that go with them.
    fn hierarchy(&self, kind: Kind) -> Found<Hierarchy> {
        let mut hierarchy = Hierarchy::of(&self.store, Some(self.mirror))?;
        if kind == Kind::Person {
            for membership in self.waiting(Kind::Membership) {
                hierarchy.places.learn(&membership?);
            }
        }
        Ok(hierarchy)
    }

    fn lines(
        &self,
        kind: Kind,
        records: &[Record],
        hierarchy: &Hierarchy,
        runs: &[(RunId, SnapshotId)],
    ) -> Found<Vec<PostponedLine>> {
        let keys: Vec<RecordKey> = records.iter().map(Record::key).collect();
        let since = missing_since(&self.store, kind, &keys, runs.iter().copied())?;
        let persons = self.persons_of(records)?;
        let line = |(record, since): (&Record, Option<Since<RunId>>)| {
            let place = hierarchy.places.place(record);
            let (name, person) = match record {
                Record::Group(group) => (Some(group.name.clone()), None),
                Record::Course(course) => (Some(course.title.clone()), None),
                Record::Person(person) => (None, Some(full_name(person))),
                Record::Membership(member) => {
                    (hierarchy.names.get(&member.group).cloned(), persons.get(&member.person).cloned())
                }
            };
            let (school, class) = (place.school_name().to_owned(), place.class.map(str::to_owned));
            PostponedLine { kind, school, class, name, person, since }
        };
        Ok(records.iter().zip(since).map(line).collect())
    }

    /// The names of those whose memberships these are.
    fn persons_of(&self, records: &[Record]) -> Found<HashMap<SyncKey, String>> {
        let wanted: HashSet<&SyncKey> = records
            .iter()
            .filter_map(|record| match record {
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
