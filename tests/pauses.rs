//! A pause and a window end by the hand that has set them: a plan by its steps, a person's by a person.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::{
    ledger::{NewJob, TaskRow},
    model::TaskState,
    plans,
};
use rollover_jobs::{
    plan::Trigger,
    ports::{Author, IntegrationState},
};
use serde_json::{Value, json};

on_both_engines!(
    the_summers_pause_ends_on_the_plans_date,
    a_persons_pause_outlasts_the_plans_date_and_ends_by_a_person,
    a_persons_pause_over_that_of_the_plan_is_theirs,
    a_persons_window_outlasts_the_plans_date,
    a_task_outside_every_plan_speaks_for_the_person_who_added_it,
);

const JUNE: &str = "2024-06-20T08:00:00Z";
const PAUSED: &str = "2024-06-24T08:00:00Z";
const FIRST_DAY: &str = "2024-08-19T08:00:00Z";

/// A customer with the two plans of its summer, on the day before the last of teaching.
async fn summer(on: On, modules: &[&str]) -> TestApp {
    let test = TestApp::new(on, JUNE).await;
    let nes = test.customer("nes", modules).await;
    for template in ["eoy", "bts"] {
        plans::create(test.ledger(), test.now(), "Ingrid", &nes, template, 2024).await.unwrap();
    }
    test
}

/// A job that a person has put into the queue, run.
async fn by_hand(test: &TestApp, who: &str, kind: &str, args: Value) -> Value {
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: kind.to_owned(),
        args,
        lane: Some("site"),
        due_at: test.now(),
    };
    let id = test.ledger().enqueue(test.now(), who, &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    test.job(id).await.report.expect("a person's word counts").0
}

async fn state(test: &TestApp) -> IntegrationState {
    test.ledger().integration(&"nes".parse().unwrap()).await.unwrap()
}

async fn step(test: &TestApp, template: &str, step: &str) -> TaskRow {
    let plans = test.ledger().plans(Some("nes"), 9).await.unwrap();
    let plan = plans.iter().find(|plan| plan.template == template).unwrap().id;
    let tasks = test.ledger().tasks_of_plan(plan).await.unwrap();
    tasks.into_iter().find(|task| task.step == step).unwrap()
}

async fn turns(test: &TestApp) -> Vec<(String, String)> {
    let turns = test.ledger().events_of_integration("nes").await.unwrap();
    turns.into_iter().rev().map(|turn| (turn.name, turn.actor)).collect()
}

fn said(name: &str, actor: &str) -> (String, String) {
    (name.to_owned(), actor.to_owned())
}

const PAUSE_OF_PLAN: &str = "plan eoy 2024, step pause_integration";

// DOMAIN P1
async fn the_summers_pause_ends_on_the_plans_date(on: On) {
    let test = summer(on, &[]).await;
    test.play(PAUSED).await;
    assert_eq!(state(&test).await.pause.unwrap().by.to_string(), PAUSE_OF_PLAN);
    test.play(FIRST_DAY).await;
    assert_eq!(state(&test).await.pause, None);
    let bts = "plan bts 2024, step resume_integration";
    assert_eq!(turns(&test).await, [said("paused", PAUSE_OF_PLAN), said("resumed", bts)]);
}

// DOMAIN P1, S5
async fn a_persons_pause_outlasts_the_plans_date_and_ends_by_a_person(on: On) {
    let test = summer(on, &[]).await;
    by_hand(&test, "Kari", "pause_integration", json!({ "why": "the MIS sends nonsense" })).await;
    test.play(FIRST_DAY).await;
    assert_eq!(state(&test).await.pause.unwrap().by.to_string(), "Kari", "the plan's pause changed nothing");
    let waiting = step(&test, "bts", "resume_integration").await;
    assert_eq!((waiting.state, waiting.who.as_deref()), (TaskState::Waiting, Some("support_agent")));
    let why = waiting.why.unwrap();
    for told in ["Kari", "2024-06-20", "the MIS sends nonsense", "rollover job enqueue resume_integration"] {
        assert!(why.contains(told), "{told:?} is not in {why:?}");
    }
    let report = by_hand(&test, "Ingrid", "resume_integration", json!({})).await;
    assert!(report["said"].as_str().unwrap().contains("paused by Kari: the MIS sends nonsense"), "{report}");
    assert_eq!(state(&test).await.pause, None);
    assert_eq!(step(&test, "bts", "resume_integration").await.state, TaskState::Done, "it looked again");
    assert_eq!(turns(&test).await, [said("paused", "Kari"), said("resumed", "Ingrid")]);
}

// DOMAIN P1, S5
async fn a_persons_pause_over_that_of_the_plan_is_theirs(on: On) {
    let test = summer(on, &[]).await;
    test.play(PAUSED).await;
    by_hand(&test, "Kari", "pause_integration", json!({ "why": "until the headteacher is back" })).await;
    test.play(FIRST_DAY).await;
    assert_eq!(state(&test).await.pause.unwrap().why, "until the headteacher is back");
    assert_eq!(step(&test, "bts", "resume_integration").await.state, TaskState::Waiting);
}

// DOMAIN P2, S5
async fn a_persons_window_outlasts_the_plans_date(on: On) {
    let test = summer(on, &["delay_delete"]).await;
    test.play(PAUSED).await;
    let by = state(&test).await.delay_delete_by.unwrap();
    assert_eq!(by.to_string(), "plan eoy 2024, step start_delay_delete");
    let longer = json!({ "start": "2024-06-22", "end": "2024-08-25" });
    by_hand(&test, "Kari", "start_delay_delete", longer).await;
    test.play(FIRST_DAY).await;
    assert_eq!(state(&test).await.delay_delete_by.unwrap().to_string(), "Kari", "the deletes still wait");
    let waiting = step(&test, "bts", "end_delay_delete").await;
    assert_eq!(waiting.state, TaskState::Waiting);
    let why = waiting.why.unwrap();
    assert!(why.contains("Kari has set") && why.contains("2024-08-25"), "{why}");
    by_hand(&test, "Ingrid", "end_delay_delete", json!({})).await;
    assert_eq!(state(&test).await.delay_delete, None);
    assert_eq!(step(&test, "bts", "end_delay_delete").await.state, TaskState::Done, "it looked again");
}

// DOMAIN P1
async fn a_task_outside_every_plan_speaks_for_the_person_who_added_it(on: On) {
    let test = TestApp::new(on, JUNE).await;
    test.customer("nes", &[]).await;
    let why = json!({ "why": "phone" });
    test.task("nes", "pause_integration", why, Trigger::Hand, Some(JUNE)).await;
    test.season.settle().await.unwrap();
    assert_eq!(state(&test).await.pause.unwrap().by, Author::Person { name: "test".to_owned() });
}
