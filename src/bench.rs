//! Measures the way of a job through ledger, queue and worker, on the parts that run in production.

pub mod roster;

use crate::{
    app::{App, Role},
    config::Settings,
    exit::ExitError,
    ledger::{JobFilter, Ledger, NewJob, ONE_ATTEMPT},
};
use anyhow::Context;
use chrono::{DateTime, Utc};
use rollover_jobs::{AnyKind, JobContext, JobKind, Policy, Stop, ports::Clock};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

/// What is measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// SQLite in a temporary folder, the queue in this process.
    Embedded,
    Servers {
        postgres: String,
        redis: String,
    },
}

impl Target {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "SQLite, in process",
            Self::Servers { .. } => "PostgreSQL + Redis",
        }
    }
}

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueBench {
    pub jobs: usize,
    pub concurrency: usize,
    /// Seconds of the paced part.
    pub seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub way: String,
    pub enqueued_per_second: f64,
    /// From the start of a worker over a full backlog to the record of the last job.
    pub run_per_second: f64,
    /// From the due moment to the first line of the job, at 100 jobs a second.
    pub start_p50_ms: f64,
    pub start_p99_ms: f64,
}

/// Jobs enqueued in one transaction.
const ENQUEUED_AT_ONCE: usize = 1_000;
const PACED_PER_SECOND: u64 = 100;
/// Far beyond what any machine takes per thousand jobs.
const PATIENCE_PER_THOUSAND: Duration = Duration::from_secs(60);

impl QueueBench {
    /// Runs the measurement; refuses a database that is not empty.
    pub async fn measure(&self, target: &Target, clock: Arc<dyn Clock>) -> anyhow::Result<Figures> {
        let folder = tempfile::tempdir().context("a temporary folder cannot be made")?;
        let mut settings = Settings::default();
        settings.data.folder = folder.path().to_path_buf();
        settings.engine.concurrency = self.concurrency;
        if let Target::Servers { postgres, redis } = target {
            settings.ledger.url.clone_from(postgres);
            settings.queue.url.clone_from(redis);
            settings.queue.prefix = format!("rollover-bench-{}", clock.now().timestamp_micros());
        }
        let ledger = Ledger::open(&settings.ledger_url(), settings.ledger.connections).await?;
        ledger.reach(ONE_ATTEMPT).await?;
        refuse_full(&ledger).await?;
        ledger.migrate().await?;
        let mut starts = Stopwatch::start();
        let app = App::with_ledger(settings, clock, ledger, kinds())?;
        let enqueued_per_second = self.enqueue(&app).await?;
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            let app = app.clone();
            async move { app.run(Role::All, stop).await }
        });
        let run_per_second = self.drain(&app, &mut starts).await?;
        let delays = self.pace(&app, &mut starts).await?;
        stop.cancel();
        running.await.context("the engine broke off")??;
        app.ledger.close().await;
        Ok(Figures {
            way: target.name().to_owned(),
            enqueued_per_second,
            run_per_second,
            start_p50_ms: percentile(&delays, 50),
            start_p99_ms: percentile(&delays, 99),
        })
    }

    async fn enqueue(&self, app: &App) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut left = self.jobs;
        while left > 0 {
            let now = app.clock.now();
            let batch = vec![timed_job(now); left.min(ENQUEUED_AT_ONCE)];
            app.ledger.enqueue(now, "bench", &batch).await?;
            left -= batch.len();
        }
        Ok(self.jobs as f64 / began.elapsed().as_secs_f64())
    }

    /// Until every job is recorded as done, not merely run.
    async fn drain(&self, app: &App, starts: &mut Stopwatch) -> anyhow::Result<f64> {
        let began = Instant::now();
        let patience = PATIENCE_PER_THOUSAND * u32::try_from(self.jobs / 1_000 + 1)?;
        let mut news = app.ledger.wakeups().watch();
        let all = async {
            for _ in 0..self.jobs {
                starts.next().await?;
            }
            while app.ledger.jobs(&not_done("running")).await?.len()
                + app.ledger.jobs(&not_done("ready")).await?.len()
                > 0
            {
                news.changed().await?;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(patience, all).await.context("the jobs do not come to an end")??;
        Ok(self.jobs as f64 / began.elapsed().as_secs_f64())
    }

    /// One job at a time, a hundred a second; milliseconds from due to start, sorted.
    async fn pace(&self, app: &App, starts: &mut Stopwatch) -> anyhow::Result<Vec<f64>> {
        let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / PACED_PER_SECOND));
        let wanted = self.seconds * PACED_PER_SECOND;
        let sender = app.clone();
        let sending = tokio::spawn(async move {
            for _ in 0..wanted {
                ticks.tick().await;
                let now = sender.clock.now();
                sender.ledger.enqueue(now, "bench", &[timed_job(now)]).await?;
            }
            anyhow::Ok(())
        });
        let mut delays = Vec::new();
        for _ in 0..wanted {
            let delay = starts.next().await?;
            delays.push(delay.num_microseconds().unwrap_or(i64::MAX) as f64 / 1_000.0);
        }
        sending.await.context("the sender broke off")??;
        delays.sort_by(f64::total_cmp);
        Ok(delays)
    }
}

fn not_done(state: &str) -> JobFilter {
    JobFilter { state: Some(state.to_owned()), limit: 1, ..JobFilter::default() }
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

async fn refuse_full(ledger: &Ledger) -> anyhow::Result<()> {
    if ledger.schema().await? == 0
        || ledger.jobs(&JobFilter { limit: 1, ..JobFilter::default() }).await?.is_empty()
    {
        return Ok(());
    }
    Err(ExitError::refused(
        "the database holds jobs already: name an empty one, since the measurement fills it".to_owned(),
    )
    .into())
}

fn timed_job(due_at: DateTime<Utc>) -> NewJob {
    NewJob {
        task: None,
        customer: None,
        kind: Timed::NAME.to_owned(),
        args: serde_json::json!({}),
        lane: None,
        due_at,
    }
}

/// Does nothing, and tells when it began.
struct Timed;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct TimedArgs {}

/// Where the running measurement hears of starts.
static STARTS: Mutex<Option<mpsc::UnboundedSender<chrono::TimeDelta>>> = Mutex::new(None);

fn kinds() -> &'static [&'static dyn AnyKind] {
    &[&Timed]
}

impl JobKind for Timed {
    const NAME: &'static str = "timed";
    const SUMMARY: &'static str = "tell when it began";
    type Args = TimedArgs;
    type Report = TimedArgs;

    fn policy(&self) -> Policy {
        Policy::attempts(3)
    }

    fn sample(&self) -> TimedArgs {
        TimedArgs {}
    }

    async fn run(&self, _args: TimedArgs, cx: &JobContext) -> Result<TimedArgs, Stop> {
        let delay = cx.now() - cx.job.due_at;
        if let Some(starts) = STARTS.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let _measurement_over = starts.send(delay);
        }
        Ok(TimedArgs {})
    }
}

/// The receiving end of [`STARTS`].
struct Stopwatch(mpsc::UnboundedReceiver<chrono::TimeDelta>);

impl Stopwatch {
    fn start() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        *STARTS.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        Self(receiver)
    }

    async fn next(&mut self) -> anyhow::Result<chrono::TimeDelta> {
        self.0.recv().await.context("the measurement ended early")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(percentile(&values, 50), 100.0);
        assert_eq!(percentile(&values, 99), 198.0);
        assert_eq!(percentile(&[7.0], 99), 7.0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_small_measurement_comes_to_an_end() {
        let bench = QueueBench { jobs: 50, concurrency: 4, seconds: 1 };
        let figures = bench.measure(&Target::Embedded, Arc::new(crate::clock::RealClock)).await.unwrap();
        assert!(figures.run_per_second > 0.0 && figures.start_p99_ms >= figures.start_p50_ms, "{figures:?}");
    }
}
