//! Conditions of steps: a task that is due waits for the steps that it needs, and goes on when the last is settled.

use super::{
    NOW,
    harness::{Act, On, TestApp, moment, on_both_engines},
    planned, step, trigger,
};
use chrono::Duration;
use rollover::{
    ledger::{Grouped, JobFilter, JobMove, JobRow, NewTaskRow},
    model::{JobState, TaskState},
};
use rollover_jobs::plan::Trigger;
use serde_json::json;

on_both_engines!(
    a_due_task_waits_for_what_it_needs_and_goes_on_with_the_last_of_it,
    what_is_settled_or_not_in_the_plan_is_not_waited_for,
    a_nightly_task_looks_again_at_its_next_moment,
    a_job_that_waits_keeps_no_other_from_its_lane,
    a_step_that_ends_while_its_follower_is_claimed_is_not_overlooked,
);

fn due(position: i32, name: &str, needs: &[&str]) -> NewTaskRow {
    NewTaskRow {
        kind: "scripted".to_owned(),
        args: json!({"acts": [Act::Succeed]}),
        needs: needs.iter().map(|step| (*step).to_owned()).collect(),
        due_at: Some(moment(NOW)),
        ..step(position, name, Trigger::Hand)
    }
}

fn of(owner: &str, task: NewTaskRow) -> NewTaskRow {
    NewTaskRow { owner: owner.to_owned(), ..task }
}

async fn only_job(test: &TestApp, task: i64) -> JobRow {
    let filter = JobFilter { task: Some(task), limit: 9, ..JobFilter::default() };
    let mut jobs = test.ledger().jobs(&filter).await.unwrap();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

// DOMAIN S5
async fn a_due_task_waits_for_what_it_needs_and_goes_on_with_the_last_of_it(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let (_, tasks) = planned(
        test.ledger(),
        vec![
            of("integration_consultant", step(0, "switch", Trigger::Hand)),
            of("mentor", step(1, "check", Trigger::Hand)),
            due(2, "import", &["check", "switch"]),
        ],
    )
    .await;
    test.season.settle().await.unwrap();
    let job = only_job(&test, tasks[2]).await;
    assert_eq!((job.state, job.attempt, job.run_at), (JobState::Waiting, 0, None));
    let task = test.ledger().task(tasks[2]).await.unwrap();
    let told = |why: &str, who: &str| (TaskState::Waiting, Some(why.to_owned()), Some(who.to_owned()));
    let both = told("waits for: Step switch; Step check", "integration_consultant");
    assert_eq!((task.state, task.why, task.who), both);
    assert_eq!(test.story_of_job(job.id).await, ["waits"], "no attempt");

    test.ledger().skip_task(test.now(), "Ingrid", tasks[0], "switched in spring").await.unwrap();
    test.season.settle().await.unwrap();
    let task = test.ledger().task(tasks[2]).await.unwrap();
    assert_eq!((task.state, task.why, task.who), told("waits for: Step check", "mentor"), "what is left");

    test.ledger().run_task_now(test.now(), "Ingrid", tasks[2], None).await.unwrap();
    test.season.settle().await.unwrap();
    assert_eq!(test.ledger().task(tasks[2]).await.unwrap().state, TaskState::Waiting, "nor by hand");

    test.ledger().run_task_now(test.now(), "Ingrid", tasks[1], None).await.unwrap();
    test.season.settle().await.unwrap();
    let job = only_job(&test, tasks[2]).await;
    assert_eq!((job.state, job.attempt), (JobState::Done, 1));
    assert_eq!(test.ledger().task(tasks[2]).await.unwrap().state, TaskState::Done);
}

// DOMAIN S5, A6
async fn what_is_settled_or_not_in_the_plan_is_not_waited_for(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let ended = |position, name, state| NewTaskRow { state, ..step(position, name, Trigger::Hand) };
    let (_, tasks) = planned(
        test.ledger(),
        vec![
            ended(0, "none", TaskState::NotApplicable),
            ended(1, "done", TaskState::Done),
            ended(2, "skipped", TaskState::Skipped),
            ended(3, "failed", TaskState::Failed),
            due(4, "settled", &["none", "done", "skipped", "of_another_version"]),
            due(5, "open", &["failed"]),
        ],
    )
    .await;
    test.season.settle().await.unwrap();
    assert_eq!(test.ledger().task(tasks[4]).await.unwrap().state, TaskState::Done);
    let open = test.ledger().task(tasks[5]).await.unwrap();
    assert_eq!(
        (open.state, open.why.as_deref()),
        (TaskState::Waiting, Some("waits for: Step failed (failed)"))
    );
}

// DOMAIN S5
async fn a_nightly_task_looks_again_at_its_next_moment(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let nightly = trigger(json!({"type": "cron", "cron": "0 6 * * *"}));
    let task = NewTaskRow { schedule: nightly, ..due(1, "nightly", &["switch"]) };
    let (_, tasks) = planned(test.ledger(), vec![step(0, "switch", Trigger::Hand), task]).await;
    test.play("2024-06-05T12:00:00Z").await;
    let job = only_job(&test, tasks[1]).await;
    assert_eq!((job.state, job.attempt), (JobState::Waiting, 0));
    let looks = test.story_of_job(job.id).await.iter().filter(|name| *name == "waits").count();
    assert_eq!(looks, 3, "once a night");
    test.ledger().skip_task(test.now(), "Ingrid", tasks[0], "not this year").await.unwrap();
    test.season.settle().await.unwrap();
    assert_eq!(only_job(&test, tasks[1]).await.state, JobState::Done);
    assert_eq!(test.ledger().task(tasks[1]).await.unwrap().state, TaskState::Planned);
}

// DOMAIN S5, S6
async fn a_job_that_waits_keeps_no_other_from_its_lane(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let tasks = vec![step(0, "switch", Trigger::Hand), due(1, "first", &["switch"]), due(2, "second", &[])];
    let (_, tasks) = planned(test.ledger(), tasks).await;
    test.season.settle().await.unwrap();
    assert_eq!(only_job(&test, tasks[1]).await.state, JobState::Waiting);
    assert_eq!(only_job(&test, tasks[2]).await.state, JobState::Done);
}

/// Whoever comes second sees the other: else the job would wait for what is over.
async fn a_step_that_ends_while_its_follower_is_claimed_is_not_overlooked(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let worker = Grouped::start(
        test.ledger().clone(),
        test.app.clock.clone(),
        "one".to_owned(),
        Duration::seconds(60),
    );
    for _ in 0..20 {
        let tasks = vec![step(0, "switch", Trigger::Hand), due(1, "import", &["switch"])];
        let (plan, tasks) = planned(test.ledger(), tasks).await;
        rollover::engine::tick(&test.app.engine).await.unwrap();
        let job = only_job(&test, tasks[1]).await;
        let (skipped, claimed) = tokio::join!(
            test.ledger().skip_task(test.now(), "Ingrid", tasks[0], "not this year"),
            worker.claim(job.id, job.generation)
        );
        skipped.unwrap();
        let row = match claimed {
            Some(row) => row,
            None => {
                let woken = test.job(job.id).await;
                assert_eq!((woken.state, woken.run_at), (JobState::Ready, Some(test.now())));
                worker.claim(woken.id, woken.generation).await.unwrap()
            }
        };
        worker.end(row, JobMove::GiveUp { why: "next case".to_owned() }).await.unwrap();
        test.ledger().cancel_plan(test.now(), "Ingrid", plan, "next case").await.unwrap();
    }
}
