//! Lists and counts: every filter alone, together, and none.

use super::{
    NOW,
    harness::{Act, On, TestApp, on_both_engines},
    plan_of, step,
};
use rollover::ledger::{JobFilter, TaskFilter};
use rollover_jobs::plan::Trigger;
use serde_json::json;

on_both_engines!(
    tasks_by_filter,
    jobs_by_filter_and_counts_by_state,
    the_fleet_of_a_summer,
    a_long_history_ends_with_its_newest_line,
);

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

async fn tasks_by_filter(on: On) {
    let test = TestApp::new(on, NOW).await;
    for customer in ["nes", "bergdal"] {
        test.customer(customer, &[]).await;
    }
    let late = test.task("nes", "noop", json!({}), Trigger::Hand, Some("2024-06-05T00:00:00Z")).await.id;
    let soon = test.task("nes", "noop", json!({}), Trigger::Hand, Some("2024-06-04T00:00:00Z")).await.id;
    let sign = test.task("nes", "sign_off", json!({"what": "x"}), Trigger::Hand, None).await.id;
    let other = test.task("bergdal", "noop", json!({}), Trigger::Hand, None).await.id;
    test.ledger().skip_task(test.now(), "Ingrid", other, "no need").await.unwrap();
    let all = TaskFilter { limit: 10, ..TaskFilter::default() };
    let table = [
        (all.clone(), vec![soon, late, sign, other]),
        (TaskFilter { limit: 2, ..all.clone() }, vec![soon, late]),
        (TaskFilter { customer: some("nes"), ..all.clone() }, vec![soon, late, sign]),
        (TaskFilter { state: some("skipped"), ..all.clone() }, vec![other]),
        (TaskFilter { kind: some("noop"), ..all.clone() }, vec![soon, late, other]),
        (
            TaskFilter { customer: some("nes"), kind: some("noop"), state: some("planned"), ..all.clone() },
            vec![soon, late],
        ),
        (TaskFilter { customer: some("nobody"), ..all }, vec![]),
    ];
    for (filter, expected) in table {
        let found: Vec<i64> =
            test.ledger().tasks(&filter).await.unwrap().into_iter().map(|task| task.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn jobs_by_filter_and_counts_by_state(on: On) {
    let test = TestApp::new(on, NOW).await;
    for customer in ["nes", "bergdal"] {
        test.customer(customer, &[]).await;
    }
    let task = test.scripted_task("nes", Trigger::Hand, NOW, &[Act::Fail]).await.id;
    test.season.settle().await.unwrap();
    let of_task = test.ledger().jobs(&JobFilter { limit: 9, ..JobFilter::default() }).await.unwrap()[0].id;
    let nes = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    let bergdal = test.scripted_job(Some("bergdal"), &[Act::Succeed]).await;
    let nobody = test.scripted_job(None, &[Act::Succeed]).await;
    let all = JobFilter { limit: 10, ..JobFilter::default() };
    let table = [
        (all.clone(), vec![nobody, bergdal, nes, of_task]),
        (JobFilter { limit: 1, ..all.clone() }, vec![nobody]),
        (JobFilter { customer: some("nes"), ..all.clone() }, vec![nes, of_task]),
        (JobFilter { state: some("failed"), ..all.clone() }, vec![of_task]),
        (JobFilter { kind: some("scripted"), customer: some("bergdal"), ..all.clone() }, vec![bergdal]),
        (JobFilter { task: Some(task), ..all.clone() }, vec![of_task]),
        (JobFilter { task: Some(task), state: some("ready"), ..all }, vec![]),
    ];
    for (filter, expected) in table {
        let found: Vec<i64> =
            test.ledger().jobs(&filter).await.unwrap().into_iter().map(|job| job.id).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let counts = test.ledger().job_counts().await.unwrap();
    assert_eq!(counts, [("failed".to_owned(), 1), ("ready".to_owned(), 3)]);
    let queued = test.ledger().queued_job_counts().await.unwrap();
    assert_eq!(queued, [("ready".to_owned(), 3)], "what has ended is not counted");
    test.season.settle().await.unwrap();
    let counts = test.ledger().job_counts().await.unwrap();
    assert_eq!(counts, [("done".to_owned(), 3), ("failed".to_owned(), 1)]);
    let done = JobFilter { state: some("done"), limit: 9, ..JobFilter::default() };
    assert_eq!(test.ledger().jobs(&done).await.unwrap().len(), 3);
}

async fn the_fleet_of_a_summer(on: On) {
    let test = TestApp::new(on, NOW).await;
    assert_eq!(test.ledger().fleet(None).await.unwrap().year, None);
    for customer in ["nes", "bergdal"] {
        test.customer(customer, &[]).await;
    }
    let ledger = test.ledger();
    let tasks = || vec![step(1, "second", Trigger::Hand), step(0, "first", Trigger::Hand)];
    ledger.create_plan(test.now(), "t", &plan_of("eoy", 2024, tasks())).await.unwrap();
    let wrong = ledger.create_plan(test.now(), "t", &plan_of("bts", 2025, tasks())).await.unwrap();
    let shown = async |year| {
        let fleet = ledger.fleet(year).await.unwrap();
        let customers = fleet.customers.into_iter().map(|one| {
            let steps: Vec<String> = one.tasks.into_iter().map(|task| task.step).collect();
            (one.customer.id.to_string(), steps.join(" "))
        });
        (fleet.year, customers.collect::<Vec<_>>())
    };
    let of = |year, steps: &str| {
        let rows = [("bergdal", ""), ("nes", steps)].map(|(id, steps)| (id.to_owned(), steps.to_owned()));
        (Some(year), rows.to_vec())
    };
    assert_eq!(shown(None).await, of(2025, "first second"), "the newest summer, every customer");
    ledger.cancel_plan(test.now(), "t", wrong.id, "wrong year").await.unwrap();
    assert_eq!(shown(None).await, of(2024, "first second"), "a cancelled plan is none");
    assert_eq!(shown(Some(2025)).await, of(2025, ""));
}

async fn a_long_history_ends_with_its_newest_line(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let task = test.task("nes", "noop", json!({}), Trigger::Hand, None).await.id;
    for minute in 0..500 {
        let due = test.now() + chrono::Duration::minutes(minute);
        test.ledger().reschedule(test.now(), "Ingrid", task, Some(due)).await.unwrap();
    }
    test.ledger().skip_task(test.now(), "Ingrid", task, "no need").await.unwrap();
    let history = test.ledger().events_of_task(task).await.unwrap();
    assert_eq!(history.len(), 500);
    assert!(history.is_sorted_by_key(|line| line.id));
    assert_eq!(history.last().unwrap().name, "skipped");
}
