//! A customer that sends OneRoster: its bundles are imported as other rosters are, and refused as they are.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::{
    ledger::{NewFilterDecision, NewJob, RunRow, SettingsDecision},
    model::JobState,
};
use rollover_jobs::{RosterFormat, ports::Outcome};
use rollover_roster::{
    invent::{Invention, Municipality},
    model::Record,
    read::oneroster::Version,
    write::{Sender, write_oneroster_zip},
};
use serde_json::json;
use std::{
    fs,
    io::{Cursor, Write},
    path::PathBuf,
};

on_both_engines!(
    bundles_are_imported_one_after_another,
    a_bundle_that_is_wrong_changes_nothing,
    changes_alone_are_applied_to_the_roster_before_them,
    all_changes_that_wait_are_applied,
    changes_that_the_filter_stops_are_not_lost,
    changes_that_are_older_are_refused,
);

const SPRING: &str = "2024-04-02T00:30:00Z";

async fn lillevik(on: On) -> TestApp {
    let test = TestApp::new(on, SPRING).await;
    let mut customer = test.customer("lillevik", &[]).await;
    customer.settings.roster_format = RosterFormat::OneRosterCsv;
    test.ledger().update_customer(test.now(), "test", &customer).await.unwrap();
    test
}

fn bundle(municipality: &Municipality) -> Vec<u8> {
    let sender = Sender {
        source: "klassebok".to_owned(),
        system_name: "Klassebok".to_owned(),
        version: Version::V1_1,
        year_begin: "2023-08-01".parse().unwrap(),
        year_end: "2024-07-31".parse().unwrap(),
    };
    let mut zip = Cursor::new(Vec::new());
    write_oneroster_zip(&mut zip, &municipality.roster(), &sender).unwrap();
    zip.into_inner()
}

fn folder(test: &TestApp) -> PathBuf {
    test.app.settings.roster_folder().join("lillevik")
}

fn lay_down(test: &TestApp, name: &str, zip: &[u8]) {
    let folder = folder(test);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("roster.part"), zip).unwrap();
    fs::rename(folder.join("roster.part"), folder.join(name)).unwrap();
}

/// Lays a bundle down and imports it.
async fn import(test: &TestApp, zip: &[u8]) -> JobState {
    lay_down(test, "roster.zip", zip);
    import_what_waits(test).await
}

async fn import_what_waits(test: &TestApp) -> JobState {
    let job = NewJob {
        task: None,
        customer: Some("lillevik".to_owned()),
        kind: "import_roster".to_owned(),
        args: json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    let job = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    test.job(job).await.state
}

/// A bundle of changes to users.
fn changes(users: &str) -> Vec<u8> {
    let manifest = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.users,delta\n\
                    source.systemCode,klassebok\n";
    let header = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,\
                  familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n";
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("manifest.csv", manifest.to_owned()), ("users.csv", format!("{header}{users}"))] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The row of a new student of a school.
fn student(id: &str, school: &str) -> String {
    format!("{id},active,2024-04-01T00:00:00Z,true,{school},student,{id},,Kari,Berg,,,,,,,,\n")
}

/// A site that holds a whole municipality, and a school of it.
async fn filled(on: On) -> (TestApp, String) {
    let test = lillevik(on).await;
    let municipality = Municipality::new(&Invention::small(3));
    assert_eq!(import(&test, &bundle(&municipality)).await, JobState::Done);
    let school = municipality.roster().records().iter().find_map(|record| match record {
        Record::Group(group) if group.level == 1 => Some(group.key.id.clone()),
        _ => None,
    });
    (test, school.expect("a school"))
}

async fn persons(test: &TestApp) -> u64 {
    let counts = test.app.engine.ports.site.counts(&"lillevik".parse().unwrap()).await.unwrap();
    counts.persons.values().sum()
}

async fn last_run(test: &TestApp) -> RunRow {
    test.ledger().runs_of_customer("lillevik", 1).await.unwrap().remove(0)
}

// DOMAIN I1
async fn bundles_are_imported_one_after_another(on: On) {
    let test = lillevik(on).await;
    let mut municipality = Municipality::new(&Invention::small(3));
    assert_eq!(import(&test, &bundle(&municipality)).await, JobState::Done);
    let first = last_run(&test).await;
    assert_eq!(first.record.outcome, Outcome::Completed);
    let sent = municipality.roster().counts();
    assert_eq!(first.record.applied.created, sent.group + sent.person + sent.course + sent.membership);
    municipality.small_changes(2);
    assert_eq!(import(&test, &bundle(&municipality)).await, JobState::Done);
    let second = last_run(&test).await.record.0;
    assert_eq!(second.outcome, Outcome::Completed);
    let applied = second.applied.created + second.applied.updated + second.applied.deleted;
    assert!((1..100).contains(&applied), "{applied} changes of two small ones");
}

// DOMAIN I4
async fn a_bundle_that_is_wrong_changes_nothing(on: On) {
    let test = lillevik(on).await;
    let zip = bundle(&Municipality::new(&Invention::small(3)));
    let changes = changes(&student("new-1", "school"));
    let no_base = "the bundle holds changes alone, and there is no roster before it; have the MIS send all files as \
                   bulk once";
    let cases = [(changes, no_base), (b"sourcedId,status\n".to_vec(), "ZIP: the file is no whole ZIP")];
    for (wrong, expected) in cases {
        import(&test, &wrong).await;
        // One that may still be on its way is looked at again.
        test.play("2024-04-02T03:00:00Z").await;
        let run = last_run(&test).await;
        assert_eq!(run.record.outcome, Outcome::Failed);
        let report = run.record.read_errors.as_ref().expect("it says why").to_string();
        assert!(report.contains(expected), "{report}");
        let mail = test.ledger().mails_of_run(run.id).await.unwrap().pop().expect("a mail is made");
        assert!(mail.subject.contains("Failed"), "{}", mail.subject);
    }
    assert_eq!(import(&test, &zip).await, JobState::Done);
}

// DOMAIN I1
async fn changes_alone_are_applied_to_the_roster_before_them(on: On) {
    let (test, school) = filled(on).await;
    let before = persons(&test).await;
    let bundle = changes(&student("new-1", &school));
    assert_eq!(import(&test, &bundle).await, JobState::Done);
    let run = last_run(&test).await.record.0;
    assert_eq!((run.outcome, run.applied.created, run.applied.deleted), (Outcome::Completed, 2, 0));
    assert_eq!(persons(&test).await, before + 1);
    // The same once more changes nothing.
    assert_eq!(import(&test, &bundle).await, JobState::Done);
    let again = last_run(&test).await.record.0;
    assert_eq!((again.outcome, again.roster), (Outcome::Unchanged, run.roster));
    let gone = student("new-1", &school).replace(",active,", ",tobedeleted,");
    assert_eq!(import(&test, &changes(&gone)).await, JobState::Done);
    assert_eq!(last_run(&test).await.record.applied.deleted, 2);
    assert_eq!(persons(&test).await, before);
}

// DOMAIN P1
async fn all_changes_that_wait_are_applied(on: On) {
    let (test, school) = filled(on).await;
    let before = persons(&test).await;
    for (name, id) in [("c-1.zip", "new-1"), ("b-2.zip", "new-2"), ("a-3.zip", "new-3")] {
        lay_down(&test, name, &changes(&student(id, &school)));
    }
    assert_eq!(import_what_waits(&test).await, JobState::Done);
    assert_eq!(persons(&test).await, before + 3);
    assert!(
        fs::read_dir(folder(&test)).unwrap().all(|entry| entry.unwrap().path().is_dir()),
        "all are put away"
    );
    // A full one stands for all before it, also for what could not be read.
    lay_down(&test, "1.zip", b"no ZIP");
    lay_down(&test, "2.zip", &bundle(&Municipality::new(&Invention::small(3))));
    lay_down(&test, "3.zip", &changes(&student("new-4", &school)));
    assert_eq!(import_what_waits(&test).await, JobState::Done);
    assert_eq!(persons(&test).await, before + 1);
}

// DOMAIN F2, F3
async fn changes_that_the_filter_stops_are_not_lost(on: On) {
    let (test, school) = filled(on).await;
    let mut customer = test.ledger().customer("lillevik").await.unwrap();
    customer.settings.filter.person.create.max_abs = Some(1);
    let words = SettingsDecision { customer_person: "Kari", support_person: "test", reason: "as tested" };
    test.ledger().update_customer_with_decision(test.now(), &customer, words).await.unwrap();
    let before = persons(&test).await;
    lay_down(&test, "1.zip", &changes(&(student("new-1", &school) + &student("new-2", &school))));
    import_what_waits(&test).await;
    let aborted = last_run(&test).await.record.0;
    assert_eq!(aborted.outcome, Outcome::Aborted);
    // The file is still there, and gives the same roster.
    import_what_waits(&test).await;
    let again = last_run(&test).await.record.0;
    assert_eq!((again.outcome, again.roster), (Outcome::Aborted, aborted.roster));
    // The next bundle of changes builds on it.
    lay_down(&test, "2.zip", &changes(&student("new-3", &school)));
    import_what_waits(&test).await;
    let both = last_run(&test).await.record.0;
    assert_eq!((both.outcome, both.planned.person.create), (Outcome::Aborted, 3));
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster: both.roster.unwrap(),
        limits: None,
        slice: None,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "figures compared".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    assert_eq!(import_what_waits(&test).await, JobState::Done);
    assert_eq!(persons(&test).await, before + 3);
}

// DOMAIN I4
async fn changes_that_are_older_are_refused(on: On) {
    let (test, school) = filled(on).await;
    let before = persons(&test).await;
    lay_down(&test, "late.zip", &changes(&student("new-1", &school)));
    let file = fs::File::options().write(true).open(folder(&test).join("late.zip")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000)).unwrap();
    import_what_waits(&test).await;
    let run = last_run(&test).await.record.0;
    assert_eq!(run.outcome, Outcome::Failed);
    let report = run.read_errors.expect("it says why").to_string();
    let expected = "late.zip, manifest.csv, file: the bundle holds changes alone, and is older than roster.zip, the \
                    newest that was read (";
    assert!(report.starts_with(expected), "{report}");
    assert_eq!(persons(&test).await, before);
}
