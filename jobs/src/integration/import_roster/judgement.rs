//! What the Filter, or a person's decision in its place, lets flow of a difference (DOMAIN F1, F3); and whether the
//! roster is so small that it is taken for a broken one ([`rollover_roster::shrunken`]).
//!
//! The Filter has the first word: its breaches say where the deletes are and why. The size speaks where the Filter is
//! silent. A decision about the whole roster answers both; one about a slice does not answer the size, since the rest of
//! a broken roster would follow in the next run, to which that roster is the last one.

use super::difference::{Changes, Found, Snapshots};
use crate::ports::FilterDecision;
use rollover_roster::{
    diff::ChangeCounts,
    filter::{Limits, Verdict, decide_abort},
    shrunken::{LeastSize, Shrunken, decide_shrunken},
    slices::{Release, Slice, decide_release, release},
    snapshot::SnapshotId,
};

/// By which limits a difference is judged.
pub(super) struct Judgement {
    pub limits: Limits,
    /// F3: about this difference and no other.
    pub decision: Option<FilterDecision>,
    pub first_import: bool,
    /// The last roster that was taken in; `None` before the first, and where this is that one.
    pub last: Option<SnapshotId>,
    pub least: LeastSize,
}

pub(super) struct Judged {
    pub verdict: Verdict,
    /// The decision that the verdict rests on.
    pub used_decision: Option<i64>,
    pub flowing: ChangeCounts,
    /// What would flow besides if all of it were released.
    pub not_released: ChangeCounts,
    /// What makes it too small for a whole roster, where no decision lets it pass.
    pub shrunken: Vec<Shrunken>,
}

impl Judgement {
    /// Judges what would flow; what a decision does not release is held in the changes.
    pub fn of(&self, snapshots: &Snapshots, changes: &mut Changes, flowing: ChangeCounts) -> Found<Judged> {
        let size = *changes.all.old_records();
        let judge = |limits: Option<&Limits>| decide_abort(limits, &size, &flowing, self.first_import);
        let ordinary = Judged {
            verdict: judge(Some(&self.limits)),
            used_decision: None,
            flowing,
            not_released: ChangeCounts::default(),
            shrunken: self.shrunken(snapshots, changes)?,
        };
        let passes = ordinary.verdict == Verdict::Pass && ordinary.shrunken.is_empty();
        // A decision is used up only where the import would be stopped without it.
        let Some(decision) = self.decision.as_ref().filter(|_| !passes) else { return Ok(ordinary) };
        let (limits, used_decision) = (decision.limits.as_ref(), Some(decision.id));
        let Some(slice) = &decision.slice else {
            return Ok(Judged { verdict: judge(limits), used_decision, shrunken: Vec::new(), ..ordinary });
        };
        if !ordinary.shrunken.is_empty() {
            return Ok(ordinary);
        }
        let release = released(slice, snapshots, changes)?;
        // Nothing was let pass, so the word on the whole stands, and the decision stays open.
        if release.released.is_empty() {
            return Ok(ordinary);
        }
        changes.holds.hold(&release.held);
        Ok(Judged {
            verdict: decide_release(&release, limits, &size, self.first_import),
            used_decision,
            flowing: ChangeCounts::of(&release.released),
            not_released: ChangeCounts::of(&release.held),
            shrunken: ordinary.shrunken,
        })
    }

    fn shrunken(&self, snapshots: &Snapshots, changes: &Changes) -> Found<Vec<Shrunken>> {
        let Some(last) = &self.last else { return Ok(Vec::new()) };
        let last = snapshots.counts(last)?;
        Ok(decide_shrunken(changes.all.new_records(), &last, self.least))
    }
}

/// Holds the flowing changes in memory while it looks at what hangs together; only a slice asks for it.
fn released(slice: &Slice, snapshots: &Snapshots, changes: &Changes) -> Found<Release> {
    let sides = snapshots.sides()?;
    let flowing = changes.flowing().collect::<Found<Vec<_>>>()?;
    Ok(release(flowing, slice, &sides))
}
