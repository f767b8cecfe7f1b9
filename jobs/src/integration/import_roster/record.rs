//! The run that an import leaves in the record: assembled, and kept before the file is put away.

use super::{Import, difference::Difference};
use crate::{
    Stop,
    ports::{Applied, CoursesGone, Delivery, Outcome, RunId, RunRecord, SiteCounts, Stood},
};

impl Import<'_> {
    /// Records the run, then puts the file away.
    pub(super) async fn keep(&self, record: &RunRecord, delivery: Option<&Delivery>) -> Result<RunId, Stop> {
        let run = self.record_run(record).await?;
        if let Some(delivery) = delivery {
            self.cx.ports.rosters.put_away(self.customer, delivery).await?;
        }
        Ok(run)
    }

    pub(super) async fn record_run(&self, record: &RunRecord) -> Result<RunId, Stop> {
        let proof = self.cx.proof().expect("a dry run has ended before it would record");
        Ok(self.cx.ports.integration.record_run(self.customer, record, proof).await?)
    }

    pub(super) fn record(
        &self,
        outcome: Outcome,
        delivery: Option<&Delivery>,
        difference: Option<&Difference>,
    ) -> RunRecord {
        let postponed = difference.map(|difference| difference.postponed).unwrap_or_default();
        let held_courses = difference.map_or(0, |difference| difference.held_courses);
        RunRecord {
            job: self.cx.job.id,
            round: self.cx.job.round,
            outcome,
            started_at: self.started_at,
            ended_at: self.cx.now(),
            roster_name: delivery.map(|delivery| delivery.name.clone()),
            roster_arrived_at: delivery.map(|delivery| delivery.arrived_at),
            roster: None,
            mirror: None,
            before: SiteCounts::default(),
            after: SiteCounts::default(),
            planned: difference.map(|difference| difference.planned).unwrap_or_default(),
            applied: Applied::default(),
            postponed_until: self
                .state
                .delay_delete
                .filter(|_| !postponed.is_empty())
                .map(|window| window.end),
            postponed_deletes: postponed,
            held_courses,
            held_until: self.state.course_guard.filter(|_| held_courses > 0).map(|guard| guard.opens),
            start_not_known: held_courses > 0 && self.state.course_guard.is_some_and(|guard| guard.assumed),
            not_released: difference.map(|difference| difference.not_released).unwrap_or_default(),
            concessions: difference.map(|difference| difference.concessions.clone()).unwrap_or_default(),
            predicted_duplicates: difference.map_or(0, |difference| difference.predicted_duplicates),
            courses_gone: CoursesGone::default(),
            breaches: Vec::new(),
            shrunken: Vec::new(),
            read_errors: None,
            failure: None,
            used_decision: None,
            under_way: None,
            applied_in_part: self.state.under_way.is_some(),
            stood: (outcome == Outcome::Completed).then(|| self.stood()),
            undo_of: None,
            refused: None,
        }
    }

    const fn stood(&self) -> Stood {
        let state = &self.state;
        Stood { import: state.import, mirror: state.mirror, held_whole_roster: state.held_whole_roster }
    }
}
