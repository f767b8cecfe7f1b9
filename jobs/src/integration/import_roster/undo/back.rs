//! The way back: looked at, judged by the Filter, written, recorded.

use super::verdict::{UndoVerdict, decide_undo};
use crate::{
    Stop,
    integration::import_roster::{
        Import, ImportOutcome, ImportReport,
        difference::{Difference, compare_back},
        prepare::blocking,
        words::{undo_aborted_words, undone_words, would_undo_words},
    },
    ports::{Begun, FilterDecision, Outcome, RunId, RunRecord, RunToUndo, UndoDecision},
};
use rollover_roster::{
    filter::{Breach, Verdict},
    model::Roster,
    snapshot::{SnapshotError, SnapshotId},
};

impl Import<'_> {
    /// What the site is to hold once the run is undone; or why it is not.
    pub(super) async fn goal_of_undo(&self, run: &RunToUndo) -> Result<SnapshotId, Stop> {
        let nothing = SnapshotId::of(&Roster::default());
        let stood = match decide_undo(run, &self.state, nothing) {
            UndoVerdict::Ready(stood) => stood,
            UndoVerdict::Refused(why) => return Err(Stop::fail(why.words(&self.customer.id, run.id))),
        };
        let store = self.cx.ports.rosters.snapshots().clone();
        let (id, run) = (self.customer.id.clone(), run.id);
        blocking(move || match stood.mirror {
            Some(mirror) => match store.counts(&mirror) {
                Ok(_) => Ok(mirror),
                Err(error @ SnapshotError::Missing { .. }) => Err(Stop::fail(format!(
                    "what the site of {id} held before run {run} is not kept any more, so the way back is lost: {error}"
                ))),
                Err(error) => Err(Stop::retry(format!(
                    "what the site of {id} held before run {run} cannot be read: {error}"
                ))),
            },
            None => store
                .write(&Roster::default())
                .map_err(|error| Stop::retry(format!("a snapshot cannot be kept: {error}"))),
        })
        .await
    }

    pub(super) async fn undo(&self, run: &RunToUndo, decision: UndoDecision) -> Result<ImportReport, Stop> {
        let goal = self.goal_of_undo(run).await?;
        if decision.roster != goal || decision.mirror != self.state.mirror {
            return Err(Stop::fail(format!(
                "decision {} is about another difference than the one that leads back from run {} now: look again with \
                 rollover import undo {}",
                decision.id, run.id, run.id
            )));
        }
        let used = decision.id;
        let difference = compare_back(self, goal, Some(for_the_filter(decision))).await?;
        match difference.verdict.clone() {
            Verdict::Abort(breaches) => self.abort_undo(run.id, used, goal, difference, breaches).await,
            Verdict::Pass => self.apply_undo(run.id, used, goal, difference).await,
        }
    }

    async fn apply_undo(
        &self,
        run: RunId,
        decision: i64,
        goal: SnapshotId,
        difference: Difference,
    ) -> Result<ImportReport, Stop> {
        let Some(proof) = self.cx.proof() else {
            let said = would_undo_words(&self.customer.id, run, &difference);
            return Ok(self.would(ImportOutcome::WouldApply, goal, &difference, said));
        };
        let begun = self.begin(goal, &difference, proof).await?;
        let Begun { before, applied, predicted_duplicates } = self.write(begun, &difference, proof).await?;
        let record = RunRecord {
            roster: Some(goal),
            mirror: Some(goal),
            before,
            after: self.cx.ports.site.counts(&self.customer.id).await?,
            applied,
            predicted_duplicates,
            courses_gone: difference.courses_gone.clone(),
            applied_in_part: false,
            used_decision: Some(decision),
            undo_of: Some(run),
            ..self.record(Outcome::Completed, None, Some(&difference))
        };
        let undo = self.record_run(&record).await?;
        let said = undone_words(&self.customer.id, &record, run);
        Ok(ImportReport {
            run: Some(undo),
            applied,
            predicted_duplicates,
            ..self.would(ImportOutcome::Completed, goal, &difference, said)
        })
    }

    /// F2. The decision is used up all the same: it was about this attempt.
    async fn abort_undo(
        &self,
        run: RunId,
        decision: i64,
        goal: SnapshotId,
        difference: Difference,
        breaches: Vec<Breach>,
    ) -> Result<ImportReport, Stop> {
        let why = undo_aborted_words(&self.customer.id, run, &breaches);
        if self.dry_run {
            let seen = self.would(ImportOutcome::WouldAbort, goal, &difference, why);
            return Ok(ImportReport { breaches, ..seen });
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(goal),
            before: counts.clone(),
            after: counts,
            breaches,
            used_decision: Some(decision),
            undo_of: Some(run),
            ..self.record(Outcome::Aborted, None, Some(&difference))
        };
        self.record_run(&record).await?;
        Err(Stop::abort(why))
    }

    /// The record is the end of the undo: its job broke off between the two.
    pub(super) fn finish_undo(&self, undo: RunId, record: RunRecord) -> Result<ImportReport, Stop> {
        let (id, of) = (&self.customer.id, record.undo_of.unwrap_or_default());
        match record.outcome {
            Outcome::Completed => Ok(ImportReport {
                run: Some(undo),
                roster: record.roster,
                planned: record.planned,
                applied: record.applied,
                predicted_duplicates: record.predicted_duplicates,
                courses_gone: record.courses_gone.clone(),
                ..self.report(ImportOutcome::Completed, undone_words(id, &record, of))
            }),
            Outcome::Aborted => Err(Stop::abort(undo_aborted_words(id, of, &record.breaches))),
            Outcome::Failed | Outcome::Unchanged | Outcome::NoRoster => Err(Stop::fail(
                record.failure.unwrap_or_else(|| format!("run {undo}, to undo run {of} of {id}, failed")),
            )),
        }
    }
}

/// As the Filter's own decisions are: about this difference and no other (F3).
fn for_the_filter(decision: UndoDecision) -> FilterDecision {
    let UndoDecision { id, roster, mirror, limits, customer_person, support_person, reason, .. } = decision;
    FilterDecision { id, roster, mirror, limits, slice: None, customer_person, support_person, reason }
}
