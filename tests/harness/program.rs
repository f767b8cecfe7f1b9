//! The program itself as processes on a set-up of its own: what operators start, and what tests kill.

use super::{
    On,
    support::{Database, Postgres, Process, Redis, dying_with_us, unique_name},
};
use chrono::{DateTime, SubsecRound, Utc};
use rollover::ledger::{JobRow, Ledger, NewJob};
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// A worker that is dead is found out after so long.
const LEASE_SECONDS: u64 = 2;
/// How often a state that another process changes is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Far beyond what any step takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// Folder, ledger and queue of one test, shared by the processes that it starts.
pub struct SetUp {
    pub folder: TempDir,
    pub database: Option<Database>,
    pub ledger: Ledger,
    redis_url: Option<String>,
    redis: Option<Arc<Redis>>,
    prefix: String,
}

impl SetUp {
    /// SQLite and one process, or PostgreSQL and the Redis of the test run.
    pub async fn new(on: On) -> Self {
        match on {
            On::Sqlite => Self::over(None, None).await,
            On::Postgres => {
                let redis = Redis::shared();
                let url = redis.url().to_owned();
                let mut made = Self::over(Some(Postgres::shared().fresh_database()), Some(url)).await;
                made.redis = Some(redis);
                made
            }
        }
    }

    /// On servers that the test harms itself.
    pub async fn over(database: Option<Database>, redis_url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match &database {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite:{}", folder.path().join("ledger.db").display()),
        };
        let ledger = Ledger::open(&url, 4).await.unwrap();
        ledger.migrate().await.unwrap();
        Self { folder, database, ledger, redis_url, redis: None, prefix: unique_name("program") }
    }

    pub fn is_embedded(&self) -> bool {
        self.database.is_none()
    }

    /// Starts what works: everything in one process, or a scheduler and a worker.
    pub fn start(&self) -> Vec<Process> {
        if self.is_embedded() { vec![self.up()] } else { vec![self.role("schedule"), self.role("work")] }
    }

    pub fn up(&self) -> Process {
        self.process(&["up", "--listen", "127.0.0.1:0"], "Rollover is up")
    }

    /// `schedule` or `work`.
    pub fn role(&self, role: &str) -> Process {
        self.process(&[role], "started")
    }

    /// `schedule` or `work`, started while its database is away.
    pub fn waiting(&self, role: &str) -> Process {
        self.process(&[role], "waiting for the ledger")
    }

    /// The pages alone, on this port.
    pub fn serve(&self, port: u16) -> Process {
        self.process(&["serve", "--listen", &format!("127.0.0.1:{port}")], "serving the pages")
    }

    fn process(&self, args: &[&str], ready: &'static str) -> Process {
        let mut command = dying_with_us(Path::new(env!("CARGO_BIN_EXE_rollover")));
        command.args(args);
        self.settings(&mut command);
        Process::start(command, ready, "KILL").unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollover"));
        command.args(args);
        self.settings(&mut command);
        command.output().expect("the program starts")
    }

    fn settings(&self, command: &mut Command) {
        command.current_dir(self.folder.path());
        command.env("ROLLOVER_DATA", self.folder.path());
        command.env("ROLLOVER_LEASE_SECONDS", LEASE_SECONDS.to_string());
        command.env("ROLLOVER_WEB_PASSWORD", "a password of a test");
        command.env("USER", "tester");
        if let (Some(database), Some(redis)) = (&self.database, &self.redis_url) {
            command.env("ROLLOVER_LEDGER_URL", database.url());
            command.env("ROLLOVER_QUEUE_URL", redis);
            command.env("ROLLOVER_QUEUE_PREFIX", &self.prefix);
        }
    }

    /// Writes past the ledger, as another program or a hand in the database would.
    pub async fn execute(&self, sql: &str) {
        super::execute(&self.ledger, sql).await;
    }

    /// Enqueues jobs that belong to no task, due now.
    pub async fn enqueue(&self, customer: Option<&str>, kind: &str, args: &Value, count: usize) -> Vec<i64> {
        let found = rollover_jobs::find_kind(kind).expect("a kind of this version");
        let job = NewJob {
            task: None,
            customer: customer.map(str::to_owned),
            kind: kind.to_owned(),
            args: args.clone(),
            lane: found.policy().lane.map(rollover_jobs::Lane::as_str),
            due_at: now(),
        };
        self.ledger.enqueue(now(), "test", &vec![job; count]).await.unwrap()
    }

    /// Waits until a job is as wanted; other processes move it.
    pub async fn until_job(&self, id: i64, wanted: impl Fn(&JobRow) -> bool) -> JobRow {
        let ledger = &self.ledger;
        until(&format!("job {id}"), async || {
            let row = ledger.job(id).await.ok()?;
            wanted(&row).then_some(row)
        })
        .await
    }
}

/// The time by the machine's clock, as the processes see it.
#[expect(clippy::disallowed_methods, reason = "the processes under test live by the machine's clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// Looks until there is an answer; what other processes do gives this one no signal.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(answer) = look().await {
                return answer;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("{what} never came to be as wanted"))
}
