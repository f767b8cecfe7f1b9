//! Customers: what is written is read again; a name belongs to one customer.

use super::{
    NOW,
    harness::{On, TestApp, moment, on_both_engines},
};
use rollover::ledger::{LedgerError, SettingsDecision};
use rollover_jobs::{Calendar, Customer, CustomerSettings, EarlyCourses, TermDates};
use rollover_roster::filter::Limits;

on_both_engines!(
    a_customer_is_read_as_it_was_written,
    a_second_customer_of_the_same_name_is_refused,
    what_does_not_exist_is_named,
    every_summer_has_its_own_calendar,
    every_change_is_kept_with_who_made_it,
);

fn fjord() -> Customer {
    let mut filter = Limits { floor: 7, ..Limits::default() };
    filter.person.delete.max_abs = Some(12);
    filter.person.delete.max_pct = Some(2.5);
    Customer {
        id: "fjord".parse().unwrap(),
        name: "Fjord og Fjell kommune – «Åsgård»".to_owned(),
        country: "GB".parse().unwrap(),
        time_zone: chrono_tz::America::Sao_Paulo,
        mis: "sims".to_owned(),
        middleware: Some("wonde".to_owned()),
        modules: vec!["absence".to_owned(), "summer_school".to_owned()],
        settings: CustomerSettings {
            roster_folder: Some("fjord/in".to_owned()),
            status_mail_to: vec!["it@fjord.example".to_owned(), "support@ours.example".to_owned()],
            filter,
            course_archiving: true,
            early_courses: EarlyCourses::Refuse,
            summer_course_prefix: Some("SS-".to_owned()),
            ..CustomerSettings::default()
        },
    }
}

async fn a_customer_is_read_as_it_was_written(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let mut fjord = fjord();
    test.ledger().add_customer(test.now(), "Ingrid", &fjord).await.unwrap();
    assert_eq!(test.ledger().customer("fjord").await.unwrap(), fjord);
    fjord.name = "Fjord kommune".to_owned();
    fjord.middleware = None;
    fjord.modules.clear();
    fjord.settings = CustomerSettings::default();
    let refused = test.ledger().update_customer(test.now(), "Ingrid", &fjord).await.unwrap_err().to_string();
    assert!(refused.contains("only with a decision"), "{refused}");
    let decision = |reason| SettingsDecision { customer_person: "Vidar", support_person: "Kari", reason };
    let ledger = test.ledger();
    assert!(
        ledger.update_customer_with_decision(test.now(), &fjord, decision(" ")).await.is_err(),
        "a reason"
    );
    ledger.update_customer_with_decision(test.now(), &fjord, decision("a small town")).await.unwrap();
    let kept = ledger.decisions_of_customer("fjord", 9).await.unwrap();
    assert_eq!((kept.len(), kept[0].kind.as_str(), kept[0].reason.as_str()), (1, "limits", "a small town"));
    assert_eq!(test.ledger().customers().await.unwrap().read, [fjord.clone(), nes], "by id");
    let state = test.ledger().integration(&fjord.id).await.unwrap();
    assert_eq!((state.pause, state.delay_delete, state.mirror), (None, None, None), "active and empty");
}

async fn a_second_customer_of_the_same_name_is_refused(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let other = Customer { name: "Another Nes".to_owned(), ..nes.clone() };
    let refused = test.ledger().add_customer(test.now(), "Ingrid", &other).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "customer nes exists already: change it with `rollover customer set nes`"
    );
    assert_eq!(test.ledger().customers().await.unwrap().read, [nes]);
}

async fn what_does_not_exist_is_named(on: On) {
    let test = TestApp::new(on, NOW).await;
    let ledger = test.ledger();
    let missing = [
        ledger.customer("nobody").await.unwrap_err(),
        ledger.update_customer(test.now(), "Ingrid", &fjord()).await.unwrap_err(),
        ledger.plan(7).await.unwrap_err(),
        ledger.task(7).await.unwrap_err(),
        ledger.job(7).await.unwrap_err(),
        ledger.run(7).await.unwrap_err(),
        ledger.mail(7).await.unwrap_err(),
        ledger.cancel_plan(test.now(), "Ingrid", 7, "why").await.unwrap_err(),
        ledger.skip_task(test.now(), "Ingrid", 7, "why").await.unwrap_err(),
        ledger.cancel_job(test.now(), "Ingrid", 7, "why").await.unwrap_err(),
    ];
    let said: Vec<String> = missing.iter().map(ToString::to_string).collect();
    assert!(missing.iter().all(|error| matches!(error, LedgerError::NotFound { .. })), "{said:?}");
    assert_eq!(
        said,
        [
            "there is no customer nobody",
            "there is no customer fjord",
            "there is no plan 7",
            "there is no task 7",
            "there is no job 7",
            "there is no import run 7",
            "there is no mail 7",
            "there is no plan 7",
            "there is no task 7",
            "there is no job 7",
        ]
    );
}

async fn every_summer_has_its_own_calendar(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let day = |text: &str| text.parse().unwrap();
    let next = Calendar {
        last_teaching_day: Some(day("2025-06-20")),
        school_year_start: None,
        terms: vec![TermDates { name: "Høst".to_owned(), start: day("2024-08-19"), end: day("2024-12-20") }],
        vendor_date: Some(day("2025-08-01")),
    };
    let ledger = test.ledger();
    ledger.set_calendar(test.now(), "Ingrid", "nes", 2025, &Calendar::default()).await.unwrap();
    ledger.set_calendar(moment(NOW), "Ingrid", "nes", 2025, &next).await.unwrap();
    assert_eq!(ledger.calendar("nes", 2025).await.unwrap(), next, "the later word holds");
    assert_eq!(ledger.calendar("nes", 2026).await.unwrap(), Calendar::default());
    let this = ledger.calendar("nes", 2024).await.unwrap();
    assert_eq!(this.school_year_start, Some(day("2024-08-19")));
    assert_eq!(ledger.calendars("nes").await.unwrap(), [(2024, this), (2025, next)]);
    let nobody = ledger.set_calendar(test.now(), "Ingrid", "nobody", 2024, &Calendar::default()).await;
    assert!(nobody.is_err(), "a calendar belongs to a customer");
}

async fn every_change_is_kept_with_who_made_it(on: On) {
    let test = TestApp::new(on, NOW).await;
    let ledger = test.ledger();
    let mut news = ledger.wakeups().watch();
    let mut fjord = fjord();
    ledger.add_customer(test.now(), "Ingrid", &fjord).await.unwrap();
    fjord.mis = "arbor".to_owned();
    fjord.settings.status_mail_to = vec!["new@fjord.example".to_owned()];
    fjord.settings.filter.person.delete.max_abs = None;
    let decision =
        SettingsDecision { customer_person: "Vidar", support_person: "Kari", reason: "a small town" };
    ledger.update_customer_with_decision(test.now(), &fjord, decision).await.unwrap();
    let day = |text: &str| Some(text.parse().unwrap());
    let mut dates = Calendar { last_teaching_day: day("2024-06-21"), ..Calendar::default() };
    ledger.set_calendar(test.now(), "Ingrid", "fjord", 2024, &dates).await.unwrap();
    dates = Calendar { last_teaching_day: day("2024-06-20"), vendor_date: day("2024-08-01"), ..dates };
    news.mark_unchanged();
    ledger.set_calendar(test.now(), "Kari", "fjord", 2024, &dates).await.unwrap();
    assert!(news.has_changed().unwrap(), "who looks at it is told");
    // The same again is no change.
    ledger.set_calendar(test.now(), "Kari", "fjord", 2024, &dates).await.unwrap();
    ledger.update_customer(test.now(), "Kari", &fjord).await.unwrap();
    let mut history = ledger.events_of_customer("fjord", 9).await.unwrap();
    history.reverse();
    let lines: Vec<(&str, &str, &str)> = history
        .iter()
        .map(|line| (line.name.as_str(), line.actor.as_str(), line.note.as_deref().unwrap_or_default()))
        .collect();
    let expected = [
        ("customer_added", "Ingrid", "Fjord og Fjell kommune – «Åsgård»"),
        ("customer_changed", "Kari", "mis, settings.filter.person.delete.max_abs, settings.status_mail_to"),
        ("calendar_changed", "Ingrid", "2024: last teaching day none → 2024-06-21"),
        (
            "calendar_changed",
            "Kari",
            "2024: last teaching day 2024-06-21 → 2024-06-20; vendor's date none → 2024-08-01",
        ),
    ];
    assert_eq!(lines, expected);
    assert!(ledger.update_customer(test.now(), " ", &fjord).await.is_err(), "somebody did it");
}
