//! The lease of the scheduler that leads: taken, kept, refused, taken over, given up.

use super::{
    NOW,
    harness::{On, TestApp, on_both_engines},
    step, trigger,
};
use chrono::Duration;
use rollover::ledger::{NewTaskRow, TaskFilter};
use serde_json::json;

on_both_engines!(one_leads_until_its_lease_is_over, what_stands_is_laid_down_once_by_who_leads);

async fn one_leads_until_its_lease_is_over(on: On) {
    let test = TestApp::new(on, NOW).await;
    let (ledger, start) = (test.ledger(), test.now());
    let at = |seconds: i64| start + Duration::seconds(seconds);
    // Who asks, when (seconds), whether it leads; a lease holds for 15 seconds.
    let story = [
        ("one", 0, true),
        ("two", 1, false),
        ("one", 10, true),
        ("two", 24, false),
        ("two", 25, false),
        ("two", 26, true),
        ("one", 27, false),
    ];
    for (owner, when, leads) in story {
        let won = ledger.lead("scheduler", owner, at(when), at(when + 15)).await.unwrap();
        assert_eq!(won, leads, "{owner} at {when}");
    }
    let leader = ledger.leader("scheduler").await.unwrap().unwrap();
    assert_eq!((leader.owner.as_str(), leader.until), ("two", at(26 + 15)));
    assert!(ledger.lead("other", "one", at(27), at(42)).await.unwrap(), "another lead is another lease");
    ledger.give_up_lead("scheduler", "one").await.unwrap();
    assert_eq!(ledger.leader("scheduler").await.unwrap(), Some(leader), "only its holder gives it up");
    ledger.give_up_lead("scheduler", "two").await.unwrap();
    assert_eq!(ledger.leader("scheduler").await.unwrap(), None);
    assert!(ledger.lead("scheduler", "one", at(28), at(43)).await.unwrap(), "at once");
}

async fn what_stands_is_laid_down_once_by_who_leads(on: On) {
    let test = TestApp::new(on, NOW).await;
    let (ledger, now) = (test.ledger(), test.now());
    let nightly = trigger(json!({"type": "cron", "cron": "0 1 * * *"}));
    let task = NewTaskRow { customer: None, ..step(0, "purge", nightly) };
    let add = |owner: &'static str| ledger.add_standing_task(("scheduler", owner), now, &task);
    assert!(!add("one").await.unwrap(), "nobody leads");
    ledger.lead("scheduler", "one", now, now + Duration::seconds(15)).await.unwrap();
    // By hand and once: that is not what stands.
    let by_hand = NewTaskRow { schedule: trigger(json!({"type": "hand"})), ..task.clone() };
    ledger.add_task(now, "Ingrid", &by_hand).await.unwrap();
    assert!(!add("two").await.unwrap(), "another leads");
    assert!(add("one").await.unwrap());
    assert!(!add("one").await.unwrap());
    let tasks = ledger.tasks(&TaskFilter { limit: 10, ..TaskFilter::default() }).await.unwrap();
    let standing = tasks.iter().find(|found| found.schedule.0 == task.schedule.clone().into()).unwrap();
    assert_eq!((tasks.len(), standing.customer_id.as_deref()), (2, None));
    ledger.cancel_task(now, "Ingrid", standing.id, "we purge by hand").await.unwrap();
    assert!(!add("one").await.unwrap(), "what a person took off stays off");
}
