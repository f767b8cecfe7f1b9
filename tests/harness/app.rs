//! A whole application for tests: either engine, a simulated clock, invented customers, a scripted job kind.

use super::support::{Database, Postgres};
use chrono::{DateTime, Utc};
use rollover::{
    app::App,
    clock::SimulatedClock,
    config::Settings,
    engine::{EngineSettings, Season},
    ledger::{JobMove, JobRow, Ledger, NewJob, NewTaskRow, TaskRow, db::Db},
    model::TaskState,
};
use rollover_jobs::{
    AnyKind, Calendar, Customer, CustomerSettings, JobContext, JobKind, KINDS, Lane, Language, Policy, Stop,
    Who, WriteProof, plan::Trigger,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// Makes of each `async fn name(on: On)` a test on SQLite and one on PostgreSQL.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite { $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
            super::$name($crate::harness::On::Sqlite).await;
        })* }
        mod on_postgres { $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
            // Held, so that a test that makes several applications starts one server for them.
            let _server = $crate::harness::support::Postgres::shared();
            super::$name($crate::harness::On::Postgres).await;
        })* }
    };
}

pub(crate) use on_both_engines;

/// Does as its arguments say: the engine's tests need no other kind.
pub struct Scripted;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Script {
    /// What to do at each attempt; the last word holds for all that follow.
    pub acts: Vec<Act>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Succeed,
    Retry,
    Fail,
    Abort,
    Panic,
    WaitForPerson,
    WaitUntil(DateTime<Utc>),
    /// Until it is asked to stop.
    Hang,
}

impl JobKind for Scripted {
    const NAME: &'static str = "scripted";
    const SUMMARY: &'static str = "do as the arguments say";
    type Args = Script;
    type Report = Value;

    fn policy(&self) -> Policy {
        Policy::attempts(3).lane(Lane::Site)
    }

    fn sample(&self) -> Script {
        Script { acts: vec![Act::Succeed] }
    }

    async fn run(&self, script: Script, cx: &JobContext) -> Result<Value, Stop> {
        let index = (cx.job.attempt as usize - 1).min(script.acts.len() - 1);
        match &script.acts[index] {
            Act::Succeed => Ok(json!({ "attempt": cx.job.attempt })),
            Act::Retry => Err(Stop::retry("the world is not ready")),
            Act::Fail => Err(Stop::fail("it cannot be")),
            Act::Abort => Err(Stop::abort("it would do harm")),
            Act::Panic => panic!("scripted to panic"),
            Act::WaitForPerson => Err(Stop::wait_for(Who::Mentor, "weeks are open")),
            Act::WaitUntil(until) => {
                Err(Stop::Wait { until: Some(*until), why: "not yet".to_owned(), who: Who::Teacher })
            }
            Act::Hang => {
                cx.cancelled.cancelled().await;
                Err(Stop::retry("it was asked to stop"))
            }
        }
    }
}

static ALL_KINDS: std::sync::LazyLock<Vec<&'static dyn AnyKind>> = std::sync::LazyLock::new(|| {
    let mut kinds = KINDS.to_vec();
    kinds.push(&Scripted);
    kinds
});

/// An application over an empty ledger; gone with its folder and database when dropped.
pub struct TestApp {
    pub app: App,
    pub clock: SimulatedClock,
    pub season: Season,
    pub folder: TempDir,
    pub database: Option<Database>,
}

pub fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

impl TestApp {
    pub async fn new(on: On, now: &str) -> Self {
        Self::with(on, now, EngineSettings::default()).await
    }

    pub async fn with(on: On, now: &str, engine: EngineSettings) -> Self {
        Self::with_settings(on, now, |settings| settings.engine = engine).await
    }

    /// With any settings but those of folder and ledger, which are the test's own.
    pub async fn with_settings(on: On, now: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = (on == On::Postgres).then(|| Postgres::shared().fresh_database());
        let mut settings = settings(&folder, database.as_ref(), EngineSettings::default());
        change(&mut settings);
        let clock = SimulatedClock::starting_at(moment(now));
        let ledger = Ledger::open(&settings.ledger_url(), 6).await.unwrap();
        ledger.migrate().await.unwrap();
        let app = App::with_ledger(settings, Arc::new(clock.clone()), ledger, &ALL_KINDS).unwrap();
        let season = Season::new(app.engine.clone(), clock.clone());
        Self { app, clock, season, folder, database }
    }

    pub fn ledger(&self) -> &Ledger {
        &self.app.ledger
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    /// A Norwegian customer with the dates of 2024, that reads English.
    pub async fn customer(&self, id: &str, modules: &[&str]) -> Customer {
        let customer = Customer {
            id: id.parse().unwrap(),
            name: format!("{id} kommune"),
            country: "NO".parse().unwrap(),
            time_zone: chrono_tz::Europe::Oslo,
            mis: "fjordsas".to_owned(),
            middleware: None,
            modules: modules.iter().map(|module| (*module).to_owned()).collect(),
            settings: CustomerSettings {
                status_mail_to: vec!["it@customer.example".to_owned()],
                language: Some(Language::English),
                ..CustomerSettings::default()
            },
        };
        self.ledger().add_customer(self.now(), "test", &customer).await.unwrap();
        let calendar = Calendar {
            last_teaching_day: Some("2024-06-21".parse().unwrap()),
            school_year_start: Some("2024-08-19".parse().unwrap()),
            ..Calendar::default()
        };
        self.ledger().set_calendar(self.now(), "test", id, 2024, &calendar).await.unwrap();
        customer
    }

    /// A task of the scripted kind outside any plan.
    pub async fn scripted_task(&self, customer: &str, trigger: Trigger, due: &str, acts: &[Act]) -> TaskRow {
        let args = serde_json::to_value(Script { acts: acts.to_vec() }).unwrap();
        self.task(customer, "scripted", args, trigger, Some(due)).await
    }

    pub async fn task(
        &self,
        customer: &str,
        kind: &str,
        args: Value,
        trigger: Trigger,
        due: Option<&str>,
    ) -> TaskRow {
        let task = NewTaskRow {
            customer: Some(customer.to_owned()),
            position: 0,
            step: "step".to_owned(),
            title: "A step".to_owned(),
            help: String::new(),
            kind: kind.to_owned(),
            args,
            schedule: trigger,
            needs: Vec::new(),
            catch_up: "run_once".to_owned(),
            owner: "support_agent".to_owned(),
            sign_off: kind == "sign_off",
            deadline: None,
            state: TaskState::Planned,
            why: None,
            due_at: due.map(moment),
        };
        self.ledger().add_task(self.now(), "test", &task).await.unwrap()
    }

    /// Enqueues a job of the scripted kind and gives its number.
    pub async fn scripted_job(&self, customer: Option<&str>, acts: &[Act]) -> i64 {
        let job = NewJob {
            task: None,
            customer: customer.map(str::to_owned),
            kind: "scripted".to_owned(),
            args: serde_json::to_value(Script { acts: acts.to_vec() }).unwrap(),
            lane: customer.map(|_| "site"),
            due_at: self.now(),
        };
        self.ledger().enqueue(self.now(), "test", &[job]).await.unwrap()[0]
    }

    /// Writes past the ledger, as another program or a hand in the database would.
    pub async fn execute(&self, sql: &str) {
        execute(self.ledger(), sql).await;
    }

    /// Reads one column of texts past the ledger.
    pub async fn texts(&self, sql: &'static str) -> Vec<String> {
        match self.ledger().db() {
            Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Db::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// Claims a job, as a worker does; gives the proof of the claim.
    pub async fn claim(&self, job: i64) -> WriteProof {
        let lease_until = self.now() + chrono::Duration::seconds(60);
        let claim = JobMove::Claim { owner: "w".to_owned(), lease_until };
        let row = self.ledger().apply(self.now(), "w", job, claim).await.unwrap();
        WriteProof::for_claimed_job(row.id, row.generation)
    }

    pub async fn give_back(&self, job: i64) {
        self.ledger().apply(self.now(), "w", job, JobMove::GiveBack).await.unwrap();
    }

    pub async fn job(&self, id: i64) -> JobRow {
        self.ledger().job(id).await.unwrap()
    }

    pub async fn play(&self, until: &str) {
        self.season.play(moment(until)).await.unwrap();
    }

    /// Names of the events of a job, in order.
    pub async fn story_of_job(&self, id: i64) -> Vec<String> {
        self.ledger().events_of_job(id).await.unwrap().into_iter().map(|event| event.name).collect()
    }
}

/// Writes into the database of a ledger, past it.
pub async fn execute(ledger: &Ledger, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match ledger.db() {
        Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
    }
}

/// Settings over a folder, and a database when there is one.
pub fn settings(folder: &TempDir, database: Option<&Database>, engine: EngineSettings) -> Settings {
    let mut settings = Settings { engine, ..Settings::default() };
    settings.data.folder = folder.path().to_path_buf();
    if let Some(database) = database {
        database.url().clone_into(&mut settings.ledger.url);
    }
    settings
}
