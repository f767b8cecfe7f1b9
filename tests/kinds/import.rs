//! What an import meets: nothing, another roster, a broken one, the Filter, a window, the guard on courses.

use crate::{
    harness::TestApp,
    roster::{School, ago, lay},
    scenario,
};
use rollover::{
    ledger::{NewFilterDecision, NewJob, NewUndo, QueuedMail, SettingsDecision},
    site::embedded::{Added, EmbeddedSite, NewPerson},
};
use rollover_jobs::{
    Customer, EarlyCourses, JobContext, JobFacts, WriteProof, find_kind,
    ports::{Applied, Author, Outcome, Pause, RunRecord, SiteCounts, Window},
};
use rollover_roster::{
    diff::ChangeCounts,
    model::{Profile, SyncKey},
    read::{ReadOptions, read_imse},
    snapshot::SnapshotId,
};
use serde_json::json;

/// What came before the job.
pub enum Before {
    Nothing,
    Task {
        signed: bool,
    },
    Mail,
    SummerSchool,
    Paused,
    Window,
    OldBackups,
    RosterDue,
    AccountsByHand,
    /// A run that is to be undone by decision 1.
    Undo(With),
    /// A run that was undone, and whose roster waits again.
    Undone,
    Import(&'static Case),
}

/// An import over what an earlier one brought.
pub struct Case {
    pub name: &'static str,
    pub now: &'static str,
    pub ends: &'static str,
    /// The roster that is in already, as (school, students, courses).
    earlier: Option<Lines>,
    /// The file that waits.
    waits: Option<File>,
    with: With,
}

type Lines = (&'static str, &'static [&'static str], &'static [&'static str]);

enum File {
    Roster(Lines),
    Broken,
}

/// What else holds for the customer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum With {
    Defaults,
    CourseArchiving,
    /// So strict that one delete is too many.
    StrictFilter,
    /// The same, and a decision about the roster that waits.
    Decision,
    Window,
    EarlyCoursesRefused,
    Paused,
}

const SPRING: &str = "2024-05-02T00:30:00Z";
const LAST_DAY: &str = "2024-06-21T00:30:00Z";
const JULY: &str = "2024-07-10T00:30:00Z";
const START: &str = "2024-08-19T00:30:00Z";

const OLD: Lines = ("Nes skole", &["Kari", "Ola", "Siri"], &["Maths", "Music"]);
/// Renamed, one student gone, one new, one course gone, one new.
const NEW: Lines = ("Nes ungdomsskole", &["Kari", "Ola", "Per"], &["Maths", "Latin"]);

const fn case(
    name: &'static str,
    now: &'static str,
    ends: &'static str,
    earlier: Option<Lines>,
    waits: Option<File>,
    with: With,
) -> Case {
    Case { name, now, ends, earlier, waits, with }
}

pub const CASES: &[Case] = &[
    case("a first import", SPRING, "completed", None, Some(File::Roster(OLD)), With::Defaults),
    case(
        "a first import on the last day",
        LAST_DAY,
        "completed",
        None,
        Some(File::Roster(OLD)),
        With::Defaults,
    ),
    case("a first import in July", JULY, "completed", None, Some(File::Roster(OLD)), With::Defaults),
    case("a changed roster", SPRING, "completed", Some(OLD), Some(File::Roster(NEW)), With::Defaults),
    case(
        "a changed roster, archiving",
        SPRING,
        "completed",
        Some(OLD),
        Some(File::Roster(NEW)),
        With::CourseArchiving,
    ),
    case("the same roster again", SPRING, "unchanged", Some(OLD), Some(File::Roster(OLD)), With::Defaults),
    case("no roster", SPRING, "no_roster", Some(OLD), None, With::Defaults),
    case("an unreadable roster", SPRING, "fail", Some(OLD), Some(File::Broken), With::Defaults),
    case("the Filter aborts", SPRING, "abort", Some(OLD), Some(File::Roster(NEW)), With::StrictFilter),
    case(
        "a decision about the Filter",
        SPRING,
        "completed",
        Some(OLD),
        Some(File::Roster(NEW)),
        With::Decision,
    ),
    case("deletes wait in the window", JULY, "completed", Some(OLD), Some(File::Roster(NEW)), With::Window),
    case("new courses wait in July", JULY, "completed", Some(OLD), Some(File::Roster(NEW)), With::Defaults),
    case(
        "new courses are refused",
        JULY,
        "fail",
        Some(OLD),
        Some(File::Roster(NEW)),
        With::EarlyCoursesRefused,
    ),
    case(
        "new courses on the start date",
        START,
        "completed",
        Some(OLD),
        Some(File::Roster(NEW)),
        With::Defaults,
    ),
    case("a paused integration", SPRING, "paused", Some(OLD), Some(File::Roster(NEW)), With::Paused),
];

/// Makes the customer and all that came before; gives the task of a sign-off.
pub async fn set_up(test: &TestApp, before: &Before) -> (Customer, Option<i64>) {
    let modules: &[&str] = if matches!(before, Before::SummerSchool) { &["summer_school"] } else { &[] };
    let customer = test.customer("nes", modules).await;
    let (ledger, now) = (test.ledger(), test.now());
    let mut task = None;
    match before {
        Before::Nothing | Before::SummerSchool => {}
        Before::Task { signed } => task = Some(scenario::task(test, *signed).await),
        Before::Mail => mail(test, &customer).await,
        Before::Paused => {
            let pause = Pause { since: now, why: "summer".to_owned(), by: kari() };
            assert!(ledger.pause(now, &customer.id, &pause, None).await.unwrap());
        }
        Before::Window => {
            assert!(ledger.start_delay_delete(now, &customer.id, window(), &kari()).await.unwrap());
        }
        Before::OldBackups => {
            let area = test.app.settings.roster_folder().join("nes/backup");
            std::fs::create_dir_all(&area).unwrap();
            for number in 0..15 {
                std::fs::write(area.join(format!("20200301T0000{number:02}Z-roster.xml")), "old").unwrap();
            }
        }
        Before::RosterDue => {
            let mut due = customer.clone();
            due.settings.roster_due_by = Some("02:30".parse().unwrap());
            ledger.update_customer(now, "test", &due).await.unwrap();
        }
        Before::AccountsByHand => accounts_by_hand(test, &customer).await,
        Before::Undo(with) => return (to_undo(test, customer, *with).await, None),
        Before::Undone => {
            let customer = to_undo(test, customer, With::Defaults).await;
            whole(test, &customer, "undo_import", json!({ "decision": 1 })).await;
            let folder = test.app.settings.roster_folder().join("nes");
            lay(&folder, "again.xml", &school(NEW).xml(), ago(now, 10));
            return (customer, None);
        }
        Before::Import(case) => return (case.set_up(test, customer).await, None),
    }
    (customer, task)
}

/// The site holds the new roster over the old one; somebody has decided to undo that. The job that the decision makes is
/// not this one.
async fn to_undo(test: &TestApp, customer: Customer, with: With) -> Customer {
    let folder = test.app.settings.roster_folder().join("nes");
    let archiving = Case { with: With::CourseArchiving, waits: None, earlier: None, ..CASES[0] };
    let customer = match with {
        With::CourseArchiving => archiving.set_up(test, customer).await,
        _ => customer,
    };
    for (name, lines) in [("earlier.xml", OLD), ("later.xml", NEW)] {
        lay(&folder, name, &school(lines).xml(), ago(test.now(), 60 * 24));
        import_earlier(test, &customer).await;
    }
    let customer = match with {
        With::Defaults | With::CourseArchiving => customer,
        _ => Case { with, waits: None, earlier: None, ..CASES[0] }.set_up(test, customer).await,
    };
    let state = test.app.engine.ports.integration.state(&customer).await.unwrap();
    let undo = NewUndo {
        customer: customer.id.clone(),
        run: 2,
        stood: snapshot(OLD),
        mirror: state.mirror.unwrap(),
        limits: (with == With::StrictFilter).then_some(customer.settings.filter),
        customer_person: "Rektor Berg".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "the roster of another school".to_owned(),
    };
    let job = |decision: i64| NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "undo_import".to_owned(),
        args: json!({ "decision": decision }),
        lane: None,
        due_at: test.now(),
    };
    // The sample's arguments name the first decision.
    test.execute("DELETE FROM decision").await;
    test.execute("DELETE FROM sqlite_sequence WHERE name = 'decision'").await;
    assert_eq!(test.ledger().decide_undo(test.now(), &undo, job).await.unwrap().0, 1);
    customer
}

/// Kari without a key, an administrator with one; the roster of both waits.
async fn accounts_by_hand(test: &TestApp, customer: &Customer) {
    let folder = test.app.settings.roster_folder().join("nes");
    lay(&folder, "earlier.xml", &school(OLD).xml(), ago(test.now(), 60 * 24));
    import_earlier(test, customer).await;
    let site = EmbeddedSite::new(test.ledger().db().clone());
    for (given, profile, key) in [
        ("Per", Profile::Student, None),
        ("Anne", Profile::Administrator, Some(SyncKey::new("fjordsas", "a-1"))),
    ] {
        let person = NewPerson {
            key,
            given: given.to_owned(),
            family: "Berg".to_owned(),
            birth_date: None,
            profile,
            group: Some("Nes skole".to_owned()),
            by: "Rektor Moe".to_owned(),
        };
        assert!(matches!(site.add_person(&customer.id, &person).await.unwrap(), Added::Account(_)));
    }
    lay(&folder, "roster.xml", &school(NEW).xml(), ago(test.now(), 10));
}

fn kari() -> Author {
    Author::Person { name: "Kari".to_owned() }
}

fn window() -> Window {
    Window { start: "2024-06-22".parse().unwrap(), end: "2024-08-18".parse().unwrap() }
}

fn school((name, students, courses): Lines) -> School {
    School { name, students: students.to_vec(), courses: courses.to_vec() }
}

fn snapshot(lines: Lines) -> SnapshotId {
    let xml = school(lines).xml();
    SnapshotId::of(&read_imse(xml.as_bytes(), &ReadOptions::default()).unwrap().roster)
}

impl Case {
    async fn set_up(&self, test: &TestApp, mut customer: Customer) -> Customer {
        let (ledger, now) = (test.ledger(), test.now());
        let folder = test.app.settings.roster_folder().join("nes");
        if let Some(earlier) = self.earlier {
            lay(&folder, "earlier.xml", &school(earlier).xml(), ago(now, 60 * 24));
            import_earlier(test, &customer).await;
        }
        match self.with {
            With::Defaults => {}
            With::CourseArchiving => customer.settings.course_archiving = true,
            With::StrictFilter | With::Decision => customer.settings.filter.person.delete.max_abs = Some(0),
            With::EarlyCoursesRefused => customer.settings.early_courses = EarlyCourses::Refuse,
            With::Window => {
                assert!(ledger.start_delay_delete(now, &customer.id, window(), &kari()).await.unwrap())
            }
            With::Paused => {
                let pause = Pause { since: now, why: "summer".to_owned(), by: kari() };
                assert!(ledger.pause(now, &customer.id, &pause, None).await.unwrap());
            }
        }
        let decision =
            SettingsDecision { customer_person: "Kari", support_person: "test", reason: "as tested" };
        ledger.update_customer_with_decision(now, &customer, decision).await.unwrap();
        if self.with == With::Decision {
            let decision = NewFilterDecision {
                customer: customer.id.clone(),
                roster: snapshot(NEW),
                limits: None,
                slice: None,
                customer_person: "Rektor Berg".to_owned(),
                support_person: "Ingrid".to_owned(),
                reason: "a student moved".to_owned(),
            };
            ledger.decide_filter(now, &decision).await.unwrap();
        }
        match &self.waits {
            Some(File::Roster(lines)) => lay(&folder, "roster.xml", &school(*lines).xml(), ago(now, 10)),
            Some(File::Broken) => lay(&folder, "roster.xml", "<enterprise><person>", ago(now, 10)),
            None => {}
        }
        customer
    }
}

/// Brings the earlier roster in whole, courses and all, as an import of the winter did; its run is of last night.
async fn import_earlier(test: &TestApp, customer: &Customer) {
    let calendar = test.ledger().calendar("nes", 2024).await.unwrap();
    // The year has begun: no course is early.
    let begun =
        rollover_jobs::Calendar { school_year_start: Some(test.now().date_naive()), ..Default::default() };
    test.ledger().set_calendar(test.now(), "test", "nes", 2024, &begun).await.unwrap();
    whole(test, customer, "import_roster", json!({})).await;
    test.ledger().set_calendar(test.now(), "test", "nes", 2024, &calendar).await.unwrap();
    let last_night = (test.now() - chrono::Duration::days(1)).to_rfc3339();
    test.execute(&format!("UPDATE import_run SET started_at = '{last_night}', ended_at = '{last_night}'"))
        .await;
}

/// Runs a job of the kind to its end.
async fn whole(test: &TestApp, customer: &Customer, kind: &str, args: serde_json::Value) {
    let job = test.scripted_job(Some("nes"), &[]).await;
    let lease_until = test.now() + chrono::Duration::seconds(60);
    let claim = rollover::ledger::JobMove::Claim { owner: "w".to_owned(), lease_until };
    let row = test.ledger().apply(test.now(), "w", job, claim).await.unwrap();
    let facts = JobFacts { id: job, task: None, due_at: row.due_at, attempt: 1, round: 0 };
    let proof = WriteProof::for_claimed_job(job, row.generation);
    let ports = test.app.engine.ports.clone();
    let cx = JobContext::live(facts, Some(customer.clone()), ports, Default::default(), proof);
    let report = find_kind(kind).unwrap().run(args, &cx).await.unwrap();
    assert_eq!(report["outcome"], "completed", "{report}");
    let done = rollover::ledger::JobMove::Finish { report };
    test.ledger().apply(test.now(), "w", job, done).await.unwrap();
}

/// A mail in the outbox; the first, as the sample arguments have it.
async fn mail(test: &TestApp, customer: &Customer) {
    let job = test.scripted_job(Some("nes"), &[]).await;
    let now = test.now();
    let run = RunRecord {
        job,
        round: 0,
        outcome: Outcome::NoRoster,
        started_at: now,
        ended_at: now,
        roster_name: None,
        roster_arrived_at: None,
        roster: None,
        mirror: None,
        before: SiteCounts::default(),
        after: SiteCounts::default(),
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
    };
    let render = |run| {
        vec![QueuedMail {
            kind: "import_status",
            recipient: "it@customer.example".to_owned(),
            message_id: format!("run-{run}@rollover.example"),
            subject: "No roster came".to_owned(),
            text_body: "No roster came.".to_owned(),
            html_body: "<p>No roster came.</p>".to_owned(),
        }]
    };
    let mail_job = |mail: i64| NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "send_status_mail".to_owned(),
        args: json!({ "mail": mail }),
        lane: None,
        due_at: now,
    };
    let proof = test.claim(job).await;
    test.ledger().record_run(now, customer, &run, &proof, render, mail_job).await.unwrap();
    test.give_back(job).await;
    assert_eq!(test.ledger().mail(1).await.unwrap().kind, "import_status");
}
