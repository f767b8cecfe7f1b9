//! What a file says beside its records comes to where people look: what was let pass, and announced changes of keys.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::ledger::{NewJob, RunRow, SettingsDecision};
use rollover_jobs::{Customer, ports::Outcome};
use rollover_roster::{
    explain::Cause,
    model::Kind,
    read::{Leniency, Lenient},
    rekey::RekeyedCounts,
};
use serde_json::json;
use std::fs;

on_both_engines!(what_was_let_pass_stands_in_the_run, an_announced_change_of_key_explains_a_breach);

const SPRING: &str = "2024-04-02T00:30:00Z";

async fn nes(test: &TestApp, change: impl FnOnce(&mut Customer)) {
    let mut customer = test.customer("nes", &[]).await;
    change(&mut customer);
    let decision =
        SettingsDecision { customer_person: "Kari", support_person: "Ingrid", reason: "as tested" };
    test.ledger().update_customer_with_decision(test.now(), &customer, decision).await.unwrap();
}

/// A site with one person, whose `sourcedid` elements are given, as a member in the role.
fn roster(sourcedids: &str, given: &str, role: &str) -> String {
    format!(
        "<enterprise><properties><datasource>sas</datasource></properties>
        <person>{sourcedids}<name><n><given>{given}</given><family>Berg</family></n></name>
        <institutionrole primaryrole=\"Yes\" institutionroletype=\"Student\"/></person>
        <group>{}<grouptype><scheme>sas</scheme><typevalue level=\"0\">Site</typevalue></grouptype>
        <description><short>Nes kommune</short></description></group>
        <membership>{0}<member>{}<idtype>1</idtype><role roletype=\"{role}\"><status>1</status></role></member>
        </membership></enterprise>",
        key("", "root"),
        key("", "p-1")
    )
}

fn key(sort: &str, id: &str) -> String {
    format!("<sourcedid{sort}><source>sas</source><id>{id}</id></sourcedid>")
}

async fn import(test: &TestApp, text: &str) -> RunRow {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
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
    test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded")
}

// DOMAIN I4
async fn what_was_let_pass_stands_in_the_run(on: On) {
    let test = TestApp::new(on, SPRING).await;
    nes(&test, |customer| customer.settings.lenient = Lenient::all()).await;
    let run = import(&test, &roster(&key("", "p-1"), "Kari", "77")).await.record.0;
    assert_eq!((run.outcome, run.concessions.count(Leniency::UnknownRoles)), (Outcome::Completed, 1));
    let run = import(&test, &roster(&key("", "p-1"), "Kari", "01")).await.record.0;
    assert_eq!(run.outcome, Outcome::Completed);
    assert!(run.concessions.is_empty(), "nothing was let pass in this file");
}

// DOMAIN F2
async fn an_announced_change_of_key_explains_a_breach(on: On) {
    let test = TestApp::new(on, SPRING).await;
    nes(&test, |customer| customer.settings.filter.person.delete.max_abs = Some(0)).await;
    assert_eq!(
        import(&test, &roster(&key("", "p-1"), "Kari", "01")).await.record.outcome,
        Outcome::Completed
    );
    // Nothing but the announcement tells that it is the same person.
    let sourcedids = key(" sourcedidtype=\"Old\"", "p-1") + &key(" sourcedidtype=\"New\"", "p-9");
    let run = import(&test, &roster(&sourcedids, "Anne", "01")).await.record.0;
    assert_eq!(run.outcome, Outcome::Aborted, "{:?}", run.read_errors);
    let counts = RekeyedCounts { deletes: 1, creates: 1, certain: 1, ..RekeyedCounts::default() };
    let expected = Cause::Rekeyed { kind: Kind::Person, counts };
    assert!(run.breaches[0].causes.contains(&expected), "{:?}", run.breaches[0].causes);
}
