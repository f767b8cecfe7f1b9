//! Stories over the clock: what fires when across daylight saving, after downtime, and by which cron rules.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, moment, on_both_engines};
use rollover::{
    ledger::{JobFilter, JobRow, NewTaskRow, TaskRow},
    model::TaskState,
};
use rollover_jobs::{
    Calendar, Customer,
    plan::{Cron, Trigger},
};
use serde_json::json;

on_both_engines!(
    a_local_time_that_does_not_exist_runs_once_at_the_next_valid_moment,
    a_local_time_that_exists_twice_runs_once,
    a_date_runs_once_across_daylight_saving,
    three_days_down_by_policy,
    downtime_across_the_change_of_the_clock_misses_no_night,
    more_missed_moments_than_are_looked_at_are_said,
    rules_of_five_six_and_seven_fields_run,
);

const OSLO: &str = "Europe/Oslo";
const LONDON: &str = "Europe/London";
const SAO_PAULO: &str = "America/Sao_Paulo";

/// Zone, rule, when the clock starts, until when it is played, the moments at which jobs ran; all in UTC.
type Story = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

fn cron(rule: &str) -> Trigger {
    Trigger::Cron { cron: rule.parse().unwrap(), from: None, until: None }
}

fn date(at: &str) -> Trigger {
    Trigger::Date { at: at.parse().unwrap() }
}

/// A task as a plan makes it: due at the first moment of its trigger after now.
async fn task(test: &TestApp, zone: &str, trigger: Trigger, catch_up: &str) -> TaskRow {
    let nes = test.customer("nes", &[]).await;
    let moved = Customer { time_zone: zone.parse().unwrap(), ..nes };
    test.ledger().update_customer(test.now(), "test", &moved).await.unwrap();
    let first = trigger.next_after(test.now(), moved.time_zone, &Calendar::default()).unwrap().unwrap();
    let new = NewTaskRow {
        customer: Some("nes".to_owned()),
        position: 0,
        step: "step".to_owned(),
        title: "A step".to_owned(),
        help: String::new(),
        kind: "noop".to_owned(),
        args: json!({}),
        schedule: trigger,
        needs: Vec::new(),
        catch_up: catch_up.to_owned(),
        owner: "support_agent".to_owned(),
        sign_off: false,
        deadline: None,
        state: TaskState::Planned,
        why: None,
        due_at: Some(first.at),
    };
    test.ledger().add_task(test.now(), "test", &new).await.unwrap()
}

/// Every job of the ledger, oldest first.
async fn jobs(test: &TestApp) -> Vec<JobRow> {
    let mut jobs = test.ledger().jobs(&JobFilter { limit: 10_000, ..JobFilter::default() }).await.unwrap();
    jobs.sort_by_key(|job| job.due_at);
    jobs
}

async fn told(on: On, story: Story, trigger: Trigger) {
    let (zone, rule, start, until, expected) = story;
    let test = TestApp::new(on, start).await;
    task(&test, zone, trigger, "run_once").await;
    test.play(until).await;
    let jobs = jobs(&test).await;
    let moments: Vec<String> = jobs.iter().map(|job| job.due_at.format("%m-%d %H:%M").to_string()).collect();
    assert_eq!(moments, expected, "{zone} {rule} from {start}");
    for job in jobs {
        assert_eq!(
            (job.started_at, job.ended_at),
            (Some(job.due_at), Some(job.due_at)),
            "{zone} {rule}: in time"
        );
    }
}

// DOMAIN S3
async fn a_local_time_that_does_not_exist_runs_once_at_the_next_valid_moment(on: On) {
    let stories: [Story; 12] = [
        // Oslo: 02:00 to 03:00 of 31 March 2024 is left out, at 01:00 UTC.
        (
            OSLO,
            "30 2 * * *",
            "2024-03-29T12:00:00Z",
            "2024-04-01T12:00:00Z",
            &["03-30 01:30", "03-31 01:00", "04-01 00:30"],
        ),
        (OSLO, "0 0 * * *", "2024-03-30T12:00:00Z", "2024-04-01T12:00:00Z", &["03-30 23:00", "03-31 22:00"]),
        (
            OSLO,
            "0 * * * *",
            "2024-03-30T23:30:00Z",
            "2024-03-31T03:30:00Z",
            &["03-31 00:00", "03-31 01:00", "03-31 02:00", "03-31 03:00"],
        ),
        (
            OSLO,
            "*/15 * * * *",
            "2024-03-31T00:40:00Z",
            "2024-03-31T01:20:00Z",
            &["03-31 00:45", "03-31 01:00", "03-31 01:15"],
        ),
        // London: 01:00 to 02:00, at the same instant.
        (
            LONDON,
            "30 1 * * *",
            "2024-03-29T12:00:00Z",
            "2024-04-01T12:00:00Z",
            &["03-30 01:30", "03-31 01:00", "04-01 00:30"],
        ),
        (
            LONDON,
            "30 2 * * *",
            "2024-03-29T12:00:00Z",
            "2024-04-01T12:00:00Z",
            &["03-30 02:30", "03-31 01:30", "04-01 01:30"],
        ),
        (
            LONDON,
            "0 * * * *",
            "2024-03-30T23:30:00Z",
            "2024-03-31T02:30:00Z",
            &["03-31 00:00", "03-31 01:00", "03-31 02:00"],
        ),
        (
            LONDON,
            "*/15 * * * *",
            "2024-03-31T00:40:00Z",
            "2024-03-31T01:20:00Z",
            &["03-31 00:45", "03-31 01:00", "03-31 01:15"],
        ),
        // São Paulo: midnight to 01:00 of 4 November 2018, at 03:00 UTC.
        (
            SAO_PAULO,
            "0 0 * * *",
            "2018-11-02T12:00:00Z",
            "2018-11-05T12:00:00Z",
            &["11-03 03:00", "11-04 03:00", "11-05 02:00"],
        ),
        (
            SAO_PAULO,
            "30 2 * * *",
            "2018-11-02T12:00:00Z",
            "2018-11-04T12:00:00Z",
            &["11-03 05:30", "11-04 04:30"],
        ),
        (
            SAO_PAULO,
            "0 * * * *",
            "2018-11-04T01:30:00Z",
            "2018-11-04T04:30:00Z",
            &["11-04 02:00", "11-04 03:00", "11-04 04:00"],
        ),
        (
            SAO_PAULO,
            "*/15 * * * *",
            "2018-11-04T02:40:00Z",
            "2018-11-04T03:20:00Z",
            &["11-04 02:45", "11-04 03:00", "11-04 03:15"],
        ),
    ];
    for story in stories {
        told(on, story, cron(story.1)).await;
    }
}

// DOMAIN S3
async fn a_local_time_that_exists_twice_runs_once(on: On) {
    let stories: [Story; 12] = [
        // Oslo: 02:00 to 03:00 of 27 October 2024 comes twice, from 00:00 and from 01:00 UTC.
        (
            OSLO,
            "30 2 * * *",
            "2024-10-25T12:00:00Z",
            "2024-10-28T12:00:00Z",
            &["10-26 00:30", "10-27 00:30", "10-28 01:30"],
        ),
        (OSLO, "0 3 * * *", "2024-10-26T12:00:00Z", "2024-10-28T12:00:00Z", &["10-27 02:00", "10-28 02:00"]),
        (
            OSLO,
            "0 * * * *",
            "2024-10-26T22:30:00Z",
            "2024-10-27T03:30:00Z",
            &["10-26 23:00", "10-27 00:00", "10-27 02:00", "10-27 03:00"],
        ),
        (
            OSLO,
            "*/15 * * * *",
            "2024-10-27T00:40:00Z",
            "2024-10-27T02:20:00Z",
            &["10-27 00:45", "10-27 02:00", "10-27 02:15"],
        ),
        (
            LONDON,
            "30 1 * * *",
            "2024-10-25T12:00:00Z",
            "2024-10-28T12:00:00Z",
            &["10-26 00:30", "10-27 00:30", "10-28 01:30"],
        ),
        (
            LONDON,
            "30 2 * * *",
            "2024-10-26T12:00:00Z",
            "2024-10-28T12:00:00Z",
            &["10-27 02:30", "10-28 02:30"],
        ),
        (
            LONDON,
            "0 * * * *",
            "2024-10-26T22:30:00Z",
            "2024-10-27T02:30:00Z",
            &["10-26 23:00", "10-27 00:00", "10-27 02:00"],
        ),
        (
            LONDON,
            "*/15 * * * *",
            "2024-10-27T00:40:00Z",
            "2024-10-27T02:20:00Z",
            &["10-27 00:45", "10-27 02:00", "10-27 02:15"],
        ),
        // São Paulo: the last hour of 16 February 2019 comes twice, from 01:00 and from 02:00 UTC.
        (
            SAO_PAULO,
            "30 23 * * *",
            "2019-02-15T12:00:00Z",
            "2019-02-18T12:00:00Z",
            &["02-16 01:30", "02-17 01:30", "02-18 02:30"],
        ),
        (
            SAO_PAULO,
            "30 2 * * *",
            "2019-02-15T12:00:00Z",
            "2019-02-17T12:00:00Z",
            &["02-16 04:30", "02-17 05:30"],
        ),
        (
            SAO_PAULO,
            "0 * * * *",
            "2019-02-16T23:30:00Z",
            "2019-02-17T03:30:00Z",
            &["02-17 00:00", "02-17 01:00", "02-17 03:00"],
        ),
        (
            SAO_PAULO,
            "*/15 * * * *",
            "2019-02-17T01:40:00Z",
            "2019-02-17T03:20:00Z",
            &["02-17 01:45", "02-17 03:00", "02-17 03:15"],
        ),
    ];
    for story in stories {
        told(on, story, cron(story.1)).await;
    }
}

// DOMAIN S3
async fn a_date_runs_once_across_daylight_saving(on: On) {
    let stories: [Story; 9] = [
        (OSLO, "2024-03-31 02:30", "2024-03-30T12:00:00Z", "2024-04-02T00:00:00Z", &["03-31 01:00"]),
        (OSLO, "2024-03-31 03:00", "2024-03-30T12:00:00Z", "2024-04-02T00:00:00Z", &["03-31 01:00"]),
        (OSLO, "2024-10-27 02:30", "2024-10-26T12:00:00Z", "2024-10-29T00:00:00Z", &["10-27 00:30"]),
        (LONDON, "2024-03-31 01:30", "2024-03-30T12:00:00Z", "2024-04-02T00:00:00Z", &["03-31 01:00"]),
        (LONDON, "2024-10-27 01:30", "2024-10-26T12:00:00Z", "2024-10-29T00:00:00Z", &["10-27 00:30"]),
        (SAO_PAULO, "2018-11-04 00:00", "2018-11-03T12:00:00Z", "2018-11-06T00:00:00Z", &["11-04 03:00"]),
        (SAO_PAULO, "2018-11-04", "2018-11-03T12:00:00Z", "2018-11-06T00:00:00Z", &["11-04 03:00"]),
        (SAO_PAULO, "2019-02-16 23:30", "2019-02-16T12:00:00Z", "2019-02-19T00:00:00Z", &["02-17 01:30"]),
        (SAO_PAULO, "2019-02-17 00:00", "2019-02-16T12:00:00Z", "2019-02-19T00:00:00Z", &["02-17 03:00"]),
    ];
    for story in stories {
        told(on, story, date(story.1)).await;
    }
}

/// What the history tells of the moments, the newest line.
async fn last_word(test: &TestApp, task: i64) -> (String, Option<String>) {
    let history = test.ledger().events_of_task(task).await.unwrap();
    let fired = |name: &str| matches!(name, "fired" | "moment_skipped");
    let line = history.into_iter().rfind(|line| fired(&line.name)).unwrap();
    (line.name, line.note)
}

// DOMAIN S2
async fn three_days_down_by_policy(on: On) {
    let missed = "3 moments were missed, from 2024-06-04 00:30 UTC to 2024-06-06 00:30 UTC";
    let table = [
        ("run_once", 1, "fired", "the newest runs now; skipped: 2"),
        ("run_all", 3, "fired", "all 3 run now"),
        ("skip", 0, "moment_skipped", "none of them runs"),
    ];
    for (policy, runs, event, said) in table {
        let test = TestApp::new(on, "2024-06-03T08:00:00Z").await;
        let task = task(&test, OSLO, cron("30 2 * * *"), policy).await;
        // Nobody runs from Monday to Thursday morning: Tuesday, Wednesday and Thursday night are missed.
        test.clock.advance_to(moment("2024-06-06T07:00:00Z"));
        assert_eq!(test.season.settle().await.unwrap(), runs, "{policy}");
        assert_eq!(last_word(&test, task.id).await, (event.to_owned(), Some(format!("{missed}: {said}"))));
        let row = test.ledger().task(task.id).await.unwrap();
        assert_eq!(row.due_at, Some(moment("2024-06-07T00:30:00Z")), "{policy}");
        assert_eq!(row.state, TaskState::Planned, "{policy}");
        test.play("2024-06-07T01:00:00Z").await;
        let jobs = jobs(&test).await;
        assert_eq!(jobs.len(), runs + 1, "{policy}: then it goes on");
        assert_eq!(jobs[runs].due_at, moment("2024-06-07T00:30:00Z"));
        assert_eq!(last_word(&test, task.id).await, ("fired".to_owned(), None), "in time, nothing to say");
    }
}

// DOMAIN S2, S3
async fn downtime_across_the_change_of_the_clock_misses_no_night(on: On) {
    let test = TestApp::new(on, "2024-10-25T12:00:00Z").await;
    task(&test, OSLO, cron("30 2 * * *"), "run_all").await;
    test.clock.advance_to(moment("2024-10-28T12:00:00Z"));
    test.season.settle().await.unwrap();
    let dues: Vec<_> = jobs(&test).await.iter().map(|job| job.due_at).collect();
    let nights = ["2024-10-26T00:30:00Z", "2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z"];
    assert_eq!(dues, nights.map(moment));
}

// DOMAIN S2
async fn more_missed_moments_than_are_looked_at_are_said(on: On) {
    for (policy, runs) in [("run_all", 1_000), ("run_once", 1), ("skip", 0)] {
        let test = TestApp::new(on, "2024-06-03T08:00:00Z").await;
        let task = task(&test, OSLO, cron("* * * * *"), policy).await;
        // The moments of 1 to 1,005 minutes past; the newest five are not late, the oldest five are passed over.
        test.clock.advance_to(moment("2024-06-04T00:45:00Z"));
        let fired = rollover::engine::tick(&test.app.engine).await.unwrap();
        let note = last_word(&test, task.id).await.1.unwrap();
        assert!(note.ends_with("; 5 older moments were passed over"), "{policy}: {note}");
        let newest = jobs(&test).await.pop().map(|job| job.due_at);
        assert_eq!(newest, Some(moment("2024-06-04T00:45:00Z")), "{policy}");
        let late = 6;
        assert_eq!(fired.jobs, runs.clamp(late, 1_000), "{policy}: what is in time runs under every policy");
    }
}

async fn rules_of_five_six_and_seven_fields_run(on: On) {
    let stories: [Story; 4] = [
        (
            OSLO,
            "0 6 * * 1-5",
            "2024-06-07T12:00:00Z",
            "2024-06-11T12:00:00Z",
            &["06-10 04:00", "06-11 04:00"],
        ),
        (
            OSLO,
            "0 0 6 * * MON",
            "2024-06-07T12:00:00Z",
            "2024-06-18T12:00:00Z",
            &["06-10 04:00", "06-17 04:00"],
        ),
        (
            OSLO,
            "*/30 0 6 * * 1",
            "2024-06-07T12:00:00Z",
            "2024-06-11T12:00:00Z",
            &["06-10 04:00", "06-10 04:00"],
        ),
        (OSLO, "0 0 6 1 8 * 2024", "2024-06-07T12:00:00Z", "2026-01-01T00:00:00Z", &["08-01 04:00"]),
    ];
    for story in stories {
        told(on, story, cron(story.1)).await;
    }
}

#[test]
fn a_wrong_rule_is_refused_in_words() {
    let mut table = String::new();
    for rule in [
        "",
        "30 2 * *",
        "1 2 3 4 5 6 7 8",
        "60 2 * * *",
        "0 24 * * *",
        "0 0 32 * *",
        "0 0 * 13 *",
        "0 6 * * 8",
        "0 6 * * someday",
        "*/0 * * * *",
        "every night",
        "30 2 * * * 2024 x",
    ] {
        let said = rule.parse::<Cron>().unwrap_err().to_string();
        table.push_str(&format!("{said}\n"));
    }
    insta::assert_snapshot!(table);
}
