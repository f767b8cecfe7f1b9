//! Rows of another version: each holds up no other, and what is due of them fails with the reason.

use super::{
    NOW,
    harness::{Act, On, TestApp, on_both_engines},
    plan_of, planned, step, trigger,
};
use chrono::Duration;
use rollover::{
    engine::{Worker, reap, tick},
    ledger::{EventRow, Grouped, JobFilter, JobMove, NewTaskRow, TaskFilter},
    model::{JobState, TaskState},
};
use rollover_jobs::plan::Trigger;
use serde_json::json;

on_both_engines!(
    a_due_task_that_cannot_be_read_fails_and_the_others_fire,
    what_follows_a_task_that_cannot_be_read_starts,
    a_task_that_cannot_be_read_hinders_no_other_of_its_plan,
    lists_go_on_without_what_cannot_be_read,
    a_due_job_that_cannot_be_read_fails_and_the_others_are_claimed,
    a_job_in_an_unknown_state_is_left_alone,
    the_reaper_goes_on_past_a_job_that_cannot_be_read,
    a_job_ends_whatever_its_task_holds,
    the_fleet_goes_on_without_a_customer_that_cannot_be_read,
);

/// What this version can read of none of them: (customer, column, value, what the reason names).
const ODD: [(&str, &str, &str, &str); 3] = [
    ("lunar", "schedule", r#"{"type": "lunar", "phase": 3}"#, "trigger"),
    ("often", "catch_up", "sometimes", "catch-up policy"),
    ("dreams", "state", "dreaming", "state"),
];

/// Deeper than any reader of this version goes; both engines keep it.
fn abyss() -> String {
    format!("{}{}", "[".repeat(200), "]".repeat(200))
}

async fn last_of_task(test: &TestApp, task: i64) -> EventRow {
    test.ledger().events_of_task(task).await.unwrap().pop().unwrap()
}

async fn a_due_task_that_cannot_be_read_fails_and_the_others_fire(on: On) {
    let test = TestApp::new(on, NOW).await;
    let mut odd = Vec::new();
    for (customer, column, value, names) in ODD {
        test.customer(customer, &[]).await;
        let task = test.scripted_task(customer, Trigger::Hand, "2024-06-03T07:59:00Z", &[Act::Succeed]).await;
        test.execute(&format!("UPDATE task SET {column} = '{value}' WHERE id = {}", task.id)).await;
        odd.push((task.id, names));
    }
    test.customer("nes", &[]).await;
    let good = test.scripted_task("nes", Trigger::Hand, NOW, &[Act::Succeed]).await.id;
    assert_eq!(tick(&test.app.engine).await.unwrap().jobs, 1);
    assert_eq!(test.ledger().task(good).await.unwrap().state, TaskState::Active);
    for (task, names) in odd {
        let row = test.ledger().task(task).await.unwrap();
        assert_eq!((row.state, row.due_at), (TaskState::Failed, None), "{names}");
        let why = row.why.unwrap();
        assert!(why.starts_with(&format!("its {names} cannot be read by this version (")), "{why}");
        assert!(why.ends_with("): run the version that made it, or cancel it"), "{why}");
        let line = last_of_task(&test, task).await;
        assert_eq!((line.name.as_str(), line.actor.as_str()), ("unreadable", "engine"));
        let from = (names != "state").then_some("planned");
        assert_eq!((line.from_state.as_deref(), line.to_state.as_deref()), (from, Some("failed")));
        assert_eq!(line.note, Some(why));
        let row = test.ledger().cancel_task(test.now(), "Ingrid", task, "of another version").await.unwrap();
        assert_eq!(row.state, TaskState::Cancelled);
    }
    assert_eq!(test.ledger().next_due().await.unwrap(), None, "nothing stays due");
}

async fn what_follows_a_task_that_cannot_be_read_starts(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let first = NewTaskRow { due_at: Some(test.now()), ..step(0, "first", Trigger::Hand) };
    let after = |on: &str| trigger(json!({"type": "after", "step": "first", "on": on}));
    let tasks = vec![first, step(1, "end", after("ended")), step(2, "success", after("succeeded"))];
    let (_, tasks) = planned(test.ledger(), tasks).await;
    test.execute(&format!("UPDATE task SET state = 'dreaming' WHERE id = {}", tasks[0])).await;
    test.season.settle().await.unwrap();
    let states = [TaskState::Failed, TaskState::Done, TaskState::Planned];
    for (task, state) in tasks.into_iter().zip(states) {
        assert_eq!(test.ledger().task(task).await.unwrap().state, state);
    }
}

async fn a_task_that_cannot_be_read_hinders_no_other_of_its_plan(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let first = NewTaskRow { due_at: Some(test.now()), ..step(0, "first", Trigger::Hand) };
    let next = step(1, "next", trigger(json!({"type": "after", "step": "first"})));
    let (plan, tasks) = planned(test.ledger(), vec![first, next, step(2, "odd", Trigger::Hand)]).await;
    test.execute(&format!("UPDATE task SET state = 'dreaming' WHERE id = {}", tasks[2])).await;
    test.season.settle().await.unwrap();
    for task in &tasks[..2] {
        assert_eq!(test.ledger().task(*task).await.unwrap().state, TaskState::Done);
    }
    assert_eq!(test.ledger().plan(plan).await.unwrap().state, "active", "something of it may be left");
}

async fn lists_go_on_without_what_cannot_be_read(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let steps = || vec![step(0, "good", Trigger::Hand), step(1, "odd", Trigger::Hand)];
    let ledger = test.ledger();
    let plan = ledger.create_plan(test.now(), "t", &plan_of("eoy", 2024, steps())).await.unwrap().id;
    let odd = test.scripted_job(None, &[Act::Succeed]).await;
    let good = test.scripted_job(None, &[Act::Succeed]).await;
    test.execute("UPDATE task SET state = 'dreaming' WHERE step = 'odd'").await;
    test.execute(&format!("UPDATE job SET state = 'dreaming' WHERE id = {odd}")).await;
    let names = |tasks: Vec<rollover::ledger::TaskRow>| {
        tasks.into_iter().map(|task| task.step).collect::<Vec<_>>().join(" ")
    };
    let all = TaskFilter { limit: 9, ..TaskFilter::default() };
    assert_eq!(names(ledger.tasks(&all).await.unwrap()), "good");
    assert_eq!(names(ledger.tasks_of_plan(plan).await.unwrap()), "good");
    assert_eq!(names(ledger.fleet(None).await.unwrap().customers.remove(0).tasks), "good");
    let jobs = ledger.jobs(&JobFilter { limit: 9, ..JobFilter::default() }).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [good]);
    let said = ledger.job(odd).await.unwrap_err();
    assert!(said.is_unreadable(), "asked for by itself it says so: {said:?}");
}

fn worker(test: &TestApp) -> Grouped {
    Grouped::start(test.ledger().clone(), test.app.clock.clone(), "one".to_owned(), Duration::seconds(60))
}

async fn a_due_job_that_cannot_be_read_fails_and_the_others_are_claimed(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let task = test.scripted_task("nes", Trigger::Hand, NOW, &[Act::Succeed]).await.id;
    tick(&test.app.engine).await.unwrap();
    let [(odd, _)] = test.ledger().take_unsent(test.now(), 9).await.unwrap()[..] else { panic!("one job") };
    test.execute(&format!("UPDATE job SET args = '{}' WHERE id = {odd}", abyss())).await;
    let good = test.scripted_job(None, &[Act::Succeed]).await;
    let one = worker(&test);
    let (of_odd, of_good) = tokio::join!(one.claim(odd, 0), one.claim(good, 0));
    assert!(of_odd.is_none() && of_good.is_some());
    assert_eq!(test.story_of_job(odd).await.last().unwrap(), "unreadable");
    let row = test.ledger().task(task).await.unwrap();
    assert_eq!(row.state, TaskState::Failed);
    let why = row.why.unwrap();
    assert!(why.starts_with("its args cannot be read by this version ("), "{why}");
    test.ledger().forget_all_sent().await.unwrap();
    assert!(test.ledger().take_unsent(test.now(), 9).await.unwrap().is_empty(), "it is not sent again");
}

async fn a_job_in_an_unknown_state_is_left_alone(on: On) {
    let test = TestApp::new(on, NOW).await;
    let odd = test.scripted_job(None, &[Act::Succeed]).await;
    let good = test.scripted_job(None, &[Act::Succeed]).await;
    test.execute(&format!("UPDATE job SET state = 'dreaming' WHERE id = {odd}")).await;
    assert_eq!(test.ledger().take_unsent(test.now(), 9).await.unwrap(), [(good, 0)]);
    let one = worker(&test);
    let (of_odd, of_good) = tokio::join!(one.claim(odd, 0), one.claim(good, 0));
    assert!(of_odd.is_none() && of_good.is_some());
    assert_eq!(test.story_of_job(odd).await, ["enqueued"], "its own version knows what it does");
}

async fn the_reaper_goes_on_past_a_job_that_cannot_be_read(on: On) {
    let test = TestApp::new(on, NOW).await;
    let (odd, good) =
        (test.scripted_job(None, &[Act::Succeed]).await, test.scripted_job(None, &[Act::Succeed]).await);
    let lease_until = test.now() + Duration::seconds(60);
    for job in [odd, good] {
        let claim = JobMove::Claim { owner: "dead".to_owned(), lease_until };
        test.ledger().apply(test.now(), "dead", job, claim).await.unwrap();
    }
    test.execute(&format!("UPDATE job SET args = '{}' WHERE id = {odd}", abyss())).await;
    assert_eq!(reap(&test.app.engine).await.unwrap(), 0, "the leases still hold");
    test.clock.advance_to(lease_until + Duration::seconds(1));
    assert_eq!(reap(&test.app.engine).await.unwrap(), 2);
    assert_eq!(test.job(good).await.state, JobState::Ready);
    assert_eq!(test.story_of_job(odd).await, ["enqueued", "claimed", "unreadable"]);
    assert_eq!(reap(&test.app.engine).await.unwrap(), 0);
}

async fn a_job_ends_whatever_its_task_holds(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let task = test.scripted_task("nes", Trigger::Hand, NOW, &[Act::Succeed]).await.id;
    tick(&test.app.engine).await.unwrap();
    test.execute(&format!("UPDATE task SET state = 'dreaming' WHERE id = {task}")).await;
    let [(job, generation)] = test.ledger().take_unsent(test.now(), 9).await.unwrap()[..] else {
        panic!("one job")
    };
    let worker = Worker::new(test.app.engine.clone(), "one".to_owned());
    assert_eq!(worker.work(job, generation).await.unwrap().state, JobState::Done);
}

async fn the_fleet_goes_on_without_a_customer_that_cannot_be_read(on: On) {
    let test = TestApp::new(on, NOW).await;
    for customer in ["mo", "nes", "vik"] {
        test.customer(customer, &[]).await;
    }
    test.execute("UPDATE customer SET time_zone = 'Mars/Olympus' WHERE id = 'nes'").await;
    test.execute("UPDATE customer SET modules = '{}' WHERE id = 'mo'").await;
    let fleet = test.ledger().fleet(None).await.unwrap();
    let read: Vec<&str> = fleet.customers.iter().map(|one| one.customer.id.as_str()).collect();
    assert_eq!(read, ["vik"]);
    let broken: Vec<&str> = fleet.unreadable.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(broken, ["mo", "nes"]);
    assert!(fleet.unreadable[1].why.starts_with("its time zone cannot be read by this version ("));
    let asked_alone = test.ledger().customer("mo").await.unwrap_err();
    assert!(asked_alone.is_unreadable() && asked_alone.to_string().contains("its modules"), "{asked_alone}");
}
