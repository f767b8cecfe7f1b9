//! A worker: takes tickets, claims their jobs, runs each in a task of its own, renews the lease, writes one event.
//!
//! The lease is the acknowledgement: a worker that dies simply stops renewing, and the reaper makes the job due
//! again. A worker that was only slow finds its generation gone when it renews or writes, and drops its result.
//! On shutdown it takes no more, lets jobs run for the grace time, then breaks them off and hands them back.

use super::{
    Engine, record,
    run::{Ended, decide_event, run_kind},
};
use crate::{
    ledger::{Grouped, JobMove, JobRow},
    queue::{Handle, Ticket},
};
use rollover_jobs::Policy;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a job that was asked to stop may take to do so by itself.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// One worker process's share of the engine.
pub struct Worker {
    engine: Arc<Engine>,
    grouped: Grouped,
    running: TaskTracker,
    break_off: CancellationToken,
}

impl Worker {
    /// `owner` names this process in leases and in the history.
    pub fn new(engine: Arc<Engine>, owner: String) -> Arc<Self> {
        let lease = chrono::Duration::from_std(engine.settings.lease()).expect("a lease is some seconds");
        let grouped = Grouped::start(engine.ledger.clone(), engine.clock.clone(), owner, lease);
        Arc::new(Self { engine, grouped, running: TaskTracker::new(), break_off: CancellationToken::new() })
    }

    /// Waits for what runs: first the grace time, then breaks off and hands back.
    pub async fn finish(&self) {
        self.running.close();
        if tokio::time::timeout(self.engine.settings.grace(), self.running.wait()).await.is_err() {
            tracing::info!(jobs = self.running.len(), "the grace time is over, handing jobs back");
            self.finish_now().await;
        }
    }

    /// Breaks off what runs, at once, and hands it back.
    pub async fn finish_now(&self) {
        self.running.close();
        self.break_off.cancel();
        self.running.wait().await;
    }

    /// Claims and runs the job of one ticket; gives the row as it was left, `None` when nothing was claimed.
    pub async fn work(&self, job: i64, generation: i32) -> Option<JobRow> {
        let row = self.grouped.claim(job, generation).await?;
        let started = Instant::now();
        let span = tracing::info_span!("job", job.id = row.id, job.kind = %row.kind,
            customer.id = row.customer_id.as_deref().unwrap_or("-"), attempt = row.attempt);
        let ended = self.run(&row).await?;
        let event = decide_event(&self.engine, &row, ended);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        span.in_scope(|| log_end(&event, duration_ms));
        self.record(row, event).await
    }

    /// `None`: the claim was lost on the way, and whatever came of the run is void.
    async fn run(&self, row: &JobRow) -> Option<Ended> {
        let policy = self.engine.kind(&row.kind).map_or(Policy::attempts(1), |kind| kind.policy());
        let asked = CancellationToken::new();
        let (engine, copy, token) = (self.engine.clone(), row.clone(), asked.clone());
        // A task of its own: a panic becomes a JoinError here and ends nothing else.
        let mut job = tokio::spawn(async move { run_kind(&engine, &copy, token).await });
        let mut renewal = self.renewal();
        let limit = tokio::time::sleep(policy.timeout);
        tokio::pin!(limit);
        let forced = loop {
            tokio::select! {
                result = &mut job => return Some(ended(result)),
                () = &mut limit => break Ended::TimedOut(policy),
                () = self.break_off.cancelled() => break Ended::Interrupted,
                _ = renewal.tick() => match self.renew(row).await {
                    Lease::Kept => {}
                    Lease::CancelAsked => break Ended::Cancelled,
                    Lease::Lost => {
                        job.abort();
                        tracing::warn!(job.id = row.id, "the lease was lost; what this run did is void");
                        return None;
                    }
                },
            }
        };
        asked.cancel();
        let stopping = async {
            // A job that ends by itself now has the better word on how it ended.
            match tokio::time::timeout(STOP_GRACE, &mut job).await {
                Ok(Ok(Ok(report))) => Ended::Report(report),
                Ok(_) => forced,
                Err(_) => {
                    job.abort();
                    forced
                }
            }
        };
        tokio::select! {
            ended = stopping => Some(ended),
            never = self.keep_lease(row) => match never {},
        }
    }

    async fn renew(&self, row: &JobRow) -> Lease {
        let lease =
            chrono::Duration::from_std(self.engine.settings.lease()).expect("a lease is some seconds");
        let until = self.engine.clock.now() + lease;
        match self.engine.ledger.renew_lease(row.id, row.generation, until).await {
            Ok(Some(false)) => Lease::Kept,
            Ok(Some(true)) => Lease::CancelAsked,
            Ok(None) => Lease::Lost,
            Err(error) => {
                // The lease may still be ours; the guarded write at the end tells.
                tracing::warn!(job.id = row.id, error = %error, "the lease could not be renewed, trying again");
                Lease::Kept
            }
        }
    }

    /// Writes how the run ended, and keeps the lease until that is done.
    async fn record(&self, row: JobRow, event: JobMove) -> Option<JobRow> {
        let write = || self.grouped.end(row.clone(), event.clone());
        tokio::select! {
            recorded = record::until_written(row.id, &self.break_off, write) => recorded,
            never = self.keep_lease(&row) => match never {},
        }
    }

    /// Never ends: once the lease is lost nothing is left to renew, and the guarded write tells.
    async fn keep_lease(&self, row: &JobRow) -> Infallible {
        let mut renewal = self.renewal();
        loop {
            renewal.tick().await;
            if matches!(self.renew(row).await, Lease::Lost) {
                return std::future::pending().await;
            }
        }
    }

    /// Ticks whenever a lease is to be renewed, first after one period.
    fn renewal(&self) -> Interval {
        let period = self.engine.settings.renewal();
        let mut renewal = tokio::time::interval_at(Instant::now() + period, period);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewal
    }
}

enum Lease {
    Kept,
    CancelAsked,
    Lost,
}

fn ended(result: Result<Result<serde_json::Value, rollover_jobs::Stop>, tokio::task::JoinError>) -> Ended {
    match result {
        Ok(Ok(report)) => Ended::Report(report),
        Ok(Err(stop)) => Ended::Stopped(stop),
        Err(error) => Ended::Panicked(match error.try_into_panic() {
            Ok(payload) => match payload.downcast_ref::<&str>() {
                Some(text) => (*text).to_owned(),
                None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "panic".to_owned()),
            },
            Err(error) => error.to_string(),
        }),
    }
}

fn log_end(event: &JobMove, duration_ms: u64) {
    let name = event.event().as_str();
    match event {
        JobMove::GiveUp { why } => tracing::warn!(duration_ms, why = %why, "job failed"),
        JobMove::Abort { why } => tracing::warn!(duration_ms, why = %why, "job stopped before doing harm"),
        _ => tracing::debug!(duration_ms, event = name, "job run ended"),
    }
}

impl Handle for Worker {
    async fn handle(&self, ticket: Ticket) {
        // Tracked, so that a shutdown can wait for it.
        self.running.track_future(self.work(ticket.job, ticket.generation)).await;
    }
}
