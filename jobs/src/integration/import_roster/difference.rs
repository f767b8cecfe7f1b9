//! The difference roster − mirror, and what of it flows now: guard, delay delete, Filter.

use super::{
    Import,
    guard::{GuardVerdict, decide_guard},
    prepare::{Taken, blocking},
};
use crate::Stop;
use rollover_roster::{
    courses::hold_back_courses,
    delay_delete::postpone,
    diff::{Change, ChangeCounts, diff},
    explain::Explainer,
    filter::{Breach, Limits, Verdict, decide_abort},
    mirror,
    model::{KindCounts, Roster},
    places::{Places, Sides},
    read::Concessions,
    rekey::Announced,
    repair::{Repair, repair},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};

/// What an import has to do, sorted by when it may be done.
pub(super) struct Difference {
    /// What was let pass in the file.
    pub concessions: Concessions,
    /// What flows in this run.
    pub now: Vec<Change>,
    /// All of it, with what waits.
    pub planned: ChangeCounts,
    pub postponed: ChangeCounts,
    pub held_courses: u64,
    /// What an earlier roster, applied in part, makes necessary besides; no matter of the Filter.
    pub repair: Repair,
    /// What the Filter says of `now`.
    pub verdict: Verdict,
    /// The decision that the verdict rests on.
    pub used_decision: Option<i64>,
}

impl Difference {
    /// Whether nothing is to be written now.
    pub fn nothing_flows(&self) -> bool {
        self.now.is_empty() && self.repair.now.is_empty()
    }

    /// Whether the site will hold the whole roster after this run.
    pub fn nothing_waits(&self) -> bool {
        self.postponed.is_empty() && self.held_courses == 0
    }
}

/// Compares a roster with the mirror of the customer.
pub(super) async fn compare(import: &Import<'_>, taken: Taken) -> Result<Difference, Stop> {
    let today = import.today()?;
    let snapshots = import.cx.ports.rosters.snapshots().clone();
    let Taken { id: roster, concessions, announced } = taken;
    let (mirror, under_way) = (import.state.mirror, import.state.under_way);
    let guard = import
        .state
        .course_guard
        .filter(|guard| decide_guard(guard, today, import.state.mirror.is_none()) == GuardVerdict::Holds);
    let delays = import.state.delay_delete.is_some_and(|window| window.holds(today));
    // F3: it is about this difference and no other; the site has moved on when its mirror is another now.
    let decision = import
        .state
        .filter_decision
        .clone()
        .filter(|decision| decision.roster == roster && decision.mirror == mirror);
    let limits = import.customer.settings.filter;
    let first_import = !import.state.held_whole_roster;
    let summer_prefix = import.customer.settings.summer_course_prefix.clone();
    blocking(move || {
        let unread = |error: SnapshotError| Stop::retry(format!("a snapshot cannot be read: {error}"));
        let (all, size) = changes(&snapshots, &roster, mirror.as_ref()).map_err(unread)?;
        let planned = ChangeCounts::of(&all);
        let (flowing, held) = match guard {
            Some(guard) => hold_back_courses(all, today, guard.opens, summer_prefix.as_deref()),
            None => (all, Vec::new()),
        };
        let held_courses =
            held.iter().filter(|change| change.kind() == rollover_roster::model::Kind::Course).count() as u64;
        let (now, mut waiting) = if delays { postpone(flowing) } else { (flowing, Vec::new()) };
        let postponed = ChangeCounts::of(&waiting);
        waiting.extend(held);
        let touched = match &under_way {
            Some(under_way) => changes(&snapshots, under_way, mirror.as_ref()).map_err(unread)?.0,
            None => Vec::new(),
        };
        let repair = repair(touched, &now, &waiting, delays);
        let counts = ChangeCounts::of(&now);
        let judge = |limits: Option<&Limits>| decide_abort(limits, &size, &counts, first_import);
        let (verdict, used_decision) = match (judge(Some(&limits)), decision) {
            // A decision is used up only where the ordinary limits would stop the import.
            (Verdict::Abort(_), Some(decision)) => (judge(decision.limits.as_ref()), Some(decision.id)),
            (verdict, _) => (verdict, None),
        };
        let verdict = match verdict {
            Verdict::Pass => Verdict::Pass,
            Verdict::Abort(breaches) => {
                let sides = sides(&snapshots, &roster, mirror.as_ref()).map_err(unread)?;
                Verdict::Abort(explained(breaches, &sides, &announced, &now))
            }
        };
        Ok(Difference { concessions, now, planned, postponed, held_courses, repair, verdict, used_decision })
    })
    .await
}

/// Every change that leads from the mirror to a roster, and the size of the mirror.
fn changes(
    snapshots: &SnapshotStore,
    roster: &SnapshotId,
    mirror: Option<&SnapshotId>,
) -> Result<(Vec<Change>, KindCounts), SnapshotError> {
    let Some(mirror) = mirror else {
        let all = snapshots.read(roster)?.map(|record| record.map(Change::Create));
        return Ok((all.collect::<Result<_, _>>()?, KindCounts::default()));
    };
    let size = snapshots.counts(mirror)?;
    if mirror == roster {
        return Ok((Vec::new(), size));
    }
    let changes = diff(snapshots.read(roster)?, snapshots.read(mirror)?).collect::<Result<_, _>>()?;
    Ok((changes, size))
}

/// The hierarchies that tell where the changes of a breach are.
fn sides(
    snapshots: &SnapshotStore,
    roster: &SnapshotId,
    mirror: Option<&SnapshotId>,
) -> Result<Sides, SnapshotError> {
    let learn = |snapshot: &SnapshotId| -> Result<Places, SnapshotError> {
        let mut places = Places::default();
        for record in snapshots.read(snapshot)? {
            places.learn(&record?);
        }
        Ok(places)
    };
    Ok(Sides { roster: learn(roster)?, mirror: mirror.map(learn).transpose()?.unwrap_or_default() })
}

fn explained(
    breaches: Vec<Breach>,
    sides: &Sides,
    announced: &[Announced],
    changes: &[Change],
) -> Vec<Breach> {
    let mut explainer = Explainer::new(breaches, sides, announced);
    changes.iter().for_each(|change| explainer.see(change));
    explainer.finish()
}

/// A snapshot once changes are applied to it, as a snapshot.
pub(super) async fn snapshot_after(
    import: &Import<'_>,
    before: Option<SnapshotId>,
    applied: Vec<Change>,
) -> Result<SnapshotId, Stop> {
    let snapshots = import.cx.ports.rosters.snapshots().clone();
    blocking(move || {
        let after = || -> Result<SnapshotId, SnapshotError> {
            let records = match &before {
                Some(before) => snapshots.read(before)?.collect::<Result<Vec<_>, _>>()?,
                None => Vec::new(),
            };
            let roster: Roster = mirror::mirror_after(records.into_iter(), &applied);
            snapshots.write(&roster)
        };
        after().map_err(|error| Stop::retry(format!("a snapshot cannot be kept: {error}")))
    })
    .await
}
