//! Every template previewed for customers of each country, MIS and set of modules, and what refuses a plan.

#![cfg(test)]

mod harness;

use chrono::{DateTime, Utc};
use harness::{On, TestApp, moment, on_both_engines};
use rollover::{
    exit::{Exit, ExitError},
    plans,
};
use rollover_jobs::{
    Calendar, Customer, CustomerSettings, TermDates,
    plan::{Applicability, Preview, TEMPLATES, Template, preview, to_tasks},
};
use std::fmt::Write;

const NOW: &str = "2024-04-02T08:00:00Z";

/// Country, zone, MIS, middleware, modules.
type Mix = (&'static str, &'static str, &'static str, Option<&'static str>, &'static str);

const MIXES: [Mix; 7] = [
    ("NO", "Europe/Oslo", "fjordsas", None, "absence daily_absence behaviour grades courses"),
    ("NO", "Europe/Oslo", "fjordsas", None, "absence courses delay_delete"),
    ("NO", "Europe/Oslo", "vigilo", None, "courses summer_school"),
    ("SE", "Europe/Stockholm", "procapita", None, "grades courses"),
    ("GB", "Europe/London", "sims", Some("wonde"), "behaviour courses"),
    ("GB", "Europe/London", "arbor", None, "absence behaviour"),
    ("DE", "Europe/Berlin", "untis", None, ""),
];

fn customer((country, zone, mis, middleware, modules): Mix) -> Customer {
    Customer {
        id: "nes".parse().unwrap(),
        name: "Nes".to_owned(),
        country: country.parse().unwrap(),
        time_zone: zone.parse().unwrap(),
        mis: mis.to_owned(),
        middleware: middleware.map(str::to_owned),
        modules: modules.split_whitespace().map(str::to_owned).collect(),
        settings: CustomerSettings::default(),
    }
}

fn calendar() -> Calendar {
    let day = |text: &str| text.parse().unwrap();
    Calendar {
        last_teaching_day: Some(day("2024-06-21")),
        school_year_start: Some(day("2024-08-19")),
        terms: vec![
            TermDates { name: "Spring".to_owned(), start: day("2024-01-02"), end: day("2024-06-21") },
            TermDates { name: "Autumn".to_owned(), start: day("2024-08-19"), end: day("2024-12-20") },
        ],
        vendor_date: Some(day("2024-08-01")),
    }
}

/// One line a step: its first moment, local and UTC, or what it waits for, or why it does not apply.
fn compact(preview: &Preview) -> String {
    let mut text = String::new();
    for laid in &preview.steps {
        let when = match (&laid.applies, &laid.first) {
            (Applicability::No { reason }, _) => format!("- {reason}"),
            (Applicability::Yes, Some(first)) => {
                format!("{} = {}", first.local.format("%Y-%m-%d %H:%M"), first.at.format("%m-%dT%H:%MZ"))
            }
            (Applicability::Yes, None) => laid.trigger.to_string(),
        };
        let needs = laid.why.find("; not before ").map_or("", |at| &laid.why[at..]);
        let _ = writeln!(text, "  {:<32} {when}{needs}", laid.step.name);
    }
    for warning in &preview.warnings {
        let _ = writeln!(text, "  ! {warning}");
    }
    for refusal in preview.refusals() {
        let _ = writeln!(text, "  !! {refusal}");
    }
    text
}

// DOMAIN A6, M1, M2, M3, P1, P2, P5, C1
#[test]
fn every_template_for_every_mix_of_customers() {
    for template in TEMPLATES.iter() {
        let mut text = String::new();
        for mix in MIXES {
            let (country, _, mis, middleware, modules) = mix;
            let _ = writeln!(text, "{country} {mis} {} [{modules}]", middleware.unwrap_or("-"));
            text += &compact(&preview(template, &customer(mix), &calendar(), 2024, moment(NOW)));
        }
        insta::assert_snapshot!(template.name.clone(), text);
    }
}

// DOMAIN M3, P2
#[test]
fn every_template_without_dates_names_those_that_it_needs() {
    let mut text = String::new();
    for template in TEMPLATES.iter() {
        let laid = preview(template, &customer(MIXES[2]), &Calendar::default(), 2024, moment(NOW));
        let _ = writeln!(text, "{}", template.name);
        for warning in &laid.warnings {
            let _ = writeln!(text, "  ! {warning}");
        }
        for refusal in laid.refusals() {
            let _ = writeln!(text, "  !! {refusal}");
        }
        assert_eq!(to_tasks(&laid).is_err(), !laid.refusals().is_empty(), "{}", template.name);
    }
    insta::assert_snapshot!(text);
}

/// A template in which everything is wrong that can be.
const WRONG: &str = r#"
name = "wrong"
title = "Wrong"
summary = "Everything in it is wrong."
version = 1
lead_weeks = 30

[[steps]]
name = "pause"
title = "Pause"
kind = "pause_integration"
args = { why = "summer" }
trigger = { type = "date", at = "last_teaching_day + 1d 02:30" }
owner = "support_agent"
help = "Pauses a customer that teaches in summer."

[[steps]]
name = "delay"
title = "Delay"
kind = "start_delay_delete"
args = { start = "when: last_teaching_day + 1d" }
trigger = { type = "date", at = "last_teaching_day + 1d 02:30" }
owner = "support_agent"
help = "Has no end."

[[steps]]
name = "backwards"
title = "Backwards"
kind = "start_delay_delete"
args = { start = "when: school_year_start", end = "when: last_teaching_day" }
trigger = { type = "hand" }
owner = "support_agent"
help = "Ends before it starts."

[[steps]]
name = "courses"
title = "Courses"
kind = "import_roster"
trigger = { type = "date", at = "school_year_start - 1d 23:59" }
owner = "support_agent"
brings_new_courses = true
help = "Comes a minute too early."

[[steps]]
name = "past"
title = "Past"
kind = "import_roster"
trigger = { type = "date", at = "2024-04-01 02:30" }
owner = "support_agent"
help = "Was yesterday."

[[steps]]
name = "over"
title = "Over"
kind = "import_roster"
trigger = { type = "cron", cron = "30 2 * * *", until = "2024-04-01" }
owner = "support_agent"
help = "Has no moment left."

[[steps]]
name = "never"
title = "Never"
kind = "import_roster"
trigger = { type = "cron", cron = "30 2 * * *", from = "school_year_start", until = "last_teaching_day" }
owner = "support_agent"
help = "Ends before it begins."
"#;

// DOMAIN C1, M2, P2, P5, S6
#[test]
fn everything_that_speaks_against_a_plan_is_said() {
    let template: Template = toml::from_str(WRONG).unwrap();
    let laid = preview(&template, &customer(MIXES[2]), &calendar(), 2024, moment(NOW));
    insta::assert_snapshot!(compact(&laid));
    assert!(to_tasks(&laid).is_err());
}

on_both_engines!(
    a_refused_plan_writes_nothing,
    a_plan_is_written_as_it_was_previewed,
    an_unknown_template_lists_those_that_exist,
);

async fn a_refused_plan_writes_nothing(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &["summer_school"]).await;
    let refused = plans::create(test.ledger(), test.now(), "Ingrid", &nes, "eoy", 2025).await.unwrap_err();
    assert_eq!(Exit::of(&refused), Exit::Refused);
    let said = refused.to_string();
    assert!(
        said.starts_with("the plan eoy 2025 of nes was not made: the last teaching day is not known"),
        "{said}"
    );
    assert!(said.contains("rollover customer set nes --year 2025 --last-teaching-day DATE"), "{said}");
    assert!(test.ledger().plans(None, 10).await.unwrap().is_empty());
    assert_eq!(test.ledger().next_due().await.unwrap(), None);
}

async fn a_plan_is_written_as_it_was_previewed(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &["absence", "courses"]).await;
    for template in ["eoy", "bts"] {
        let (plan, laid) =
            plans::create(test.ledger(), test.now(), "Ingrid", &nes, template, 2024).await.unwrap();
        assert_eq!((plan.template.as_str(), plan.year, plan.created_by.as_str()), (template, 2024, "Ingrid"));
        let tasks = test.ledger().tasks_of_plan(plan.id).await.unwrap();
        assert_eq!(tasks.len(), laid.steps.len());
        for (task, laid) in tasks.iter().zip(&laid.steps) {
            let due: Option<DateTime<Utc>> = laid.first.as_ref().map(|first| first.at);
            assert_eq!((&task.step, task.due_at, task.deadline), (&laid.step.name, due, laid.deadline));
            assert_eq!(task.schedule.0.trigger(), Some(&laid.trigger), "{}", task.step);
            assert_eq!(task.needs.0, laid.step.needs, "{}", task.step);
            assert_eq!(task.args.0, serde_json::Value::Object(laid.args.clone()), "{}", task.step);
            let applies = task.state.as_str() != "not_applicable";
            assert_eq!(applies, laid.applies.is_yes(), "{}", task.step);
            assert_eq!(task.why.is_some(), !applies, "the reason stands beside it");
        }
    }
    let first = test.ledger().next_due().await.unwrap();
    assert_eq!(first, Some(moment("2024-04-26T00:30:00Z")), "the first night of imports");
}

async fn an_unknown_template_lists_those_that_exist(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let refused = plans::create(test.ledger(), test.now(), "Ingrid", &nes, "easter", 2024).await.unwrap_err();
    assert_eq!(refused.downcast_ref::<ExitError>().unwrap().exit, Exit::Usage);
    assert_eq!(
        refused.to_string(),
        "there is no plan template \"easter\": there are eoy, bts, summer_school, change_of_mis"
    );
}
