//! Two schedulers on one ledger: each due moment fires once, and one that dies is followed after its lease.

#![cfg(test)]

mod harness;

use chrono::Duration;
use harness::{On, TestApp, moment, on_both_engines};
use rollover::{
    engine::{Engine, EngineSettings, schedule, tick},
    ledger::{JobFilter, Ledger, TaskFilter},
};
use rollover_jobs::plan::Trigger;
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration as Real};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const NOW: &str = "2024-06-03T08:00:30Z";
/// Longer than anything here takes, on a busy machine.
const PATIENCE: Real = Real::from_secs(60);

on_both_engines!(
    two_that_tick_at_once_fire_each_moment_once,
    a_leader_that_dies_is_followed_after_its_lease,
    a_leader_that_stops_is_followed_at_once,
);

fn every_minute() -> Trigger {
    serde_json::from_value(json!({"type": "cron", "cron": "* * * * *"})).unwrap()
}

/// Another process's engine: a connection, a clock and chances of its own to be first.
async fn another(test: &TestApp) -> Arc<Engine> {
    let ledger = Ledger::open(&test.app.settings.ledger_url(), 4).await.unwrap();
    let engine = &test.app.engine;
    Engine::new(ledger, engine.ports.clone(), engine.kinds, engine.settings.clone(), 7)
}

/// How often each minute fired, over all tasks.
async fn fired(test: &TestApp) -> BTreeMap<String, usize> {
    let jobs = test.ledger().jobs(&JobFilter { limit: 10_000, ..JobFilter::default() }).await.unwrap();
    let mut minutes = BTreeMap::new();
    for job in jobs {
        *minutes.entry(job.due_at.format("%H:%M:%S").to_string()).or_default() += 1;
    }
    minutes
}

// DOMAIN S2
async fn two_that_tick_at_once_fire_each_moment_once(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    for _ in 0..10 {
        test.task("nes", "noop", json!({}), every_minute(), Some("2024-06-03T08:01:00Z")).await;
    }
    let (one, two) = (test.app.engine.clone(), another(&test).await);
    let mut jobs = 0;
    for minute in 1..=12 {
        test.clock.advance_to(moment("2024-06-03T08:00:00Z") + Duration::minutes(minute));
        let (a, b) = (one.clone(), two.clone());
        let other = tokio::spawn(async move { tick(&b).await });
        jobs += tick(&a).await.unwrap().jobs + other.await.unwrap().unwrap().jobs;
        // Where they got into each other's way, the next look does the rest.
        jobs += tick(&one).await.unwrap().jobs;
    }
    assert_eq!(jobs, 120);
    let minutes = fired(&test).await;
    assert_eq!(minutes.len(), 12);
    assert!(minutes.values().all(|count| *count == 10), "{minutes:?}");
}

struct Loops {
    handles: BTreeMap<String, (JoinHandle<()>, CancellationToken)>,
}

impl Loops {
    /// Two scheduler loops over one ledger, whose wake-ups tell the test what they did.
    fn start(test: &TestApp) -> Self {
        let handles = ["one", "two"].map(|owner| {
            let stop = CancellationToken::new();
            let handle = tokio::spawn(schedule(test.app.engine.clone(), owner.to_owned(), stop.clone()));
            (owner.to_owned(), (handle, stop))
        });
        Self { handles: handles.into() }
    }

    fn take(&mut self, owner: &str) -> (JoinHandle<()>, CancellationToken) {
        self.handles.remove(owner).expect("one of the two leads")
    }
}

fn quick() -> EngineSettings {
    EngineSettings { poll_ms: 2, leader_lease_seconds: 15, ..EngineSettings::default() }
}

/// Until so many moments have fired.
async fn until_fired(test: &TestApp, count: usize) {
    let mut news = test.ledger().wakeups().watch();
    let waiting = async {
        while fired(test).await.len() < count {
            news.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{count} moments do not fire"));
}

async fn leader(test: &TestApp) -> String {
    test.ledger().leader("scheduler").await.unwrap().expect("somebody leads").owner
}

// DOMAIN S2
async fn a_leader_that_dies_is_followed_after_its_lease(on: On) {
    let test = TestApp::with(on, NOW, quick()).await;
    test.customer("nes", &[]).await;
    test.task("nes", "noop", json!({}), every_minute(), Some(NOW)).await;
    let mut loops = Loops::start(&test);
    until_fired(&test, 1).await;
    let dead = leader(&test).await;
    let (handle, _) = loops.take(&dead);
    // As by kill -9: between two looks or in the midst of one, and nothing is given up.
    handle.abort();
    assert!(handle.await.unwrap_err().is_cancelled());
    let held = test.ledger().leader("scheduler").await.unwrap().unwrap();
    assert_eq!(held.owner, dead);
    let heir = loops.handles.keys().next().unwrap().clone();
    let won = test.ledger().lead("scheduler", &heir, held.until, held.until).await.unwrap();
    assert!(!won, "to its last moment the lease is the dead one's");
    test.clock.advance_to(moment("2024-06-03T08:01:00Z"));
    until_fired(&test, 2).await;
    assert_eq!(leader(&test).await, heir);
    // What stands was laid down by the first, and not again by the second.
    let standing =
        TaskFilter { kind: Some("purge_snapshots".to_owned()), limit: 10, ..TaskFilter::default() };
    assert_eq!(test.ledger().tasks(&standing).await.unwrap().len(), 1);
    for minute in 2..=5 {
        test.clock.advance_to(moment("2024-06-03T08:00:00Z") + Duration::minutes(minute));
        until_fired(&test, minute as usize + 1).await;
    }
    let minutes = fired(&test).await;
    let expected = ["08:00:30", "08:01:00", "08:02:00", "08:03:00", "08:04:00", "08:05:00"];
    assert_eq!(minutes, expected.map(|minute| (minute.to_owned(), 1)).into());
    let (handle, stop) = loops.take(&heir);
    stop.cancel();
    handle.await.unwrap();
}

async fn a_leader_that_stops_is_followed_at_once(on: On) {
    let test = TestApp::with(on, NOW, quick()).await;
    test.customer("nes", &[]).await;
    test.task("nes", "noop", json!({}), every_minute(), Some(NOW)).await;
    let mut loops = Loops::start(&test);
    until_fired(&test, 1).await;
    let first = leader(&test).await;
    let (handle, stop) = loops.take(&first);
    stop.cancel();
    handle.await.unwrap();
    // Within the lease of the one that stopped.
    test.clock.advance_to(moment("2024-06-03T08:00:40Z"));
    test.task("nes", "noop", json!({}), Trigger::Hand, Some("2024-06-03T08:00:40Z")).await;
    until_fired(&test, 2).await;
    let heir = leader(&test).await;
    assert_ne!(heir, first);
    let (handle, stop) = loops.take(&heir);
    stop.cancel();
    handle.await.unwrap();
    assert_eq!(test.ledger().leader("scheduler").await.unwrap(), None, "given up");
}
