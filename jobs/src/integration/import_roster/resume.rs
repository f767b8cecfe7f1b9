//! What is left of an import whose job recorded its run and broke off before it ended: the file, and its last word.
//!
//! The record is the end of the import. Reading on would take in a roster that came meanwhile without a run of its
//! own, or find the file put away and call a run that failed one without a roster.

use super::{
    Import, ImportOutcome, ImportReport,
    words::{abort_words, too_small_words, unreadable_words},
};
use crate::{
    RosterFormat, Stop,
    ports::{Outcome, RunId, RunRecord},
};

impl Import<'_> {
    pub(super) async fn finish_recorded(&self, run: RunId, record: RunRecord) -> Result<ImportReport, Stop> {
        if !self.leaves(&record) {
            self.put_away_recorded(&record).await?;
        }
        let outcome = match record.outcome {
            Outcome::Completed => ImportOutcome::Completed,
            Outcome::Unchanged => ImportOutcome::Unchanged,
            Outcome::NoRoster => ImportOutcome::NoRoster,
            Outcome::Aborted => return Err(Stop::abort(abort_words(&self.customer.id, &record.breaches))),
            Outcome::Failed if record.awaits_decision() => {
                return Err(Stop::abort(too_small_words(&self.customer.id, &record.shrunken)));
            }
            Outcome::Failed => {
                return Err(Stop::fail(match (record.failure, record.read_errors) {
                    (Some(failure), _) => failure,
                    (None, Some(errors)) => unreadable_words(&self.customer.id, &errors),
                    (None, None) => format!("run {run} of {} failed", self.customer.id),
                }));
            }
        };
        let said = format!("run {run} of {} was recorded before its job broke off", self.customer.id);
        Ok(ImportReport {
            run: Some(run),
            roster: record.roster,
            planned: record.planned,
            applied: record.applied,
            postponed_deletes: record.postponed_deletes,
            held_courses: record.held_courses,
            predicted_duplicates: record.predicted_duplicates,
            courses_gone: record.courses_gone,
            ..self.report(outcome, said)
        })
    }

    /// Whether the file stays where it lies: for the decision about it (F3), for the withdrawal of one, or since changes that
    /// come after it build on it.
    pub(super) fn leaves(&self, record: &RunRecord) -> bool {
        let is_bundle = self.customer.settings.roster_format == RosterFormat::OneRosterCsv;
        record.awaits_decision() || record.refused.is_some() || (is_bundle && record.read_errors.is_some())
    }

    /// A file of the same name that came after the run began is another roster, and stays for the next run.
    async fn put_away_recorded(&self, record: &RunRecord) -> Result<(), Stop> {
        let newest = self.cx.ports.rosters.newest(self.customer).await?;
        let read = newest.filter(|delivery| {
            record.roster_name.as_ref() == Some(&delivery.name) && delivery.arrived_at <= record.started_at
        });
        match read {
            Some(delivery) => Ok(self.cx.ports.rosters.put_away(self.customer, &delivery).await?),
            None => Ok(()),
        }
    }
}
