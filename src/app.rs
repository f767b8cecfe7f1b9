//! Puts the parts together; the only file that names every concrete type.

use crate::{
    config::Settings,
    engine::{Engine, Worker, dispatch, reap_loop, schedule},
    exit::ExitError,
    ledger::Ledger,
    mail::MailTransport,
    objects::open_snapshots,
    ports::{LedgerDecisions, LedgerIntegration, OutboxMailer},
    queue::{EmbeddedQueue, Queue, RedisQueue, consume},
    site::embedded::EmbeddedSite,
    source::{FetchedRosters, Fetcher, FolderRosters},
};
use anyhow::Context;
use rollover_jobs::{AnyKind, KINDS, Ports, ports::Clock};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Everything that a command may need, opened once.
#[derive(Clone)]
pub struct App {
    pub settings: Settings,
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
    pub engine: Arc<Engine>,
    /// Who this process is, in leases and in the history.
    pub owner: String,
}

/// The parts of the engine that one process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Scheduler, dispatch and reaper.
    Schedule,
    /// A worker.
    Work,
    /// Both, in one process.
    All,
}

impl App {
    /// Opens ledger, snapshots and ports. The embedded ledger is brought up to date; one on a server is only
    /// checked (DOMAIN: the operator migrates). A server that is away is waited for as long as `patience`.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>, patience: Duration) -> anyhow::Result<Self> {
        make_folder(&settings.data.folder)?;
        let ledger = Ledger::open(&settings.ledger_url(), settings.ledger.connections).await?;
        ledger.reach(patience).await?;
        if ledger.is_embedded() {
            ledger.migrate().await?;
        } else {
            ledger.check_schema().await?;
        }
        Self::with_ledger(settings, clock, ledger, KINDS)
    }

    /// The same over a ledger that is open and up to date, with a list of kinds.
    pub fn with_ledger(
        settings: Settings,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        kinds: &'static [&'static dyn AnyKind],
    ) -> anyhow::Result<Self> {
        let seed = u64::try_from(clock.now().timestamp_micros()).unwrap_or_default();
        let owner = format!("{}-{}-{:04x}", host_name(), std::process::id(), seed % 0xffff);
        let ports = ports(&settings, &ledger, &clock)?;
        let engine = Engine::new(ledger.clone(), ports, kinds, settings.engine.clone(), seed);
        Ok(Self { settings, ledger, clock, engine, owner })
    }

    /// The site of customers that have no platform elsewhere.
    pub fn built_in_site(&self) -> EmbeddedSite {
        EmbeddedSite::new(self.ledger.db().clone())
    }

    /// The queue of the settings: Redis, or in this process.
    pub fn queue(&self) -> anyhow::Result<Queue> {
        let redis = self.redis()?.map(Queue::Redis);
        Ok(redis.unwrap_or_else(|| Queue::Embedded(EmbeddedQueue::default())))
    }

    /// The queue that processes share, when they do.
    pub fn redis(&self) -> anyhow::Result<Option<RedisQueue>> {
        let queue = &self.settings.queue;
        if queue.url.is_empty() {
            return Ok(None);
        }
        Ok(Some(RedisQueue::connect(&queue.url, &queue.prefix)?))
    }

    /// Runs the parts of a role until stopped; then lets jobs run for the grace time and hands the rest back.
    pub async fn run(&self, role: Role, stop: CancellationToken) -> anyhow::Result<()> {
        let queue = self.queue()?;
        if role != Role::All && matches!(queue, Queue::Embedded(_)) {
            return Err(ExitError::usage(
                "the built-in queue lives in one process: run `rollover up`, or set queue.url (ROLLOVER_QUEUE_URL) to \
                 a Redis that `schedule` and `work` share",
            )
            .into());
        }
        let mut parts = JoinSet::new();
        if role != Role::Work {
            parts.spawn(schedule(self.engine.clone(), self.owner.clone(), stop.clone()));
            parts.spawn(dispatch(self.engine.clone(), queue.clone(), stop.clone()));
            parts.spawn(reap_loop(self.engine.clone(), stop.clone()));
        }
        let (ledger, listening) = (self.ledger.clone(), stop.clone());
        parts.spawn(async move { ledger.listen(listening).await });
        if role != Role::Schedule {
            let worker = Worker::new(self.engine.clone(), self.owner.clone());
            let concurrency = self.settings.engine.concurrency;
            let owner = self.owner.clone();
            let (finisher, stopping) = (worker.clone(), stop.clone());
            parts.spawn(async move { consume(queue, &owner, concurrency, worker, stop).await });
            parts.spawn(async move {
                stopping.cancelled().await;
                finisher.finish().await;
            });
        }
        while let Some(part) = parts.join_next().await {
            part.context("a part of the engine broke off")?;
        }
        Ok(())
    }
}

fn ports(settings: &Settings, ledger: &Ledger, clock: &Arc<dyn Clock>) -> anyhow::Result<Ports> {
    let snapshots = open_snapshots(settings)?;
    let transport = MailTransport::open(&settings.mail_url(), &settings.mail.from, &settings.mail.ca_file)
        .map_err(|error| ExitError::usage(error.to_string()))?;
    let fetcher = Fetcher::open(&settings.rosters.fetch(), settings.secrets.clone())
        .map_err(|why| ExitError::usage(format!("rosters.ca_file: {why}")))?;
    let folder = FolderRosters::new(
        settings.roster_folder(),
        snapshots.clone(),
        clock.clone(),
        settings.rosters.read_limits(),
    );
    Ok(Ports {
        clock: clock.clone(),
        site: Arc::new(EmbeddedSite::new(ledger.db().clone())),
        rosters: Arc::new(FetchedRosters { folder, fetcher, clock: clock.clone() }),
        integration: Arc::new(LedgerIntegration {
            ledger: ledger.clone(),
            clock: clock.clone(),
            base_url: settings.base_url(),
            retention: settings.rosters.retention(),
            copy_to: settings.mail.status_copy_to.clone(),
        }),
        decisions: Arc::new(LedgerDecisions { ledger: ledger.clone() }),
        mailer: Arc::new(OutboxMailer { ledger: ledger.clone(), clock: clock.clone(), snapshots, transport }),
    })
}

/// Rosters are children's data: nobody else on this machine reads the folder that is made for them.
fn make_folder(folder: &std::path::Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| {
        format!("data folder {}: make it, or set another with ROLLOVER_DATA", folder.display())
    })
}

/// The machine's name as the kernel tells it; people look for it in the history.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "rollover".to_owned() } else { name.to_owned() }
}

/// Cancelled when the process is asked to end (SIGTERM, Ctrl-C).
pub fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop: taking no more jobs, letting those that run finish");
        token.cancel();
    });
    Ok(stop)
}
