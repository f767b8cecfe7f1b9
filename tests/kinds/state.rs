//! Everything that a job may leave behind, in a form that can be compared.

use crate::harness::TestApp;
use rollover::ledger::db::Db;
use rollover_jobs::{Customer, ports::IntegrationState};
use serde_json::json;
use std::{fs, path::Path};

#[derive(Debug, PartialEq)]
pub struct State {
    /// Every row of the site.
    pub site: Vec<String>,
    pub integration: IntegrationState,
    /// Of every run what does not depend on how often it was begun: the figures of `before` and `applied` do.
    pub runs: Vec<String>,
    /// Kind, reason, and whether it is used.
    pub decisions: Vec<String>,
    /// Kind, and whether it has left.
    pub mails: Vec<String>,
    /// Kinds of the jobs that were made.
    pub jobs: Vec<String>,
    /// Rosters that wait, and those in the backup area.
    pub files: Vec<String>,
}

impl State {
    /// Every course with its state, whether it hangs at its group, and who made it.
    pub fn courses(&self) -> String {
        let rows = self.site.iter().map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap());
        let courses = rows.filter(|row| row[0] == "course").map(|row| {
            let attached = if row[7] == 1 { "attached" } else { "by itself" };
            format!("{} {} {attached} {}", row[3], row[6], row[8]).replace('"', "")
        });
        courses.collect::<Vec<_>>().join(", ")
    }
}

const SITE: [&str; 4] = [
    "SELECT json_array('group', source, sync_key, group_type, level, name, parent_key, made_by, hash)
     FROM site_group ORDER BY 1",
    "SELECT json_array('person', source, sync_key, given, family, profile, state, made_by, hash)
     FROM site_person ORDER BY 1",
    "SELECT json_array('course', source, sync_key, title, code, parent_key, state, attached, made_by, hash)
     FROM site_course ORDER BY 1",
    "SELECT json_array('membership', group_key, person_key, role, begins, ends, made_by, hash)
     FROM site_membership ORDER BY 1",
];
const DECISIONS: &str =
    "SELECT kind || ' ' || reason || ' ' || (used_by_run IS NOT NULL) FROM decision ORDER BY id";
const MAILS: &str = "SELECT kind || ' ' || (sent_at IS NOT NULL) FROM mail ORDER BY id";
const JOBS: &str = "SELECT kind FROM job ORDER BY id";

pub async fn of(test: &TestApp, customer: &Customer) -> State {
    let mut site = Vec::new();
    for sql in SITE {
        site.extend(rows(test, sql).await);
    }
    let runs = test.ledger().runs_of_customer(customer.id.as_str(), 100).await.unwrap();
    let runs = runs.into_iter().map(|row| {
        let run = row.record.0;
        let told = json!([
            run.outcome,
            run.roster_name,
            run.roster,
            run.mirror,
            run.after,
            run.planned,
            run.postponed_deletes,
            run.postponed_until,
            run.held_courses,
            run.held_until,
            run.breaches,
            run.read_errors,
            run.failure,
            run.used_decision
        ]);
        told.to_string()
    });
    State {
        site,
        integration: test.app.engine.ports.integration.state(customer).await.unwrap(),
        runs: runs.collect(),
        decisions: rows(test, DECISIONS).await,
        mails: rows(test, MAILS).await,
        jobs: rows(test, JOBS).await,
        files: files(&test.app.settings.roster_folder()),
    }
}

async fn rows(test: &TestApp, sql: &'static str) -> Vec<String> {
    let Db::Sqlite(pool) = test.ledger().db() else { panic!("the contract is played on SQLite") };
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

/// The files below a folder, by name; the backup area may add the moment to a name.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}
