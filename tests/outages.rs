//! Servers under load that fall over: every due job runs once all the same.

#![cfg(test)]

mod harness;

use harness::{
    On,
    program::{SetUp, now, until},
    support::{Postgres, Process, Redis},
};
use rollover::{
    ledger::{EventRow, JobFilter, NewTaskRow},
    model::{JobState, TaskState},
};
use rollover_jobs::plan::Trigger;
use serde_json::json;
use std::collections::HashMap;

/// As many due jobs as a busy night has.
const JOBS: usize = 1_000;

async fn done(set_up: &SetUp) -> usize {
    let filter = JobFilter {
        state: Some(JobState::Done.as_str().to_owned()),
        limit: i64::try_from(JOBS).unwrap(),
        ..JobFilter::default()
    };
    set_up.ledger.jobs(&filter).await.map_or(0, |jobs| jobs.len())
}

/// How often each event came to each job.
async fn events(set_up: &SetUp) -> HashMap<(i64, String), usize> {
    let mut counts = HashMap::new();
    let mut seen = 0;
    loop {
        let lines: Vec<EventRow> = set_up.ledger.events_after(seen, 5_000).await.unwrap();
        let Some(last) = lines.last() else { return counts };
        seen = last.id;
        for line in &lines {
            if let Some(job) = line.job_id {
                *counts.entry((job, line.name.clone())).or_default() += 1;
            }
        }
    }
}

async fn every_job_finished_once(set_up: &SetUp, jobs: &[i64]) {
    until("every job", async || (done(set_up).await == JOBS).then_some(())).await;
    let counts = events(set_up).await;
    let odd: Vec<i64> =
        jobs.iter().copied().filter(|job| counts.get(&(*job, "finished".to_owned())) != Some(&1)).collect();
    assert!(odd.is_empty(), "these did not finish exactly once: {odd:?}");
}

/// The jobs that were claimed more than once, though no worker died.
async fn claimed_twice(set_up: &SetUp, jobs: &[i64]) -> usize {
    let counts = events(set_up).await;
    jobs.iter()
        .filter(|job| counts.get(&(**job, "claimed".to_owned())).is_some_and(|count| *count > 1))
        .count()
}

fn workers(set_up: &SetUp) -> Vec<Process> {
    vec![set_up.role("schedule"), set_up.role("work"), set_up.role("work")]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_costs_no_job_and_runs_none_twice() {
    let redis = Redis::start();
    let set_up = SetUp::over(Some(Postgres::shared().fresh_database()), Some(redis.url().to_owned())).await;
    let jobs = set_up.enqueue(None, "noop", &json!({}), JOBS).await;
    // Tickets are laid into the queue, and nobody takes them before they are gone.
    let schedule = set_up.role("schedule");
    until("tickets", async || (redis.command(&["DBSIZE"]).trim() != "0").then_some(())).await;
    redis.command(&["FLUSHALL"]);
    let work = [set_up.role("work"), set_up.role("work")];
    until("the first jobs", async || (done(&set_up).await > 0).then_some(())).await;
    redis.command(&["FLUSHALL"]);
    every_job_finished_once(&set_up, &jobs).await;
    assert_eq!(claimed_twice(&set_up, &jobs).await, 0);
    drop((schedule, work));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_restarts_empty_costs_no_job_and_runs_none_twice() {
    let mut redis = Redis::start();
    let set_up = SetUp::over(Some(Postgres::shared().fresh_database()), Some(redis.url().to_owned())).await;
    let processes = workers(&set_up);
    let jobs = set_up.enqueue(None, "noop", &json!({}), JOBS).await;
    redis.kill();
    redis.restart();
    every_job_finished_once(&set_up, &jobs).await;
    assert_eq!(claimed_twice(&set_up, &jobs).await, 0);
    drop(processes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_restarts_under_load_costs_no_job() {
    let redis = Redis::start();
    let database = Postgres::start_own().fresh_database();
    let set_up = SetUp::over(Some(database), Some(redis.url().to_owned())).await;
    let jobs = set_up.enqueue(None, "noop", &json!({}), JOBS).await;
    let processes = workers(&set_up);
    until("the first jobs", async || (done(&set_up).await > 0).then_some(())).await;
    set_up.database.as_ref().unwrap().server().restart();
    every_job_finished_once(&set_up, &jobs).await;
    drop(processes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_embedded_process_goes_on_where_it_was() {
    let set_up = SetUp::new(On::Sqlite).await;
    let jobs = set_up.enqueue(None, "noop", &json!({}), JOBS).await;
    for _ in 0..3 {
        let mut process = set_up.up();
        until("some jobs", async || (done(&set_up).await > 0).then_some(())).await;
        process.end();
    }
    let last = set_up.up();
    every_job_finished_once(&set_up, &jobs).await;
    drop(last);
}

/// Tasks that are due one after the other while schedulers come and go.
const TASKS: usize = 60;
const APART_MS: i64 = 100;

// DOMAIN S2
#[tokio::test(flavor = "multi_thread")]
async fn of_two_schedulers_one_dies_and_each_moment_fires_once() {
    let redis = Redis::start();
    let set_up = SetUp::over(Some(Postgres::shared().fresh_database()), Some(redis.url().to_owned())).await;
    let first_due = now() + chrono::Duration::seconds(1);
    for index in 0..TASKS {
        let due = first_due + chrono::Duration::milliseconds(APART_MS) * i32::try_from(index).unwrap();
        let row = NewTaskRow {
            customer: None,
            position: 0,
            step: "moment".to_owned(),
            title: "A moment".to_owned(),
            help: String::new(),
            kind: "noop".to_owned(),
            args: json!({}),
            schedule: Trigger::Hand,
            needs: Vec::new(),
            catch_up: "run_once".to_owned(),
            owner: "support_agent".to_owned(),
            sign_off: false,
            deadline: None,
            state: TaskState::Planned,
            why: None,
            due_at: Some(due),
        };
        set_up.ledger.add_task(now(), "test", &row).await.unwrap();
    }
    let mut one = set_up.role("schedule");
    let two = set_up.role("schedule");
    let work = set_up.role("work");
    until("some moments", async || (done(&set_up).await > TASKS / 4).then_some(())).await;
    one.end();
    until("every moment", async || (done(&set_up).await == TASKS).then_some(())).await;
    let all = JobFilter { limit: 1_000, ..JobFilter::default() };
    assert_eq!(set_up.ledger.jobs(&all).await.unwrap().len(), TASKS, "one job a moment");
    drop((two, work));
}
