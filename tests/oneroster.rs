//! A customer that sends OneRoster: its bundles are imported as other rosters are, and refused as they are.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::{
    ledger::{NewJob, RunRow},
    model::JobState,
};
use rollover_jobs::{RosterFormat, ports::Outcome};
use rollover_roster::{
    invent::{Invention, Municipality},
    read::oneroster::Version,
    write::{Sender, write_oneroster_zip},
};
use serde_json::json;
use std::{fs, io::Cursor};

on_both_engines!(bundles_are_imported_one_after_another, a_bundle_that_is_wrong_changes_nothing);

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

/// Lays a bundle down and imports it.
async fn import(test: &TestApp, zip: &[u8]) -> JobState {
    let folder = test.app.settings.roster_folder().join("lillevik");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("roster.part"), zip).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.zip")).unwrap();
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
    let mut changes = zip::ZipWriter::new(Cursor::new(Vec::new()));
    changes.start_file("manifest.csv", zip::write::SimpleFileOptions::default()).unwrap();
    let manifest = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.orgs,delta\n\
                    source.systemCode,klassebok\n";
    std::io::Write::write_all(&mut changes, manifest.as_bytes()).unwrap();
    changes.start_file("orgs.csv", zip::write::SimpleFileOptions::default()).unwrap();
    let orgs = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n\
                s,active,2024-04-01T00:00:00Z,Nes,school,,\n";
    std::io::Write::write_all(&mut changes, orgs.as_bytes()).unwrap();
    let changes = changes.finish().unwrap().into_inner();
    let cases = [
        (changes, "manifest.csv, file: the bundle holds changes alone; have the MIS send all files as bulk"),
        (b"sourcedId,status\n".to_vec(), "ZIP: the file is no whole ZIP"),
    ];
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
