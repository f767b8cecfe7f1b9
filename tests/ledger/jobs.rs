//! What each event makes of a job's row and of its history.

use super::{
    NOW,
    harness::{On, TestApp, moment, on_both_engines},
};
use chrono::{DateTime, Duration, Utc};
use rollover::{
    ledger::{JobMove, JobRow, LedgerError, NewJob},
    model::JobState,
};
use serde_json::{Value, json};

on_both_engines!(
    every_event_of_a_running_job,
    every_event_of_a_job_that_waits_or_is_over,
    an_event_that_the_state_does_not_know_changes_nothing,
    a_report_is_kept_whatever_its_form,
    a_cancel_is_at_once_or_asked_for,
);

fn at(seconds: i64) -> DateTime<Utc> {
    moment(NOW) + Duration::seconds(seconds)
}

fn words(text: &str) -> String {
    text.to_owned()
}

async fn ready(test: &TestApp) -> i64 {
    let job = NewJob {
        task: None,
        customer: Some(words("nes")),
        kind: words("noop"),
        args: json!({"deep": [1, {"a": null}]}),
        lane: None,
        due_at: at(-10),
    };
    test.ledger().enqueue(at(0), "test", &[job]).await.unwrap()[0]
}

async fn applied(test: &TestApp, id: i64, when: i64, event: JobMove) -> JobRow {
    let told = test.ledger().apply(at(when), "somebody", id, event).await.unwrap();
    let stands = test.job(id).await;
    assert_eq!(told, stands, "what was told is what stands");
    stands
}

async fn running(test: &TestApp) -> JobRow {
    let id = ready(test).await;
    applied(test, id, 5, JobMove::Claim { owner: words("w"), lease_until: at(65) }).await
}

/// The last line of the job's history: event, states, note.
async fn last_line(test: &TestApp, id: i64) -> (String, String, String, Option<String>) {
    let line = test.ledger().events_of_job(id).await.unwrap().pop().unwrap();
    assert_eq!((line.actor.as_str(), line.customer_id.as_deref()), ("somebody", Some("nes")));
    (line.name, line.from_state.unwrap(), line.to_state.unwrap(), line.note)
}

async fn every_event_of_a_running_job(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let cases: [(JobMove, JobRow); 8] = {
        let row = running(&test).await;
        assert_eq!((row.state, row.attempt, row.generation), (JobState::Running, 1, 0));
        assert_eq!((row.due_at, row.run_at, row.started_at), (at(-10), Some(at(0)), Some(at(5))));
        assert_eq!(row.args.0, json!({"deep": [1, {"a": null}]}));
        // What every end has in common.
        let ended = JobRow { generation: 1, run_at: None, lease_owner: None, lease_until: None, ..row };
        let over = |state, why: Option<&str>| JobRow {
            state,
            why: why.map(words),
            ended_at: Some(at(9)),
            ..ended.clone()
        };
        let back = |attempt| JobRow { state: JobState::Ready, attempt, run_at: Some(at(9)), ..ended.clone() };
        let waits = |until| JobRow {
            state: JobState::Waiting,
            attempt: 0,
            run_at: until,
            why: Some(words("open")),
            who: Some(words("mentor")),
            ..ended.clone()
        };
        let wait = |until| JobMove::Wait { until, why: words("open"), who: words("mentor") };
        let report = Some(sqlx::types::Json(json!({"a": 1})));
        let retrying = JobRow {
            state: JobState::Retrying,
            run_at: Some(at(60)),
            why: Some(words("busy")),
            ..ended.clone()
        };
        [
            (JobMove::Finish { report: json!({"a": 1}) }, JobRow { report, ..over(JobState::Done, None) }),
            (JobMove::RetryLater { run_at: at(60), why: words("busy") }, retrying),
            (JobMove::GiveUp { why: words("no") }, over(JobState::Failed, Some("no"))),
            (JobMove::Abort { why: words("harm") }, over(JobState::Aborted, Some("harm"))),
            (wait(None), waits(None)),
            (wait(Some(at(3_600))), waits(Some(at(3_600)))),
            (JobMove::GiveBack, back(0)),
            (JobMove::LeaseExpired, back(1)),
        ]
    };
    for (event, expected) in cases {
        let before = running(&test).await;
        let row = applied(&test, before.id, 9, event.clone()).await;
        assert_eq!(row, JobRow { id: before.id, ..expected }, "{event:?}");
        let line = (event.event().as_str().to_owned(), words("running"), row.state.to_string(), event.note());
        assert_eq!(last_line(&test, row.id).await, line);
    }
}

async fn every_event_of_a_job_that_waits_or_is_over(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let wait = JobMove::Wait { until: None, why: words("open"), who: words("mentor") };
    let waiting = applied(&test, running(&test).await.id, 9, wait.clone()).await;
    let woken = applied(&test, waiting.id, 11, JobMove::Wake).await;
    assert_eq!((woken.state, woken.generation, woken.run_at), (JobState::Ready, 2, Some(at(11))));
    assert_eq!((woken.why, woken.who, woken.attempt), (None, None, 0));
    let claimed =
        applied(&test, waiting.id, 12, JobMove::Claim { owner: words("w"), lease_until: at(70) }).await;
    assert_eq!((claimed.attempt, claimed.started_at), (1, Some(at(5))), "it started when it first ran");

    let pause = JobMove::RetryLater { run_at: at(600), why: words("busy") };
    let retrying = applied(&test, running(&test).await.id, 9, pause).await;
    let woken = applied(&test, retrying.id, 10, JobMove::Wake).await;
    assert_eq!((woken.state, woken.attempt, woken.run_at), (JobState::Ready, 1, Some(at(10))));

    let failed = applied(&test, running(&test).await.id, 9, JobMove::GiveUp { why: words("no") }).await;
    let again = applied(&test, failed.id, 20, JobMove::RunAgain { why: words("mended") }).await;
    assert_eq!((again.state, again.attempt, again.generation), (JobState::Ready, 0, 2));
    assert_eq!((again.run_at, again.ended_at, again.report), (Some(at(20)), None, None));
    assert_eq!(
        last_line(&test, again.id).await,
        (words("run_again"), words("failed"), words("ready"), Some(words("mended")))
    );
    assert_eq!(test.ledger().take_unsent(at(20), 9).await.unwrap().len(), 2, "both woken and again");
}

async fn an_event_that_the_state_does_not_know_changes_nothing(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let done = applied(&test, running(&test).await.id, 9, JobMove::Finish { report: json!({}) }).await;
    let moves = [
        JobMove::Claim { owner: words("w"), lease_until: at(65) },
        JobMove::Finish { report: json!({}) },
        JobMove::Wake,
        JobMove::Cancel { why: words("enough") },
        JobMove::RunAgain { why: words("again") },
        JobMove::LeaseExpired,
    ];
    for event in moves {
        let refused = test.ledger().apply(at(10), "somebody", done.id, event.clone()).await;
        assert!(matches!(refused, Err(LedgerError::NotAllowed(_))), "{event:?}: {refused:?}");
    }
    assert_eq!(test.job(done.id).await, done);
    assert_eq!(test.story_of_job(done.id).await, ["enqueued", "claimed", "finished"]);
}

async fn a_report_is_kept_whatever_its_form(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let forms = [
        json!("a text"),
        json!("\"quoted\""),
        json!("2024-06-03"),
        json!(7),
        json!(2.5),
        json!(true),
        json!(["a", null]),
        json!({"ø": {"deep": [1]}}),
        json!({}),
    ];
    for form in forms {
        let id = running(&test).await.id;
        let row = applied(&test, id, 9, JobMove::Finish { report: form.clone() }).await;
        assert_eq!(row.report.map(|report| report.0), Some(form));
    }
    let id = running(&test).await.id;
    test.ledger().apply(at(9), "w", id, JobMove::Finish { report: Value::Null }).await.unwrap();
    assert_eq!(test.job(id).await.report, None, "nothing to report is no report");
}

async fn a_cancel_is_at_once_or_asked_for(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let idle = ready(&test).await;
    let row = test.ledger().cancel_job(at(1), "Ingrid", idle, "wrong file").await.unwrap();
    assert_eq!((row.state, row.run_at, row.ended_at), (JobState::Cancelled, None, Some(at(1))));
    assert_eq!(row.why.as_deref(), Some("wrong file"));
    let busy = running(&test).await;
    let mut news = test.ledger().wakeups().watch();
    news.mark_unchanged();
    let row = test.ledger().cancel_job(at(6), "Ingrid", busy.id, "wrong file").await.unwrap();
    assert!(news.has_changed().unwrap(), "who looks at the job is told");
    assert_eq!(row, JobRow { cancel_requested: true, ..busy.clone() }, "its worker ends it");
    let line = test.ledger().events_of_job(busy.id).await.unwrap().pop().unwrap();
    assert_eq!((line.name.as_str(), line.actor.as_str()), ("cancel_requested", "Ingrid"));
    let ended = applied(&test, busy.id, 7, JobMove::Cancel { why: words("asked") }).await;
    assert!(!ended.cancel_requested);
    let late = test.ledger().cancel_job(at(8), "Ingrid", busy.id, "again").await;
    assert_eq!(late.unwrap_err().to_string(), "the job is cancelled, so it cannot be cancelled");
    assert!(test.ledger().cancel_job(at(8), "Ingrid", idle, " ").await.is_err(), "a reason is needed");
}
