//! The difference roster − mirror, and what of it flows now: guard, delay delete, Filter.

use super::{
    Import,
    guard::{GuardVerdict, decide_guard},
    prepare::blocking,
};
use crate::Stop;
use rollover_roster::{
    courses::hold_back_courses,
    delay_delete::postpone,
    diff::{Change, ChangeCounts, diff},
    filter::{Breakdown, Limits, Verdict, decide_abort},
    mirror,
    model::{KindCounts, Roster},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};

/// What an import has to do, sorted by when it may be done.
pub(super) struct Difference {
    /// What flows in this run.
    pub now: Vec<Change>,
    /// All of it, with what waits.
    pub planned: ChangeCounts,
    pub postponed: ChangeCounts,
    pub held_courses: u64,
    /// What the Filter says of `now`.
    pub verdict: Verdict,
    /// The decision that the verdict rests on.
    pub used_decision: Option<i64>,
}

/// Compares a roster with the mirror of the customer.
pub(super) async fn compare(import: &Import<'_>, roster: &SnapshotId) -> Result<Difference, Stop> {
    let today = import.cx.today()?;
    let snapshots = import.cx.ports.rosters.snapshots().clone();
    let (roster, mirror) = (*roster, import.state.mirror);
    let guard = import
        .state
        .course_guard
        .filter(|guard| decide_guard(guard, today, import.state.mirror.is_none()) == GuardVerdict::Holds);
    let delays = import.state.delay_delete.is_some_and(|window| window.holds(today));
    let decision = import.state.filter_decision.clone().filter(|decision| decision.roster == roster);
    let limits: Option<Limits> = match &decision {
        Some(decision) => decision.limits,
        None => Some(import.customer.settings.filter),
    };
    let summer_prefix = import.customer.settings.summer_course_prefix.clone();
    let used_decision = decision.map(|decision| decision.id);
    blocking(move || {
        let (changes, size, breakdown) = changes(&snapshots, &roster, mirror.as_ref())
            .map_err(|error| Stop::retry(format!("a snapshot cannot be read: {error}")))?;
        let mut planned = ChangeCounts::default();
        changes.iter().for_each(|change| planned.add(change));
        let (flowing, held) = match guard {
            Some(guard) => hold_back_courses(changes, today, guard.opens, summer_prefix.as_deref()),
            None => (changes, Vec::new()),
        };
        let held_courses =
            held.iter().filter(|change| change.kind() == rollover_roster::model::Kind::Course).count() as u64;
        let (now, waiting) = if delays { postpone(flowing) } else { (flowing, Vec::new()) };
        let mut postponed = ChangeCounts::default();
        waiting.iter().for_each(|change| postponed.add(change));
        let mut counts = ChangeCounts::default();
        now.iter().for_each(|change| counts.add(change));
        let verdict = match decide_abort(limits.as_ref(), &size, &counts, mirror.is_none()) {
            Verdict::Pass => Verdict::Pass,
            Verdict::Abort(breaches) => Verdict::Abort(breakdown.explain(breaches, &now)),
        };
        Ok(Difference { now, planned, postponed, held_courses, verdict, used_decision })
    })
    .await
}

/// Every change, the size of the mirror, and the group tree that explains breaches.
fn changes(
    snapshots: &SnapshotStore,
    roster: &SnapshotId,
    mirror: Option<&SnapshotId>,
) -> Result<(Vec<Change>, KindCounts, Breakdown), SnapshotError> {
    let empty = || Box::new(std::iter::empty()) as Box<dyn Iterator<Item = Result<_, SnapshotError>>>;
    let old = match mirror {
        Some(mirror) => Box::new(snapshots.read(mirror)?),
        None => empty(),
    };
    let size = match mirror {
        Some(mirror) => snapshots.counts(mirror)?,
        None => KindCounts::default(),
    };
    let changes = diff(snapshots.read(roster)?, old).collect::<Result<Vec<_>, _>>()?;
    let mut breakdown = Breakdown::default();
    for record in snapshots.read(roster)? {
        breakdown.learn(&record?);
    }
    if let Some(mirror) = mirror {
        for record in snapshots.read(mirror)? {
            breakdown.learn(&record?);
        }
    }
    Ok((changes, size, breakdown))
}

/// The mirror once the changes are applied, as a snapshot.
pub(super) async fn mirror_after(import: &Import<'_>, applied: Vec<Change>) -> Result<SnapshotId, Stop> {
    let snapshots = import.cx.ports.rosters.snapshots().clone();
    let before = import.state.mirror;
    blocking(move || {
        let after = || -> Result<SnapshotId, SnapshotError> {
            let records = match &before {
                Some(before) => snapshots.read(before)?.collect::<Result<Vec<_>, _>>()?,
                None => Vec::new(),
            };
            let roster: Roster = mirror::mirror_after(records.into_iter(), &applied);
            snapshots.write(&roster)
        };
        after().map_err(|error| Stop::retry(format!("the mirror cannot be kept: {error}")))
    })
    .await
}
