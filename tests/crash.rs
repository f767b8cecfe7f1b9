//! Real processes, killed with `kill -9` in the middle of each job kind: another goes on, to the same end.
//!
//! The middle is made by the database: a trigger holds a write of the job until the process is dead.

#![cfg(test)]

mod harness;

use chrono::NaiveDate;
use harness::{
    On,
    program::{SetUp, now, until},
};
use rollover::{
    ledger::{NewJob, NewTaskRow, NewUndo},
    model::{JobState, TaskState},
};
use rollover_jobs::{Calendar, Customer, CustomerId, CustomerSettings, plan::Trigger};
use rollover_roster::{
    invent::{Invention, Municipality},
    model::Roster,
    snapshot::SnapshotId,
    write::write_imse,
};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::fs;

const CUSTOMER: &str = "nes";

/// Where a write of the job is held.
#[derive(Clone, Copy)]
struct Hold {
    /// `UPDATE ON job`.
    write: &'static str,
    /// Which rows; the same text on both engines.
    when: &'static str,
}

/// A job kind and the moment of its death.
struct Death {
    kind: &'static str,
    args: Value,
    hold: Hold,
    /// The integration is paused, or its deletes wait, before the job runs.
    before: Before,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Paused,
    Delayed,
    /// A first import has left its status mail in the outbox.
    MailWaits,
    /// The same, and somebody has decided to undo it: the whole site goes.
    UndoDecided,
}

const INTEGRATION: Hold = Hold { write: "UPDATE ON integration", when: "true" };

/// The job has run, and its end is about to be recorded.
const ENDED: Hold = Hold { write: "UPDATE ON job", when: "NEW.state = 'done'" };
/// The same, past the mail that waits.
const UNDO_ENDED: Hold =
    Hold { write: "UPDATE ON job", when: "NEW.state = 'done' AND NEW.kind = 'undo_import'" };
/// Some batches of the import are at the site, others are not.
const BETWEEN_BATCHES: Hold =
    Hold { write: "UPDATE ON integration", when: "OLD.begun IS NOT NULL AND NEW.begun IS NOT NULL" };
/// All of it is at the site, and the run is not recorded.
const BEFORE_THE_RECORD: Hold = Hold { write: "INSERT ON import_run", when: "true" };
/// The mail has left, and is not marked as sent.
const BEFORE_THE_MARK: Hold = Hold { write: "UPDATE ON mail", when: "true" };

/// Makes a test on either way of running of each death.
macro_rules! deaths {
    ($($name:ident: $kind:literal $args:tt, $hold:expr, $before:expr;)*) => {
        mod embedded { $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
            use super::*;
            survives(On::Sqlite, Death { kind: $kind, args: json!($args), hold: $hold, before: $before }).await;
        })* }
        mod on_servers { $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
            use super::*;
            survives(On::Postgres, Death { kind: $kind, args: json!($args), hold: $hold, before: $before }).await;
        })* }
    };
}

deaths! {
    noop: "noop" {}, ENDED, Before::Nothing;
    pause_integration: "pause_integration" {"why": "summer"}, INTEGRATION, Before::Nothing;
    resume_integration: "resume_integration" {}, INTEGRATION, Before::Paused;
    start_delay_delete: "start_delay_delete" {"start": "2099-06-22", "end": "2099-08-18"}, INTEGRATION, Before::Nothing;
    end_delay_delete: "end_delay_delete" {}, INTEGRATION, Before::Delayed;
    import_roster_between_batches: "import_roster" {}, BETWEEN_BATCHES, Before::Nothing;
    import_roster_before_the_record: "import_roster" {}, BEFORE_THE_RECORD, Before::Nothing;
    import_roster_before_its_end: "import_roster" {}, ENDED, Before::Nothing;
    undo_import_between_batches: "undo_import" {}, BETWEEN_BATCHES, Before::UndoDecided;
    undo_import_before_the_record: "undo_import" {}, BEFORE_THE_RECORD, Before::UndoDecided;
    undo_import_before_its_end: "undo_import" {}, UNDO_ENDED, Before::UndoDecided;
    send_status_mail: "send_status_mail" {"mail": 1}, BEFORE_THE_MARK, Before::MailWaits;
}

/// What is left is the same as if nobody had died.
async fn survives(on: On, death: Death) {
    let undisturbed = play(on, &death, false).await;
    let killed = play(on, &death, true).await;
    let odd: Vec<_> = killed.iter().filter(|line| !undisturbed.contains(line)).take(5).collect();
    let lacking: Vec<_> = undisturbed.iter().filter(|line| !killed.contains(line)).take(5).collect();
    assert!(killed == undisturbed, "{odd:?} in place of {lacking:?}");
}

/// Runs the job, killed or not, and gives all that is left of it in ledger, site and folders.
async fn play(on: On, death: &Death, kill: bool) -> Vec<String> {
    let set_up = SetUp::new(on).await;
    prepare(&set_up, death.before).await;
    if kill {
        hold(&set_up, death.hold).await;
    }
    let mut processes = set_up.start();
    let job = match death.before {
        Before::MailWaits => waiting_mail(&set_up).await,
        Before::UndoDecided => undo_decided(&set_up).await,
        _ => set_up.enqueue(Some(CUSTOMER), death.kind, &death.args, 1).await[0],
    };
    if kill {
        until_held(&set_up, job).await;
        processes.last_mut().expect("the last one works").end();
        release(&set_up, death.hold).await;
        processes.pop();
        processes.push(if set_up.is_embedded() { set_up.up() } else { set_up.role("work") });
    }
    let row = set_up.until_job(job, |row| row.state.is_final()).await;
    assert_eq!(row.state, JobState::Done, "{}: {:?}", death.kind, row.why);
    until("every job", async || {
        let filter = rollover::ledger::JobFilter { limit: 100, ..Default::default() };
        let jobs = set_up.ledger.jobs(&filter).await.ok()?;
        jobs.iter().all(|job| job.state.is_final()).then_some(())
    })
    .await;
    if kill {
        let story = set_up.ledger.events_of_job(job).await.unwrap();
        let expired = story.iter().filter(|event| event.name == "lease_expired").count();
        assert_eq!(expired, 1, "the dead one is found out by its lease: {story:?}");
    }
    left_behind(&set_up).await
}

async fn prepare(set_up: &SetUp, before: Before) {
    let customer = Customer {
        id: CUSTOMER.parse().unwrap(),
        name: "Nes kommune".to_owned(),
        country: "NO".parse().unwrap(),
        time_zone: chrono_tz::Europe::Oslo,
        mis: "fjordsas".to_owned(),
        middleware: None,
        modules: vec!["courses".to_owned()],
        settings: CustomerSettings {
            status_mail_to: vec!["it@customer.example".to_owned()],
            ..CustomerSettings::default()
        },
    };
    set_up.ledger.add_customer(now(), "test", &customer).await.unwrap();
    let year_start = NaiveDate::from_ymd_opt(2024, 8, 19);
    let calendar = Calendar { school_year_start: year_start, ..Calendar::default() };
    set_up.ledger.set_calendar(now(), "test", CUSTOMER, 2024, &calendar).await.unwrap();
    lay_down_roster(set_up);
    match before {
        Before::Nothing => {}
        Before::Paused => run_first(set_up, "pause_integration", &json!({"why": "summer"})).await,
        Before::Delayed => {
            run_first(set_up, "start_delay_delete", &json!({"start": "2099-06-22", "end": "2099-08-18"}))
                .await;
        }
        // Only the import runs here: `import run` leaves the mail to whoever works later.
        Before::MailWaits | Before::UndoDecided => {
            let done = set_up.run(&["import", "run", CUSTOMER]);
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }
}

/// The job of the decision to undo the first run.
async fn undo_decided(set_up: &SetUp) -> i64 {
    let customer: CustomerId = CUSTOMER.parse().unwrap();
    let undo = NewUndo {
        customer: customer.clone(),
        run: 1,
        stood: SnapshotId::of(&Roster::default()),
        mirror: set_up.ledger.integration(&customer).await.unwrap().mirror.unwrap(),
        limits: None,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "as tested".to_owned(),
    };
    let job = |decision: i64| NewJob {
        task: None,
        customer: Some(CUSTOMER.to_owned()),
        kind: "undo_import".to_owned(),
        args: json!({ "decision": decision }),
        lane: Some("site"),
        due_at: now(),
    };
    set_up.ledger.decide_undo(now(), &undo, job).await.unwrap().1
}

/// The job that the import made for its mail.
async fn waiting_mail(set_up: &SetUp) -> i64 {
    let filter = rollover::ledger::JobFilter {
        kind: Some("send_status_mail".to_owned()),
        limit: 1,
        ..rollover::ledger::JobFilter::default()
    };
    set_up.ledger.jobs(&filter).await.unwrap()[0].id
}

async fn run_first(set_up: &SetUp, kind: &str, args: &Value) {
    let processes = set_up.start();
    let job = set_up.enqueue(Some(CUSTOMER), kind, args, 1).await[0];
    set_up.until_job(job, |row| row.state == JobState::Done).await;
    drop(processes);
}

fn lay_down_roster(set_up: &SetUp) {
    let folder = set_up.folder.path().join("rosters").join(CUSTOMER);
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    // So large that it takes several batches.
    let roster = Municipality::new(&Invention { schools: 5, ..Invention::small(7) }).roster();
    write_imse(&mut text, &roster, "fjordsas", "2024-06-01T02:00:00").unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

/// Long enough for any kill.
const HELD_SECONDS: u32 = 600;
const DOUBLE: &str = "INSERT INTO many SELECT n FROM many";

async fn hold(set_up: &SetUp, hold: Hold) {
    let Hold { write, when } = hold;
    match &set_up.database {
        Some(database) => {
            let mut connection = PgConnection::connect(database.url()).await.unwrap();
            for sql in [
                format!(
                    "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN PERFORM pg_sleep({HELD_SECONDS}); RETURN NEW; END $$"
                ),
                format!(
                    "CREATE TRIGGER hold BEFORE {write} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION hold()"
                ),
            ] {
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            }
        }
        None => {
            let mut connection = sqlite(set_up).await;
            // SQLite has no sleep: a join that no machine finishes in time holds the write in its place.
            let held = format!(
                "CREATE TRIGGER hold BEFORE {write} WHEN {when} BEGIN \
                 SELECT count(*) FROM many a, many b, many c, many d WHERE a.n + b.n + c.n + d.n = 0; END"
            );
            let mut statements = vec!["CREATE TABLE many (n INTEGER)", "INSERT INTO many VALUES (1)"];
            statements.extend([DOUBLE; 11]);
            for sql in statements.into_iter().map(str::to_owned).chain([held]) {
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            }
        }
    }
}

/// Until the job runs and one of its writes is held.
async fn until_held(set_up: &SetUp, job: i64) {
    set_up.until_job(job, |row| row.state == JobState::Running).await;
    match &set_up.database {
        Some(database) => {
            let url = database.url();
            until("a write that is held", async || {
                let mut connection = PgConnection::connect(url).await.ok()?;
                let held: i64 = sqlx::query_scalar(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
                )
                .fetch_one(&mut connection)
                .await
                .ok()?;
                (held > 0).then_some(())
            })
            .await;
        }
        None => {
            until("a write that is held", async || {
                let mut connection = sqlite(set_up).await;
                sqlx::query("PRAGMA busy_timeout = 700").execute(&mut connection).await.unwrap();
                sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.is_err().then_some(())
            })
            .await;
        }
    }
}

async fn release(set_up: &SetUp, hold: Hold) {
    let table = hold.write.rsplit(' ').next().unwrap();
    match &set_up.database {
        Some(database) => {
            let mut connection = PgConnection::connect(database.url()).await.unwrap();
            // The server has not noticed yet that its client is dead: it would hold the row until it does.
            sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event = 'PgSleep'",
            )
            .execute(&mut connection)
            .await
            .unwrap();
            let drop = format!("DROP TRIGGER hold ON {table}");
            sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        }
        None => {
            let mut connection = sqlite(set_up).await;
            sqlx::query("DROP TRIGGER hold").execute(&mut connection).await.unwrap();
        }
    }
}

async fn sqlite(set_up: &SetUp) -> SqliteConnection {
    let path = set_up.folder.path().join("ledger.db");
    SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap()
}

/// Everything that must be the same in the end: no moments, no numbers of attempts.
const LEFT_BEHIND: &[&str] = &[
    "SELECT concat_ws('|', 'group', source, sync_key, name, parent_key, made_by, hash) FROM site_group ORDER BY 1",
    "SELECT concat_ws('|', 'person', source, sync_key, state, made_by, hash) FROM site_person ORDER BY 1",
    "SELECT concat_ws('|', 'course', source, sync_key, state, made_by, hash) FROM site_course ORDER BY 1",
    "SELECT concat_ws('|', 'member', group_key, person_key, role, made_by, hash) FROM site_membership ORDER BY 1",
    "SELECT concat_ws('|', 'integration', pause_why, delay_start, delay_end, import_snapshot, mirror_snapshot) FROM integration",
    "SELECT concat_ws('|', 'run', outcome, roster) FROM import_run ORDER BY 1",
    "SELECT concat_ws('|', 'decision', kind, used_by_run IS NOT NULL) FROM decision ORDER BY 1",
    "SELECT concat_ws('|', 'mail', subject, sent_at IS NOT NULL) FROM mail ORDER BY 1",
    "SELECT concat_ws('|', 'job', kind, state) FROM job ORDER BY 1",
];

async fn left_behind(set_up: &SetUp) -> Vec<String> {
    let mut found = Vec::new();
    for sql in LEFT_BEHIND {
        let rows: Vec<String> = match &set_up.database {
            Some(database) => {
                let mut connection = PgConnection::connect(database.url()).await.unwrap();
                sqlx::query_scalar(*sql).fetch_all(&mut connection).await.unwrap()
            }
            None => sqlx::query_scalar(*sql).fetch_all(&mut sqlite(set_up).await).await.unwrap(),
        };
        found.extend(rows);
    }
    for folder in ["mail", "rosters/nes", "rosters/nes/backup", "snapshots"] {
        let entries = fs::read_dir(set_up.folder.path().join(folder)).into_iter().flatten().flatten();
        found.push(format!("{folder}: {} entries", entries.count()));
    }
    found
}

// DOMAIN S4
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_off_survives_the_death_of_its_worker_embedded() {
    sign_off_survives(On::Sqlite).await;
}

// DOMAIN S4
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_off_survives_the_death_of_its_worker_on_servers() {
    sign_off_survives(On::Postgres).await;
}

async fn sign_off_survives(on: On) {
    let set_up = SetUp::new(on).await;
    prepare(&set_up, Before::Nothing).await;
    let waits = Hold { write: "UPDATE ON job", when: "NEW.state = 'waiting'" };
    hold(&set_up, waits).await;
    let row = NewTaskRow {
        customer: Some(CUSTOMER.to_owned()),
        position: 0,
        step: "review".to_owned(),
        title: "Review the templates".to_owned(),
        help: String::new(),
        kind: "sign_off".to_owned(),
        args: json!({"what": "templates reviewed"}),
        schedule: Trigger::Hand,
        needs: Vec::new(),
        catch_up: "run_once".to_owned(),
        owner: "support_agent".to_owned(),
        sign_off: true,
        deadline: None,
        state: TaskState::Planned,
        why: None,
        due_at: Some(now()),
    };
    let task = set_up.ledger.add_task(now(), "test", &row).await.unwrap().id;
    let mut processes = set_up.start();
    let job = until("the job of the task", async || {
        let filter = rollover::ledger::JobFilter { task: Some(task), limit: 1, ..Default::default() };
        set_up.ledger.jobs(&filter).await.ok()?.first().map(|job| job.id)
    })
    .await;
    until_held(&set_up, job).await;
    processes.last_mut().unwrap().end();
    release(&set_up, waits).await;
    processes.pop();
    processes.push(if set_up.is_embedded() { set_up.up() } else { set_up.role("work") });
    set_up.until_job(job, |row| row.state == JobState::Waiting).await;
    set_up.ledger.sign_off(now(), "Ingrid", task, "by phone with Kari").await.unwrap();
    set_up.until_job(job, |row| row.state == JobState::Done).await;
    assert_eq!(set_up.ledger.task(task).await.unwrap().state, TaskState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_asked_to_stop_hands_back_what_does_not_end() {
    let set_up = SetUp::new(On::Postgres).await;
    prepare(&set_up, Before::Nothing).await;
    fs::write(set_up.folder.path().join("rollover.toml"), "[engine]\ngrace_seconds = 1\n").unwrap();
    hold(&set_up, INTEGRATION).await;
    let mut processes = set_up.start();
    let args = json!({"why": "summer"});
    let job = set_up.enqueue(Some(CUSTOMER), "pause_integration", &args, 1).await[0];
    until_held(&set_up, job).await;
    let mut worker = processes.pop().unwrap();
    worker.signal("TERM");
    assert_eq!(worker.wait(), Some(0), "it ends as it should");
    let row = set_up.ledger.job(job).await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Ready, 0), "handed back, and not counted as an attempt");
    release(&set_up, INTEGRATION).await;
    let another = set_up.role("work");
    set_up.until_job(job, |row| row.state == JobState::Done).await;
    drop(another);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_in_one_process_ends_when_asked_to() {
    let set_up = SetUp::new(On::Sqlite).await;
    let mut process = set_up.up();
    process.signal("TERM");
    assert_eq!(process.wait(), Some(0));
}
