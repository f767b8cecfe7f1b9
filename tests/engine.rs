//! The engine on both databases: states, retries, lanes, fences, leases, followers.

#![cfg(test)]

mod harness;

use harness::{Act, On, TestApp, moment, on_both_engines, program::until};
use rollover::{
    engine::{Worker, reap, tick},
    ledger::{JobMove, TaskFilter},
    model::{JobState, TaskState},
};
use rollover_jobs::plan::Trigger;

const NOW: &str = "2024-06-03T08:00:00Z";

on_both_engines!(
    a_job_runs_once_and_its_history_is_kept,
    an_unready_world_is_tried_again_until_attempts_end,
    a_panic_fails_an_attempt_and_nothing_else,
    waiting_for_a_date_is_no_attempt,
    waiting_for_a_date_that_is_past_is_no_loop,
    an_unknown_kind_and_unreadable_arguments_fail_the_job_alone,
    one_customer_one_lane_at_a_time,
    a_silent_worker_loses_its_job_and_its_late_word_is_refused,
    a_job_that_silences_every_worker_is_given_up,
    a_reaper_that_comes_late_leaves_the_next_claim_alone,
    a_due_moment_fires_once_with_two_schedulers,
    a_customer_that_cannot_be_read_holds_up_no_other,
    a_waiting_job_looks_again_at_the_next_moment,
    a_sign_off_ends_the_wait,
    a_sign_off_before_the_moment_is_kept,
    cancel_reaches_a_running_job,
    a_stopping_worker_hands_its_job_back,
    how_a_job_ended_outlasts_an_outage_and_its_lease_is_kept,
    tickets_that_led_to_nothing_are_sent_again,
);

async fn a_job_runs_once_and_its_history_is_kept(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    assert_eq!(test.season.settle().await.unwrap(), 1);
    let row = test.job(job).await;
    assert_eq!((row.state, row.attempt), (JobState::Done, 1));
    assert_eq!(row.report.unwrap().0["attempt"], 1);
    assert_eq!(test.story_of_job(job).await, ["enqueued", "claimed", "finished"]);
    // The same ticket again, as a queue may bring it.
    let worker = Worker::new(test.app.engine.clone(), "other".to_owned());
    assert!(worker.work(job, 0).await.is_none());
    assert_eq!(test.season.settle().await.unwrap(), 0);
}

async fn an_unready_world_is_tried_again_until_attempts_end(on: On) {
    let test = TestApp::new(on, NOW).await;
    let lucky = test.scripted_job(None, &[Act::Retry, Act::Succeed]).await;
    let never = test.scripted_job(None, &[Act::Retry]).await;
    test.play("2024-06-03T09:00:00Z").await;
    assert_eq!((test.job(lucky).await.state, test.job(lucky).await.attempt), (JobState::Done, 2));
    let row = test.job(never).await;
    assert_eq!((row.state, row.attempt), (JobState::Failed, 3));
    assert_eq!(row.why.unwrap(), "the world is not ready (the last of 3 attempts)");
}

async fn a_panic_fails_an_attempt_and_nothing_else(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = test.scripted_job(None, &[Act::Panic, Act::Succeed]).await;
    test.play("2024-06-03T09:00:00Z").await;
    assert_eq!(test.job(job).await.state, JobState::Done);
    let notes: Vec<_> =
        test.ledger().events_of_job(job).await.unwrap().into_iter().filter_map(|event| event.note).collect();
    assert!(notes.iter().any(|note| note.contains("scripted to panic")), "{notes:?}");
}

async fn waiting_for_a_date_is_no_attempt(on: On) {
    let test = TestApp::new(on, NOW).await;
    let until = moment("2024-06-05T06:00:00Z");
    let job = test.scripted_job(None, &[Act::WaitUntil(until)]).await;
    test.play("2024-06-04T08:00:00Z").await;
    let row = test.job(job).await;
    assert_eq!((row.state, row.attempt, row.run_at), (JobState::Waiting, 0, Some(until)));
    assert_eq!(row.who.as_deref(), Some("teacher"));
}

async fn waiting_for_a_date_that_is_past_is_no_loop(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = test.scripted_job(None, &[Act::WaitUntil(moment("2024-06-03T07:00:00Z"))]).await;
    assert_eq!(test.season.settle().await.unwrap(), 1);
    assert_eq!(test.job(job).await.run_at, Some(moment("2024-06-03T08:01:00Z")));
}

async fn an_unknown_kind_and_unreadable_arguments_fail_the_job_alone(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = |kind: &str, args: serde_json::Value| rollover::ledger::NewJob {
        task: None,
        customer: None,
        kind: kind.to_owned(),
        args,
        lane: None,
        due_at: test.now(),
    };
    let jobs = [job("of_the_past", serde_json::json!({})), job("sign_off", serde_json::json!({"whta": 1}))];
    let ids = test.ledger().enqueue(test.now(), "test", &jobs).await.unwrap();
    let good = test.scripted_job(None, &[Act::Succeed]).await;
    test.season.settle().await.unwrap();
    let unknown = test.job(ids[0]).await;
    assert_eq!(unknown.state, JobState::Failed);
    assert!(unknown.why.unwrap().contains("of_the_past"));
    let unreadable = test.job(ids[1]).await;
    assert_eq!(unreadable.state, JobState::Failed);
    assert!(unreadable.why.unwrap().contains("arguments of sign_off"));
    assert_eq!(test.job(good).await.state, JobState::Done);
}

// DOMAIN S6
async fn one_customer_one_lane_at_a_time(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    test.customer("bergdal", &[]).await;
    let first = test.scripted_job(Some("nes"), &[Act::Hang]).await;
    let second = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    let other = test.scripted_job(Some("bergdal"), &[Act::Succeed]).await;
    let worker = Worker::new(test.app.engine.clone(), "one".to_owned());
    let hanging = tokio::spawn({
        let worker = worker.clone();
        async move { worker.work(first, 0).await }
    });
    let mut news = test.ledger().wakeups().watch();
    while test.job(first).await.state != JobState::Running {
        news.changed().await.unwrap();
    }
    assert!(worker.work(second, 0).await.is_none(), "the lane is busy");
    assert!(worker.work(other, 0).await.is_some(), "another customer's lane is free");
    let sent = test.ledger().take_unsent(test.now(), 10).await.unwrap();
    assert!(sent.iter().all(|(job, _)| *job != second), "nothing is sent into a busy lane");
    test.ledger().cancel_job(test.now(), "test", first, "enough").await.unwrap();
    worker.finish_now().await;
    hanging.await.unwrap();
    let sent = test.ledger().take_unsent(test.now(), 10).await.unwrap();
    assert!(sent.iter().any(|(job, _)| *job == second), "the lane is free again: {sent:?}");
}

async fn a_silent_worker_loses_its_job_and_its_late_word_is_refused(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    // A worker claims, and is never heard of again.
    let lease_until = test.now() + chrono::Duration::seconds(60);
    let claim = JobMove::Claim { owner: "dead".to_owned(), lease_until };
    let claimed = test.ledger().apply(test.now(), "dead", job, claim).await.unwrap();
    assert_eq!(reap(&test.app.engine).await.unwrap(), 0, "the lease still holds");
    test.clock.advance_to(moment("2024-06-03T08:01:01Z"));
    assert_eq!(reap(&test.app.engine).await.unwrap(), 1);
    let renewed = test.ledger().renew_lease(job, claimed.generation, lease_until).await.unwrap();
    assert_eq!(renewed, None, "the lease is gone");
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job).await.state, JobState::Done);
    assert_eq!(test.story_of_job(job).await, ["enqueued", "claimed", "lease_expired", "claimed", "finished"]);
    let late = test.ledger().apply(test.now(), "dead", job, JobMove::Finish { report: 1.into() }).await;
    assert!(late.is_err(), "a done job does not move");
}

async fn a_job_that_silences_every_worker_is_given_up(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    for _ in 0..3 {
        let lease_until = test.now() + chrono::Duration::seconds(60);
        let claim = JobMove::Claim { owner: "dead".to_owned(), lease_until };
        test.ledger().apply(test.now(), "dead", job, claim).await.unwrap();
        test.clock.advance_to(lease_until + chrono::Duration::seconds(1));
        reap(&test.app.engine).await.unwrap();
    }
    let row = test.job(job).await;
    assert_eq!(row.state, JobState::Failed);
    assert_eq!(row.why.unwrap(), "its worker went silent in each of 3 attempts");
}

async fn a_reaper_that_comes_late_leaves_the_next_claim_alone(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    let claim = |until| JobMove::Claim { owner: "one".to_owned(), lease_until: until };
    let first = test.now() + chrono::Duration::seconds(60);
    let seen = test.ledger().apply(test.now(), "one", job, claim(first)).await.unwrap();
    test.clock.advance_to(first + chrono::Duration::seconds(1));
    // Both reapers have seen the row; one is faster, and another worker claims the job.
    assert_eq!(reap(&test.app.engine).await.unwrap(), 1);
    let second = test.now() + chrono::Duration::seconds(60);
    let again = test.ledger().apply(test.now(), "two", job, claim(second)).await.unwrap();
    let late = test.ledger().take_from_silent(test.now(), &seen, JobMove::LeaseExpired).await;
    assert!(late.is_err(), "the other reaper comes too late");
    let row = test.job(job).await;
    assert_eq!((row.state, row.generation), (JobState::Running, again.generation));
}

// DOMAIN S2
async fn a_due_moment_fires_once_with_two_schedulers(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    for _ in 0..20 {
        test.scripted_task("nes", Trigger::Hand, NOW, &[Act::Succeed]).await;
    }
    let (one, two) = (test.app.engine.clone(), test.app.engine.clone());
    let (one, two) =
        tokio::join!(tokio::spawn(async move { tick(&one).await }), async move { tick(&two).await });
    let fired = one.unwrap().unwrap().jobs + two.unwrap().jobs;
    let again = tick(&test.app.engine).await.unwrap();
    assert_eq!(fired + again.jobs, 20);
    let jobs =
        test.ledger().jobs(&rollover::ledger::JobFilter { limit: 100, ..Default::default() }).await.unwrap();
    assert_eq!(jobs.len(), 20);
}

/// As a scheduler of the last version meets settings of the next.
async fn a_customer_that_cannot_be_read_holds_up_no_other(on: On) {
    let test = TestApp::new(on, NOW).await;
    for customer in ["bergdal", "nes"] {
        test.customer(customer, &[]).await;
        test.scripted_task(customer, Trigger::Hand, NOW, &[Act::Succeed]).await;
    }
    let sql = r#"UPDATE customer SET settings = '{"of_tomorrow": 1}' WHERE id = 'bergdal'"#;
    test.execute(sql).await;
    assert!(tick(&test.app.engine).await.is_err(), "it is told");
    let fired = test.ledger().take_unsent(test.now(), 10).await.unwrap();
    assert_eq!(fired.len(), 1);
    assert_eq!(test.job(fired[0].0).await.customer_id.as_deref(), Some("nes"));
}

// DOMAIN S5
async fn a_waiting_job_looks_again_at_the_next_moment(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let nightly = serde_json::from_value(serde_json::json!({"type": "cron", "cron": "0 6 * * *"})).unwrap();
    let task = test.scripted_task("nes", nightly, "2024-06-03T08:00:00Z", &[Act::WaitForPerson]).await;
    test.play("2024-06-05T12:00:00Z").await;
    let row = test.ledger().task(task.id).await.unwrap();
    assert_eq!((row.state, row.who.as_deref()), (TaskState::Waiting, Some("mentor")));
    assert_eq!(row.why.as_deref(), Some("weeks are open"));
    let jobs =
        test.ledger().jobs(&rollover::ledger::JobFilter { limit: 100, ..Default::default() }).await.unwrap();
    assert_eq!(jobs.len(), 1, "it waits once, however many nights pass");
    let looks = test.story_of_job(jobs[0].id).await.iter().filter(|name| *name == "claimed").count();
    assert_eq!(looks, 3);
}

// DOMAIN S4
async fn a_sign_off_ends_the_wait(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let args = serde_json::json!({"what": "templates reviewed", "who": "system_administrator"});
    let task = test.task("nes", "sign_off", args, Trigger::Hand, Some(NOW)).await;
    test.season.settle().await.unwrap();
    assert_eq!(test.ledger().task(task.id).await.unwrap().state, TaskState::Waiting);
    assert!(test.ledger().sign_off(test.now(), "Ingrid", task.id, " ").await.is_err(), "a note is needed");
    test.ledger().sign_off(test.now(), "Ingrid", task.id, "by phone with Kari").await.unwrap();
    test.season.settle().await.unwrap();
    let row = test.ledger().task(task.id).await.unwrap();
    assert_eq!(row.state, TaskState::Done);
    let waiting = TaskFilter { state: Some("waiting".to_owned()), limit: 10, ..TaskFilter::default() };
    assert!(test.ledger().tasks(&waiting).await.unwrap().is_empty());
}

// DOMAIN S4
async fn a_sign_off_before_the_moment_is_kept(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let args = serde_json::json!({"what": "templates reviewed"});
    let task = test.task("nes", "sign_off", args, Trigger::Hand, Some("2024-06-04T08:00:00Z")).await;
    test.ledger().sign_off(test.now(), "Ingrid", task.id, "done early").await.unwrap();
    assert_eq!(test.ledger().task(task.id).await.unwrap().state, TaskState::Planned);
    test.play("2024-06-04T09:00:00Z").await;
    assert_eq!(test.ledger().task(task.id).await.unwrap().state, TaskState::Done);
}

async fn cancel_reaches_a_running_job(on: On) {
    let engine = rollover::engine::EngineSettings { lease_seconds: 1, ..Default::default() };
    let test = TestApp::with(on, NOW, engine).await;
    let job = test.scripted_job(None, &[Act::Hang]).await;
    let worker = Worker::new(test.app.engine.clone(), "one".to_owned());
    let running = tokio::spawn({
        let worker = worker.clone();
        async move { worker.work(job, 0).await }
    });
    let mut news = test.ledger().wakeups().watch();
    while test.job(job).await.state != JobState::Running {
        news.changed().await.unwrap();
    }
    test.ledger().cancel_job(test.now(), "Ingrid", job, "wrong file").await.unwrap();
    let row = running.await.unwrap().unwrap();
    assert_eq!(row.state, JobState::Cancelled);
}

async fn a_stopping_worker_hands_its_job_back(on: On) {
    let engine = rollover::engine::EngineSettings { grace_seconds: 0, ..Default::default() };
    let test = TestApp::with(on, NOW, engine).await;
    let job = test.scripted_job(None, &[Act::Hang, Act::Succeed]).await;
    let worker = Worker::new(test.app.engine.clone(), "one".to_owned());
    let running = tokio::spawn({
        let worker = worker.clone();
        async move { worker.work(job, 0).await }
    });
    let mut news = test.ledger().wakeups().watch();
    while test.job(job).await.state != JobState::Running {
        news.changed().await.unwrap();
    }
    worker.finish_now().await;
    let row = running.await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.attempt, row.generation),
        (JobState::Ready, 0, 1),
        "not counted as an attempt"
    );
}

/// The history is out of reach, the leases are not: what a worker has to say can wait, and nobody takes its job.
async fn how_a_job_ended_outlasts_an_outage_and_its_lease_is_kept(on: On) {
    let engine = rollover::engine::EngineSettings { lease_seconds: 1, ..Default::default() };
    let test = TestApp::with(on, NOW, engine).await;
    let job = test.scripted_job(None, &[Act::Hang]).await;
    let worker = Worker::new(test.app.engine.clone(), "one".to_owned());
    let running = tokio::spawn({
        let worker = worker.clone();
        async move { worker.work(job, 0).await }
    });
    let mut news = test.ledger().wakeups().watch();
    while test.job(job).await.state != JobState::Running {
        news.changed().await.unwrap();
    }
    test.execute("ALTER TABLE event RENAME TO event_away").await;
    let stopping = tokio::spawn({
        let worker = worker.clone();
        async move { worker.finish_now().await }
    });
    for later in ["2024-06-03T08:10:00Z", "2024-06-03T08:20:00Z"] {
        test.clock.advance_to(moment(later));
        until("the renewed lease", async || {
            (test.job(job).await.lease_until > Some(test.now())).then_some(())
        })
        .await;
        assert_eq!(reap(&test.app.engine).await.unwrap(), 0, "the lease is kept");
    }
    test.execute("ALTER TABLE event_away RENAME TO event").await;
    stopping.await.unwrap();
    assert_eq!(running.await.unwrap().unwrap().state, JobState::Ready);
    assert_eq!(test.story_of_job(job).await, ["enqueued", "claimed", "given_back"]);
}

async fn tickets_that_led_to_nothing_are_sent_again(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    assert_eq!(test.ledger().take_unsent(test.now(), 10).await.unwrap(), [(job, 0)]);
    assert!(test.ledger().take_unsent(test.now(), 10).await.unwrap().is_empty(), "sent once");
    assert_eq!(test.ledger().forget_sent_before(test.now()).await.unwrap(), 0);
    let later = test.now() + chrono::Duration::seconds(1);
    assert_eq!(test.ledger().forget_sent_before(later).await.unwrap(), 1);
    assert_eq!(test.ledger().take_unsent(test.now(), 10).await.unwrap(), [(job, 0)]);
    assert_eq!(test.ledger().forget_all_sent().await.unwrap(), 1);
    assert_eq!(test.ledger().take_unsent(test.now(), 10).await.unwrap(), [(job, 0)]);
}
