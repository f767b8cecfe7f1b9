//! Runs one claimed job to exactly one event: report, stop, panic, time limit, cancel, shutdown.

use super::{Engine, ends::facts};
use crate::{
    ledger::{JobMove, JobRow},
    model::{Retry, decide_retry},
};
use rollover_jobs::{JobContext, Policy, Stop, WriteProof, ports::Unavailable};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// A job that waits for a moment that is past would look again without end; it does so after this.
const SHORTEST_WAIT: chrono::Duration = chrono::Duration::minutes(1);

/// How a run came to its end.
#[derive(Debug)]
pub enum Ended {
    Report(Value),
    Stopped(Stop),
    Panicked(String),
    TimedOut(Policy),
    /// A person asked for it.
    Cancelled,
    /// The worker shuts down.
    Interrupted,
}

/// Runs the job's kind with a live context. A kind that is not known, or arguments that cannot be read, fail the
/// job and leave the worker alone.
pub async fn run_kind(engine: &Engine, row: &JobRow, cancelled: CancellationToken) -> Result<Value, Stop> {
    let Some(kind) = engine.kind(&row.kind) else {
        return Err(Stop::fail(format!(
            "this version knows no job kind {:?}: run the version that made the job, or cancel it",
            row.kind
        )));
    };
    let customer = match &row.customer_id {
        None => None,
        Some(id) => Some(engine.ledger.customer(id).await.map_err(Unavailable::from)?),
    };
    let proof = WriteProof::for_claimed_job(row.id, row.generation);
    let cx = JobContext::live(facts(row), customer, engine.ports.clone(), cancelled, proof);
    kind.run(row.args.0.clone(), &cx).await
}

/// The one event that an ended run becomes.
pub fn decide_event(engine: &Engine, row: &JobRow, ended: Ended) -> JobMove {
    match ended {
        Ended::Report(report) => JobMove::Finish { report },
        Ended::Stopped(Stop::Wait { until, why, who }) => {
            let soonest = engine.clock.now() + SHORTEST_WAIT;
            JobMove::Wait { until: until.map(|until| until.max(soonest)), why, who: who.as_str().to_owned() }
        }
        Ended::Stopped(Stop::Fail { why }) => JobMove::GiveUp { why },
        Ended::Stopped(Stop::Abort { reason }) => JobMove::Abort { why: reason },
        Ended::Stopped(Stop::Retry { why }) => retry(engine, row, &why),
        Ended::Panicked(what) => retry(engine, row, &format!("the job broke off: {what}")),
        Ended::TimedOut(policy) => {
            let minutes = policy.timeout.as_secs() / 60;
            retry(engine, row, &format!("the job did not end within its limit of {minutes} minutes"))
        }
        Ended::Cancelled => JobMove::cancel_of_running(),
        Ended::Interrupted => JobMove::GiveBack,
    }
}

fn retry(engine: &Engine, row: &JobRow, why: &str) -> JobMove {
    let attempts = engine.kind(&row.kind).map_or(1, |kind| kind.policy().attempts);
    let attempt = u32::try_from(row.attempt).unwrap_or(u32::MAX);
    match decide_retry(attempt, attempts, engine.jitter()) {
        Retry::After(pause) => {
            let pause = chrono::Duration::from_std(pause).unwrap_or(chrono::Duration::MAX);
            JobMove::RetryLater { run_at: engine.clock.now() + pause, why: why.to_owned() }
        }
        Retry::GiveUp { attempts: 1 } => JobMove::GiveUp { why: why.to_owned() },
        Retry::GiveUp { attempts } => {
            JobMove::GiveUp { why: format!("{why} (the last of {attempts} attempts)") }
        }
    }
}
