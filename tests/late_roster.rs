//! A roster that does not come by its time raises an alert, once for each time, on a simulated clock (DOMAIN I2).

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::{
    ledger::{JobFilter, JobMove, MailRow, NewJob},
    model::{JobState, TaskState},
};
use rollover_jobs::{
    plan::Trigger,
    ports::{Author, Pause},
};
use rollover_roster::{
    invent::{Invention, Municipality},
    write::write_imse,
};
use serde_json::json;
use std::{fs, time::SystemTime};

on_both_engines!(
    a_roster_that_does_not_come_is_told_once_a_day,
    a_roster_that_came_and_a_pause_are_no_alarm,
    a_source_that_cannot_be_reached_has_brought_none,
);

/// 3 June 2024 is a Monday; Oslo is two hours ahead.
const MONDAY_BEFORE_SIX: &str = "2024-06-03T03:59:00Z";

async fn awaited(on: On) -> (TestApp, i64) {
    let test = TestApp::new(on, MONDAY_BEFORE_SIX).await;
    let mut customer = test.customer("nes", &[]).await;
    customer.settings.roster_due_by = Some("06:00 mon-fri".parse().unwrap());
    test.ledger().update_customer(test.now(), "test", &customer).await.unwrap();
    let rule = customer.settings.roster_due_by.unwrap().trigger();
    assert!(matches!(rule, Trigger::Cron { .. }));
    let task = test.task("nes", "check_roster_came", json!({}), rule, Some("2024-06-03T04:00:00Z")).await;
    (test, task.id)
}

async fn alerts(test: &TestApp) -> Vec<MailRow> {
    let mails = test.ledger().mails_of_customer("nes", 99).await.unwrap();
    mails.into_iter().filter(|mail| mail.kind == "late_roster").rev().collect()
}

fn lay_down(test: &TestApp, at: &str) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("roster.xml");
    fs::write(&path, "<enterprise/>").unwrap();
    let modified = SystemTime::from(harness::moment(at));
    fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
}

async fn roster_comes_and_is_imported(test: &TestApp) {
    let mut text = Vec::new();
    let municipality = Municipality::new(&Invention::small(3));
    write_imse(&mut text, &municipality.roster(), "fjordsas", &test.now().to_rfc3339()).unwrap();
    fs::write(test.app.settings.roster_folder().join("nes/roster.xml"), text).unwrap();
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    let job = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job).await.state, JobState::Done);
}

// DOMAIN I2
async fn a_roster_that_does_not_come_is_told_once_a_day(on: On) {
    let (test, task) = awaited(on).await;
    test.play("2024-06-03T12:00:00Z").await;
    let told = alerts(&test).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].recipient, "it@customer.example");
    assert_eq!(told[0].subject, "Roster of nes kommune has not come by 2024-06-03 06:00");
    assert!(told[0].sent_at.is_some());
    let failed = test.ledger().task(task).await.unwrap();
    assert_eq!(failed.state, TaskState::Failed, "the fleet shows it");
    assert!(failed.why.unwrap().contains("no roster of nes came by its time, 2024-06-03 06:00 mon-fri"));
    // Run again by a person, the same due moment is told no second time.
    let job = test.ledger().jobs(&JobFilter { limit: 99, ..JobFilter::default() }).await.unwrap();
    let job = job.into_iter().find(|job| job.kind == "check_roster_came").unwrap();
    let again = JobMove::RunAgain { why: "by phone".to_owned() };
    test.ledger().apply(test.now(), "Kari", job.id, again).await.unwrap();
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job.id).await.state, JobState::Failed);
    assert_eq!(alerts(&test).await.len(), 1);
    assert!(test.ledger().superseded_imports(&[job.id]).await.unwrap().is_empty(), "it needs a person");
    // Tuesday to Monday: no alert on Saturday and Sunday.
    test.play("2024-06-10T12:00:00Z").await;
    let days: Vec<String> =
        alerts(&test).await.iter().map(|mail| mail.created_at.format("%a %H:%M").to_string()).collect();
    assert_eq!(days, ["Mon 04:00", "Tue 04:00", "Wed 04:00", "Thu 04:00", "Fri 04:00", "Mon 04:00"]);
}

// DOMAIN I2 P1
async fn a_roster_that_came_and_a_pause_are_no_alarm(on: On) {
    let (test, task) = awaited(on).await;
    // On Sunday, since Friday 06:00; it waits for its import.
    lay_down(&test, "2024-06-02T20:00:00Z");
    test.play("2024-06-03T12:00:00Z").await;
    assert_eq!(alerts(&test).await, []);
    let pause =
        Pause { since: test.now(), why: "summer".to_owned(), by: Author::Person { name: "Kari".to_owned() } };
    let nes = "nes".parse().unwrap();
    assert!(test.ledger().pause(test.now(), &nes, &pause, None).await.unwrap());
    test.play("2024-06-05T12:00:00Z").await;
    assert_eq!(alerts(&test).await, [], "nothing is awaited during a pause");
    test.ledger().resume(test.now(), &nes, &pause, &pause.by).await.unwrap();
    test.play("2024-06-06T12:00:00Z").await;
    let told = alerts(&test).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].text_body.contains("2024-06-02 22:00"), "{}", told[0].text_body);
    // One that comes late leaves nobody anything to do.
    let check = test.ledger().jobs(&JobFilter { limit: 99, ..JobFilter::default() }).await.unwrap();
    let check = check.into_iter().find(|job| job.state == JobState::Failed).unwrap();
    roster_comes_and_is_imported(&test).await;
    assert!(test.ledger().superseded_imports(&[check.id]).await.unwrap().contains(&check.id));
    // The next one that comes puts the task in order again.
    lay_down(&test, "2024-06-06T20:00:00Z");
    test.play("2024-06-07T12:00:00Z").await;
    assert_eq!(alerts(&test).await.len(), 1);
    assert_ne!(test.ledger().task(task).await.unwrap().state, TaskState::Failed);
}

// DOMAIN I2
async fn a_source_that_cannot_be_reached_has_brought_none(on: On) {
    let (test, _) = awaited(on).await;
    fs::create_dir_all(test.app.settings.roster_folder()).unwrap();
    fs::write(test.app.settings.roster_folder().join("nes"), "").unwrap();
    test.play("2024-06-03T12:00:00Z").await;
    let told = alerts(&test).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].text_body.contains("did not work"), "{}", told[0].text_body);
}
