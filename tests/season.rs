//! A whole summer of six customers, from 1 June to 15 September, on both databases: what came of each.

#![cfg(test)]

mod harness;

use chrono::{DateTime, NaiveDate, Utc};
use harness::{On, TestApp};
use rollover::{
    demo::{Demo, DemoTable, Pace, Row, YEAR, ends, sets_up},
    ledger::{JobFilter, RunRow},
    model::TaskState,
};
use rollover_jobs::ports::{Outcome, RunRecord};
use rollover_roster::{explain::Cause, filter::Breach};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn the_summer_of_six_customers_embedded() {
    the_summer_of_six_customers(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summer_of_six_customers_on_servers() {
    the_summer_of_six_customers(On::Postgres).await;
}

async fn the_summer_of_six_customers(on: On) {
    let summer = Summer::play(on).await;
    nes_is_paused_and_takes_the_new_year_on_its_first_day(&summer);
    bergdal_lost_a_school_for_one_night(&summer);
    ashcombe_lives_by_london_time_behind_wonde(&summer);
    solberga_holds_deletes_and_early_courses(&summer);
    fjordvik_teaches_in_summer(&summer);
    lillevik_sends_oneroster(&summer);
    every_attempt_was_told(&summer).await;
    nothing_is_left_that_could_run(&summer).await;
}

/// What is left of the summer.
struct Summer {
    test: TestApp,
    rows: BTreeMap<(String, String), Row>,
    runs: BTreeMap<String, Vec<RunRow>>,
}

impl Summer {
    async fn play(on: On) -> Self {
        let test = TestApp::new(on, &sets_up().to_rfc3339()).await;
        let mut demo = Demo::over(test.app.clone(), test.clock.clone()).await.unwrap();
        demo.play(ends(), Pace::Unbound, &CancellationToken::new(), |_| {}).await.unwrap();
        let table = DemoTable::read(test.ledger(), YEAR).await.unwrap();
        let key = |row: &Row| (row.customer.clone(), format!("{}/{}", row.plan, row.step));
        let rows = table.rows.into_iter().map(|row| (key(&row), row)).collect();
        let mut runs = BTreeMap::new();
        for customer in test.ledger().customers().await.unwrap().read {
            let mut of_customer = test.ledger().runs_of_customer(customer.id.as_str(), 1_000).await.unwrap();
            of_customer.reverse();
            runs.insert(customer.id.to_string(), of_customer);
        }
        Self { test, rows, runs }
    }

    fn row(&self, customer: &str, step: &str) -> &Row {
        let key = (customer.to_owned(), step.to_owned());
        self.rows.get(&key).unwrap_or_else(|| panic!("{customer} has no step {step}"))
    }

    fn is(&self, customer: &str, step: &str, state: TaskState) {
        let row = self.row(customer, step);
        assert_eq!(row.state, state, "{customer} {step}: {}", row.evidence);
    }

    fn runs(&self, customer: &str) -> impl Iterator<Item = (DateTime<Utc>, &RunRecord)> {
        self.runs[customer].iter().map(|run| (run.ended_at, &run.record.0))
    }

    fn runs_between(&self, customer: &str, from: &str, until: &str) -> Vec<&RunRecord> {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let within = |at: DateTime<Utc>| day(from) <= at.date_naive() && at.date_naive() <= day(until);
        self.runs(customer).filter(|(at, _)| within(*at)).map(|(_, run)| run).collect()
    }
}

// DOMAIN P1, C1, F2, F3
fn nes_is_paused_and_takes_the_new_year_on_its_first_day(summer: &Summer) {
    summer.is("nes", "eoy/pause_integration", TaskState::Done);
    assert_eq!(
        summer.row("nes", "eoy/pause_integration").when,
        Some(harness::moment("2024-06-21T22:00:00Z"))
    );
    assert!(
        summer.runs_between("nes", "2024-06-22", "2024-08-18").is_empty(),
        "paused: no roster is taken in"
    );
    let first_day = summer.runs_between("nes", "2024-08-19", "2024-08-19");
    let outcomes: Vec<Outcome> = first_day.iter().map(|run| run.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Aborted, Outcome::Completed],
        "the Filter stops it, a decision lets it in"
    );
    assert!(first_day[0].applied == Default::default() && !first_day[0].breaches.is_empty());
    let year = |breach: &Breach| breach.causes.iter().any(|cause| matches!(cause, Cause::SchoolYear { .. }));
    assert!(first_day[0].breaches.iter().any(year), "it is the change of school year, and said to be");
    assert!(first_day[1].used_decision.is_some() && first_day[1].applied.deleted > 0);
    let courses = first_day[1].planned.course;
    assert!(courses.create > 0 && courses.delete > 0, "old courses go, new ones come: {courses:?}");
    assert!(first_day[1].after.courses_archived > 0, "course archiving is on");
    summer.is("nes", "bts/import_courses", TaskState::Done);
    summer.is("nes", "eoy/start_delay_delete", TaskState::NotApplicable);
}

// DOMAIN F2, F3
fn bergdal_lost_a_school_for_one_night(summer: &Summer) {
    let night = summer.runs_between("bergdal", "2024-06-11", "2024-06-11");
    assert_eq!(night.len(), 1);
    assert_eq!(night[0].outcome, Outcome::Aborted);
    assert!(night[0].breaches.iter().all(|breach| breach.parts.len() == 1), "it is all in one school");
    let is_told = |breach: &Breach| {
        matches!(&breach.causes[..], [Cause::SchoolsMissing { schools, missing: 1, count, of, .. }, ..]
            if schools[..] == [breach.parts[0].school.clone()] && count == of)
    };
    assert!(night[0].breaches.iter().all(is_told), "and why is told: {:?}", night[0].breaches);
    assert_eq!(night[0].before, night[0].after, "nothing was applied");
    let next = summer.runs_between("bergdal", "2024-06-12", "2024-06-12");
    assert_eq!(next[0].outcome, Outcome::Completed);
    assert_eq!(next[0].used_decision, None, "the Filter was on, and had nothing to say");
    summer.is("bergdal", "bts/import_courses", TaskState::Done);
}

// DOMAIN M1, A6
fn ashcombe_lives_by_london_time_behind_wonde(summer: &Summer) {
    assert_eq!(
        summer.row("ashcombe", "eoy/pause_integration").when,
        Some(harness::moment("2024-07-19T23:00:00Z"))
    );
    summer.is("ashcombe", "bts/switch_school_year_behind_wonde", TaskState::Done);
    summer.is("ashcombe", "bts/switch_school_year", TaskState::NotApplicable);
    summer.is("nes", "bts/switch_school_year", TaskState::Done);
    summer.is("ashcombe", "eoy/complete_termly_behaviour", TaskState::NotApplicable);
    assert!(summer.runs_between("ashcombe", "2024-07-20", "2024-09-02").is_empty());
    summer.is("ashcombe", "bts/import_courses", TaskState::Done);
}

// DOMAIN P2, P3, C1
fn solberga_holds_deletes_and_early_courses(summer: &Summer) {
    let window = summer.runs_between("solberga", "2024-06-14", "2024-08-18");
    assert!(window.iter().all(|run| run.applied.deleted == 0), "no delete reaches the site");
    assert!(window.iter().any(|run| run.postponed_deletes.total() > 0 && run.postponed_until.is_some()));
    let early = summer.runs_between("solberga", "2024-06-25", "2024-08-18");
    let held: Vec<&&RunRecord> = early.iter().filter(|run| run.held_courses > 0).collect();
    assert!(!held.is_empty());
    assert!(held.iter().all(|run| run.held_until == "2024-08-20".parse().ok()));
    let after = summer.runs_between("solberga", "2024-08-20", "2024-09-15");
    assert_eq!(after[0].outcome, Outcome::Aborted, "the postponed deletes go through the Filter");
    let brought =
        after.iter().find(|run| run.outcome == Outcome::Completed).expect("a decision lets them in");
    assert!(brought.applied.deleted > 0 && brought.planned.course.create > 0);
    assert!(after.last().unwrap().postponed_deletes.is_empty());
}

// DOMAIN P5, C1
fn fjordvik_teaches_in_summer(summer: &Summer) {
    summer.is("fjordvik", "eoy/pause_integration", TaskState::NotApplicable);
    summer.is("fjordvik", "eoy/start_delay_delete", TaskState::Done);
    let first_day = summer.runs_between("fjordvik", "2024-06-24", "2024-06-24");
    assert!(
        first_day[0].planned.course.create > 0 && first_day[0].held_courses == 0,
        "summer courses flow at once"
    );
    summer.is("fjordvik", "bts/import_courses", TaskState::Done);
}

// DOMAIN I1, F2, F3
fn lillevik_sends_oneroster(summer: &Summer) {
    assert!(summer.runs("lillevik").all(|(_, run)| run.read_errors.is_none()), "every bundle is read");
    let spring = summer.runs_between("lillevik", "2024-06-01", "2024-06-20");
    let outcomes: Vec<Outcome> = spring.iter().map(|run| run.outcome).collect();
    assert!(outcomes.contains(&Outcome::Completed), "{outcomes:?}");
    assert!(!outcomes.contains(&Outcome::Aborted) && !outcomes.contains(&Outcome::Failed), "{outcomes:?}");
    let autumn = summer.runs_between("lillevik", "2024-08-15", "2024-09-15");
    let outcomes: Vec<Outcome> = autumn.iter().map(|run| run.outcome).collect();
    let new_year =
        autumn.iter().find(|run| run.outcome == Outcome::Completed && run.planned.course.create > 0);
    let new_year = new_year.unwrap_or_else(|| panic!("no course of the new year came: {outcomes:?}"));
    assert!(new_year.used_decision.is_some(), "the Filter stops it, a decision lets it in: {outcomes:?}");
    summer.is("lillevik", "bts/import_courses", TaskState::Done);
}

// DOMAIN I2
async fn every_attempt_was_told(summer: &Summer) {
    for (customer, runs) in &summer.runs {
        let mails = summer.test.ledger().mails_of_customer(customer, 1_000).await.unwrap();
        assert_eq!(mails.len(), 2 * runs.len(), "{customer}: a mail to them and one to us, per attempt");
        assert!(mails.iter().all(|mail| mail.sent_at.is_some()), "{customer}: every mail has left");
    }
}

async fn nothing_is_left_that_could_run(summer: &Summer) {
    assert_eq!(summer.test.season.settle().await.unwrap(), 0);
    for state in ["ready", "running", "retrying", "failed"] {
        let filter = JobFilter { state: Some(state.to_owned()), limit: 10, ..JobFilter::default() };
        let jobs = summer.test.ledger().jobs(&filter).await.unwrap();
        assert!(jobs.is_empty(), "{state}: {jobs:?}");
    }
}
