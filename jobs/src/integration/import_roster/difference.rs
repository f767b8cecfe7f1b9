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
use crate::{
    CustomerSettings, Stop,
    integration::sync_keys::predicted_duplicates,
    ports::{COURSES_NAMED, CourseGuard, CoursesGone, FilterDecision, IntegrationState},
};
use chrono::NaiveDate;
use rollover_roster::{
    compare::{Comparison, RosterError, compare_snapshots},
    course_fate::CourseEnd,
    diff::{Action, Change, ChangeCounts},
    explain::Explainer,
    filter::{Breach, Verdict},
    model::{Kind, KindCounts, Record},
    places::{Places, Sides},
    read::Concessions,
    rekey::Announced,
    repair::{Repair, repairs},
    shrunken::{LeastSize, Shrunken},
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
    /// K2: students of the site whom it makes a second time.
    pub predicted_duplicates: u64,
    /// C2, C3: courses that go now.
    pub courses_gone: CoursesGone,
    /// What an earlier roster, applied in part, makes necessary besides; no matter of the Filter.
    pub repairs: RepairCounts,
    /// What the Filter says of what flows.
    pub verdict: Verdict,
    /// What makes the roster too small to be a whole one.
    pub shrunken: Vec<Shrunken>,
    /// The decision that both rest on.
    pub used_decision: Option<i64>,
}

impl Difference {
    /// Whether nothing is to be written now.
    pub fn nothing_flows(&self) -> bool {
        self.flowing.is_empty() && self.repairs.now == 0
    }

    /// Whether the roster is too small to be a whole one, and the Filter has not stopped it for a reason of its own.
    pub fn is_broken_off(&self) -> bool {
        !self.shrunken.is_empty() && self.verdict == Verdict::Pass
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
            repairs(touched.changes_of(kind), self.timed_of(kind), self.holds.delays())
        })
    }

    /// Every change of one kind, with when it may flow.
    pub fn timed_of(&self, kind: Kind) -> impl Iterator<Item = Found<(Change, Timing)>> {
        self.all.changes_of(kind).map(|change| {
            let change = change?;
            let timing = self.holds.timing(&change);
            Ok((change, timing))
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

    pub(super) fn counts(&self, snapshot: &SnapshotId) -> Found<KindCounts> {
        Ok(self.store.counts(snapshot)?)
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

/// What holds changes back on one day.
struct Day {
    guard: Option<CourseGuard>,
    today: NaiveDate,
    delays: bool,
    summer_prefix: Option<String>,
}

impl Day {
    fn of(import: &Import<'_>) -> Result<Self, Stop> {
        let (today, state) = (import.today()?, &import.state);
        let guard = state
            .course_guard
            .filter(|guard| decide_guard(guard, today, state.mirror.is_none()) == GuardVerdict::Holds);
        Ok(Self {
            guard,
            today,
            delays: state.delay_delete.is_some_and(|window| window.holds(today)),
            summer_prefix: import.customer.settings.summer_course_prefix.clone(),
        })
    }

    fn on_which_nothing_waits(import: &Import<'_>) -> Result<Self, Stop> {
        Ok(Self { guard: None, today: import.today()?, delays: false, summer_prefix: None })
    }

    fn changes(&self, snapshots: &Snapshots) -> Found<Changes> {
        let guard = self.guard.map(|guard| NewCourses {
            today: self.today,
            opens: guard.opens,
            summer_prefix: self.summer_prefix.as_deref(),
        });
        snapshots.changes(guard.as_ref(), self.delays)
    }
}

fn snapshots(import: &Import<'_>, roster: SnapshotId) -> Snapshots {
    let IntegrationState { mirror, under_way, .. } = import.state;
    Snapshots { store: import.cx.ports.rosters.snapshots().clone(), roster, mirror, under_way }
}

/// What leads from the mirror of the customer to a roster, and what of it waits.
pub(super) async fn changes(import: &Import<'_>, roster: SnapshotId) -> Result<Changes, Stop> {
    let (snapshots, day) = (snapshots(import, roster), Day::of(import)?);
    blocking(move || day.changes(&snapshots).map_err(|error| unread(&error))).await
}

pub(super) fn unread(error: &RosterError) -> Stop {
    Stop::retry(format!("a snapshot cannot be read: {error}"))
}

/// Compares a roster with the mirror of the customer, and looks for whom the site would hold twice.
pub(super) async fn compare(import: &Import<'_>, taken: Taken) -> Result<Difference, Stop> {
    let roster = taken.id;
    let mut difference = judged(import, taken).await?;
    if difference.planned.person.create > 0 {
        let duplicates = predicted_duplicates(&import.cx.ports, &import.customer.id, roster);
        difference.predicted_duplicates = duplicates.await?;
    }
    Ok(difference)
}

/// Compares a roster with the mirror of the customer; duplicates are not looked for.
pub(super) async fn judged(import: &Import<'_>, taken: Taken) -> Result<Difference, Stop> {
    let (roster, state) = (taken.id, &import.state);
    let day = Day::of(import)?;
    let settings = &import.customer.settings;
    let judgement = Judgement {
        limits: settings.filter,
        // The site has moved on when its mirror is another now.
        decision: state
            .filter_decision
            .clone()
            .filter(|decision| decision.roster == roster && decision.mirror == state.mirror),
        first_import: !state.held_whole_roster,
        last: state.import.filter(|last| *last != roster),
        least: least_size(settings, &day),
    };
    settled(import, taken, day, judgement).await
}

/// Compares what stood before a run with the mirror of the customer: nothing of it waits.
pub(super) async fn compare_back(
    import: &Import<'_>,
    stood: SnapshotId,
    decision: Option<FilterDecision>,
) -> Result<Difference, Stop> {
    let (settings, day) = (&import.customer.settings, Day::on_which_nothing_waits(import)?);
    // F4 is about a site that has held nothing yet; on the way back there is something to lose.
    let judgement = Judgement {
        limits: settings.filter,
        decision,
        first_import: false,
        // What stood before was taken in once: it is no broken file.
        last: None,
        least: least_size(settings, &day),
    };
    settled(import, Taken::again(stood), day, judgement).await
}

fn least_size(settings: &CustomerSettings, day: &Day) -> LeastSize {
    LeastSize {
        percent: settings.roster_at_least.percent(),
        floor: settings.filter.floor,
        delays: day.delays,
    }
}

async fn settled(
    import: &Import<'_>,
    taken: Taken,
    day: Day,
    judgement: Judgement,
) -> Result<Difference, Stop> {
    let (roster, end) = (taken.id, import.course_end());
    let snapshots = snapshots(import, roster);
    let settled =
        blocking(move || settle(&snapshots, &day, &judgement, end, taken).map_err(|error| unread(&error)));
    settled.await
}

fn settle(
    snapshots: &Snapshots,
    day: &Day,
    judgement: &Judgement,
    end: CourseEnd,
    taken: Taken,
) -> Found<Difference> {
    let mut changes = day.changes(snapshots)?;
    let (flowing, postponed) = count(&changes)?;
    let Judged { verdict, used_decision, flowing, not_released, shrunken } =
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
        predicted_duplicates: 0,
        courses_gone: CoursesGone { end, count: flowing.course.delete, titles: titles_gone(&changes)? },
        repairs: changes.count_repairs()?,
        verdict,
        shrunken,
        used_decision,
        changes: Arc::new(changes),
    })
}

fn titles_gone(changes: &Changes) -> Found<Vec<String>> {
    let gone = changes.all.deletes_of(Kind::Course).filter(|change| changes.flows(change));
    let titles = gone.filter_map(|change| match change {
        Ok(change) => match change.record() {
            Record::Course(course) => Some(Ok(course.title.clone())),
            Record::Group(_) | Record::Person(_) | Record::Membership(_) => None,
        },
        Err(error) => Some(Err(error)),
    });
    titles.take(COURSES_NAMED).collect()
}
