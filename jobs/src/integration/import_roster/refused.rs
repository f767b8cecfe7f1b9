//! How an import ends whose roster a person has undone: it is not taken in again by itself, night after night.

use super::{Import, ImportOutcome, ImportReport, difference::Difference, words::refused_words};
use crate::{
    Stop,
    ports::{Delivery, Outcome, Refusal, RunRecord},
};
use rollover_roster::snapshot::SnapshotId;

impl Import<'_> {
    /// None where the site holds exactly this roster by a run that stands: the one undone had brought it anew.
    pub(super) fn refusal_of(&self, roster: &SnapshotId) -> Option<Refusal> {
        let state = &self.state;
        let stands =
            state.import == Some(*roster) && state.mirror == Some(*roster) && state.under_way.is_none();
        if stands {
            return None;
        }
        self.state.refusals.iter().find(|refusal| refusal.roster == *roster).cloned()
    }

    /// A failure, since somebody must act: in the MIS, or by taking the decision back. The file stays for that.
    pub(super) async fn refused(
        &self,
        delivery: Option<&Delivery>,
        difference: Difference,
        refusal: Refusal,
    ) -> Result<ImportReport, Stop> {
        let why = refused_words(&self.customer.id, &refusal);
        if self.dry_run {
            return Ok(self.would(ImportOutcome::WouldRefuse, refusal.roster, &difference, why));
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(refusal.roster),
            before: counts.clone(),
            after: counts,
            failure: Some(why.clone()),
            refused: Some(refusal),
            ..self.record(Outcome::Failed, delivery, Some(&difference))
        };
        self.record_run(&record).await?;
        Err(Stop::fail(why))
    }
}
