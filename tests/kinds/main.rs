//! The contract of every job kind: stable names and arguments; run twice; broken off at any call and resumed.

#![cfg(test)]

#[path = "../harness/mod.rs"]
mod harness;

mod faults;
mod import;
mod roster;
mod scenario;
mod state;

use faults::Fault;
use rollover_jobs::{KINDS, find_kind};
use scenario::{Scenario, scenarios};
use serde_json::json;
use state::State;
use std::collections::BTreeSet;

#[test]
fn names_are_unique_and_of_one_form() {
    let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), KINDS.len(), "no name twice");
    for kind in KINDS {
        let letters = kind.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(letters && kind.name().starts_with(|c: char| c.is_ascii_lowercase()), "{}", kind.name());
        assert_eq!(find_kind(kind.name()).map(|found| found.name()), Some(kind.name()));
    }
    assert!(find_kind("of_the_past").is_none());
}

/// Shown in lists and in the docs, after "to": one line, no full stop.
#[test]
fn summaries_are_lines_for_people() {
    for kind in KINDS {
        let summary = kind.summary();
        assert!(summary.starts_with(|c: char| c.is_lowercase()), "{}: {summary}", kind.name());
        assert!(!summary.ends_with('.') && !summary.contains('\n'), "{}: {summary}", kind.name());
        assert!((10..=90).contains(&summary.chars().count()), "{}: {summary}", kind.name());
    }
}

#[test]
fn policies_are_within_reason() {
    for kind in KINDS {
        let policy = kind.policy();
        assert!((1..=20).contains(&policy.attempts), "{}", kind.name());
        assert!((60..=3_600).contains(&policy.timeout.as_secs()), "{}", kind.name());
    }
}

/// Old rows must stay readable: a change here needs a default for the field that is new, and never a rename.
#[test]
fn encoded_arguments_are_stable() {
    let mut table = String::new();
    for kind in KINDS {
        let sample = kind.sample_args();
        assert_eq!(kind.check_args(&sample).unwrap(), sample, "{}", kind.name());
        table.push_str(&format!("{:<20} {sample}\n", kind.name()));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn arguments_that_a_kind_does_not_know_are_refused() {
    for kind in KINDS {
        let mut args = kind.sample_args();
        args.as_object_mut().unwrap().insert("misspelt".to_owned(), json!(1));
        let error = kind.check_args(&args).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("arguments of {}: unknown field `misspelt`", kind.name())),
            "{error}"
        );
    }
    // What a row of an earlier version may lack.
    for (name, args, full) in [
        ("import_roster", json!({}), json!({"dry_run": false})),
        ("sign_off", json!({"what": "x"}), json!({"what": "x", "who": "support_agent"})),
    ] {
        assert_eq!(find_kind(name).unwrap().check_args(&args).unwrap(), full);
    }
}

#[test]
fn every_kind_has_a_scenario() {
    let played: BTreeSet<&str> = scenarios().iter().map(|scenario| scenario.kind).collect();
    let known: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name()).collect();
    assert_eq!(played, known);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_twice_the_second_changes_nothing() {
    for scenario in scenarios() {
        let played = scenario.play().await;
        let (first, once) = (played.attempt(None).await, played.state().await);
        assert_eq!(scenario.word(&first), scenario.ends, "{}: {first:?}", scenario.name);
        let second = played.attempt(None).await;
        assert_eq!(scenario.word(&second), scenario.ends, "{}, second: {second:?}", scenario.name);
        assert_eq!(played.state().await, once, "{}", scenario.name);
        // Another job of the kind may record a run; what the customer sees stays as it is.
        let third = played.another_job().await.attempt(None).await;
        let after = played.state().await;
        assert_eq!(
            (&after.site, &after.integration),
            (&once.site, &once.integration),
            "{}: {third:?}",
            scenario.name
        );
    }
}

/// What people read of each import: a change here is read like a mail.
#[tokio::test(flavor = "multi_thread")]
async fn every_import_says_what_it_did() {
    let mut table = String::new();
    for scenario in scenarios().iter().filter(|scenario| scenario.kind == "import_roster") {
        let played = scenario.play().await;
        let said = match played.attempt(None).await {
            Ok(report) => report["said"].as_str().unwrap().to_owned(),
            Err(stop) => format!("{stop}"),
        };
        let courses = played.state().await.courses();
        table.push_str(&format!("{}\n  {said}\n  {courses}\n", scenario.name));
    }
    insta::assert_snapshot!(table);
}

// DOMAIN I5
#[tokio::test(flavor = "multi_thread")]
async fn broken_off_at_any_call_and_resumed_it_ends_the_same() {
    let mut all = tokio::task::JoinSet::new();
    for scenario in scenarios() {
        all.spawn(async move { broken_off_everywhere(&scenario).await });
    }
    while let Some(one) = all.join_next().await {
        one.unwrap();
    }
}

async fn broken_off_everywhere(scenario: &Scenario) {
    let whole = scenario.play().await;
    let result = whole.attempt(None).await;
    let (ends, calls) = (scenario.end_of(&result), whole.calls());
    let expected = whole.state().await;
    for call in 1..=calls {
        for fault in [Fault::NotDone(call), Fault::AnswerLost(call)] {
            resumed(scenario, fault, &ends, &expected).await;
        }
    }
}

async fn resumed(scenario: &Scenario, fault: Fault, ends: &str, expected: &State) {
    let at = format!("{}, {fault:?}", scenario.name);
    let played = scenario.play().await;
    let broken = played.attempt(Some(fault)).await;
    assert_eq!(scenario.word(&broken), "retry", "{at}: {broken:?}");
    let result = played.attempt(None).await;
    assert_eq!(scenario.end_of(&result), ends, "{at}");
    assert_eq!(&played.state().await, expected, "{at}");
}
