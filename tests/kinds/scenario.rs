//! What each kind is played on: a customer, what came before, the arguments, and how it ends.

use crate::{
    faults::{Fault, Faulty},
    harness::{On, TestApp, moment},
    import::{self, Before, With},
    state::{self, State},
};
use chrono::Duration;
use rollover::ledger::{JobMove, NewJob};
use rollover_jobs::{Customer, JobContext, JobFacts, Stop, WriteProof, find_kind, plan::Trigger};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::sync::CancellationToken;

pub struct Scenario {
    pub name: &'static str,
    pub kind: &'static str,
    /// How it ends: the outcome of an import, `ok`, or the form of the stop.
    pub ends: &'static str,
    now: &'static str,
    before: Before,
}

const SPRING: &str = "2024-05-02T00:30:00Z";

pub fn scenarios() -> Vec<Scenario> {
    let plain = |name, kind, ends, before| Scenario { name, kind, ends, now: SPRING, before };
    let mut all = vec![
        plain("noop", "noop", "ok", Before::Nothing),
        plain("a sign-off that is open", "sign_off", "wait", Before::Task { signed: false }),
        plain("a sign-off that was given", "sign_off", "ok", Before::Task { signed: true }),
        plain("a mail that waits", "send_status_mail", "ok", Before::Mail),
        plain("a mail that does not exist", "send_status_mail", "fail", Before::Nothing),
        plain("a pause", "pause_integration", "ok", Before::Nothing),
        plain("a pause in summer school", "pause_integration", "fail", Before::SummerSchool),
        plain("files of long ago", "purge_snapshots", "ok", Before::OldBackups),
        plain("a roster that is late", "check_roster_came", "fail", Before::RosterDue),
        plain("a roster that nobody awaits", "check_roster_came", "ok", Before::Nothing),
        plain("keys without a roster", "check_sync_keys", "wait", Before::Nothing),
        plain("keys by the roster that waits", "check_sync_keys", "ok", Before::AccountsByHand),
        plain("a resume", "resume_integration", "ok", Before::Paused),
        plain("a resume of what is active", "resume_integration", "ok", Before::Nothing),
        plain("a window begins", "start_delay_delete", "ok", Before::Nothing),
        plain("a window ends", "end_delay_delete", "ok", Before::Window),
        plain("an undo", "undo_import", "completed", Before::Undo(With::Defaults)),
        plain("an undo, archiving", "undo_import", "completed", Before::Undo(With::CourseArchiving)),
        plain("an undo in the window", "undo_import", "completed", Before::Undo(With::Window)),
        plain("an undo that the Filter stops", "undo_import", "abort", Before::Undo(With::StrictFilter)),
        plain("an undo in a pause", "undo_import", "fail", Before::Undo(With::Paused)),
        plain("an undo that nobody decided", "undo_import", "fail", Before::Nothing),
        plain("an undone roster again", "import_roster", "fail", Before::Undone),
        plain("a window that was none", "end_delay_delete", "ok", Before::Nothing),
    ];
    let imports = import::CASES.iter().map(|case| Scenario {
        name: case.name,
        kind: "import_roster",
        ends: case.ends,
        now: case.now,
        before: Before::Import(case),
    });
    all.extend(imports);
    all
}

/// A scenario that was set up, with one job of its kind.
pub struct Played {
    test: std::sync::Arc<TestApp>,
    customer: Customer,
    kind: &'static str,
    args: Value,
    task: Option<i64>,
    job: i64,
    calls: AtomicUsize,
}

impl Scenario {
    pub async fn play(&self) -> Played {
        let test = std::sync::Arc::new(TestApp::new(On::Sqlite, self.now).await);
        let (customer, task) = import::set_up(&test, &self.before).await;
        let args = self.args();
        let job = made(&test, &customer, self.kind, &args).await;
        Played { test, customer, kind: self.kind, args, task, job, calls: AtomicUsize::new(0) }
    }

    fn args(&self) -> Value {
        match self.kind {
            "import_roster" => json!({}),
            kind => find_kind(kind).unwrap().sample_args(),
        }
    }

    /// One word for how an attempt ended.
    pub fn word(&self, result: &Result<Value, Stop>) -> String {
        match result {
            Ok(report) => report["outcome"].as_str().unwrap_or("ok").to_owned(),
            Err(Stop::Retry { .. }) => "retry".to_owned(),
            Err(Stop::Wait { .. }) => "wait".to_owned(),
            Err(Stop::Fail { .. }) => "fail".to_owned(),
            Err(Stop::Abort { .. }) => "abort".to_owned(),
        }
    }

    /// The word, and of a stop all that people read.
    pub fn end_of(&self, result: &Result<Value, Stop>) -> String {
        let said = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        format!("{}: {said}", self.word(result))
    }
}

async fn made(test: &TestApp, customer: &Customer, kind: &str, args: &Value) -> i64 {
    let job = NewJob {
        task: None,
        customer: Some(customer.id.to_string()),
        kind: kind.to_owned(),
        args: args.clone(),
        lane: None,
        due_at: test.now(),
    };
    test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0]
}

impl Played {
    /// Claims the job, runs its kind on the real ports, and hands the job back.
    pub async fn attempt(&self, fault: Option<Fault>) -> Result<Value, Stop> {
        let (ledger, now) = (self.test.ledger(), self.test.now());
        let claim = JobMove::Claim { owner: "w".to_owned(), lease_until: now + Duration::seconds(60) };
        let row = ledger.apply(now, "w", self.job, claim).await.unwrap();
        let (ports, calls) = Faulty::around(&self.test.app.engine.ports, fault);
        let facts = JobFacts { id: row.id, task: self.task, due_at: row.due_at, attempt: 1, round: 0 };
        let proof = WriteProof::for_claimed_job(row.id, row.generation);
        let customer = Some(ledger.customer(self.customer.id.as_str()).await.unwrap());
        let cx = JobContext::live(facts, customer, ports, CancellationToken::new(), proof);
        let result = find_kind(self.kind).unwrap().run(self.args.clone(), &cx).await;
        self.calls.store(calls.load(Ordering::SeqCst), Ordering::SeqCst);
        ledger.apply(now, "w", self.job, JobMove::LeaseExpired).await.unwrap();
        result
    }

    /// Calls of ports that the last attempt made.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The same on a job of its own.
    pub async fn another_job(&self) -> Self {
        let job = made(&self.test, &self.customer, self.kind, &self.args).await;
        Self {
            test: self.test.clone(),
            customer: self.customer.clone(),
            args: self.args.clone(),
            job,
            calls: AtomicUsize::new(0),
            ..*self
        }
    }

    pub async fn state(&self) -> State {
        state::of(&self.test, &self.customer).await
    }
}

/// A task to be signed off, and the sign-off when it was given.
pub async fn task(test: &TestApp, signed: bool) -> i64 {
    let task = test.task("nes", "sign_off", json!({"what": "x"}), Trigger::Hand, None).await.id;
    if signed {
        test.ledger().sign_off(moment(SPRING), "Ingrid", task, "by phone").await.unwrap();
    }
    task
}
