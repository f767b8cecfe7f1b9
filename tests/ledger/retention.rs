//! What the ledger names is never taken away, whoever names it; what nobody names goes once it is idle.

use super::{
    harness::{On, TestApp, moment, on_both_engines},
    runs::record,
};
use rollover::ledger::{NewFilterDecision, NewJob, NewUndo};
use rollover_jobs::{
    Customer, JobContext, JobFacts, PurgeReport, Retention, find_kind,
    ports::{Outcome, RunRecord, Stood},
};
use rollover_roster::{
    invent::{Invention, Municipality},
    snapshot::{SnapshotId, SnapshotStore},
};
use serde_json::json;
use std::{
    fs::{self, File},
    path::PathBuf,
    time::Duration,
};

const NOW: &str = "2024-06-03T08:00:00Z";

on_both_engines!(
    what_is_named_stays_and_the_rest_goes,
    a_run_names_its_roster_for_as_long_as_the_customer_says,
    the_way_back_from_a_run_stays_and_that_of_an_open_undo,
    a_customer_that_cannot_be_read_keeps_everything,
);

fn store(test: &TestApp) -> &SnapshotStore {
    test.app.engine.ports.rosters.snapshots()
}

fn place(test: &TestApp, id: &SnapshotId) -> PathBuf {
    test.app.settings.snapshot_folder().join(&id.to_string()[..2]).join(id.to_string())
}

/// Snapshots of so many rosters, long idle.
fn keep(test: &TestApp, count: u64) -> Vec<SnapshotId> {
    let roster = |seed| Municipality::new(&Invention { schools: 1, ..Invention::small(seed) }).roster();
    let ids: Vec<_> = (1..=count).map(|seed| store(test).write(&roster(seed)).unwrap()).collect();
    for id in &ids {
        let place = place(test, id);
        let then = fs::metadata(&place).unwrap().modified().unwrap() - Duration::from_secs(90_000);
        File::open(&place).unwrap().set_modified(then).unwrap();
    }
    ids
}

fn left(test: &TestApp, ids: &[SnapshotId]) -> Vec<bool> {
    ids.iter().map(|id| store(test).counts(id).is_ok()).collect()
}

async fn purge(test: &TestApp, dry_run: bool) -> Result<PurgeReport, rollover_jobs::Stop> {
    let facts = JobFacts { id: 0, task: None, due_at: test.now(), attempt: 1, round: 0 };
    let cx = JobContext::without_proof(facts, None, test.app.engine.ports.clone());
    let report = find_kind("purge_snapshots").unwrap().run(json!({ "dry_run": dry_run }), &cx).await?;
    Ok(serde_json::from_value(report).unwrap())
}

async fn point(test: &TestApp, customer: &str, column: &str, id: &SnapshotId) {
    let sql = format!("UPDATE integration SET {column} = '{id}' WHERE customer_id = '{customer}'");
    test.execute(&sql).await;
}

/// A run that took nothing in and so moved no pointer.
async fn run_of(test: &TestApp, customer: &Customer, roster: &SnapshotId, ended_at: &str) {
    let job = test.scripted_job(Some(customer.id.as_str()), &[]).await;
    let run =
        RunRecord { roster: Some(*roster), ended_at: moment(ended_at), ..record(job, Outcome::Aborted) };
    test.ledger().record_end(test.now(), customer, &run, |_| Vec::new(), |_| unreachable!()).await.unwrap();
}

async fn what_is_named_stays_and_the_rest_goes(on: On) {
    let test = TestApp::new(on, NOW).await;
    let (nes, _fjord) = (test.customer("nes", &[]).await, test.customer("fjord", &[]).await);
    let ids = keep(&test, 7);
    point(&test, "nes", "mirror_snapshot", &ids[0]).await;
    point(&test, "nes", "import_snapshot", &ids[1]).await;
    point(&test, "nes", "under_way", &ids[2]).await;
    // Of two customers, one is done with it.
    run_of(&test, &nes, &ids[3], "2020-01-01T00:00:00Z").await;
    point(&test, "fjord", "mirror_snapshot", &ids[3]).await;
    let decision = NewFilterDecision {
        customer: nes.id.clone(),
        roster: ids[4],
        limits: None,
        slice: None,
        customer_person: "Rektor Berg".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "as tested".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    // Needed a moment ago: an import is about to name it.
    fs::write(place(&test, &ids[5]).join(".used"), b"\n").unwrap();

    let dry = purge(&test, true).await.unwrap();
    assert_eq!((dry.snapshots.count, dry.kept_snapshots.count), (1, 6));
    assert!(dry.snapshots.bytes > 1_000 && left(&test, &ids).iter().all(|there| *there));
    let report = purge(&test, false).await.unwrap();
    assert_eq!(PurgeReport { dry_run: true, ..report }, dry);
    assert_eq!(left(&test, &ids), [true, true, true, true, true, true, false]);
    assert_eq!(purge(&test, false).await.unwrap().snapshots.count, 0);
}

async fn a_run_names_its_roster_for_as_long_as_the_customer_says(on: On) {
    let test = TestApp::new(on, NOW).await;
    let mut nes = test.customer("nes", &[]).await;
    let ids = keep(&test, 4);
    for (id, ended_at) in ids.iter().zip(["2024-01-01", "2024-02-01", "2024-05-04", "2024-06-02"]) {
        run_of(&test, &nes, id, &format!("{ended_at}T08:00:00Z")).await;
    }
    // Everybody's: 400 days.
    assert_eq!(purge(&test, false).await.unwrap().snapshots.count, 0);
    for (days, at_least, expected) in [
        (30, 3, [false, true, true, true]),
        (30, 0, [false, false, true, true]),
        (29, 0, [false, false, false, true]),
        (0, 1, [false, false, false, true]),
        (0, 0, [false; 4]),
    ] {
        nes.settings.retention = Some(Retention { days, at_least });
        test.ledger().update_customer(test.now(), "test", &nes).await.unwrap();
        purge(&test, false).await.unwrap();
        assert_eq!(left(&test, &ids), expected, "{days} days, {at_least} at least");
    }
}

async fn the_way_back_from_a_run_stays_and_that_of_an_open_undo(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let ids = keep(&test, 5);
    let job = test.scripted_job(Some("nes"), &[]).await;
    let stood = Stood { import: Some(ids[0]), mirror: Some(ids[1]), held_whole_roster: true };
    let run = RunRecord {
        roster: Some(ids[2]),
        stood: Some(stood),
        ended_at: moment("2024-06-02T08:00:00Z"),
        ..record(job, Outcome::Completed)
    };
    test.ledger().record_end(test.now(), &nes, &run, |_| Vec::new(), |_| unreachable!()).await.unwrap();
    assert_eq!(purge(&test, false).await.unwrap().snapshots.count, 2);
    assert_eq!(left(&test, &ids), [true, true, true, false, false]);

    // The run is old by now; a decision about it is open.
    point(&test, "nes", "mirror_snapshot", &ids[2]).await;
    let mut nes = nes;
    nes.settings.retention = Some(Retention { days: 0, at_least: 0 });
    test.ledger().update_customer(test.now(), "test", &nes).await.unwrap();
    let undo = NewUndo {
        customer: nes.id.clone(),
        run: 1,
        stood: ids[1],
        mirror: ids[2],
        limits: None,
        customer_person: "Rektor Berg".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "as tested".to_owned(),
    };
    let job = |decision| NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "undo_import".to_owned(),
        args: json!({ "decision": decision }),
        lane: Some("site"),
        due_at: test.now(),
    };
    // What was looked at is no longer so: no decision, and no job.
    let moved_on = NewUndo { mirror: ids[0], ..undo.clone() };
    assert!(test.ledger().decide_undo(test.now(), &moved_on, job).await.is_err());
    let nameless = NewUndo { customer_person: " ".to_owned(), ..undo.clone() };
    assert!(test.ledger().decide_undo(test.now(), &nameless, job).await.is_err());
    let (decision, _) = test.ledger().decide_undo(test.now(), &undo, job).await.unwrap();
    purge(&test, false).await.unwrap();
    assert_eq!(left(&test, &ids[..3]), [false, true, true]);
    test.ledger().withdraw_decision(test.now(), "Ingrid", decision, "as tested").await.unwrap();
    purge(&test, false).await.unwrap();
    assert_eq!(left(&test, &ids[..3]), [false, false, true]);
}

async fn a_customer_that_cannot_be_read_keeps_everything(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let ids = keep(&test, 1);
    test.execute("UPDATE customer SET time_zone = 'Atlantis'").await;
    assert!(purge(&test, false).await.is_err());
    assert_eq!(left(&test, &ids), [true]);
}
