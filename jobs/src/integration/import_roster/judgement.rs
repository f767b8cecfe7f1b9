//! What the Filter, or a person's decision in its place, lets flow of a difference (DOMAIN F1, F3).

use super::difference::{Changes, Found, Snapshots};
use crate::ports::FilterDecision;
use rollover_roster::{
    diff::ChangeCounts,
    filter::{Limits, Verdict, decide_abort},
    slices::{Release, Slice, decide_release, release},
};

/// By which limits a difference is judged.
pub(super) struct Judgement {
    pub limits: Limits,
    /// F3: about this difference and no other.
    pub decision: Option<FilterDecision>,
    pub first_import: bool,
}

pub(super) struct Judged {
    pub verdict: Verdict,
    /// The decision that the verdict rests on.
    pub used_decision: Option<i64>,
    pub flowing: ChangeCounts,
    /// What would flow besides if all of it were released.
    pub not_released: ChangeCounts,
}

impl Judgement {
    /// Judges what would flow; what a decision does not release is held in the changes.
    pub fn of(&self, snapshots: &Snapshots, changes: &mut Changes, flowing: ChangeCounts) -> Found<Judged> {
        let size = *changes.all.old_records();
        let judge = |limits: Option<&Limits>| decide_abort(limits, &size, &flowing, self.first_import);
        let whole = |verdict, used_decision| Judged {
            verdict,
            used_decision,
            flowing,
            not_released: ChangeCounts::default(),
        };
        let ordinary = judge(Some(&self.limits));
        // A decision is used up only where the ordinary limits would stop the import.
        let Some(decision) = self.decision.as_ref().filter(|_| ordinary != Verdict::Pass) else {
            return Ok(whole(ordinary, None));
        };
        let limits = decision.limits.as_ref();
        let Some(slice) = &decision.slice else {
            return Ok(whole(judge(limits), Some(decision.id)));
        };
        let release = released(slice, snapshots, changes)?;
        // Nothing was let pass, so the Filter's word on the whole stands, and the decision stays open.
        if release.released.is_empty() {
            return Ok(whole(ordinary, None));
        }
        changes.holds.hold(&release.held);
        Ok(Judged {
            verdict: decide_release(&release, limits, &size, self.first_import),
            used_decision: Some(decision.id),
            flowing: ChangeCounts::of(&release.released),
            not_released: ChangeCounts::of(&release.held),
        })
    }
}

/// Holds the flowing changes in memory while it looks at what hangs together; only a slice asks for it.
fn released(slice: &Slice, snapshots: &Snapshots, changes: &Changes) -> Found<Release> {
    let sides = snapshots.sides()?;
    let flowing = changes.flowing().collect::<Found<Vec<_>>>()?;
    Ok(release(flowing, slice, &sides))
}
