//! How an import ends that writes nothing to the site: paused, known already, without a roster, refused.

use super::{
    Import, ImportOutcome, ImportReport, WhenPaused,
    difference::Difference,
    no_roster::{NoRoster, decide_no_roster},
    words::{abort_words, paused_words, too_early_words, too_small_words, unreadable_words},
};
use crate::{
    Stop, Who,
    ports::{Delivery, Outcome, Pause, RunRecord},
};
use rollover_roster::{filter::Breach, read::ReadReport, snapshot::SnapshotId};

impl Import<'_> {
    pub(super) fn paused(&self, pause: &Pause) -> Result<ImportReport, Stop> {
        let said = paused_words(&self.customer.id, pause);
        match self.when_paused {
            WhenPaused::Pass => Ok(self.report(ImportOutcome::Paused, said)),
            WhenPaused::Wait => {
                Err(Stop::wait_for(Who::SupportAgent, format!("{said}: it goes on once it is resumed")))
            }
        }
    }

    pub(super) async fn unchanged(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
    ) -> Result<ImportReport, Stop> {
        let said = format!("the roster of {} is the one that is in already", self.customer.id);
        let report = self.would(ImportOutcome::Unchanged, roster, &difference, said);
        let Some(delivery) = delivery else {
            return self.no_roster().await;
        };
        if self.dry_run {
            return Ok(report);
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(roster),
            before: counts.clone(),
            after: counts,
            ..self.record(Outcome::Unchanged, Some(delivery), Some(&difference))
        };
        let run = self.keep(&record, Some(delivery)).await?;
        Ok(ImportReport { run: Some(run), ..report })
    }

    pub(super) async fn no_roster(&self) -> Result<ImportReport, Stop> {
        let (outcome, kept, said) = match decide_no_roster(self.state.newest_roster_at, self.cx.now()) {
            NoRoster::Alarm => (
                ImportOutcome::NoRoster,
                Outcome::NoRoster,
                format!("no roster of {} waits to be read", self.customer.id),
            ),
            NoRoster::CameBefore => (
                ImportOutcome::Unchanged,
                Outcome::Unchanged,
                format!("the roster of {} that came tonight was dealt with before", self.customer.id),
            ),
        };
        let report = self.report(outcome, said);
        if self.dry_run {
            return Ok(report);
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord { before: counts.clone(), after: counts, ..self.record(kept, None, None) };
        let run = self.keep(&record, None).await?;
        Ok(ImportReport { run: Some(run), ..report })
    }

    /// I4: nothing changes, and the record says where the file is wrong. A broken OneRoster bundle stays with all that wait:
    /// changes that come after it would else be applied as if it had never been.
    pub(super) async fn unreadable(
        &self,
        delivery: Option<&Delivery>,
        report: ReadReport,
    ) -> Result<ImportReport, Stop> {
        let said = unreadable_words(&self.customer.id, &report);
        if self.dry_run {
            let seen = self.report(ImportOutcome::Unreadable, said);
            return Ok(ImportReport { read_errors: Some(report), ..seen });
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            before: counts.clone(),
            after: counts,
            read_errors: Some(report),
            ..self.record(Outcome::Failed, delivery, None)
        };
        if self.leaves(&record) {
            self.record_run(&record).await?;
        } else {
            self.keep(&record, delivery).await?;
        }
        Err(Stop::fail(said))
    }

    /// C1, where the customer's setting refuses such a run.
    pub(super) async fn too_early(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
    ) -> Result<ImportReport, Stop> {
        let why = too_early_words(difference.held_courses);
        if self.dry_run {
            return Ok(self.would(ImportOutcome::WouldRefuse, roster, &difference, why));
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(roster),
            before: counts.clone(),
            after: counts,
            failure: Some(why.clone()),
            ..self.record(Outcome::Failed, delivery, Some(&difference))
        };
        self.keep(&record, delivery).await?;
        Err(Stop::fail(why))
    }

    /// I4: a roster that lacks most of the last one; the file stays, so that a decision about exactly this roster can
    /// let it pass.
    pub(super) async fn too_small(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
    ) -> Result<ImportReport, Stop> {
        let why = too_small_words(&self.customer.id, &difference.shrunken);
        if self.dry_run {
            return Ok(self.would(ImportOutcome::WouldAbort, roster, &difference, why));
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(roster),
            before: counts.clone(),
            after: counts,
            shrunken: difference.shrunken.clone(),
            failure: Some(why.clone()),
            ..self.record(Outcome::Failed, delivery, Some(&difference))
        };
        self.record_run(&record).await?;
        Err(Stop::abort(why))
    }

    /// F2: the whole import stops; the file stays, so that a decision about exactly this roster can use it (F3).
    pub(super) async fn abort(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
        breaches: Vec<Breach>,
    ) -> Result<ImportReport, Stop> {
        let why = abort_words(&self.customer.id, &breaches);
        if self.dry_run {
            let seen = self.would(ImportOutcome::WouldAbort, roster, &difference, why);
            return Ok(ImportReport { breaches, ..seen });
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(roster),
            before: counts.clone(),
            after: counts,
            shrunken: difference.shrunken.clone(),
            breaches,
            ..self.record(Outcome::Aborted, delivery, Some(&difference))
        };
        self.record_run(&record).await?;
        Err(Stop::abort(why))
    }
}
