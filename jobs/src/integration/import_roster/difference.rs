//! The difference roster − mirror, and what of it flows now: guard, delay delete, Filter.
//!
//! Nothing of it is held in memory: it is two snapshots, walked as often as it takes. They are immutable, so every
//! walk gives the same changes; what of them flows is settled once, in [`Holds`].

use super::{
    Import,
    guard::{GuardVerdict, decide_guard},
    judgement::{Judged, Judgement},
    prepare::{Taken, blocking},
};
use crate::Stop;
use rollover_roster::{
    compare::{Comparison, RosterError, compare_snapshots},
    diff::{Action, Change, ChangeCounts},
    explain::Explainer,
    filter::{Breach, Verdict},
    model::Kind,
    places::{Places, Sides},
    read::Concessions,
    rekey::Announced,
    repair::{Repair, repairs},
    snapshot::{SnapshotId, SnapshotStore},
    timing::{Holds, NewCourses, Timing},
};
use std::sync::Arc;

/// What an import has to do, sorted by when it may be done.
pub(super) struct Difference {
    /// What was let pass in the file.
    pub concessions: Concessions,
    /// What leads from the mirror to the roster; clones share it.
    pub changes: Arc<Changes>,
    /// How many of them flow in this run.
    pub flowing: ChangeCounts,
    /// All of them, with what waits.
    pub planned: ChangeCounts,
    pub postponed: ChangeCounts,
    pub held_courses: u64,
    /// What a person did not release (F3).
    pub not_released: ChangeCounts,
    /// What an earlier roster, applied in part, makes necessary besides; no matter of the Filter.
    pub repairs: RepairCounts,
    /// What the Filter says of what flows.
    pub verdict: Verdict,
    /// The decision that the verdict rests on.
    pub used_decision: Option<i64>,
}

impl Difference {
    /// Whether nothing is to be written now.
    pub fn nothing_flows(&self) -> bool {
        self.flowing.is_empty() && self.repairs.now == 0
    }

    /// Whether the site will hold the whole roster after this run.
    pub fn nothing_waits(&self) -> bool {
        self.flowing == self.planned
    }
}

/// How many changes of a roster that was applied in part are taken back, and how many left as they may stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RepairCounts {
    pub now: u64,
    pub left: u64,
}

/// The changes of an import, to be walked any number of times.
pub(super) struct Changes {
    pub(super) all: Comparison,
    /// What leads from the mirror to the roster under way.
    touched: Option<Comparison>,
    pub(super) holds: Holds,
}

pub(super) type Found<T> = Result<T, RosterError>;

impl Changes {
    /// What flows now, sorted by key.
    pub fn flowing(&self) -> impl Iterator<Item = Found<Change>> {
        self.all.changes().filter(|change| self.flows(change))
    }

    /// What is written now to records of one kind: creates and updates, or deletes.
    pub fn to_write(&self, kind: Kind, deletes: bool) -> impl Iterator<Item = Found<Change>> {
        let changes = if deletes { self.all.deletes_of(kind) } else { self.all.puts_of(kind) };
        let is_wanted = move |repair: &Found<Change>| {
            repair.as_ref().map_or(true, |change| (change.action() == Action::Delete) == deletes)
        };
        let taken_back = self.repairs_of(kind).filter_map(|repair| match repair {
            Ok(Repair::Now(change)) => Some(Ok(change)),
            Ok(Repair::Left(_)) => None,
            Err(error) => Some(Err(error)),
        });
        changes.filter(|change| self.flows(change)).chain(taken_back.filter(is_wanted))
    }

    /// What of the roster under way is left as it may stand, sorted by key.
    pub fn left(&self) -> impl Iterator<Item = Found<Change>> {
        let repairs = Kind::ALL.into_iter().flat_map(|kind| self.repairs_of(kind));
        repairs.filter_map(|repair| match repair {
            Ok(Repair::Left(change)) => Some(Ok(change)),
            Ok(Repair::Now(_)) => None,
            Err(error) => Some(Err(error)),
        })
    }

    fn flows(&self, change: &Found<Change>) -> bool {
        change.as_ref().map_or(true, |change| self.holds.timing(change) == Timing::Now)
    }

    fn repairs_of(&self, kind: Kind) -> impl Iterator<Item = Found<Repair>> {
        self.touched.iter().flat_map(move |touched| {
            let timed = self.all.changes_of(kind).map(|change| {
                let change = change?;
                let timing = self.holds.timing(&change);
                Ok((change, timing))
            });
            repairs(touched.changes_of(kind), timed, self.holds.delays())
        })
    }

    fn count_repairs(&self) -> Found<RepairCounts> {
        let mut counts = RepairCounts::default();
        for repair in Kind::ALL.into_iter().flat_map(|kind| self.repairs_of(kind)) {
            match repair? {
                Repair::Now(_) => counts.now += 1,
                Repair::Left(_) => counts.left += 1,
            }
        }
        Ok(counts)
    }
}

/// What flows, and which deletes are postponed.
fn count(changes: &Changes) -> Found<(ChangeCounts, ChangeCounts)> {
    if changes.holds.is_none() {
        return Ok((*changes.all.counts(), ChangeCounts::default()));
    }
    let (mut flowing, mut postponed) = (ChangeCounts::default(), ChangeCounts::default());
    for change in changes.all.changes() {
        let change = change?;
        match changes.holds.timing(&change) {
            Timing::Now => flowing.add(&change),
            // Besides deletes only courses wait that a group becomes; what they wait for is its delete.
            Timing::Postponed if change.action() == Action::Delete => postponed.add(&change),
            Timing::Postponed | Timing::HeldBack | Timing::NotReleased => {}
        }
    }
    Ok((flowing, postponed))
}

/// The snapshots that an import is about.
pub(super) struct Snapshots {
    store: SnapshotStore,
    roster: SnapshotId,
    mirror: Option<SnapshotId>,
    under_way: Option<SnapshotId>,
}

impl Snapshots {
    fn changes(&self, guard: Option<&NewCourses<'_>>, delays: bool) -> Found<Changes> {
        let all = compare_snapshots(&self.store, self.mirror.as_ref(), &self.roster)?;
        let (groups, courses) = (|| all.deletes_of(Kind::Group), || all.puts_of(Kind::Course));
        let holds = Holds::of(groups, courses, guard, delays)?;
        Ok(Changes { all, touched: None, holds })
    }

    /// What a roster that broke off may have changed, once it is settled what flows of this one.
    fn touched(&self, holds: &Holds) -> Found<Option<Comparison>> {
        // The same roster goes on, and all of it flows: whatever it touched comes to what it says.
        let settled = self.under_way == Some(self.roster) && holds.is_none();
        let touched = self.under_way.filter(|_| !settled);
        touched.map(|part| compare_snapshots(&self.store, self.mirror.as_ref(), &part)).transpose()
    }

    /// The hierarchies that tell where the changes of a breach are.
    pub(super) fn sides(&self) -> Found<Sides> {
        let learn = |snapshot: &SnapshotId| -> Found<Places> {
            let mut places = Places::default();
            for record in self.store.read(snapshot)? {
                places.learn(&record?);
            }
            Ok(places)
        };
        let mirror = self.mirror.as_ref().map(learn).transpose()?.unwrap_or_default();
        Ok(Sides { roster: learn(&self.roster)?, mirror })
    }

    fn explained(&self, breaches: Vec<Breach>, announced: &[Announced], changes: &Changes) -> Found<Verdict> {
        let sides = self.sides()?;
        let mut explainer = Explainer::new(breaches, &sides, announced);
        for change in changes.flowing() {
            explainer.see(&change?);
        }
        Ok(Verdict::Abort(explainer.finish()))
    }
}

/// Compares a roster with the mirror of the customer.
pub(super) async fn compare(import: &Import<'_>, taken: Taken) -> Result<Difference, Stop> {
    let today = import.today()?;
    let state = &import.state;
    let guard = state
        .course_guard
        .filter(|guard| decide_guard(guard, today, state.mirror.is_none()) == GuardVerdict::Holds);
    let delays = state.delay_delete.is_some_and(|window| window.holds(today));
    let snapshots = Snapshots {
        store: import.cx.ports.rosters.snapshots().clone(),
        roster: taken.id,
        mirror: state.mirror,
        under_way: state.under_way,
    };
    let judgement = Judgement {
        limits: import.customer.settings.filter,
        // The site has moved on when its mirror is another now.
        decision: state
            .filter_decision
            .clone()
            .filter(|decision| decision.roster == taken.id && decision.mirror == state.mirror),
        first_import: !state.held_whole_roster,
    };
    let summer_prefix = import.customer.settings.summer_course_prefix.clone();
    blocking(move || {
        let guard = guard.map(|guard| NewCourses {
            today,
            opens: guard.opens,
            summer_prefix: summer_prefix.as_deref(),
        });
        settle(&snapshots, guard.as_ref(), delays, &judgement, taken)
            .map_err(|error| Stop::retry(format!("a snapshot cannot be read: {error}")))
    })
    .await
}

fn settle(
    snapshots: &Snapshots,
    guard: Option<&NewCourses<'_>>,
    delays: bool,
    judgement: &Judgement,
    taken: Taken,
) -> Found<Difference> {
    let mut changes = snapshots.changes(guard, delays)?;
    let (flowing, postponed) = count(&changes)?;
    let Judged { verdict, used_decision, flowing, not_released } =
        judgement.of(snapshots, &mut changes, flowing)?;
    changes.touched = snapshots.touched(&changes.holds)?;
    let verdict = match verdict {
        Verdict::Pass => Verdict::Pass,
        Verdict::Abort(breaches) => snapshots.explained(breaches, &taken.announced, &changes)?,
    };
    Ok(Difference {
        concessions: taken.concessions,
        flowing,
        planned: *changes.all.counts(),
        postponed,
        held_courses: changes.holds.courses(),
        not_released,
        repairs: changes.count_repairs()?,
        verdict,
        used_decision,
        changes: Arc::new(changes),
    })
}
