//! The run of an import that ended without recording one: refused, given up, cancelled, its workers dead (DOMAIN I2).
//!
//! It is recorded once the job has ended and not by the attempt itself, since what ends it from outside leaves the
//! attempt no time for a last word. A run that an attempt recorded stands.

use super::{Import, WhenPaused};
use crate::{
    End, JobContext, Stop,
    ports::{Outcome, RunId, RunRecord, SiteCounts},
};

/// `undo_of`: the run that it was to take back.
pub(super) async fn record_end(end: &End, cx: &JobContext, undo_of: Option<RunId>) -> Result<(), Stop> {
    let integration = &cx.ports.integration;
    // A job that was cancelled before its first attempt has tried nothing.
    if cx.job.attempt == 0 || integration.recorded(&cx.job).await?.is_some() {
        return Ok(());
    }
    let customer = cx.customer()?;
    let (counts, why) = match cx.ports.site.counts(&customer.id).await {
        Ok(counts) => (counts, end.why.clone()),
        Err(_) => (SiteCounts::default(), format!("{} (the site could not be counted)", end.why)),
    };
    let import = Import {
        cx,
        customer,
        state: integration.state(customer).await?,
        started_at: end.started_at,
        dry_run: false,
        on: None,
        when_paused: WhenPaused::Pass,
    };
    let record = RunRecord {
        ended_at: end.ended_at,
        before: counts.clone(),
        after: counts,
        failure: Some(why),
        undo_of,
        ..import.record(Outcome::Failed, None, None)
    };
    integration.record_end(customer, &record).await?;
    Ok(())
}
