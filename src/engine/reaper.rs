//! The reaper: jobs whose worker went silent past the lease are made due again, or failed when they kill workers.

use super::{Engine, ends::tell_ends};
use crate::ledger::{JobMove, LedgerError, Rows};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Jobs taken up in one pass.
const BATCH: i64 = 500;
const PAUSE: Duration = Duration::from_secs(1);

/// One pass; gives how many jobs were taken from their workers.
pub async fn reap(engine: &Engine) -> Result<usize, LedgerError> {
    let now = engine.clock.now();
    let Rows { read: expired, unreadable } = engine.ledger.expired_leases(now, BATCH).await?;
    let mut reaped = engine.ledger.fail_unreadable_jobs(now, &unreadable).await?;
    for row in &expired {
        let attempts = engine.kind(&row.kind).map_or(1, |kind| kind.policy().attempts);
        // A job that was running at every death of its worker may well be what kills them.
        let last = u32::try_from(row.attempt).unwrap_or(u32::MAX) >= attempts.max(2);
        let event = if last {
            JobMove::GiveUp { why: format!("its worker went silent in each of {} attempts", row.attempt) }
        } else {
            JobMove::LeaseExpired
        };
        match engine.ledger.take_from_silent(now, row, event).await {
            Ok(_) => {
                reaped += 1;
                tracing::warn!(
                    job.id = row.id,
                    attempt = row.attempt,
                    "a worker went silent; its job is free again"
                );
            }
            // Its worker, or another reaper, was faster.
            Err(LedgerError::Raced { .. } | LedgerError::NotAllowed(_)) => {}
            Err(error) if error.is_unreadable() => {
                tracing::warn!(job.id = row.id, error = %error, "what stands beside a silent job cannot be read");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(reaped)
}

/// Reaps, and tells kinds of the ends of their jobs, until stopped.
pub async fn reap_loop(engine: Arc<Engine>, stop: CancellationToken) {
    loop {
        if let Err(error) = reap(&engine).await {
            tracing::warn!(error = %error, "looking for silent workers failed, trying again");
        }
        if let Err(error) = tell_ends(&engine).await {
            tracing::warn!(error = %error, "looking for ended jobs failed, trying again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
