//! A roster that lacks most of the last one is taken for a broken export, not for "delete all" (DOMAIN I4).

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::ledger::{NewFilterDecision, NewJob, RunRow, SettingsDecision};
use rollover_jobs::{
    Customer, LeastShare,
    ports::{Author, Outcome, Window},
};
use rollover_roster::{
    filter::{KindLimits, Limit, Limits},
    invent::{Invention, Municipality},
    model::{Kind, Record, Roster},
    slices::Slice,
    write::write_imse,
};
use serde_json::json;
use std::{collections::HashSet, fs};

on_both_engines!(
    a_small_roster_is_refused_where_the_filter_is_silent,
    a_window_hides_no_small_roster,
    a_decision_lets_it_pass_and_those_that_follow,
    a_slice_of_a_small_roster_does_not_let_the_rest_follow,
    the_filter_has_the_first_word,
    a_customer_may_switch_it_off,
    summer_takes_courses_and_memberships_and_is_no_break,
);

const SPRING: &str = "2024-04-02T00:30:00Z";
const JULY: &str = "2024-07-10T00:30:00Z";

fn lay_down(test: &TestApp, roster: &Roster) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    write_imse(&mut text, roster, "fjordsas", &test.now().to_rfc3339()).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

async fn import(test: &TestApp) -> RunRow {
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    let job = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded")
}

/// So wide that the Filter stops nothing.
fn wide() -> Limits {
    let none = Limit { max_abs: None, max_pct: None };
    let all = KindLimits { create: none, update: none, delete: none };
    Limits { group: all, person: all, course: all, membership: all, ..Limits::default() }
}

async fn change(test: &TestApp, customer: &Customer) {
    let decision = SettingsDecision { customer_person: "Kari", support_person: "test", reason: "as tested" };
    test.ledger().update_customer_with_decision(test.now(), customer, decision).await.unwrap();
}

/// A site that holds a whole municipality, a customer with these limits.
async fn nes(on: On, now: &str, filter: Limits) -> (TestApp, Customer, Roster) {
    let test = TestApp::new(on, SPRING).await;
    let mut customer = test.customer("nes", &["courses"]).await;
    let roster = Municipality::new(&Invention::small(3)).roster();
    lay_down(&test, &roster);
    let first = import(&test).await;
    assert_eq!(first.record.outcome, Outcome::Completed);
    customer.settings.filter = filter;
    change(&test, &customer).await;
    if now != SPRING {
        test.play(now).await;
    }
    (test, customer, roster)
}

/// The first persons alone, with all groups, and what is left of the rest.
fn small(roster: &Roster, persons: usize) -> Roster {
    let keys: HashSet<_> = roster
        .records()
        .iter()
        .filter_map(
            |record| if let Record::Person(person) = record { Some(person.key.clone()) } else { None },
        )
        .take(persons)
        .collect();
    let records = roster.records().iter().filter(|record| match record {
        Record::Person(person) => keys.contains(&person.key),
        Record::Membership(member) => keys.contains(&member.person),
        Record::Group(_) | Record::Course(_) => true,
    });
    let lone = records.cloned().map(|record| match record {
        Record::Person(mut person) => {
            person.details = Default::default();
            Record::Person(person)
        }
        record => record,
    });
    Roster::from_records(lone.collect())
}

async fn decide(test: &TestApp, run: &RunRow, slice: Option<Slice>) -> i64 {
    let decision = NewFilterDecision {
        customer: "nes".parse().unwrap(),
        roster: run.record.roster.unwrap(),
        limits: None,
        slice,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "all others have moved".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap()
}

async fn persons(test: &TestApp) -> u64 {
    let counts = test.app.engine.ports.site.counts(&"nes".parse().unwrap()).await.unwrap();
    counts.persons.values().sum()
}

fn waits(test: &TestApp) -> bool {
    test.app.settings.roster_folder().join("nes/roster.xml").is_file()
}

// DOMAIN I4
async fn a_small_roster_is_refused_where_the_filter_is_silent(on: On) {
    let (test, _, roster) = nes(on, SPRING, wide()).await;
    let before = persons(&test).await;
    lay_down(&test, &small(&roster, 3));
    let run = import(&test).await;
    let record = &run.record.0;
    assert_eq!((record.outcome, record.breaches.len()), (Outcome::Failed, 0));
    let [size] = record.shrunken[..] else { panic!("persons alone: {:?}", record.shrunken) };
    assert_eq!((size.kind, size.count, size.of), (Kind::Person, 3, roster.counts().person));
    assert_eq!((persons(&test).await, waits(&test)), (before, true), "nothing is done, and the file stays");
    let mail = test.ledger().mails_of_run(run.id).await.unwrap().remove(0);
    assert!(mail.subject.contains("Failed"), "{}", mail.subject);
    let said = format!("It has 3 persons (the last one that was taken in had {}).", size.of);
    assert!(mail.text_body.replace('\n', " ").contains(&said), "{}", mail.text_body);
    // A whole file is taken in as ever.
    lay_down(&test, &roster);
    assert_eq!(import(&test).await.record.outcome, Outcome::Unchanged);
}

// DOMAIN I4, P2
async fn a_window_hides_no_small_roster(on: On) {
    let (test, customer, roster) = nes(on, JULY, Limits::default()).await;
    let window = Window { start: "2024-06-22".parse().unwrap(), end: "2024-08-18".parse().unwrap() };
    let kari = Author::Person { name: "Kari".to_owned() };
    assert!(test.ledger().start_delay_delete(test.now(), &customer.id, window, &kari).await.unwrap());
    let state = test.ledger().integration(&customer.id).await.unwrap();
    lay_down(&test, &small(&roster, 3));
    let run = import(&test).await;
    assert_eq!(run.record.outcome, Outcome::Failed);
    assert_eq!(run.record.shrunken.len(), 1);
    let after = test.ledger().integration(&customer.id).await.unwrap();
    assert_eq!((state.import, state.mirror), (after.import, after.mirror), "no pointer has moved");
}

// DOMAIN F3
async fn a_decision_lets_it_pass_and_those_that_follow(on: On) {
    let (test, _, roster) = nes(on, SPRING, wide()).await;
    lay_down(&test, &small(&roster, 3));
    let refused = import(&test).await;
    let decision = decide(&test, &refused, None).await;
    let run = import(&test).await.record.0;
    assert_eq!((run.outcome, run.used_decision), (Outcome::Completed, Some(decision)));
    assert_eq!(persons(&test).await, 3);
    // From now on this is the last one.
    lay_down(&test, &small(&roster, 4));
    let next = import(&test).await.record.0;
    assert_eq!((next.outcome, next.used_decision), (Outcome::Completed, None));
}

// DOMAIN F3
async fn a_slice_of_a_small_roster_does_not_let_the_rest_follow(on: On) {
    let (test, _, roster) = nes(on, SPRING, wide()).await;
    let before = persons(&test).await;
    lay_down(&test, &small(&roster, 3));
    let refused = import(&test).await;
    decide(&test, &refused, Some(Slice { kinds: [Kind::Membership].into(), ..Slice::default() })).await;
    for _ in 0..2 {
        let run = import(&test).await.record.0;
        assert_eq!((run.outcome, run.used_decision, run.applied.deleted), (Outcome::Failed, None, 0));
        assert_eq!((persons(&test).await, waits(&test)), (before, true));
    }
}

// DOMAIN F2
async fn the_filter_has_the_first_word(on: On) {
    let (test, _, roster) = nes(on, SPRING, Limits::default()).await;
    lay_down(&test, &small(&roster, 3));
    let aborted = import(&test).await;
    assert_eq!(aborted.record.outcome, Outcome::Aborted);
    assert!(!aborted.record.breaches.is_empty());
    assert_eq!(aborted.record.shrunken.len(), 1, "kept beside, so that no slice is decided on");
    let mail = test.ledger().mails_of_run(aborted.id).await.unwrap().remove(0);
    let said = mail.text_body.replace('\n', " ");
    assert!(
        said.contains("The Filter stopped the import")
            && !said.contains("the last one that was taken in had"),
        "{said}"
    );
    // One decision answers both.
    let decision = decide(&test, &aborted, None).await;
    let run = import(&test).await.record.0;
    assert_eq!((run.outcome, run.used_decision), (Outcome::Completed, Some(decision)));
}

async fn a_customer_may_switch_it_off(on: On) {
    let (test, mut customer, roster) = nes(on, SPRING, wide()).await;
    customer.settings.roster_at_least = "off".parse::<LeastShare>().unwrap();
    let refused = test.ledger().update_customer(test.now(), "test", &customer).await.unwrap_err();
    assert!(refused.to_string().contains("only with a decision"), "{refused}");
    change(&test, &customer).await;
    lay_down(&test, &small(&roster, 3));
    assert_eq!(import(&test).await.record.outcome, Outcome::Completed);
}

async fn summer_takes_courses_and_memberships_and_is_no_break(on: On) {
    let (test, _, roster) = nes(on, JULY, wide()).await;
    let stays = |record: &&Record| matches!(record.kind(), Kind::Group | Kind::Person);
    lay_down(&test, &Roster::from_records(roster.records().iter().filter(stays).cloned().collect()));
    let run = import(&test).await.record.0;
    assert_eq!((run.outcome, run.shrunken.len()), (Outcome::Completed, 0));
}
