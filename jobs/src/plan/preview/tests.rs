//! The four templates laid on a calendar, and what speaks against a changed one.

use super::*;
use crate::plan::{
    find_template,
    sample::{calendar, customer, day},
    to_tasks,
};

fn now() -> DateTime<Utc> {
    "2024-04-02T08:00:00Z".parse().unwrap()
}

fn previewed(name: &str, modules: &[&str], calendar: &Calendar) -> Preview {
    preview(find_template(name).unwrap(), &customer(modules), calendar, 2024, now())
}

fn applying(preview: &Preview) -> Vec<&str> {
    let applying = preview.steps.iter().filter(|laid| laid.applies.is_yes());
    applying.map(|laid| laid.step.name.as_str()).collect()
}

fn step<'a>(preview: &'a Preview, name: &str) -> &'a PreviewStep {
    preview.steps.iter().find(|laid| laid.step.name == name).unwrap()
}

const ALL: [&str; 5] = ["absence", "daily_absence", "behaviour", "grades", "courses"];

#[test]
fn with_a_full_calendar_no_template_is_warned_against() {
    for name in ["eoy", "bts", "change_of_mis"] {
        for module in ["behaviour", "delay_delete", "summer_school"] {
            let preview = previewed(name, &[&ALL[..], &[module]].concat(), &calendar());
            assert_eq!(preview.warnings, [], "{name} {module}");
            assert_eq!(preview.refusals(), []);
        }
    }
    let preview = previewed("summer_school", &["summer_school"], &calendar());
    assert_eq!((preview.warnings.len(), applying(&preview).len()), (0, preview.steps.len()));
}

// DOMAIN P1, P2, P5
#[test]
fn pause_and_delay_delete_are_alternatives() {
    for (modules, paused) in [
        (vec![], true),
        (vec!["absence"], true),
        (vec!["delay_delete"], false),
        (vec!["summer_school"], false),
        (vec!["summer_school", "delay_delete"], false),
    ] {
        let (eoy, bts) = (previewed("eoy", &modules, &calendar()), previewed("bts", &modules, &calendar()));
        for (preview, step, applies) in [
            (&eoy, "pause_integration", paused),
            (&eoy, "start_delay_delete", !paused),
            // A customer that was paused by hand, or before the agreement changed, is resumed too.
            (&bts, "resume_integration", true),
            (&bts, "end_delay_delete", !paused),
        ] {
            assert_eq!(applying(preview).contains(&step), applies, "{modules:?}: {step}");
        }
    }
}

// DOMAIN P1, C1
#[test]
fn nothing_is_imported_while_the_integration_is_paused() {
    let (eoy, bts) = (previewed("eoy", &ALL, &calendar()), previewed("bts", &ALL, &calendar()));
    let paused = step(&eoy, "pause_integration").first.clone().unwrap().at;
    let resumed = step(&bts, "resume_integration").first.clone().unwrap().at;
    let mut imports = 0;
    for laid in eoy.steps.iter().chain(&bts.steps) {
        if laid.step.kind != "import_roster" || !laid.applies.is_yes() {
            continue;
        }
        let tz = chrono_tz::Europe::Oslo;
        for moment in laid.trigger.moments(now(), 400, tz, &Calendar::default()).unwrap() {
            assert!(moment.at < paused || moment.at > resumed, "{} at {}", laid.step.name, moment.at);
            imports += 1;
        }
    }
    // 2024-04-26 to 06-21 (57 nights), the first of the new year, and 08-20 to 10-14 (56 nights).
    assert_eq!(imports, 57 + 1 + 56);
    assert!(step(&bts, "import_courses").first.clone().unwrap().local.date() == day("2024-08-19"));
}

// DOMAIN M1
#[test]
fn the_switch_of_the_school_year_is_for_norway_sweden_and_wonde() {
    for (country, middleware, expected) in [
        ("NO", None, Some("switch_school_year")),
        ("SE", None, Some("switch_school_year")),
        ("GB", None, None),
        ("GB", Some("wonde"), Some("switch_school_year_behind_wonde")),
        ("DE", Some("wonde"), None),
    ] {
        let mut customer = customer(&ALL);
        customer.country = country.parse().unwrap();
        customer.middleware = middleware.map(str::to_owned);
        let preview = preview(find_template("bts").unwrap(), &customer, &calendar(), 2024, now());
        let found: Vec<&str> =
            applying(&preview).into_iter().filter(|name| name.starts_with("switch_school_year")).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{country}");
    }
}

#[test]
fn a_missing_date_refuses_the_plan_and_says_how_to_set_it() {
    let without_last = Calendar { last_teaching_day: None, ..calendar() };
    let preview = previewed("summer_school", &["summer_school"], &without_last);
    assert!(preview.warnings.contains(&Warning::LastTeachingDayMissing));
    assert_eq!(preview.missing, [MissingDate { which: CalendarDate::LastTeachingDay }]);
    let refusals = preview.refusals();
    assert_eq!(refusals.len(), 1);
    let said = refusals[0].to_string();
    assert!(said.starts_with("the last teaching day is not known, and agree_summer_school, "), "{said}");
    assert!(
        said.ends_with(
            "need it; set it with: rollover customer set nes --year 2024 --last-teaching-day DATE"
        )
    );
}

#[test]
fn all_missing_dates_are_told_at_once() {
    let preview = previewed("eoy", &["summer_school"], &Calendar::default());
    let missing: Vec<&CalendarDate> = preview.missing.iter().map(|missing| &missing.which).collect();
    assert_eq!(missing, [&CalendarDate::LastTeachingDay, &CalendarDate::SchoolYearStart]);
    let paused = Calendar { school_year_start: None, ..calendar() };
    assert_eq!(previewed("eoy", &["courses"], &paused).refusals(), [], "no step of theirs needs the date");
}

// DOMAIN A6
#[test]
fn a_step_after_one_that_does_not_apply_takes_its_place() {
    let preview = previewed("eoy", &["absence"], &calendar());
    let laid = step(&preview, "complete_absence");
    assert_eq!(laid.trigger.to_string(), "after complete_weeks succeeded");
    assert_eq!(laid.trigger_text, "after complete_daily_absence succeeded");
    assert!(laid.why.starts_with("takes the place of complete_daily_absence, which does not apply"));
    let bts = previewed("bts", &["courses"], &calendar());
    assert_eq!(
        step(&bts, "review_course_templates").first.clone().unwrap().local.to_string(),
        "2024-07-08 09:00:00"
    );
    let absence = step(&bts, "create_terms");
    assert_eq!(
        absence.applies,
        Applicability::No {
            reason: "the customer does not use the module absence or behaviour or grades".into()
        }
    );
}

/// The template with one step changed, as a person might change it.
fn changed(name: &str, step: &str, change: impl FnOnce(&mut Step)) -> Template {
    let mut template = find_template(name).unwrap().clone();
    change(template.steps.iter_mut().find(|other| other.name == step).unwrap());
    template
}

fn warned(template: &Template, modules: &[&str]) -> Vec<String> {
    let preview = preview(template, &customer(modules), &calendar(), 2024, now());
    preview.warnings.iter().map(Warning::to_string).collect()
}

fn on(at: &str) -> Trigger {
    Trigger::Date { at: at.parse().unwrap() }
}

#[test]
fn what_speaks_against_a_changed_plan_is_said() {
    let early = changed("bts", "import_courses", |step| step.trigger = on("school_year_start - 1d 02:30"));
    assert_eq!(
        warned(&early, &ALL),
        ["step import_courses would bring the new courses on 2024-08-18, before the school year starts on \
          2024-08-19: they would be added to the old year; move the step to 2024-08-19 or later"]
    );
    let past = changed("bts", "ask_vendor_date", |step| step.trigger = on("2024-04-02 09:59"));
    assert_eq!(
        warned(&past, &ALL),
        [
            "step ask_vendor_date was due at 2024-04-02 09:59:00, which is past: it runs as soon as the plan is made"
        ]
    );
    let same = changed("bts", "resume_integration", |step| step.trigger = on("school_year_start + 3d 02:30"));
    assert_eq!(
        warned(&same, &ALL),
        [
            "steps resume_integration and nightly_import are due in the same minute, 2024-08-22 02:30:00, and both \
          use the site: one will wait"
        ]
    );
    let endless = changed("eoy", "start_delay_delete", |step| _ = step.args.remove("end"));
    assert_eq!(
        warned(&endless, &["delay_delete"]),
        ["step start_delay_delete starts delay delete without its end date; both dates are required"]
    );
}

// DOMAIN P5
#[test]
fn a_pause_for_a_customer_with_summer_school_refuses_the_plan() {
    let template =
        changed("eoy", "pause_integration", |step| step.applies = super::super::Applies::default());
    let preview = preview(&template, &customer(&["summer_school"]), &calendar(), 2024, now());
    let step = "pause_integration".to_owned();
    assert!(preview.refusals().contains(&Refusal::Refused(Warning::PauseInSummerSchool { step })));
}

#[test]
fn a_cron_rule_that_is_over_is_said() {
    let late: DateTime<Utc> = "2024-06-21T22:00:00Z".parse().unwrap();
    let preview = preview(find_template("eoy").unwrap(), &customer(&[]), &calendar(), 2024, late);
    assert!(preview.warnings.contains(&Warning::NothingLeft { step: "nightly_import".to_owned() }));
}

// DOMAIN M2
#[test]
fn a_change_of_mis_close_to_the_change_of_school_year_is_warned_against() {
    let july: DateTime<Utc> = "2024-07-15T08:00:00Z".parse().unwrap();
    let preview = preview(find_template("change_of_mis").unwrap(), &customer(&ALL), &calendar(), 2024, july);
    assert!(matches!(preview.warnings[..], [Warning::TooCloseToSchoolYear { weeks: 8, .. }]));
}

// DOMAIN S5, M1
#[test]
fn what_a_step_needs_and_applies_is_said_and_stored() {
    let laid = previewed("bts", &[], &calendar());
    let import = step(&laid, "import_courses");
    assert!(import.why.ends_with("; not before switch_school_year, check_data"), "{}", import.why);
    let tasks = to_tasks(&laid).unwrap();
    let of = |name: &str| tasks.iter().find(|task| task.step == name).unwrap().needs.clone();
    assert_eq!(of("import_courses"), ["switch_school_year", "switch_school_year_behind_wonde", "check_data"]);
    assert_eq!(of("nightly_import"), ["switch_school_year", "switch_school_year_behind_wonde"]);
    assert!(of("check_data").is_empty());
}
