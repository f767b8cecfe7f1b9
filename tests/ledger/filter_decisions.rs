//! Decisions about the Filter: which of them holds, and the withdrawal of one that no run has used.

use super::{
    NOW,
    harness::{Act, On, TestApp, on_both_engines},
    runs::roster,
};
use rollover::ledger::{FilterDecisionState as S, LedgerError, NewFilterDecision, SettingsDecision};
use rollover_jobs::Customer;

on_both_engines!(
    a_withdrawn_decision_holds_for_no_run_and_says_who_and_why,
    only_an_open_decision_is_withdrawn,
    a_decision_that_a_running_import_may_have_read_stays,
);

async fn decide(test: &TestApp, letter: char) -> i64 {
    let decision = NewFilterDecision {
        customer: "nes".parse().unwrap(),
        roster: roster(letter),
        limits: None,
        slice: None,
        customer_person: "Kari Vik".to_owned(),
        support_person: "Ingrid Dahl".to_owned(),
        reason: "figures compared".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap()
}

async fn states(test: &TestApp) -> Vec<(i64, S)> {
    let rows = test.ledger().filter_decisions("nes", 9).await.unwrap();
    rows.into_iter().map(|row| (row.decision.id, row.state)).collect()
}

// DOMAIN F3
async fn a_withdrawn_decision_holds_for_no_run_and_says_who_and_why(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let (old, new) = (decide(&test, 'a').await, decide(&test, 'b').await);
    assert_eq!(states(&test).await, [(new, S::Open), (old, S::Overtaken)]);
    assert_eq!(test.ledger().filter_decision("nes").await.unwrap().unwrap().id, new);
    let row =
        test.ledger().withdraw_decision(test.now(), "Ola", new, "an error in the roster").await.unwrap();
    assert_eq!((row.withdrawn_at, row.withdrawn_by.as_deref()), (Some(test.now()), Some("Ola")));
    assert_eq!(row.withdrawn_why.as_deref(), Some("an error in the roster"));
    assert_eq!(states(&test).await, [(new, S::Withdrawn), (old, S::Overtaken)]);
    assert_eq!(test.ledger().filter_decision("nes").await.unwrap(), None, "nor the one before it");
    let line = test.ledger().events_of_customer("nes", 1).await.unwrap().remove(0);
    assert_eq!((line.name.as_str(), line.actor.as_str()), ("decision_withdrawn", "Ola"));
    assert_eq!(line.note, Some(format!("decision {new}: an error in the roster")));
}

// DOMAIN F3
async fn only_an_open_decision_is_withdrawn(on: On) {
    let test = TestApp::new(on, NOW).await;
    let mut customer: Customer = test.customer("nes", &[]).await;
    let (old, new) = (decide(&test, 'a').await, decide(&test, 'b').await);
    customer.settings.filter.floor = 7;
    let by = SettingsDecision { customer_person: "Kari", support_person: "Ingrid", reason: "small" };
    test.ledger().update_customer_with_decision(test.now(), &customer, by).await.unwrap();
    let own = states(&test).await[0];
    assert_eq!(own.1, S::InForce);
    let refused = async |id: i64, why: &str| {
        test.ledger().withdraw_decision(test.now(), "Ola", id, why).await.unwrap_err().to_string()
    };
    assert!(refused(new, " ").await.contains("the reason is empty"));
    assert!(refused(old, "late").await.contains("overtaken by a newer one"));
    assert!(refused(own.0, "late").await.contains("customer set nes --filter"));
    test.execute(&format!("UPDATE decision SET used_by_run = 7 WHERE id = {new}")).await;
    assert!(refused(new, "late").await.contains("used by run 7"));
    assert_eq!(states(&test).await, [own, (new, S::Used), (old, S::Overtaken)]);
    let again = decide(&test, 'c').await;
    test.ledger().withdraw_decision(test.now(), "Ola", again, "wrong").await.unwrap();
    assert!(refused(again, "wrong").await.contains("withdrawn by Ola already"));
    let missing = test.ledger().withdraw_decision(test.now(), "Ola", 99, "wrong").await.unwrap_err();
    assert!(matches!(missing, LedgerError::NotFound { .. }), "{missing:?}");
}

// DOMAIN F3
async fn a_decision_that_a_running_import_may_have_read_stays(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let decision = decide(&test, 'a').await;
    let job = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    test.claim(job).await;
    let refused = test.ledger().withdraw_decision(test.now(), "Ola", decision, "late").await.unwrap_err();
    assert!(refused.to_string().contains(&format!("job {job} runs at the site of nes")), "{refused}");
    test.give_back(job).await;
    test.ledger().withdraw_decision(test.now(), "Ola", decision, "in time").await.unwrap();
}
