//! The lease of the scheduler that leads: taken, kept, refused, taken over, given up.

use super::{
    NOW,
    harness::{On, TestApp, on_both_engines},
};
use chrono::Duration;

on_both_engines!(one_leads_until_its_lease_is_over);

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
