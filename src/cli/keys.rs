//! `rollover customer keys` and `add-person`: whose sync key at the site is not as it should be; accounts made by hand.

use super::{
    context::Context,
    output::{self, Listing, cell},
};
use crate::{
    app::App,
    exit::{Exit, ExitError},
    site::embedded::{Added, NewPerson},
};
use chrono::NaiveDate;
use clap::Args;
use rollover_jobs::{JobContext, JobFacts, KeyCheck, KeyCounts, SchoolKeys, check_keys};
use rollover_roster::{
    figures::thousands,
    keys::{Problem, SitePerson},
    model::{Profile, SyncKey},
    rekey::Certainty,
};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Args)]
pub(super) struct AddPersonArgs {
    /// The customer whose site it is.
    customer: String,
    #[arg(long)]
    given: String,
    #[arg(long)]
    family: String,
    #[arg(long, value_name = "DATE")]
    birth_date: Option<NaiveDate>,
    /// As Student, Staff, Administrator.
    #[arg(long, default_value = "Student")]
    profile: String,
    /// The school or other group that it is added to, by name.
    #[arg(long)]
    group: Option<String>,
    /// The MIS's id, with the source that gave it.
    #[arg(long, value_name = "ID", requires = "source")]
    sync_key: Option<String>,
    #[arg(long, requires = "sync_key")]
    source: Option<String>,
}

/// What is found, with names: for the person who asks, and no log.
#[derive(Serialize)]
struct Answer<'a> {
    roster: String,
    persons: u64,
    counts: KeyCounts,
    schools: Vec<SchoolKeys>,
    findings: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    school: &'a str,
    account: i64,
    given: &'a str,
    family: &'a str,
    birth_date: Option<NaiveDate>,
    created_by: &'a str,
    problem: &'static str,
    /// What the site has.
    key: Option<&'a SyncKey>,
    /// What the roster has for the same person, as far as it is known.
    mis_keys: Vec<&'a SyncKey>,
    certainty: Option<Certainty>,
    what: String,
}

impl<'a> Line<'a> {
    fn of(school: &'a str, person: &'a SitePerson, problem: &'a Problem) -> Self {
        let (word, mis_keys, certainty) = match problem {
            Problem::NoKey => ("no_key", Vec::new(), None),
            Problem::OtherKey { mis, .. } => ("other_key", vec![mis], None),
            Problem::UnknownKey { .. } => ("unknown_key", Vec::new(), None),
            Problem::Duplicate { mis, certainty } => {
                ("predicted_duplicate", mis.iter().collect(), Some(*certainty))
            }
            Problem::AdministratorWithKey { .. } => ("administrator_with_key", Vec::new(), None),
        };
        Self {
            school,
            account: person.account,
            given: &person.given,
            family: &person.family,
            birth_date: person.birth_date,
            created_by: &person.created_by,
            problem: word,
            key: person.key.as_ref(),
            mis_keys,
            certainty,
            what: problem.to_string(),
        }
    }
}

pub(super) async fn keys(cx: &Context, app: &App, id: &str) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(id).await?;
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let check = check_keys(&JobContext::dry_run(facts, customer, app.engine.ports.clone())).await?;
    if cx.json {
        output::json(&answer(&check))?;
    } else {
        print(&check);
    }
    Ok(if check.findings.is_empty() { Exit::Done } else { Exit::Unhealthy })
}

fn answer(check: &KeyCheck) -> Answer<'_> {
    Answer {
        roster: check.roster.to_string(),
        persons: check.persons,
        counts: check.counts(),
        schools: check.schools(),
        findings: check
            .lines()
            .map(|(school, person, finding)| Line::of(school, person, &finding.problem))
            .collect(),
    }
}

fn print(check: &KeyCheck) {
    output::line(format!(
        "{} persons at the site, compared with roster {}.",
        thousands(check.persons),
        check.roster.short()
    ));
    let mut listing = Listing::new(&["school", "account", "name", "made by", "what", "key of the MIS"]);
    let mut advice = BTreeSet::new();
    for (school, person, finding) in check.lines() {
        let line = Line::of(school, person, &finding.problem);
        let keys: Vec<String> =
            line.mis_keys.iter().map(|key| format!("{} {}", key.source, key.id)).collect();
        listing.row(vec![
            cell(school),
            cell(line.account),
            cell(format!("{} {}", line.given, line.family)),
            cell(line.created_by),
            cell(line.problem.replace('_', " ")),
            cell(keys.join(", ")),
        ]);
        advice.insert((line.problem, line.what));
    }
    listing.print("Every student has the key of the MIS, and no administrator has one.");
    for (problem, what) in advice {
        output::line(format!("\n{}: {what}", problem.replace('_', " ")));
    }
}

pub(super) async fn add_person(cx: &Context, app: &App, args: AddPersonArgs) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&args.customer).await?;
    let person = NewPerson {
        key: args.source.zip(args.sync_key).map(|(source, id)| SyncKey::new(&source, &id)),
        given: args.given,
        family: args.family,
        birth_date: args.birth_date,
        profile: Profile::from(args.profile),
        group: args.group,
        by: cx.person()?,
    };
    let group = person.group.clone().unwrap_or_default();
    let why = match app.built_in_site().add_person(&customer.id, &person).await? {
        Added::Account(account) => {
            if cx.json {
                output::json(&serde_json::json!({ "account": account }))?;
            } else {
                output::line(format!("Account {account} is added at the site of {}.", customer.id));
            }
            return Ok(Exit::Done);
        }
        Added::KeyTaken => "somebody at the site has that sync key already".to_owned(),
        Added::NoSuchGroup => format!("the site has no group named {group:?}"),
        Added::SeveralGroups => format!("the site has several groups named {group:?}"),
    };
    Err(ExitError::refused(format!("{why}; nobody was added")).into())
}
