//! What meets in a summer: pause and import, dry run and decision, a first import and the guard on courses.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, moment, on_both_engines};
use rollover::{
    ledger::{NewFilterDecision, RunRow},
    model::JobState,
};
use rollover_jobs::{
    Customer, ImportOutcome, ImportReport, JobContext, JobFacts, find_kind,
    ports::{Author, Outcome, Pause},
};
use rollover_roster::{
    invent::{Invention, Municipality},
    write::write_imse,
};
use serde_json::{Value, json};
use std::fs;

on_both_engines!(
    an_import_that_the_plan_needs_waits_for_the_end_of_the_pause,
    a_dry_run_in_the_pause_tells_what_the_first_day_will_bring,
    a_decision_is_about_one_difference,
    the_courses_of_a_first_import_in_summer_are_no_breach,
);

const SPRING: &str = "2024-04-02T00:30:00Z";
const JULY: &str = "2024-07-10T00:30:00Z";
const FIRST_DAY: &str = "2024-08-19T00:30:00Z";

fn lay_down(test: &TestApp, municipality: &Municipality) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    write_imse(&mut text, &municipality.roster(), "fjordsas", &test.now().to_rfc3339()).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

/// Enqueues an import; gives its job's number.
async fn import_with(test: &TestApp, args: Value) -> i64 {
    let job = rollover::ledger::NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args,
        lane: Some("site"),
        due_at: test.now(),
    };
    let id = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    id
}

/// Imports and gives the run.
async fn import(test: &TestApp) -> RunRow {
    let job = import_with(test, json!({})).await;
    test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded")
}

async fn dry_run(test: &TestApp, customer: &Customer, args: Value) -> ImportReport {
    let facts = JobFacts { id: 0, due_at: test.now(), ..facts() };
    let cx = JobContext::dry_run(facts, customer.clone(), test.app.engine.ports.clone());
    let report = find_kind("import_roster").unwrap().run(args, &cx).await.unwrap();
    serde_json::from_value(report).unwrap()
}

fn facts() -> JobFacts {
    JobFacts { id: 0, task: None, due_at: moment(SPRING), attempt: 1, round: 0 }
}

/// A customer whose site holds the year that runs now.
async fn spring(on: On) -> (TestApp, Customer, Municipality) {
    let test = TestApp::new(on, SPRING).await;
    let customer = test.customer("nes", &["courses"]).await;
    let municipality = Municipality::new(&Invention::small(3));
    lay_down(&test, &municipality);
    assert_eq!(import(&test).await.record.outcome, Outcome::Completed);
    (test, customer, municipality)
}

async fn pause(test: &TestApp, customer: &Customer) {
    let pause = Pause { since: test.now(), why: "summer".to_owned(), by: kari() };
    assert!(test.ledger().pause(test.now(), &customer.id, &pause, None).await.unwrap());
}

async fn resume(test: &TestApp, customer: &Customer) {
    let pause = test.ledger().integration(&customer.id).await.unwrap().pause.expect("it is paused");
    assert!(test.ledger().resume(test.now(), &customer.id, &pause, &kari()).await.unwrap());
}

fn kari() -> Author {
    Author::Person { name: "Kari".to_owned() }
}

// DOMAIN P1, S5
async fn an_import_that_the_plan_needs_waits_for_the_end_of_the_pause(on: On) {
    let (test, customer, mut municipality) = spring(on).await;
    pause(&test, &customer).await;
    municipality.small_changes(2);
    lay_down(&test, &municipality);
    test.clock.advance_to(moment(FIRST_DAY));
    let nightly = import_with(&test, json!({})).await;
    assert_eq!(
        test.job(nightly).await.state,
        JobState::Done,
        "a night of the pause is over, and nothing is wrong"
    );
    let first = import_with(&test, json!({"when_paused": "wait"})).await;
    let row = test.job(first).await;
    assert_eq!((row.state, row.attempt), (JobState::Waiting, 0));
    assert!(row.why.unwrap().contains("paused by Kari (summer)"));
    resume(&test, &customer).await;
    test.season.settle().await.unwrap();
    assert_eq!(test.job(first).await.state, JobState::Done);
    assert_eq!(test.ledger().run_of_job(first).await.unwrap().unwrap().record.outcome, Outcome::Completed);
}

// DOMAIN I3, F3
async fn a_dry_run_in_the_pause_tells_what_the_first_day_will_bring(on: On) {
    let (test, customer, mut municipality) = spring(on).await;
    test.clock.advance_to(moment(JULY));
    pause(&test, &customer).await;
    municipality.turn_school_year();
    lay_down(&test, &municipality);
    let today = dry_run(&test, &customer, json!({"dry_run": true})).await;
    assert!(today.held_courses > 0, "in July the new courses would be held back");
    let first_day = dry_run(&test, &customer, json!({"dry_run": true, "on": "2024-08-19"})).await;
    assert_eq!((first_day.outcome, first_day.held_courses), (ImportOutcome::WouldAbort, 0));
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster: first_day.roster.expect("the roster that was looked at"),
        limits: None,
        slice: None,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "change of school year".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    test.clock.advance_to(moment(FIRST_DAY));
    resume(&test, &customer).await;
    let run = import(&test).await;
    assert_eq!(
        run.record.outcome,
        Outcome::Completed,
        "what was decided on in July goes in on the first day"
    );
    assert!(run.record.used_decision.is_some());
}

// DOMAIN F3
async fn a_decision_is_about_one_difference(on: On) {
    let (test, customer, mut municipality) = spring(on).await;
    let whole = municipality.roster();
    municipality.lose_school();
    lay_down(&test, &municipality);
    let aborted = import(&test).await;
    assert_eq!(aborted.record.outcome, Outcome::Aborted);
    let folder = test.app.settings.roster_folder().join("nes");
    let without_school = fs::read(folder.join("roster.xml")).unwrap();
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster: aborted.record.roster.unwrap(),
        limits: None,
        slice: None,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "the school closes".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    // Before it is used, another roster comes and is taken in.
    municipality.find_school_again();
    municipality.small_changes(2);
    assert_ne!(municipality.roster(), whole);
    lay_down(&test, &municipality);
    let between = import(&test).await;
    assert_eq!((between.record.outcome, between.record.used_decision), (Outcome::Completed, None));
    // Then the roster of the decision comes again: it would now do something that nobody has seen.
    fs::write(folder.join("again.part"), without_school).unwrap();
    fs::rename(folder.join("again.part"), folder.join("again.xml")).unwrap();
    let again = import(&test).await;
    assert_eq!(again.record.roster, aborted.record.roster, "the same roster");
    assert_eq!((again.record.outcome, again.record.used_decision), (Outcome::Aborted, None));
}

// DOMAIN F4, C1
async fn the_courses_of_a_first_import_in_summer_are_no_breach(on: On) {
    let test = TestApp::new(on, JULY).await;
    test.customer("nes", &["courses"]).await;
    let municipality = Municipality::new(&Invention::small(3));
    lay_down(&test, &municipality);
    let july = import(&test).await;
    assert_eq!(july.record.outcome, Outcome::Completed);
    assert!(july.record.held_courses > 20, "after the last teaching day they are of the new year");
    test.clock.advance_to(moment(FIRST_DAY));
    let first_day = import(&test).await;
    assert_eq!(first_day.record.outcome, Outcome::Completed, "{:?}", first_day.record.breaches);
    assert!(first_day.record.planned.course.create > 20 && first_day.record.held_courses == 0);
}
