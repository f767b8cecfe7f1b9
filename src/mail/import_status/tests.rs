//! A sample of every outcome, rendered; the snapshots are read like code.

use super::*;
use crate::mail::layout::WIDTH;
use rollover_jobs::{
    CustomerSettings,
    ports::{Applied, SiteCounts},
};
use rollover_roster::{
    diff::{ActionCounts, ChangeCounts},
    explain::Cause,
    filter::{Breach, ClassPart, Limit, Part, SortPart},
    model::Kind,
    read::{ReadError, ReadReport},
    rekey::RekeyedCounts,
};

const BASE: &str = "https://rollover.example.com";

fn customer(name: &str) -> Customer {
    Customer {
        id: "nes".parse().unwrap(),
        name: name.to_owned(),
        country: "NO".parse().unwrap(),
        time_zone: chrono_tz::Europe::Oslo,
        mis: "fjordsas".to_owned(),
        middleware: None,
        modules: Vec::new(),
        settings: CustomerSettings::default(),
    }
}

fn counts(students: u64, staff: u64) -> SiteCounts {
    SiteCounts {
        persons: [("Student".to_owned(), students), ("Staff".to_owned(), staff)].into(),
        groups: [("School".to_owned(), 4), ("Grunnskole, basisgruppe".to_owned(), 62)].into(),
        memberships: 3120,
        courses_active: 418,
        courses_archived: 96,
    }
}

fn actions(create: u64, update: u64, delete: u64) -> ActionCounts {
    ActionCounts { create, update, delete }
}

/// Nothing came; each sample adds what happened to it.
fn base(outcome: Outcome) -> RunRecord {
    RunRecord {
        job: 41,
        round: 0,
        outcome,
        started_at: "2024-06-24T01:30:00Z".parse().unwrap(),
        ended_at: "2024-06-24T01:31:12Z".parse().unwrap(),
        roster_name: None,
        roster: None,
        mirror: None,
        before: counts(1302, 118),
        after: counts(1302, 118),
        planned: ChangeCounts::default(),
        applied: Applied::default(),
        postponed_deletes: ChangeCounts::default(),
        postponed_until: None,
        held_courses: 0,
        held_until: None,
        not_released: ChangeCounts::default(),
        start_not_known: false,
        breaches: Vec::new(),
        read_errors: None,
        failure: None,
        used_decision: None,
        under_way: None,
        applied_in_part: false,
        concessions: Default::default(),
    }
}

fn with_file(outcome: Outcome) -> RunRecord {
    RunRecord {
        roster_name: Some("roster-2024-06-24.xml".to_owned()),
        roster: Some("0123456789ab".repeat(6)[..64].parse().unwrap()),
        ..base(outcome)
    }
}

fn completed() -> RunRecord {
    RunRecord {
        after: counts(1311, 117),
        planned: ChangeCounts {
            group: actions(2, 0, 0),
            person: actions(9, 14, 1),
            course: actions(0, 3, 0),
            membership: actions(20, 0, 2),
        },
        applied: Applied { created: 31, updated: 17, deleted: 3, unchanged: 0 },
        used_decision: Some(4),
        ..with_file(Outcome::Completed)
    }
}

fn completed_with_waits() -> RunRecord {
    RunRecord {
        planned: ChangeCounts {
            person: actions(9, 14, 211),
            group: actions(0, 0, 1),
            course: actions(12, 0, 0),
            membership: actions(20, 0, 0),
        },
        applied: Applied { created: 29, updated: 14, deleted: 0, unchanged: 0 },
        postponed_deletes: ChangeCounts {
            person: actions(0, 0, 211),
            group: actions(0, 0, 1),
            ..ChangeCounts::default()
        },
        postponed_until: Some("2024-08-15".parse().unwrap()),
        held_courses: 12,
        held_until: Some("2024-08-19".parse().unwrap()),
        not_released: ChangeCounts::default(),
        start_not_known: false,
        ..completed()
    }
}

fn aborted() -> RunRecord {
    let part = |school: &str, count| Part { school: school.to_owned(), count };
    let class = |class: &str, count| ClassPart {
        class: class.to_owned(),
        school: "Nes ungdomsskole".to_owned(),
        count,
    };
    let sort = |sort: &str, count| SortPart { sort: sort.to_owned(), count };
    let delete = rollover_roster::diff::Action::Delete;
    let missing = Cause::SchoolsMissing {
        action: delete,
        schools: vec!["Nes\u{202e} ungdomsskole".to_owned()],
        missing: 1,
        count: 390,
        of: 407,
    };
    let rekeyed = RekeyedCounts { deletes: 300, creates: 298, certain: 290, likely: 0, unsure: 10 };
    RunRecord {
        planned: ChangeCounts {
            person: actions(0, 2, 407),
            membership: actions(0, 0, 1201),
            ..ChangeCounts::default()
        },
        breaches: vec![
            Breach {
                parts: vec![part("Nes ungdomsskole", 390), part("Årnes skole", 12)],
                classes: vec![class("8A", 28), class("8B", 27)],
                sorts: vec![sort("Student", 380), sort("Staff", 27)],
                causes: vec![missing, Cause::Rekeyed { kind: Kind::Person, counts: rekeyed }],
                ..Breach::new(Kind::Person, delete, 407, 1420, Limit::percent(5.0))
            },
            Breach::new(
                Kind::Membership,
                delete,
                1201,
                3120,
                Limit { max_abs: Some(500), max_pct: Some(5.0) },
            ),
        ],
        ..with_file(Outcome::Aborted)
    }
}

fn unreadable(errors: usize) -> RunRecord {
    let error = |index: usize| ReadError {
        file: String::new(),
        line: 120 + index as u64,
        column: 9,
        record: format!("person {}", index + 1),
        field: "demographics/bday".to_owned(),
        what: "the date is not written as YYYY-MM-DD".to_owned(),
        fix: "write it as 2011-05-01, or leave the element out".to_owned(),
    };
    let report = ReadReport {
        file: "roster-2024-06-24.xml".to_owned(),
        errors: (0..errors).map(error).collect(),
        more: 180,
    };
    RunRecord { roster: None, read_errors: Some(report), ..with_file(Outcome::Failed) }
}

fn refused_for_early_courses() -> RunRecord {
    RunRecord {
        planned: ChangeCounts { course: actions(12, 0, 0), ..ChangeCounts::default() },
        held_courses: 12,
        held_until: Some("2024-08-19".parse().unwrap()),
        not_released: ChangeCounts::default(),
        start_not_known: false,
        failure: Some(
            "12 new courses came before the school year's start; this customer's setting refuses such a roster"
                .to_owned(),
        ),
        ..with_file(Outcome::Failed)
    }
}

fn aborted_over_a_part() -> RunRecord {
    RunRecord { applied_in_part: true, ..aborted() }
}

fn samples() -> Vec<(&'static str, RunRecord)> {
    vec![
        ("completed", completed()),
        ("completed_with_waits", completed_with_waits()),
        ("unchanged", with_file(Outcome::Unchanged)),
        ("aborted", aborted()),
        ("aborted_over_a_part", aborted_over_a_part()),
        ("completed_over_a_part", RunRecord { applied_in_part: true, ..completed() }),
        ("failed_unreadable", unreadable(2)),
        ("failed_early_courses", refused_for_early_courses()),
        ("no_roster", base(Outcome::NoRoster)),
    ]
}

fn status_mail(customer: &Customer, run: &RunRecord, run_id: i64, base_url: &str) -> QueuedMail {
    let mut mails = status_mails(customer, run, run_id, base_url, &["support@ours.example".to_owned()]);
    mails.pop().expect("one to support")
}

// DOMAIN I2, I4, F2, F3, P4, C1
#[test]
fn every_outcome_has_its_mail() {
    for (name, run) in samples() {
        let mail = status_mail(&customer("Nes kommune"), &run, 17, BASE);
        insta::assert_snapshot!(name, format!("{}\n\n{}", mail.subject, mail.text_body));
    }
}

#[test]
fn both_bodies_tell_the_same() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (_, run) in samples() {
        let mail = status_mail(&customer("Nes kommune"), &run, 17, BASE);
        let (text, html) = (words(&mail.text_body), words(&mail.html_body));
        let (happened, next) = said(&run);
        let mut told = vec![happened, next, format!("{BASE}/runs/17")];
        told.extend(waits(&run).into_iter().map(|wait| wait.text));
        told.extend(broken_limits(&run).into_iter().map(|limit| limit.what));
        told.extend(run.read_errors.iter().flat_map(|list| file_errors(list).errors).map(|error| error.fix));
        told.extend(facts(&customer("Nes kommune"), &run).into_iter().map(|fact| fact.value));
        for part in told {
            assert!(text.contains(&part), "the text lacks {part:?}:\n{text}");
            let escaped = part.replace('\'', "&#39;");
            assert!(html.contains(&escaped), "the HTML lacks {escaped:?}:\n{html}");
        }
    }
}

#[test]
fn lines_of_the_text_fit_whatever_a_file_holds() {
    let long = "Ungdomsskole ".repeat(40) + &"x".repeat(300);
    let mut run = aborted();
    run.roster_name = Some(long.clone());
    run.breaches[0].parts[0].school.clone_from(&long);
    run.before.persons.insert(long.clone(), 3);
    run.read_errors = unreadable(30).read_errors;
    let mail = status_mail(&customer(&long), &run, 17, BASE);
    for line in mail.text_body.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
}

// DOMAIN I4
#[test]
fn a_long_list_of_errors_is_cut_and_says_so() {
    let mail = status_mail(&customer("Nes"), &unreadable(30), 17, BASE);
    assert!(mail.text_body.contains("The roster cannot be read: it has 210 errors."), "{}", mail.text_body);
    assert_eq!(mail.text_body.matches("✗ line").count(), 20);
    assert!(mail.text_body.contains("and 190 more errors"), "{}", mail.text_body);
    assert!(mail.html_body.contains("and 190 more errors"));
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "<script>alert(1)</script>\r\nBcc: all@example.com \"'&";
    let mut run = aborted();
    run.roster_name = Some(hostile.to_owned());
    run.breaches[0].parts[0].school = hostile.to_owned();
    run.after.groups.insert(hostile.to_owned(), 1);
    run.read_errors = Some(ReadReport {
        file: hostile.to_owned(),
        errors: vec![ReadError {
            file: String::new(),
            line: 1,
            column: 1,
            record: hostile.to_owned(),
            field: hostile.to_owned(),
            what: hostile.to_owned(),
            fix: hostile.to_owned(),
        }],
        more: 0,
    });
    let mail = status_mail(&customer(hostile), &run, 17, BASE);
    assert!(!mail.html_body.contains("<script"), "{}", mail.html_body);
    assert!(mail.html_body.matches("&#60;script&#62;").count() >= 6, "{}", mail.html_body);
    assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
    assert!(mail.text_body.lines().all(|line| !line.starts_with("Bcc")), "{}", mail.text_body);
}

#[test]
fn the_message_id_is_the_runs_own() {
    let run = completed();
    let id = |base: &str| status_mail(&customer("Nes"), &run, 17, base).message_id;
    assert_eq!(id(BASE), "<run-17-1.nes.20240624T013000000000@rollover.example.com>");
    assert_eq!(id("http://127.0.0.1:8321"), "<run-17-1.nes.20240624T013000000000@127.0.0.1>");
    assert_eq!(id("http://[::1]:8321"), "<run-17-1.nes.20240624T013000000000@localhost>");
    assert_eq!(id("https://host/rollover"), "<run-17-1.nes.20240624T013000000000@host>");
}
