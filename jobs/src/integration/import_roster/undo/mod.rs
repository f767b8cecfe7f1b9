//! The job kind `undo_import`: takes back what a run did at the site, as two persons decided (DOMAIN F3, I5, S6).
//!
//! An undo is an import the other way: its "roster" is the mirror as it was before the run, so the difference leads from
//! what the site is known to hold to what it held then, and holds what that run really wrote, no more: not what it
//! postponed, held back or did not release. The Filter judges it by the customer's limits, or by those that the decision
//! lifted for exactly this difference; the same code writes it, deletes last; a run of its own and a status mail tell of
//! it; then the pointers stand where they stood before.
//!
//! - **One run, the newest that stands.** Runs after it built on what it left, so they are undone first, one by one. A
//!   whole chain at once would be one decision about differences of which nobody has seen each.
//! - **Nothing waits.** Delay delete keeps what the summer's rosters lack (P2); what an undo deletes the run itself has
//!   created, and a person has said that it is wrong. The guard holds back courses of the new year (C1); what an undo
//!   creates was at the site before.
//! - **Not in a pause.** The site stays as it is until somebody resumes the integration (P1), and an undo writes to it.
//! - **Not again the next night.** The roster that was undone is refused from then on, as the open end of the decision:
//!   until it is withdrawn, or another roster is taken in. What an undo of an undo would do is that withdrawal.
//!
//! Crash story, with `tests/crash.rs` and `tests/kinds/` killing it at each of these lines:
//!
//! - Before the first batch nothing has happened; the decision is open, the job begins anew.
//! - Between two batches `integration.under_way` names the goal. The next attempt finds the same two snapshots, so the
//!   same changes, and goes on. If none comes (cancelled, given up), the next import settles it as it does an import
//!   that broke off: the roster is not refused, since the undo is not done.
//! - Between the last batch and the record: as before; every change stands as wanted already.
//! - The record moves the pointers, uses the decision up and queues the mails in one transaction. A ticket that comes
//!   twice, or an attempt after it, finds the run recorded and ends as that says.

mod back;
mod preview;
mod verdict;

pub use preview::{Caveat, CaveatKind, UndoPreview, preview_undo};

use super::{Import, ImportReport, WhenPaused, ended};
use crate::{
    CustomerId, End, JobContext, JobKind, Lane, Policy, Stop,
    ports::{RunToUndo, UndoDecision},
};
use serde::{Deserialize, Serialize};

pub struct UndoImport;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoArgs {
    /// It names the run.
    pub decision: i64,
}

impl JobKind for UndoImport {
    const NAME: &'static str = "undo_import";
    const SUMMARY: &'static str = "take back what an import did at the site, as a decision says";
    type Args = UndoArgs;
    type Report = ImportReport;

    fn policy(&self) -> Policy {
        Policy::attempts(14).timeout_minutes(60).lane(Lane::Site)
    }

    fn sample(&self) -> UndoArgs {
        UndoArgs { decision: 1 }
    }

    async fn run(&self, args: UndoArgs, cx: &JobContext) -> Result<ImportReport, Stop> {
        let import = looked_at(cx).await?;
        if let Some((run, record)) = cx.ports.integration.recorded(&cx.job).await? {
            return import.finish_undo(run, record);
        }
        let decision = open_decision(cx, args.decision).await?;
        let run = run_to_undo(cx, decision.run).await?;
        import.undo(&run, decision).await
    }

    const IS_TOLD_OF_ENDS: bool = true;

    async fn ended(&self, args: UndoArgs, end: &End, cx: &JobContext) -> Result<(), Stop> {
        match cx.ports.integration.undo_decision(&cx.customer()?.id, args.decision).await? {
            Some(decision) => ended::record_end(end, cx, Some(decision.run)).await,
            // It was about no run.
            None => Ok(()),
        }
    }
}

/// The state of the integration as an attempt finds it.
async fn looked_at(cx: &JobContext) -> Result<Import<'_>, Stop> {
    let customer = cx.customer()?;
    Ok(Import {
        cx,
        customer,
        state: cx.ports.integration.state(customer).await?,
        started_at: cx.now(),
        dry_run: cx.proof().is_none(),
        on: None,
        when_paused: WhenPaused::Pass,
    })
}

async fn open_decision(cx: &JobContext, id: i64) -> Result<UndoDecision, Stop> {
    let customer = &cx.customer()?.id;
    let found = cx.ports.integration.undo_decision(customer, id).await?;
    let decision =
        found.ok_or_else(|| Stop::fail(format!("{customer} has no decision {id} to undo a run")))?;
    let again = format!("undo with a new one: rollover import undo {}", decision.run);
    match (&decision.withdrawn_by, decision.used_by_run) {
        (Some(by), _) => Err(Stop::fail(format!("decision {id} was withdrawn by {by}; {again}"))),
        (None, Some(run)) => Err(Stop::fail(format!("decision {id} was used by run {run}; {again}"))),
        (None, None) => Ok(decision),
    }
}

async fn run_to_undo(cx: &JobContext, run: i64) -> Result<RunToUndo, Stop> {
    let customer = &cx.customer()?.id;
    let found = cx.ports.integration.run_to_undo(customer, run).await?;
    found.ok_or_else(|| no_such_run(customer, run))
}

fn no_such_run(customer: &CustomerId, run: i64) -> Stop {
    Stop::fail(format!("{customer} has no run {run}: `rollover import list {customer}` shows its runs"))
}
