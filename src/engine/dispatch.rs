//! Dispatch: jobs that are due are sent to the queue as tickets, no more than the window holds.
//!
//! A ticket is a hint: it may be lost, come twice, or come late. What was sent long ago and not claimed is sent
//! again; when the queue was emptied (its epoch is gone), everything is.

use super::Engine;
use crate::queue::{Epoch, Queue, Ticket};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Tickets sent in one go.
const BATCH: u64 = 1_000;
const LOOK_AFTER_LOST: Duration = Duration::from_secs(1);
/// The window is looked at again after so long.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Sends until stopped; survives every outage of ledger and queue.
pub async fn dispatch(engine: Arc<Engine>, queue: Queue, stop: CancellationToken) {
    let mut looked = None;
    let mut failures = 0_u32;
    while !stop.is_cancelled() {
        if looked.is_none_or(|at: Instant| at.elapsed() >= LOOK_AFTER_LOST) {
            looked = Some(Instant::now());
            if let Err(error) = look_after_lost(&engine, &queue).await {
                tracing::warn!(error = %error, "looking after lost tickets failed, trying again");
            }
        }
        let pause = match send(&engine, &queue).await {
            Ok(Sent::Full) => Duration::ZERO,
            Ok(Sent::All) => {
                failures = 0;
                until_next(&engine).await
            }
            Ok(Sent::NoRoom) => NO_ROOM_PAUSE,
            Err(error) => {
                failures = (failures + 1).min(8);
                tracing::warn!(error = %error, "tickets could not be sent, trying again");
                Duration::from_millis(50 << failures).min(LONGEST_PAUSE)
            }
        };
        if pause.is_zero() {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = engine.ledger.wakeups().until_due(), if failures == 0 => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

enum Sent {
    /// As many as one go takes: there may be more.
    Full,
    All,
    /// The window is full.
    NoRoom,
}

async fn send(engine: &Engine, queue: &Queue) -> anyhow::Result<Sent> {
    let room = engine.settings.window.saturating_sub(queue.depth().await?).min(BATCH);
    if room == 0 {
        return Ok(Sent::NoRoom);
    }
    let now = engine.clock.now();
    let taken = engine.ledger.take_unsent(now, i64::try_from(room)?).await?;
    if taken.is_empty() {
        return Ok(Sent::All);
    }
    let tickets: Vec<Ticket> =
        taken.iter().map(|(job, generation)| Ticket { job: *job, generation: *generation }).collect();
    if let Err(error) = queue.publish(&tickets).await {
        // Should this fail too, the tickets count as lost after a while.
        if let Err(error) = engine.ledger.unsend(&taken).await {
            tracing::debug!(error = %error, "tickets could not be marked as unsent");
        }
        return Err(error.into());
    }
    Ok(if taken.len() as u64 == room { Sent::Full } else { Sent::All })
}

async fn look_after_lost(engine: &Engine, queue: &Queue) -> anyhow::Result<()> {
    let now = engine.clock.now();
    if queue.epoch(&now.timestamp_micros().to_string()).await? == Epoch::Lost {
        let jobs = engine.ledger.forget_all_sent().await?;
        if jobs > 0 {
            tracing::warn!(jobs, "the queue was emptied; every job that is due is sent again");
        }
    }
    let lost = engine.ledger.forget_sent_before(now - engine.settings.resend_after()).await?;
    if lost > 0 {
        tracing::info!(jobs = lost, "tickets led to no claim; their jobs are sent again");
    }
    Ok(())
}

/// Until the next job may run, but no longer than the polling interval.
async fn until_next(engine: &Engine) -> Duration {
    let longest = engine.settings.poll();
    match engine.ledger.next_run_at().await {
        Ok(Some(run_at)) => (run_at - engine.clock.now())
            .to_std()
            .unwrap_or_default()
            .clamp(Duration::from_millis(1), longest),
        _ => longest,
    }
}
