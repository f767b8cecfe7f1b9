//! What waits for the window's last day is told on any day before it, and is what then takes place (DOMAIN P3, P4).

#![cfg(test)]

mod harness;

use harness::{On, TestApp, moment, on_both_engines};
use rollover::ledger::{NewFilterDecision, NewJob};
use rollover_jobs::{
    Customer, JobContext, JobFacts, Outlook, Postponed, PostponedAsk, WaitsFor, WindowStands,
    ports::{Author, Outcome, RunRecord, Window},
    postponed,
};
use rollover_roster::{
    filter::Limits,
    model::{
        Course, Details, Group, Kind, KindCounts, Membership, Person, Profile, Record, Role, Roster, SyncKey,
    },
    write::write_imse,
};
use serde_json::json;
use std::fs;

on_both_engines!(
    what_waits_is_listed_with_place_name_and_since_when,
    what_came_back_is_not_listed_and_not_deleted,
    the_forecast_is_what_the_first_import_after_the_window_does,
    a_breach_of_the_last_day_is_seen_weeks_before_and_decided_in_time,
    without_a_window_nothing_waits_and_the_forecast_says_so,
    what_the_filter_stopped_after_the_window_still_waits,
    a_course_waits_with_its_group,
);

const SPRING: &str = "2024-04-02T00:30:00Z";
const JULY: &str = "2024-07-02T00:30:00Z";
const LATER: &str = "2024-07-20T00:30:00Z";
const AFTER: &str = "2024-08-19T00:30:00Z";
/// The school year starts with the window's end, so that new courses are no matter here.
const LAST_DAY: &str = "2024-08-18";

fn key(id: &str) -> SyncKey {
    SyncKey::new("sas", id)
}

fn group(id: &str, level: u8, kind: &str, parent: Option<&str>) -> Record {
    Record::Group(Group {
        key: key(id),
        group_type: kind.to_owned(),
        level,
        name: id.to_owned(),
        parent: parent.map(key),
        details: Details::default(),
    })
}

fn person(id: &str, family: &str, profile: Profile) -> Record {
    Record::Person(Person {
        key: key(id),
        userid: None,
        given: "Kari".to_owned(),
        family: family.to_owned(),
        email: None,
        birth_date: None,
        profile,
        details: Details::default(),
    })
}

fn member(group: &str, person: &str, role: Role) -> Record {
    Record::Membership(Membership {
        group: key(group),
        person: key(person),
        role,
        begin: None,
        end: None,
        details: Details::default(),
    })
}

/// Two schools with a class each: `8A` at Nes skole, `2B` at Vik skole, with so many students, and a teacher.
fn two_schools(at_nes: u32, at_vik: u32) -> Vec<Record> {
    let mut records = vec![
        group("root", 0, "Site", None),
        group("Nes skole", 1, "School", Some("root")),
        group("Vik skole", 1, "School", Some("root")),
        group("8A", 2, "Class", Some("Nes skole")),
        group("2B", 2, "Class", Some("Vik skole")),
        person("teacher", "Berg", Profile::Staff),
        member("8A", "teacher", Role::Instructor),
    ];
    for (class, students) in [("8A", at_nes), ("2B", at_vik)] {
        for at in 0..students {
            let id = format!("{class}-{at:03}");
            records.push(person(&id, &format!("of {id}"), Profile::Student));
            records.push(member(class, &id, Role::Learner));
        }
    }
    records
}

fn course(id: &str) -> Record {
    Record::Course(Course {
        key: key(id),
        title: id.to_owned(),
        code: None,
        template: None,
        parent: Some(key("8A")),
        details: Details::default(),
    })
}

async fn import(test: &TestApp, records: &[Record]) -> (i64, RunRecord) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    let roster = Roster::from_records(records.to_vec());
    write_imse(&mut text, &roster, "sas", &test.now().to_rfc3339()).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
    night(test).await
}

/// An import with whatever lies there.
async fn night(test: &TestApp) -> (i64, RunRecord) {
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
    let run = test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded");
    (run.id, run.record.0)
}

/// A customer whose site holds these records since the spring; it is July, in the window.
async fn in_window(on: On, records: &[Record]) -> (TestApp, Customer) {
    let test = TestApp::new(on, SPRING).await;
    let nes = test.customer("nes", &["courses"]).await;
    assert_eq!(import(&test, records).await.1.outcome, Outcome::Completed);
    test.clock.advance_to(moment(JULY));
    let window = Window { start: "2024-06-22".parse().unwrap(), end: LAST_DAY.parse().unwrap() };
    test.ledger().start_delay_delete(test.now(), &nes.id, window, &ingrid()).await.unwrap();
    (test, nes)
}

fn ingrid() -> Author {
    Author::Person { name: "Ingrid".to_owned() }
}

async fn look(test: &TestApp, ask: PostponedAsk) -> Postponed {
    let facts = JobFacts { id: 0, task: None, due_at: test.now(), attempt: 1, round: 0 };
    let nes = test.ledger().customer("nes").await.unwrap();
    postponed(&JobContext::dry_run(facts, nes, test.app.engine.ports.clone()), ask).await.unwrap()
}

fn all() -> PostponedAsk {
    PostponedAsk { limit: 100, ..PostponedAsk::default() }
}

/// Kind, school, class, name, person and role of every line.
fn told(found: &Postponed) -> Vec<[String; 6]> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let line = |line: &rollover_jobs::PostponedLine| {
        let kind = line.kind.to_string();
        [kind, line.school.clone(), text(&line.class), text(&line.name), text(&line.person), text(&line.role)]
    };
    found.lines.iter().map(line).collect()
}

// DOMAIN P2, P4
async fn what_waits_is_listed_with_place_name_and_since_when(on: On) {
    let (test, _) = in_window(on, &two_schools(3, 2)).await;
    let (first, _) = import(&test, &two_schools(2, 2)).await;
    test.clock.advance_to(moment(LATER));
    let (second, run) = import(&test, &two_schools(2, 1)).await;
    assert_eq!(run.postponed_deletes.total(), 4);
    let found = look(&test, all()).await;
    let window = found.window.as_ref().unwrap();
    assert_eq!((window.stands, window.set_by.as_deref()), (WindowStands::On, Some("Ingrid")));
    let lines = [
        ["person", "Nes skole", "8A", "", "Kari of 8A-002", "Student"],
        ["person", "Vik skole", "2B", "", "Kari of 2B-001", "Student"],
        ["membership", "Nes skole", "8A", "8A", "Kari of 8A-002", "learner"],
        ["membership", "Vik skole", "2B", "2B", "Kari of 2B-001", "learner"],
    ];
    assert_eq!(told(&found), lines);
    let since: Vec<_> = found.lines.iter().map(|line| line.since.unwrap()).collect();
    assert_eq!(since.iter().map(|since| since.run).collect::<Vec<_>>(), [first, second, first, second]);
    assert!(since.iter().all(|since| !since.at_least) && since[0].at == moment(JULY));
    let until = Some(LAST_DAY.parse().unwrap());
    assert!(found.lines.iter().all(|line| line.until == until && line.waits_for == WaitsFor::WindowEnd));

    // The counts are whole whatever is listed.
    let one = PostponedAsk { kind: Some(Kind::Person), school: Some("Vik skole".to_owned()), ..all() };
    let narrowed = look(&test, one).await;
    assert_eq!((narrowed.matching, told(&narrowed)), (1, vec![lines[1].map(str::to_owned)]));
    let second_page = look(&test, PostponedAsk { from: 1, limit: 2, ..PostponedAsk::default() }).await;
    assert_eq!((second_page.matching, told(&second_page)), (4, told(&found)[1..3].to_vec()));
    for page in [&narrowed, &second_page] {
        assert_eq!(
            (&page.schools, &page.waits, &page.forecast),
            (&found.schools, &found.waits, &found.forecast)
        );
    }
    let school =
        |at: usize| (found.schools[at].school.as_str(), found.schools[at].counts, &found.schools[at].classes);
    let counts = KindCounts { person: 1, membership: 1, ..KindCounts::default() };
    let (name, at_school, classes) = school(0);
    assert_eq!((name, at_school), ("Nes skole", counts));
    assert_eq!((classes[0].class.as_str(), classes[0].counts), ("8A", counts));
    let twice = KindCounts { person: 2, membership: 2, ..KindCounts::default() };
    assert_eq!(found.waits.get(&WaitsFor::WindowEnd), Some(&twice));
    assert!(!format!("{found:?}").contains("Kari of"), "no names of children in what may be logged");
}

// DOMAIN P3, P4
async fn what_came_back_is_not_listed_and_not_deleted(on: On) {
    let (test, _) = in_window(on, &two_schools(3, 2)).await;
    import(&test, &two_schools(2, 1)).await;
    test.clock.advance_to(moment(LATER));
    import(&test, &two_schools(3, 1)).await;
    let found = look(&test, all()).await;
    assert_eq!(found.lines.len(), 2, "{:?}", told(&found));
    assert!(found.lines.iter().all(|line| line.school == "Vik skole"));
    test.clock.advance_to(moment(AFTER));
    let (_, run) = night(&test).await;
    assert_eq!((run.outcome, run.applied.deleted), (Outcome::Completed, 2));
    assert_eq!(run.after.persons["Student"], 4);
}

// DOMAIN P3, P4
async fn the_forecast_is_what_the_first_import_after_the_window_does(on: On) {
    let (test, _) = in_window(on, &two_schools(30, 30)).await;
    import(&test, &two_schools(28, 29)).await;
    let told = look(&test, all()).await.forecast;
    assert_eq!((told.on, &told.outlook), ("2024-08-19".parse().unwrap(), &Outlook::Passes));
    assert_eq!((told.changes.person.delete, told.changes.membership.delete), (3, 3));
    test.clock.advance_to(moment(AFTER));
    assert_eq!(look(&test, all()).await.forecast, told, "on the day itself it is the same");
    let (_, run) = night(&test).await;
    assert_eq!((run.outcome, run.planned, run.applied.deleted), (Outcome::Completed, told.changes, 6));
    let after = look(&test, all()).await;
    assert_eq!((after.forecast.outlook, after.lines.len()), (Outlook::Unchanged, 0));
}

// DOMAIN P3, P4, F2, F3
async fn a_breach_of_the_last_day_is_seen_weeks_before_and_decided_in_time(on: On) {
    let (test, nes) = in_window(on, &two_schools(30, 30)).await;
    let (_, run) = import(&test, &two_schools(30, 2)).await;
    assert_eq!(run.outcome, Outcome::Completed, "in the window the deletes are no breach");
    let found = look(&test, all()).await;
    let Outlook::Aborts(breaches) = &found.forecast.outlook else { panic!("{:?}", found.forecast) };
    assert_eq!(
        breaches.iter().map(|breach| breach.kind).collect::<Vec<_>>(),
        [Kind::Person, Kind::Membership]
    );
    assert_eq!((breaches[0].count, breaches[0].parts[0].school.as_str()), (28, "Vik skole"));
    assert!(!breaches[0].causes.is_empty(), "explained as the Filter explains it");

    let decision = NewFilterDecision {
        customer: nes.id.clone(),
        roster: found.roster.unwrap(),
        limits: None::<Limits>,
        slice: None,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "the class moves away".to_owned(),
    };
    let decision = test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    let decided = look(&test, all()).await.forecast;
    assert_eq!((decided.outlook, decided.decision), (Outlook::Passes, Some(decision)));
    test.clock.advance_to(moment(AFTER));
    let (_, run) = night(&test).await;
    assert_eq!((run.outcome, run.used_decision), (Outcome::Completed, Some(decision)));
}

// DOMAIN P4
async fn without_a_window_nothing_waits_and_the_forecast_says_so(on: On) {
    let test = TestApp::new(on, SPRING).await;
    test.customer("nes", &["courses"]).await;
    let nothing = look(&test, all()).await;
    assert_eq!((nothing.roster, nothing.window, nothing.lines.len()), (None, None, 0), "no roster came yet");
    assert_eq!(nothing.forecast.outlook, Outlook::Unchanged);
    import(&test, &two_schools(3, 2)).await;
    import(&test, &two_schools(2, 2)).await;
    let found = look(&test, all()).await;
    assert_eq!((found.window, found.matching), (None, 0), "the delete took place that night");
    assert_eq!(found.forecast.outlook, Outlook::Unchanged);
    let window = Window { start: "2024-06-22".parse().unwrap(), end: LAST_DAY.parse().unwrap() };
    let nes = "nes".parse().unwrap();
    test.ledger().start_delay_delete(test.now(), &nes, window, &ingrid()).await.unwrap();
    let to_come = look(&test, all()).await;
    assert_eq!(to_come.window.unwrap().stands, WindowStands::ToCome);
    assert_eq!(to_come.forecast.on, "2024-08-19".parse().unwrap());
}

// DOMAIN P3, P4, F2
async fn what_the_filter_stopped_after_the_window_still_waits(on: On) {
    let (test, _) = in_window(on, &two_schools(30, 30)).await;
    let (since, _) = import(&test, &two_schools(30, 2)).await;
    test.clock.advance_to(moment(AFTER));
    assert_eq!(night(&test).await.1.outcome, Outcome::Aborted);
    let found = look(&test, all()).await;
    assert_eq!((found.window.as_ref().unwrap().stands, found.matching), (WindowStands::Over, 56));
    assert!(found.lines.iter().all(|line| line.waits_for == WaitsFor::NextImport && line.until.is_none()));
    assert!(found.lines.iter().all(|line| line.since.unwrap().run == since));
    assert!(matches!(found.forecast.outlook, Outlook::Aborts(_)));
}

// DOMAIN P3, C2
async fn a_course_waits_with_its_group(on: On) {
    let mut spring = two_schools(3, 2);
    spring.extend([course("Latin"), member("Latin", "8A-000", Role::Learner)]);
    let (test, mut nes) = in_window(on, &spring).await;
    nes.settings.course_archiving = true;
    test.ledger().update_customer(test.now(), "test", &nes).await.unwrap();
    let (_, run) = import(&test, &two_schools(3, 2)).await;
    assert_eq!((run.courses_gone.count, run.after.courses_active), (0, 1), "it is not archived yet");
    let lines = [
        ["course", "Nes skole", "8A", "Latin", "", ""],
        ["membership", "Nes skole", "8A", "Latin", "Kari of 8A-000", "learner"],
    ];
    assert_eq!(told(&look(&test, all()).await), lines);
    test.clock.advance_to(moment(AFTER));
    let (_, run) = night(&test).await;
    assert_eq!((run.courses_gone.titles, run.after.courses_archived), (vec!["Latin".to_owned()], 1));
}
