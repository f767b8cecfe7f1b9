//! Claims: one worker has a job, one job of a customer has a lane, and no ticket that finds it busy is lost.

use super::{
    NOW,
    harness::{Act, On, TestApp, on_both_engines},
    plan_of, step,
};
use chrono::Duration;
use rollover::{
    engine::tick,
    ledger::{Grouped, JobFilter, JobMove, LedgerError, NewJob, NewTaskRow},
    model::JobState,
};
use rollover_jobs::plan::Trigger;
use serde_json::json;

on_both_engines!(
    a_claim_needs_the_generation_the_moment_and_a_free_job,
    the_same_ticket_twice_is_claimed_once,
    two_generations_of_one_job_at_once_claim_the_living_one,
    a_busy_lane_is_sent_later,
    two_processes_share_a_lane_without_losing_a_ticket,
    a_lease_is_renewed_by_its_holder_alone,
    a_request_to_cancel_outlasts_the_attempt,
    a_late_end_is_refused_and_leaves_no_trace,
    a_sign_off_and_a_claim_at_once_do_not_wait_for_each_other,
    outside_plans_a_skip_and_a_claim_at_once_do_not_wait_for_each_other,
);

fn worker(test: &TestApp, owner: &str) -> Grouped {
    Grouped::start(test.ledger().clone(), test.app.clock.clone(), owner.to_owned(), Duration::seconds(60))
}

async fn a_claim_needs_the_generation_the_moment_and_a_free_job(on: On) {
    let test = TestApp::new(on, NOW).await;
    let one = worker(&test, "one");
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    let later = NewJob {
        task: None,
        customer: None,
        kind: "noop".to_owned(),
        args: json!({}),
        lane: None,
        due_at: test.now() + Duration::microseconds(1),
    };
    let later = test.ledger().enqueue(test.now(), "test", &[later]).await.unwrap()[0];
    for (id, generation) in [(job, 1), (job, -1), (later, 0), (later + 1, 0)] {
        assert!(one.claim(id, generation).await.is_none(), "{id} {generation}");
    }
    let row = one.claim(job, 0).await.unwrap();
    assert_eq!((row.state, row.attempt, row.generation), (JobState::Running, 1, 0));
    assert_eq!(row.lease_owner.as_deref(), Some("one"));
    assert_eq!(row.lease_until, Some(test.now() + Duration::seconds(60)));
    assert_eq!(row, test.job(job).await, "what was told is what stands");
    assert!(worker(&test, "two").claim(job, 0).await.is_none(), "taken");
    one.end(row, JobMove::Finish { report: json!({}) }).await.unwrap();
    let skewed = test.now() + Duration::microseconds(1);
    assert_eq!(
        test.ledger().take_unsent(skewed, 9).await.unwrap(),
        [(later, 0)],
        "sent by a clock ahead of this"
    );
    assert!(one.claim(later, 0).await.is_none());
    assert_eq!(test.ledger().take_unsent(skewed, 9).await.unwrap(), [(later, 0)], "sent again, not lost");
    for generation in 0..=1 {
        assert!(one.claim(job, generation).await.is_none(), "over");
    }
}

async fn the_same_ticket_twice_is_claimed_once(on: On) {
    let test = TestApp::new(on, NOW).await;
    let (one, two) = (worker(&test, "one"), worker(&test, "two"));
    for _ in 0..10 {
        let job = test.scripted_job(None, &[Act::Succeed]).await;
        // Twice in one group, and once in another process.
        let (a, b, c) = tokio::join!(one.claim(job, 0), one.claim(job, 0), two.claim(job, 0));
        let claimed = [a, b, c].iter().flatten().count();
        assert_eq!(claimed, 1);
        assert_eq!(test.story_of_job(job).await, ["enqueued", "claimed"]);
    }
}

async fn two_generations_of_one_job_at_once_claim_the_living_one(on: On) {
    let test = TestApp::new(on, NOW).await;
    let one = worker(&test, "one");
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    let row = one.claim(job, 0).await.unwrap();
    one.end(row, JobMove::GiveBack).await.unwrap();
    let (living, void) = tokio::join!(one.claim(job, 1), one.claim(job, 0));
    assert!(living.is_some() && void.is_none());
}

// DOMAIN S6
async fn a_busy_lane_is_sent_later(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let one = worker(&test, "one");
    let first = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    let second = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    assert_eq!(test.ledger().take_unsent(test.now(), 10).await.unwrap(), [(first, 0)], "one of a lane");
    // In one group, as when a ticket counted as lost and came after all: the older job has the lane.
    let (b, a) = tokio::join!(one.claim(second, 0), one.claim(first, 0));
    let claimed: Vec<_> = [a, b].into_iter().flatten().collect();
    let [running] = &claimed[..] else { panic!("one has the lane: {claimed:?}") };
    assert!(test.ledger().take_unsent(test.now(), 10).await.unwrap().is_empty(), "not while it is busy");
    let waits = if running.id == first { second } else { first };
    one.end(running.clone(), JobMove::Finish { report: json!({}) }).await.unwrap();
    assert_eq!(test.ledger().take_unsent(test.now(), 10).await.unwrap(), [(waits, 0)]);
    assert!(one.claim(waits, 0).await.is_some());
}

// DOMAIN S6
async fn two_processes_share_a_lane_without_losing_a_ticket(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let (one, two) = (worker(&test, "one"), worker(&test, "two"));
    for _ in 0..12 {
        test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    }
    let running = JobFilter { state: Some("running".to_owned()), limit: 10, ..JobFilter::default() };
    let mut done = 0;
    while done < 12 {
        let tickets = test.ledger().take_unsent(test.now(), 2).await.unwrap();
        assert!(!tickets.is_empty(), "after {done} jobs no ticket is left: one was lost");
        let [(a, _), (b, _)] = [tickets[0], *tickets.last().unwrap()];
        let (first, second) = tokio::join!(one.claim(a, 0), two.claim(b, 0));
        assert_eq!(test.ledger().jobs(&running).await.unwrap().len(), 1, "one at a time");
        for (worker, row) in [(&one, first), (&two, second)] {
            if let Some(row) = row {
                worker.end(row, JobMove::Finish { report: json!({}) }).await.unwrap();
                done += 1;
            }
        }
    }
}

async fn a_lease_is_renewed_by_its_holder_alone(on: On) {
    let test = TestApp::new(on, NOW).await;
    let one = worker(&test, "one");
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    let until = test.now() + Duration::seconds(90);
    let ledger = test.ledger();
    assert_eq!(ledger.renew_lease(job, 0, until).await.unwrap(), None, "nobody has it");
    let row = one.claim(job, 0).await.unwrap();
    assert_eq!(ledger.renew_lease(job, 0, until).await.unwrap(), Some(false));
    assert_eq!(ledger.renew_lease(job, 1, until).await.unwrap(), None);
    assert_eq!(test.job(job).await.lease_until, Some(until));
    let at = |micros: i64| until + Duration::microseconds(micros);
    for (now, expired) in [(at(-1), 0), (at(0), 0), (at(1), 1)] {
        assert_eq!(ledger.expired_leases(now, 10).await.unwrap().read.len(), expired, "{now}");
    }
    assert!(ledger.expired_leases(at(1), 0).await.unwrap().read.is_empty(), "no more than asked for");
    ledger.cancel_job(test.now(), "Ingrid", job, "wrong file").await.unwrap();
    assert_eq!(ledger.renew_lease(job, 0, until).await.unwrap(), Some(true), "a person asks it to stop");
    one.end(row, JobMove::LeaseExpired).await.unwrap();
    assert_eq!(ledger.renew_lease(job, 0, until).await.unwrap(), None, "fenced off");
    assert_eq!(test.job(job).await.state, JobState::Cancelled, "its worker was lost, the request is not");
    assert!(!test.job(job).await.cancel_requested, "the request was met");
}

/// The worker's copy of the row is older than the request.
async fn a_request_to_cancel_outlasts_the_attempt(on: On) {
    let test = TestApp::new(on, NOW).await;
    let one = worker(&test, "one");
    let wait = JobMove::Wait { until: None, why: "open".to_owned(), who: "mentor".to_owned() };
    for (left_open, event, state) in [
        (true, JobMove::RetryLater { run_at: test.now(), why: "busy".to_owned() }, JobState::Retrying),
        (true, wait, JobState::Waiting),
        (true, JobMove::GiveBack, JobState::Ready),
        (true, JobMove::LeaseExpired, JobState::Ready),
        (false, JobMove::Finish { report: json!({}) }, JobState::Done),
        (false, JobMove::GiveUp { why: "no".to_owned() }, JobState::Failed),
        (false, JobMove::Abort { why: "harm".to_owned() }, JobState::Aborted),
    ] {
        for asked in [false, true] {
            let job = test.scripted_job(None, &[Act::Succeed]).await;
            let row = one.claim(job, 0).await.unwrap();
            if asked {
                test.ledger().cancel_job(test.now(), "Ingrid", job, "wrong file").await.unwrap();
            }
            let ended = one.end(row, event.clone()).await.unwrap();
            let expected = if asked && left_open { JobState::Cancelled } else { state };
            assert_eq!(ended.state, expected, "{event:?}, asked: {asked}");
            assert_eq!(test.job(job).await, ended);
            assert!(!ended.cancel_requested);
        }
    }
}

async fn a_late_end_is_refused_and_leaves_no_trace(on: On) {
    let test = TestApp::new(on, NOW).await;
    let (slow, quick) = (worker(&test, "slow"), worker(&test, "quick"));
    let job = test.scripted_job(None, &[Act::Succeed]).await;
    let slow_row = slow.claim(job, 0).await.unwrap();
    test.ledger().apply(test.now(), "reaper", job, JobMove::LeaseExpired).await.unwrap();
    let quick_row = quick.claim(job, 1).await.unwrap();
    let moves = [
        JobMove::Finish { report: json!("late") },
        JobMove::RetryLater { run_at: test.now(), why: "late".to_owned() },
        JobMove::GiveUp { why: "late".to_owned() },
        JobMove::Wait { until: None, why: "late".to_owned(), who: "teacher".to_owned() },
        JobMove::Abort { why: "late".to_owned() },
        JobMove::GiveBack,
        JobMove::Cancel { why: "late".to_owned() },
    ];
    for late in moves {
        let refused = slow.end(slow_row.clone(), late.clone()).await;
        assert!(matches!(refused, Err(LedgerError::Raced { what: "job", id }) if id == job), "{late:?}");
    }
    assert_eq!(test.job(job).await, quick_row);
    assert_eq!(test.story_of_job(job).await, ["enqueued", "claimed", "lease_expired", "claimed"]);
}

/// Each needs the plan and the job: whoever takes them in another order would be thrown out by the database.
async fn a_sign_off_and_a_claim_at_once_do_not_wait_for_each_other(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let one = worker(&test, "one");
    for year in 2024..2044 {
        let until = test.now() + Duration::minutes(1);
        let task = NewTaskRow {
            kind: "scripted".to_owned(),
            args: json!({"acts": [Act::WaitUntil(until)]}),
            sign_off: true,
            due_at: Some(test.now()),
            ..step(0, "first", Trigger::Hand)
        };
        let plan =
            test.ledger().create_plan(test.now(), "t", &plan_of("eoy", year, vec![task])).await.unwrap();
        let task = test.ledger().tasks_of_plan(plan.id).await.unwrap()[0].id;
        test.season.settle().await.unwrap();
        let of_task = JobFilter { task: Some(task), limit: 1, ..JobFilter::default() };
        let row = test.ledger().jobs(&of_task).await.unwrap().remove(0);
        test.clock.advance_to(until);
        let (signed, claimed) = tokio::join!(
            test.ledger().sign_off(test.now(), "Ingrid", task, "by phone"),
            one.claim(row.id, row.generation)
        );
        signed.unwrap_or_else(|error| panic!("{year}: {error:?}"));
        if let Some(row) = claimed {
            one.end(row, JobMove::GiveUp { why: "next case".to_owned() }).await.unwrap();
        }
        test.ledger().cancel_plan(test.now(), "t", plan.id, "next case").await.unwrap();
    }
}

/// Each needs the task and the job. Without a plan the task itself is what they take first.
async fn outside_plans_a_skip_and_a_claim_at_once_do_not_wait_for_each_other(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let one = worker(&test, "one");
    for round in 0..40 {
        let task = test.scripted_task("nes", Trigger::Hand, NOW, &[Act::Succeed]).await.id;
        tick(&test.app.engine).await.unwrap();
        let [(job, generation)] = test.ledger().take_unsent(test.now(), 9).await.unwrap()[..] else {
            panic!("one job")
        };
        let (skipped, claimed) = tokio::join!(
            test.ledger().skip_task(test.now(), "Ingrid", task, "no need"),
            one.claim(job, generation)
        );
        match (skipped, claimed) {
            (Ok(_), None) => {}
            (Err(LedgerError::Refused(_)), Some(row)) => {
                one.end(row, JobMove::Finish { report: json!({}) }).await.unwrap();
            }
            other => panic!("{round}: one of the two comes first: {other:?}"),
        }
    }
}
