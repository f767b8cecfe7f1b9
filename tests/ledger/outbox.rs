//! The outbox of tickets: each job is sent once, the longest due first, none into a busy lane, lost ones again.

use super::{
    NOW,
    harness::{Act, On, TestApp, moment, on_both_engines},
};
use chrono::Duration;
use rollover::ledger::{JobMove, NewJob};
use serde_json::json;

on_both_engines!(
    the_longest_due_is_sent_first_and_no_more_than_the_window,
    nothing_is_sent_into_a_busy_lane,
    of_each_lane_the_longest_due_alone_is_sent,
    a_ticket_counts_as_lost_after_its_time,
    a_ticket_of_an_older_generation_is_not_sent_again,
    the_next_moment_is_that_of_the_first_job_that_was_not_sent,
);

/// Jobs due so many minutes after the start, in this order.
async fn due(test: &TestApp, minutes: &[i64]) -> Vec<i64> {
    let job = |minutes: &i64| NewJob {
        task: None,
        customer: None,
        kind: "noop".to_owned(),
        args: json!({}),
        lane: None,
        due_at: moment(NOW) + Duration::minutes(*minutes),
    };
    let jobs: Vec<NewJob> = minutes.iter().map(job).collect();
    test.ledger().enqueue(moment("2024-06-01T00:00:00Z"), "test", &jobs).await.unwrap()
}

async fn taken(test: &TestApp, limit: i64) -> Vec<i64> {
    let tickets = test.ledger().take_unsent(test.now(), limit).await.unwrap();
    tickets.into_iter().map(|(job, _)| job).collect()
}

async fn the_longest_due_is_sent_first_and_no_more_than_the_window(on: On) {
    let test = TestApp::new(on, NOW).await;
    let jobs = due(&test, &[-1, -30, 1, -10, -30, -20]).await;
    assert_eq!(taken(&test, 2).await, [jobs[1], jobs[4]], "of equals the older job");
    assert_eq!(taken(&test, 0).await, [0_i64; 0]);
    assert_eq!(taken(&test, 10).await, [jobs[5], jobs[3], jobs[0]], "one is not due yet");
    assert!(taken(&test, 10).await.is_empty(), "each once");
    test.clock.advance_to(moment("2024-06-03T08:01:00Z"));
    assert_eq!(taken(&test, 10).await, [jobs[2]]);
}

// DOMAIN S6
async fn nothing_is_sent_into_a_busy_lane(on: On) {
    let test = TestApp::new(on, NOW).await;
    for customer in ["nes", "bergdal"] {
        test.customer(customer, &[]).await;
    }
    let first = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    let lease_until = test.now() + Duration::seconds(60);
    let claim = JobMove::Claim { owner: "one".to_owned(), lease_until };
    test.ledger().apply(test.now(), "one", first, claim).await.unwrap();
    let waits = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    let other = test.scripted_job(Some("bergdal"), &[Act::Succeed]).await;
    let without_lane = due(&test, &[-1]).await[0];
    assert_eq!(test.ledger().next_run_at().await.unwrap(), Some(test.now() - Duration::minutes(1)));
    assert_eq!(taken(&test, 10).await, [without_lane, other]);
    assert_eq!(
        test.ledger().next_run_at().await.unwrap(),
        None,
        "the end of a job wakes who waits for its lane"
    );
    test.ledger().apply(test.now(), "one", first, JobMove::Finish { report: json!({}) }).await.unwrap();
    assert_eq!(taken(&test, 10).await, [waits]);
}

// DOMAIN S6
async fn of_each_lane_the_longest_due_alone_is_sent(on: On) {
    let test = TestApp::new(on, NOW).await;
    let mut jobs = Vec::new();
    for customer in ["nes", "bergdal"] {
        test.customer(customer, &[]).await;
        for minutes in [2, 1, 1, -9] {
            let job = NewJob {
                task: None,
                customer: Some(customer.to_owned()),
                kind: "noop".to_owned(),
                args: json!({}),
                lane: Some("site"),
                due_at: test.now() - Duration::minutes(minutes),
            };
            let early = moment("2024-06-01T00:00:00Z");
            jobs.extend(test.ledger().enqueue(early, "test", &[job]).await.unwrap());
        }
    }
    let [a, b, c, later, other, ..] = jobs[..] else { panic!("eight jobs") };
    assert_eq!(taken(&test, 10).await, [a, other]);
    assert_eq!(taken(&test, 10).await, [0_i64; 0], "one of each lane is on its way");
    assert_eq!(test.ledger().next_run_at().await.unwrap(), None);
    for next in [b, c] {
        let sent = if next == b { a } else { b };
        test.ledger().cancel_job(test.now(), "Ingrid", sent, "wrong").await.unwrap();
        assert_eq!(taken(&test, 10).await, [next]);
    }
    test.ledger().cancel_job(test.now(), "Ingrid", c, "wrong").await.unwrap();
    assert_eq!(test.ledger().next_run_at().await.unwrap(), Some(test.now() + Duration::minutes(9)));
    assert_eq!(taken(&test, 10).await, [0_i64; 0], "not due yet");
    assert_eq!(test.ledger().job(later).await.unwrap().sent_at, None);
}

async fn a_ticket_counts_as_lost_after_its_time(on: On) {
    let test = TestApp::new(on, NOW).await;
    let jobs = due(&test, &[-3, -2, -1]).await;
    assert_eq!(taken(&test, 10).await, jobs);
    let lease_until = test.now() + Duration::seconds(60);
    let claim = || JobMove::Claim { owner: "one".to_owned(), lease_until };
    test.ledger().apply(test.now(), "one", jobs[0], claim()).await.unwrap();
    test.ledger().cancel_job(test.now(), "Ingrid", jobs[1], "wrong").await.unwrap();
    let at = |seconds: i64| moment(NOW) + Duration::seconds(seconds);
    assert_eq!(test.ledger().forget_sent_before(at(0)).await.unwrap(), 0, "the moment itself is in time");
    assert_eq!(
        test.ledger().forget_sent_before(at(1)).await.unwrap(),
        1,
        "neither what runs nor what is over"
    );
    assert_eq!(test.ledger().forget_sent_before(at(1)).await.unwrap(), 0);
    assert_eq!(taken(&test, 10).await, [jobs[2]]);
    assert_eq!(test.ledger().forget_all_sent().await.unwrap(), 1);
    assert_eq!(taken(&test, 10).await, [jobs[2]]);
}

async fn a_ticket_of_an_older_generation_is_not_sent_again(on: On) {
    let test = TestApp::new(on, NOW).await;
    let job = due(&test, &[-1]).await[0];
    assert_eq!(test.ledger().take_unsent(test.now(), 10).await.unwrap(), [(job, 0)]);
    test.ledger().unsend(&[(job, 7), (job + 1, 0)]).await.unwrap();
    assert!(taken(&test, 10).await.is_empty());
    test.ledger().unsend(&[(job, 0)]).await.unwrap();
    assert_eq!(taken(&test, 10).await, [job]);
}

async fn the_next_moment_is_that_of_the_first_job_that_was_not_sent(on: On) {
    let test = TestApp::new(on, NOW).await;
    assert_eq!(test.ledger().next_run_at().await.unwrap(), None);
    due(&test, &[-5, 7, 9]).await;
    assert_eq!(test.ledger().next_run_at().await.unwrap(), Some(moment("2024-06-03T07:55:00Z")));
    taken(&test, 10).await;
    assert_eq!(test.ledger().next_run_at().await.unwrap(), Some(moment("2024-06-03T08:07:00Z")));
}
