//! A sample of every outcome, rendered; the snapshots are read like code.

use super::*;
use crate::{
    ledger::MailRow,
    mail::{
        attached::{PLACE, decide_attachment},
        layout::{self, WIDTH},
    },
};
use rollover_jobs::{
    CustomerSettings, Language,
    ports::{Applied, CoursesGone, Refusal, SiteCounts},
};
use rollover_roster::{
    course_fate::CourseEnd,
    diff::{ActionCounts, ChangeCounts},
    explain::Cause,
    filter::{Breach, ClassPart, Limit, Part, SortPart},
    model::Kind,
    read::{Concessions, Leniency, ReadError, ReadReport},
    rekey::RekeyedCounts,
    shrunken::Shrunken,
};

const BASE: &str = "https://rollover.example.com";

fn customer(name: &str) -> Customer {
    customer_of(name, Language::English)
}

fn customer_of(name: &str, language: Language) -> Customer {
    Customer {
        id: "nes".parse().unwrap(),
        name: name.to_owned(),
        country: "NO".parse().unwrap(),
        time_zone: chrono_tz::Europe::Oslo,
        mis: "fjordsas".to_owned(),
        middleware: None,
        modules: Vec::new(),
        settings: CustomerSettings { language: Some(language), ..CustomerSettings::default() },
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
        roster_arrived_at: None,
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
        shrunken: Vec::new(),
        read_errors: None,
        failure: None,
        used_decision: None,
        under_way: None,
        applied_in_part: false,
        stood: None,
        undo_of: None,
        refused: None,
        concessions: Default::default(),
        predicted_duplicates: 0,
        courses_gone: Default::default(),
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

fn completed_in_a_slice() -> RunRecord {
    RunRecord {
        planned: ChangeCounts { course: actions(0, 0, 32), ..completed().planned },
        not_released: ChangeCounts {
            person: actions(0, 0, 1),
            membership: actions(0, 0, 2),
            ..Default::default()
        },
        predicted_duplicates: 2,
        courses_gone: CoursesGone {
            end: CourseEnd::Archived,
            count: 32,
            titles: (1..=31).map(|class| format!("History {class}")).collect(),
        },
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

fn too_small() -> RunRecord {
    let size = |kind, count, of| Shrunken { kind, count, of };
    RunRecord {
        planned: ChangeCounts {
            person: actions(0, 0, 1417),
            group: actions(0, 0, 64),
            ..ChangeCounts::default()
        },
        shrunken: vec![size(Kind::Group, 2, 66), size(Kind::Person, 3, 1420)],
        failure: Some("the roster of nes is too small to be a whole one".to_owned()),
        ..with_file(Outcome::Failed)
    }
}

fn failed() -> RunRecord {
    RunRecord {
        failure: Some("the worker died three times while this job ran".to_owned()),
        ..base(Outcome::Failed)
    }
}

/// A store makes them of a file; here they come as they are stored.
fn let_pass(counts: &[(Leniency, u64)]) -> Concessions {
    let one = |(leniency, count): &(Leniency, u64)| {
        (leniency.name(), serde_json::json!({ "count": count, "first": [] }))
    };
    serde_json::from_value(counts.iter().map(one).collect::<serde_json::Map<_, _>>().into()).unwrap()
}

fn completed_with_leniencies() -> RunRecord {
    let counts = [(Leniency::UnknownRoles, 1_312), (Leniency::BadDates, 1)];
    RunRecord { concessions: let_pass(&counts), ..completed() }
}

fn aborted_over_a_part() -> RunRecord {
    RunRecord { applied_in_part: true, ..aborted() }
}

fn undone() -> RunRecord {
    RunRecord { undo_of: Some(16), roster_name: None, ..completed() }
}

fn refused_again() -> RunRecord {
    let run = with_file(Outcome::Failed);
    let roster = run.roster.unwrap();
    let refused = Refusal { roster, run: 15, undone_by: 16, decision: 4 };
    RunRecord { failure: Some("undone".to_owned()), refused: Some(refused), ..run }
}

fn samples() -> Vec<(&'static str, RunRecord)> {
    vec![
        ("completed", completed()),
        ("completed_with_waits", completed_with_waits()),
        ("completed_in_a_slice", completed_in_a_slice()),
        ("completed_with_leniencies", completed_with_leniencies()),
        ("unchanged", with_file(Outcome::Unchanged)),
        ("aborted", aborted()),
        ("aborted_over_a_part", aborted_over_a_part()),
        ("completed_over_a_part", RunRecord { applied_in_part: true, ..completed() }),
        ("failed_unreadable", unreadable(2)),
        ("failed_early_courses", refused_for_early_courses()),
        ("failed_too_small", too_small()),
        ("failed", failed()),
        ("no_roster", base(Outcome::NoRoster)),
        ("undone", undone()),
        ("undo_aborted", RunRecord { undo_of: Some(16), roster_name: None, ..aborted() }),
        ("undo_failed", RunRecord { undo_of: Some(16), roster_name: None, ..failed() }),
        ("refused_since_undone", refused_again()),
    ]
}

fn status_mail(customer: &Customer, run: &RunRecord, run_id: i64, base_url: &str) -> QueuedMail {
    let mut mails = status_mails(customer, run, run_id, base_url, &["support@ours.example".to_owned()]);
    mails.pop().expect("one to support")
}

// DOMAIN I2, I4, F2, F3, P4, C1
#[test]
fn every_outcome_has_its_mail_in_every_language() {
    for language in Language::ALL {
        for (name, run) in samples() {
            let mail = status_mail(&customer_of("Nes kommune", language), &run, 17, BASE);
            insta::assert_snapshot!(
                format!("{language}_{name}"),
                format!("{}\n\n{}", mail.subject, mail.text_body)
            );
        }
    }
}

#[test]
fn rows_go_to_the_customers_side_alone_and_only_where_it_allows_that() {
    let row = |recipient: &str, kind: &str| MailRow {
        id: 1,
        customer_id: Some("nes".to_owned()),
        run_id: Some(17),
        kind: kind.to_owned(),
        message_id: String::new(),
        recipient: recipient.to_owned(),
        subject: String::new(),
        text_body: String::new(),
        html_body: String::new(),
        created_at: completed().ended_at,
        sent_at: None,
        why: None,
    };
    let allowing = |allows| {
        let mut customer = customer("Nes");
        customer.settings.personal_data_by_mail = allows;
        customer.settings.status_mail_to = vec!["IT <it@nes.example>".to_owned()];
        customer
    };
    let (theirs, ours) = ("it@Nes.example", "support@ours.example");
    // (allowed, recipient, sort of mail, run, attached)
    let cases = [
        (true, theirs, "import_status", completed(), true),
        (true, theirs, "import_status", aborted(), true),
        (false, theirs, "import_status", completed(), false),
        (true, ours, "import_status", completed(), false),
        (true, theirs, "late_roster", completed(), false),
        (true, theirs, "import_status", with_file(Outcome::Unchanged), false),
        (true, theirs, "import_status", unreadable(1), false),
    ];
    for (allows, recipient, kind, run, expected) in cases {
        let found = decide_attachment(&allowing(allows), &row(recipient, kind), &run);
        assert_eq!(found, expected, "{allows} {recipient} {kind} {:?}", run.outcome);
    }
}

#[test]
fn every_mail_has_a_place_to_say_what_is_attached() {
    for (sample, run) in samples() {
        let mail = status_mail(&customer("Nes"), &run, 17, BASE);
        assert_eq!(mail.html_body.matches(PLACE).count(), 1, "{sample}");
    }
}

#[test]
fn both_bodies_tell_the_same() {
    let on_one_line = |text: &str| layout::words(text).collect::<Vec<_>>().join(" ");
    for language in Language::ALL {
        let (customer, words) = (customer_of("Nes kommune", language), words_of(language));
        for (_, run) in samples() {
            let mail = status_mail(&customer, &run, 17, BASE);
            let (text, html) = (on_one_line(&mail.text_body), on_one_line(&mail.html_body));
            let (happened, next) = said(&customer.id, &run, words);
            let mut told = vec![happened, next, format!("{BASE}/runs/17")];
            told.extend(notes(&customer.id, &run, words).into_iter().map(|note| note.text));
            told.extend(broken_limits(&run, words).into_iter().map(|limit| limit.what));
            told.extend(conceded(&run, words).into_iter().flat_map(|one| [one.what, one.times, one.ask]));
            let errors = run.read_errors.iter().flat_map(|list| file_errors(list, words).errors);
            told.extend(errors.map(|error| error.fix));
            told.extend(facts(&customer, &run, words).into_iter().map(|fact| fact.value));
            for part in told {
                assert!(text.contains(&part), "the text lacks {part:?}:\n{text}");
                let escaped = part.replace('\'', "&#39;");
                assert!(html.contains(&escaped), "the HTML lacks {escaped:?}:\n{html}");
            }
        }
    }
}

/// A sentence of the English mail in another one is one that was forgotten.
#[test]
fn another_language_leaves_no_english_behind() {
    let english = words_of(Language::English);
    for language in [Language::Bokmal, Language::Swedish] {
        let words = words_of(language);
        for (sample, run) in samples() {
            let mail = status_mail(&customer_of("Nes kommune", language), &run, 17, BASE);
            let page = mail.html_body.split("<body").nth(1).unwrap();
            for word in [" the ", " of ", " and ", " is ", " was ", " by "] {
                let found = page.contains(word) && run.read_errors.is_none() && run.failure.is_none();
                assert!(!found, "{sample} in {language} has {word:?}:\n{page}");
            }
        }
        for leniency in Leniency::ALL {
            assert_ne!(words.departure(leniency).what, english.departure(leniency).what);
            assert_ne!(words.departure(leniency).ask, english.departure(leniency).ask);
        }
    }
}

#[test]
fn a_school_keeps_its_name_though_it_is_called_like_a_profile() {
    let mut run = aborted();
    run.breaches[0].parts[0].school = "Student".to_owned();
    run.breaches[0].causes = vec![Cause::FewSchools {
        action: rollover_roster::diff::Action::Delete,
        schools: vec!["Student".to_owned()],
        count: 10,
        of: 10,
    }];
    let limit = broken_limits(&run, words_of(Language::Bokmal)).swap_remove(0);
    assert_eq!(limit.breakdowns[0].lines[0].0, "Student");
    assert_eq!(limit.causes, ["Alle slettingene gjelder én skole: Student."]);
}

#[test]
fn roles_and_profiles_of_a_breach_are_told_in_the_language() {
    let sorts = ["Student", "learner in courses", "content developer in groups", "Vikar", "x in courses"];
    let mut run = aborted();
    run.breaches[0].sorts = sorts.map(|sort| SortPart { sort: sort.to_owned(), count: 1 }).to_vec();
    let cases = [
        (Language::English, ["Student", "learner in courses", "content developer in groups"]),
        (Language::Bokmal, ["Elever", "Elever i kurs", "Innholdsutviklere i grupper"]),
        (Language::Swedish, ["Elever", "Elever i kurser", "Innehållsutvecklare i grupper"]),
    ];
    for (language, expected) in cases {
        let parts = broken_limits(&run, words_of(language)).swap_remove(0).breakdowns.pop().unwrap();
        let told: Vec<&str> = parts.lines.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(told[..3], expected, "{language}");
        assert_eq!(told[3..5], ["Vikar", "x in courses"], "{language}");
    }
}

// DOMAIN F2
#[test]
fn every_cause_is_a_sentence_in_every_language() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let delete = rollover_roster::diff::Action::Delete;
    let class = |school: Option<&str>| Cause::OneClass {
        kind: Kind::Membership,
        action: delete,
        class: "8A".to_owned(),
        school: school.map(str::to_owned),
        count: 28,
    };
    let few = |schools: &[&str], count| Cause::FewSchools {
        action: delete,
        schools: names(schools),
        count,
        of: 100,
    };
    let counts = RekeyedCounts { deletes: 4_312, creates: 1, certain: 4_300, likely: 1, unsure: 12 };
    let causes = [
        Cause::KindMissing { kind: Kind::Course },
        Cause::SchoolsMissing { action: delete, schools: names(&["a", "b"]), missing: 12, count: 9, of: 10 },
        class(Some("Nes skole")),
        class(None),
        few(&["a", "b", "c"], 92),
        few(&["a"], 100),
        Cause::Rekeyed { kind: Kind::Person, counts },
        Cause::SchoolYear { course_memberships: 87, deletes: 100 },
        Cause::OneSort { action: delete, sort: "Staff".to_owned(), count: 95, of: 100 },
        Cause::SameFields { fields: names(&["userid", "email"]), count: 95, of: 100 },
    ];
    for language in Language::ALL {
        let told: Vec<String> = causes.iter().map(|cause| words_of(language).cause(cause)).collect();
        insta::assert_snapshot!(format!("{language}_causes"), told.join("\n"));
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
