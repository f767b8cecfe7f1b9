//! Sync keys at the site: what the check finds, what an import says beforehand, and that no job tells a child's name.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::{
    ledger::NewJob,
    site::embedded::{Added, EmbeddedSite, NewPerson},
};
use rollover_jobs::{Customer, JobContext, JobFacts, check_keys};
use rollover_roster::model::{Profile, SyncKey};
use serde_json::{Value, json};
use std::fs;

on_both_engines!(findings_are_counted_by_school_and_named_on_demand, an_import_says_whom_it_makes_twice);

const SPRING: &str = "2024-04-02T00:30:00Z";

/// A school with these students, each with a birth date.
fn roster(students: &[&str]) -> String {
    let key = |id: &str| format!("<sourcedid><source>sas</source><id>{id}</id></sourcedid>");
    let person = |name: &&str| {
        format!(
            "<person>{}<name><n><given>{name}</given><family>Berg</family></n></name>
            <demographics><bday>2014-02-28</bday></demographics>
            <institutionrole primaryrole=\"Yes\" institutionroletype=\"Student\"/></person>",
            key(name)
        )
    };
    let member = |name: &&str| {
        format!(
            "<member>{}<idtype>1</idtype><role roletype=\"01\"><status>1</status></role></member>",
            key(name)
        )
    };
    let group = |id: &str, level: u8, name: &str, up: &str| {
        format!(
            "<group>{}<grouptype><scheme>sas</scheme><typevalue level=\"{level}\">School</typevalue></grouptype>
            <description><short>{name}</short></description><relationship relation=\"1\">{}<label>up</label>
            </relationship></group>",
            key(id),
            key(up)
        )
    };
    let persons: String = students.iter().map(person).collect();
    let members: String = students.iter().map(member).collect();
    format!(
        "<enterprise><properties><datasource>sas</datasource></properties>{persons}{}{}
        <membership>{}{members}</membership></enterprise>",
        group("root", 0, "Nes kommune", "root"),
        group("school", 1, "Nes skole", "root"),
        key("school")
    )
}

fn lay(test: &TestApp, text: &str) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

/// Runs a job of a kind to its end; gives its report.
async fn done(test: &TestApp, kind: &str, args: Value) -> Value {
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: kind.to_owned(),
        args,
        lane: Some("site"),
        due_at: test.now(),
    };
    let job = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    let row = test.job(job).await;
    row.report.unwrap_or_else(|| panic!("{kind}: {:?}", row.why)).0
}

async fn add(test: &TestApp, customer: &Customer, given: &str, profile: Profile, key: Option<&str>) {
    let person = NewPerson {
        key: key.map(|id| SyncKey::new("sas", id)),
        given: given.to_owned(),
        family: "Berg".to_owned(),
        birth_date: Some("2014-02-28".parse().unwrap()),
        profile,
        group: Some("Nes skole".to_owned()),
        by: "Rektor Moe".to_owned(),
    };
    let site = EmbeddedSite::new(test.ledger().db().clone());
    assert!(matches!(site.add_person(&customer.id, &person).await.unwrap(), Added::Account(_)));
}

// DOMAIN K1, K2, K3
async fn findings_are_counted_by_school_and_named_on_demand(on: On) {
    let test = TestApp::new(on, SPRING).await;
    let nes = test.customer("nes", &[]).await;
    lay(&test, &roster(&["Kari", "Ola"]));
    done(&test, "import_roster", json!({})).await;
    add(&test, &nes, "Siri", Profile::Student, None).await;
    add(&test, &nes, "Unn", Profile::Student, None).await;
    add(&test, &nes, "Per", Profile::Student, Some("of-before")).await;
    add(&test, &nes, "Anne", Profile::Administrator, Some("a-1")).await;
    lay(&test, &roster(&["Kari", "Ola", "Siri"]));

    let report = done(&test, "check_sync_keys", json!({})).await;
    let counts = json!({
        "no_key": 1, "other_key": 0, "unknown_key": 1, "predicted_duplicates": 1, "administrators_with_key": 1,
    });
    for (name, count) in counts.as_object().unwrap() {
        assert_eq!((&report[name], &report["schools"][0][name]), (count, count), "{name}");
    }
    assert_eq!(report["persons"], 6);
    assert_eq!(report["schools"][0]["school"], "Nes skole");
    assert_eq!(report["schools"][0]["created_by"], json!({ "Rektor Moe": 4 }));
    for name in ["Siri", "Unn", "Per", "Anne", "Berg", "of-before"] {
        assert!(!report.to_string().contains(name), "{name} stands in {report}");
    }

    let facts = JobFacts { id: 0, task: None, due_at: test.now(), attempt: 1, round: 0 };
    let cx = JobContext::dry_run(facts, nes, test.app.engine.ports.clone());
    let check = check_keys(&cx).await.unwrap();
    let named: Vec<&str> = check.lines().map(|(_, person, _)| person.given.as_str()).collect();
    assert_eq!(named, ["Siri", "Unn", "Per", "Anne"]);
}

// DOMAIN K2
async fn an_import_says_whom_it_makes_twice(on: On) {
    let test = TestApp::new(on, SPRING).await;
    let nes = test.customer("nes", &[]).await;
    lay(&test, &roster(&["Kari", "Ola"]));
    done(&test, "import_roster", json!({})).await;
    add(&test, &nes, "Siri", Profile::Student, None).await;
    lay(&test, &roster(&["Kari", "Ola", "Siri"]));

    let seen = done(&test, "import_roster", json!({ "dry_run": true })).await;
    assert_eq!((&seen["outcome"], &seen["predicted_duplicates"]), (&json!("would_apply"), &json!(1)));
    let said = seen["said"].as_str().unwrap();
    assert!(said.contains("rollover customer keys nes") && !said.contains("Siri"), "{said}");

    done(&test, "import_roster", json!({})).await;
    let run = &test.ledger().runs_of_customer("nes", 1).await.unwrap()[0];
    assert_eq!(run.record.predicted_duplicates, 1);
    let mail = &test.ledger().mails_of_run(run.id).await.unwrap()[0];
    assert!(mail.text_body.contains("rollover customer keys nes"), "{}", mail.text_body);
    assert!(!mail.text_body.contains("Siri"), "{}", mail.text_body);
}
