//! Decisions of people: sign-offs with a note, the Filter for exactly one roster and one run.

use super::{
    NOW,
    harness::{On, TestApp, on_both_engines},
    runs::{record, roster},
};
use rollover::ledger::NewFilterDecision;
use rollover_jobs::{
    plan::Trigger,
    ports::{Outcome, RunRecord},
};
use rollover_roster::filter::Limits;
use serde_json::json;

on_both_engines!(
    a_sign_off_is_kept_with_who_when_and_note,
    a_decision_about_the_filter_names_everybody,
    a_decision_about_the_filter_is_used_once,
);

// DOMAIN S4
async fn a_sign_off_is_kept_with_who_when_and_note(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let task = test.task("nes", "sign_off", json!({"what": "x"}), Trigger::Hand, None).await;
    let ledger = test.ledger();
    for (person, note) in [("Ingrid", ""), ("Ingrid", " \n"), ("", "done"), (" ", "done")] {
        let refused = ledger.sign_off(test.now(), person, task.id, note).await.unwrap_err();
        assert!(refused.to_string().ends_with("is empty: say it"), "{refused}");
    }
    assert_eq!(ledger.sign_off_of(task.id).await.unwrap(), None);
    ledger.sign_off(test.now(), "Ingrid", task.id, "by phone with Kari").await.unwrap();
    let again = ledger.sign_off(test.now(), "Ola", task.id, "and again").await.unwrap_err().to_string();
    assert!(again.contains("signed off beforehand by Ingrid"), "{again}");
    let last = ledger.sign_off_of(task.id).await.unwrap().unwrap();
    assert_eq!((last.support_person.as_str(), last.reason.as_str()), ("Ingrid", "by phone with Kari"));
    assert_eq!(
        (last.at, last.task_id, last.customer_id.as_deref()),
        (test.now(), Some(task.id), Some("nes"))
    );
    let all = ledger.decisions_of_customer("nes", 10).await.unwrap();
    assert_eq!(all.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["by phone with Kari"]);
}

fn decision(test_roster: char) -> NewFilterDecision {
    NewFilterDecision {
        customer: "nes".parse().unwrap(),
        roster: roster(test_roster),
        limits: Some(Limits { floor: 99, ..Limits::default() }),
        slice: None,
        customer_person: "Rektor Berg".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "the school closes".to_owned(),
    }
}

// DOMAIN F3
async fn a_decision_about_the_filter_names_everybody(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let empty = || " ".to_owned();
    for (new, what) in [
        (NewFilterDecision { customer_person: empty(), ..decision('a') }, "who at the customer"),
        (NewFilterDecision { support_person: empty(), ..decision('a') }, "who at support"),
        (NewFilterDecision { reason: empty(), ..decision('a') }, "the reason"),
    ] {
        let refused = test.ledger().decide_filter(test.now(), &new).await.unwrap_err();
        assert!(refused.to_string().starts_with(what), "{refused}");
    }
    assert_eq!(test.ledger().filter_decision("nes").await.unwrap(), None);
}

// DOMAIN F3
async fn a_decision_about_the_filter_is_used_once(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let ledger = test.ledger();
    let id = ledger.decide_filter(test.now(), &decision('a')).await.unwrap();
    let open = ledger.filter_decision("nes").await.unwrap().unwrap();
    let asked = decision('a');
    assert_eq!((open.id, open.roster, open.limits), (id, asked.roster, asked.limits));
    assert_eq!(open.customer_person, asked.customer_person);
    let job = test.scripted_job(None, &[]).await;
    let run = RunRecord { used_decision: Some(id), ..record(job, Outcome::Completed) };
    let run = super::runs::keep(&test, &nes, &run).await;
    assert_eq!(ledger.filter_decision("nes").await.unwrap(), None, "the Filter is on again");
    assert_eq!(ledger.decisions_of_customer("nes", 9).await.unwrap()[0].used_by_run, Some(run));
    let off = NewFilterDecision { limits: None, ..decision('b') };
    let newest = ledger.decide_filter(test.now(), &off).await.unwrap();
    let open = ledger.filter_decision("nes").await.unwrap().unwrap();
    assert_eq!((open.id, open.limits), (newest, None), "the Filter is off for that run");
}
