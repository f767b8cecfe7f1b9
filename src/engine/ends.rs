//! Tells kinds of their jobs that ended without a report, whoever ended them: worker, reaper, person, plan.
//!
//! Crash story: it looks at rows and not at events on the way, so that no path to an end can be forgotten and no death
//! between an end and what follows from it loses that. A kind may be told twice.

use super::Engine;
use crate::ledger::{JobRow, LedgerError};
use rollover_jobs::{AnyKind, End, JobContext, JobFacts, Stop, ports::Unavailable};

/// Ends told in one pass.
const BATCH: i64 = 100;

/// One pass; gives how many ends were told.
pub async fn tell_ends(engine: &Engine) -> Result<usize, LedgerError> {
    let kinds: Vec<&str> =
        engine.kinds.iter().filter(|kind| kind.is_told_of_ends()).map(|kind| kind.name()).collect();
    let mut told = 0;
    for row in engine.ledger.untold_ends(&kinds, BATCH).await? {
        let Some(kind) = engine.kind(&row.kind) else { continue };
        match tell(engine, kind, &row).await {
            Ok(()) => {}
            Err(Stop::Retry { why }) => {
                tracing::warn!(job.id = row.id, why = %why, "the end of a job could not be told yet, trying again");
                continue;
            }
            Err(stop) => {
                tracing::error!(job.id = row.id, why = %stop, "the end of a job has no consequences");
            }
        }
        engine.ledger.end_told(row.id, row.generation).await?;
        told += 1;
    }
    Ok(told)
}

async fn tell(engine: &Engine, kind: &dyn AnyKind, row: &JobRow) -> Result<(), Stop> {
    let customer = match &row.customer_id {
        None => None,
        Some(id) => Some(engine.ledger.customer(id).await.map_err(Unavailable::from)?),
    };
    let ended_at = row.ended_at.unwrap_or_else(|| engine.clock.now());
    let end = End {
        why: row.why.clone().unwrap_or_else(|| format!("the job is {}", row.state)),
        started_at: row.started_at.unwrap_or(ended_at),
        ended_at,
    };
    let cx = JobContext::without_proof(facts(row), customer, engine.ports.clone());
    kind.ended(row.args.0.clone(), &end, &cx).await
}

/// What a job knows of itself.
pub(super) fn facts(row: &JobRow) -> JobFacts {
    JobFacts {
        id: row.id,
        task: row.task_id,
        due_at: row.due_at,
        attempt: u32::try_from(row.attempt).unwrap_or(1),
        round: row.round,
    }
}
