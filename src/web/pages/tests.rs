//! Every template with sample data, in which every text that comes from outside is hostile.

use super::{
    courses::{CoursesFacts, CoursesPage, CoursesQuery},
    customer::{CustomerFacts, CustomerPage},
    fleet::{FleetFacts, FleetPage, FleetQuery},
    job::{JobFacts, JobPage},
    jobs::JobsPage,
    needs::Settled,
    postponed::{PostponedPage, PostponedQuery},
    run::RunPage,
    task::{TaskFacts, TaskPage},
};
use crate::{
    ledger::{
        DecisionRow, EventRow, Fleet, FleetCustomer, JobFilter, JobRow, MailRow, PlanRow, RunRow, Schedule,
        TaskRow, Unreadable,
    },
    model::{JobState, TaskState},
    web::{desk::Frame, error::ErrorPage, sign_in::SignInPage, stamp::Wall},
};
use askama::Template;
use chrono::{DateTime, Utc};
use rollover_jobs::{
    Calendar, ClassCounts, CourseForecast, Customer, CustomerSettings, ForecastCourse, Outlook, Postponed,
    PostponedLine, PostponedWindow, SchoolCounts, TermDates, WaitingSince, WaitsFor, WindowEnd, WindowStands,
    ports::{Applied, Author, CoursesGone, IntegrationState, Outcome, Pause, RunRecord, SiteCounts, Window},
};
use rollover_roster::{
    course_fate::{CourseEnd, CourseFate},
    diff::{Action, ChangeCounts},
    explain::Cause,
    filter::{Breach, ClassPart, Limit, Limits, Part, SortPart},
    model::{Kind, KindCounts},
    read::{ReadError, ReadReport},
    snapshot::SnapshotId,
};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

const BAD: &str = "<i>x</i> & \"y\" 'z'";

fn bad() -> String {
    BAD.to_owned()
}

fn now() -> DateTime<Utc> {
    "2024-06-24T09:00:00Z".parse().unwrap()
}

fn wall() -> Wall {
    Wall { now: now(), zone: chrono_tz::Europe::Oslo }
}

fn frame() -> Frame {
    Frame {
        title: bad(),
        banner: Some(bad()),
        user: Some(bad()),
        now: "Mon".to_owned(),
        seen: Some(7),
        style: "/assets/a.css",
        script: "/assets/a.js",
        icon: "/assets/a.svg",
    }
}

fn customer() -> Customer {
    Customer {
        id: "nes".parse().unwrap(),
        name: bad(),
        country: "NO".parse().unwrap(),
        time_zone: chrono_tz::Europe::Oslo,
        mis: bad(),
        middleware: Some(bad()),
        modules: vec![bad()],
        settings: CustomerSettings { status_mail_to: vec![bad()], ..CustomerSettings::default() },
    }
}

fn task(id: i64, state: TaskState, schedule: serde_json::Value) -> TaskRow {
    let schedule: Schedule = serde_json::from_value(schedule).unwrap();
    assert!(schedule.trigger().is_some(), "{schedule:?}");
    TaskRow {
        id,
        customer_id: Some("nes".to_owned()),
        plan_id: Some(1),
        position: 0,
        step: format!("step_{id}"),
        title: bad(),
        help: bad(),
        kind: "sign_off".to_owned(),
        args: json!({ "what": BAD }).into(),
        schedule: schedule.into(),
        needs: vec![bad()].into(),
        catch_up: "run_once".to_owned(),
        owner: bad(),
        sign_off: true,
        deadline: (id % 2 == 1).then(|| now() - chrono::Duration::days(2)),
        state,
        why: Some(bad()),
        who: Some(bad()),
        due_at: (state == TaskState::Planned).then(|| now() + chrono::Duration::hours(3)),
        version: 0,
        created_at: now(),
        updated_at: now(),
    }
}

/// One task in every state, with every form of trigger.
fn tasks() -> Vec<TaskRow> {
    let triggers = [
        json!({"type": "date", "at": "2024-06-20 09:00"}),
        json!({"type": "cron", "cron": "30 2 * * *", "from": "2024-05-01", "until": "2024-09-01"}),
        json!({"type": "after", "step": "close_terms"}),
        json!({"type": "hand"}),
    ];
    let made = TaskState::ALL.into_iter().zip(1..).zip(triggers.into_iter().cycle());
    made.map(|((state, id), trigger)| task(id, state, trigger)).collect()
}

fn job(state: JobState) -> JobRow {
    JobRow {
        id: 5,
        task_id: Some(3),
        customer_id: Some("nes".to_owned()),
        kind: bad(),
        args: json!({ "what": BAD }).into(),
        lane: Some(bad()),
        state,
        generation: 0,
        attempt: 2,
        round: 0,
        due_at: now(),
        run_at: Some(now()),
        sent_at: None,
        lease_owner: Some(bad()),
        lease_until: Some(now()),
        cancel_requested: true,
        why: Some(bad()),
        who: Some(bad()),
        report: Some(json!({ "said": BAD, BAD: 3 }).into()),
        created_at: now(),
        started_at: Some(now()),
        ended_at: Some(now()),
    }
}

fn plan() -> PlanRow {
    PlanRow {
        id: 1,
        customer_id: "nes".to_owned(),
        template: bad(),
        template_version: 1,
        year: 2024,
        state: "active".to_owned(),
        created_at: now(),
        created_by: bad(),
        ended_at: None,
    }
}

fn event(name: &str, days: i64, note: &str) -> EventRow {
    EventRow {
        id: 1,
        at: now() - chrono::Duration::days(days),
        customer_id: Some("nes".to_owned()),
        plan_id: Some(1),
        task_id: Some(3),
        job_id: Some(5),
        name: name.to_owned(),
        from_state: Some("waiting".to_owned()),
        to_state: Some("done".to_owned()),
        actor: bad(),
        note: Some(note.to_owned()),
    }
}

fn decision() -> DecisionRow {
    DecisionRow {
        id: 1,
        at: now(),
        kind: "filter".to_owned(),
        customer_id: Some("nes".to_owned()),
        task_id: Some(4),
        undoes: Some(2),
        roster: Some(bad()),
        mirror: None,
        limits: Some(Limits::default().into()),
        slice: None,
        customer_person: Some(bad()),
        support_person: bad(),
        reason: bad(),
        used_by_run: Some(2),
        withdrawn_at: Some(now()),
        withdrawn_by: Some(bad()),
        withdrawn_why: Some(bad()),
    }
}

fn mail() -> MailRow {
    MailRow {
        id: 1,
        customer_id: Some("nes".to_owned()),
        run_id: Some(2),
        kind: "import_status".to_owned(),
        message_id: bad(),
        recipient: bad(),
        subject: bad(),
        text_body: bad(),
        html_body: bad(),
        created_at: now(),
        sent_at: None,
        why: Some(bad()),
    }
}

fn breach() -> Breach {
    let part = Part { school: bad(), count: 4 };
    let limit = Limit { max_abs: Some(1), max_pct: Some(5.0) };
    let cause = Cause::FewSchools { action: Action::Delete, schools: vec![bad()], count: 9, of: 9 };
    Breach {
        parts: vec![part],
        classes: vec![ClassPart { class: bad(), school: bad(), count: 4 }],
        sorts: vec![SortPart { sort: bad(), count: 9 }],
        causes: vec![cause],
        ..Breach::new(Kind::Person, Action::Delete, 9, 10, limit)
    }
}

fn run(outcome: Outcome) -> RunRow {
    let roster: SnapshotId = "cd".repeat(32).parse().unwrap();
    let counts = SiteCounts { persons: BTreeMap::from([(bad(), 5)]), ..SiteCounts::default() };
    let mut planned = ChangeCounts::default();
    planned.person.delete = 9;
    let error =
        ReadError { file: bad(), line: 3, column: 4, record: bad(), field: bad(), what: bad(), fix: bad() };
    let record = RunRecord {
        job: 5,
        round: 0,
        outcome,
        started_at: now(),
        ended_at: now(),
        roster_name: Some(bad()),
        roster_arrived_at: None,
        roster: Some(roster),
        mirror: None,
        before: counts,
        after: SiteCounts::default(),
        planned,
        applied: Applied::default(),
        postponed_deletes: planned,
        postponed_until: Some("2024-08-18".parse().unwrap()),
        held_courses: 3,
        held_until: Some("2024-08-19".parse().unwrap()),
        not_released: ChangeCounts::default(),
        start_not_known: false,
        breaches: vec![breach()],
        shrunken: Vec::new(),
        read_errors: Some(ReadReport { file: bad(), errors: vec![error], more: 2 }),
        failure: Some(bad()),
        used_decision: Some(1),
        under_way: None,
        applied_in_part: false,
        stood: None,
        undo_of: None,
        refused: None,
        concessions: Default::default(),
        predicted_duplicates: 4,
        courses_gone: CoursesGone { end: CourseEnd::Detached, count: 2, titles: vec![bad()] },
    };
    RunRow {
        id: 2,
        job_id: 5,
        round: 0,
        customer_id: "nes".to_owned(),
        outcome: outcome.as_str().to_owned(),
        started_at: now(),
        ended_at: now(),
        roster: Some(roster.to_string()),
        record: record.into(),
        undoes: Some(1),
        undone_by: Some(3),
    }
}

fn calendar() -> Calendar {
    let day = |text: &str| text.parse().unwrap();
    Calendar {
        last_teaching_day: Some(day("2024-06-21")),
        school_year_start: Some(day("2024-08-19")),
        terms: vec![TermDates { name: bad(), start: day("2024-01-03"), end: day("2024-06-21") }],
        vendor_date: Some(day("2024-08-01")),
    }
}

fn customer_page(calendar: Calendar) -> CustomerPage {
    let integration = IntegrationState {
        pause: Some(Pause { since: now(), why: bad(), by: Author::Person { name: bad() } }),
        delay_delete: Some(Window {
            start: "2024-06-22".parse().unwrap(),
            end: "2024-08-18".parse().unwrap(),
        }),
        import: Some("cd".repeat(32).parse().unwrap()),
        mirror: Some("ef".repeat(32).parse().unwrap()),
        ..IntegrationState::default()
    };
    let turns = vec![
        event("delay_delete_started", 1, "2024-06-22 to 2024-08-18"),
        event("paused", 2, BAD),
        event("resumed", 20, BAD),
        event("paused", 30, BAD),
    ];
    let facts = CustomerFacts {
        customer: customer(),
        integration,
        calendars: vec![(2024, calendar)],
        year: 2024,
        years: vec![2024, 2023],
        plans: vec![(plan(), tasks())],
        outside: tasks(),
        jobs: HashMap::from([(3, job(JobState::Waiting))]),
        settled: Settled::default(),
        runs: vec![run(Outcome::Aborted), run(Outcome::Failed)],
        mails: vec![mail()],
        events: vec![event(BAD, 0, BAD)],
        turns,
        decisions: vec![decision()],
    };
    CustomerPage::new(frame(), facts, wall())
}

fn fleet_page() -> FleetPage {
    let fleet = Fleet {
        year: Some(2024),
        plans: vec![plan()],
        customers: vec![FleetCustomer { customer: customer(), tasks: tasks() }],
        unreadable: vec![Unreadable { id: bad(), why: bad() }],
    };
    let facts = FleetFacts {
        fleet,
        summers: vec![2024],
        jobs: HashMap::new(),
        of_nobody: vec![TaskRow { customer_id: None, plan_id: None, ..tasks().remove(4) }],
        stuck: vec![job(JobState::Aborted)],
        settled: Settled::default(),
        counts: vec![("running".to_owned(), 2)],
    };
    let query = FleetQuery { q: Some("x".to_owned()), ..FleetQuery::default() };
    FleetPage::new(frame(), facts, &query, now())
}

fn job_page() -> JobPage {
    let task = task(3, TaskState::Waiting, json!({"type": "hand"}));
    let read = JobFacts {
        job: job(JobState::Waiting),
        customer: Some(customer()),
        task: Some(task),
        run: Some(run(Outcome::Completed)),
        events: vec![event(BAD, 0, BAD)],
    };
    JobPage::new(frame(), read, wall())
}

fn task_page(task: TaskRow) -> TaskPage {
    let read = TaskFacts {
        task,
        customer: Some(customer()),
        plan: Some(plan()),
        jobs: vec![job(JobState::Waiting)],
        events: vec![event(BAD, 0, BAD)],
        by_hand: Some(event("rescheduled", 0, BAD)),
        decision: Some(decision()),
    };
    TaskPage::new(frame(), read, wall())
}

fn postponed_page(stands: WindowStands, outlook: Outlook) -> PostponedPage {
    let counts = KindCounts { person: 1, membership: 1, ..KindCounts::default() };
    let mut changes = ChangeCounts::default();
    changes.person.delete = 9;
    let line = |waits_for| PostponedLine {
        kind: Kind::Membership,
        school: bad(),
        class: Some(bad()),
        name: Some(bad()),
        person: Some(bad()),
        role: Some(bad()),
        since: Some(WaitingSince { run: 2, at: now(), at_least: true }),
        waits_for,
        until: None,
    };
    let all = [WaitsFor::WindowEnd, WaitsFor::SchoolYear, WaitsFor::NextImport];
    let found = Postponed {
        roster: Some("cd".repeat(32).parse().unwrap()),
        window: Some(PostponedWindow {
            start: "2024-06-22".parse().unwrap(),
            end: "2024-08-18".parse().unwrap(),
            set_by: Some(bad()),
            stands,
        }),
        paused: true,
        waits: all.into_iter().map(|waits_for| (waits_for, counts)).collect(),
        schools: vec![SchoolCounts {
            school: bad(),
            counts,
            classes: vec![ClassCounts { class: bad(), counts }],
        }],
        matching: 6,
        lines: all.map(line).to_vec(),
        forecast: WindowEnd { on: "2024-08-19".parse().unwrap(), changes, outlook, decision: Some(3) },
    };
    let query = PostponedQuery { school: Some(bad()), ..PostponedQuery::default() };
    PostponedPage::new(frame(), &customer(), found, &query, wall())
}

fn courses_page() -> CoursesPage {
    let course = |fate| ForecastCourse {
        fate,
        school: bad(),
        title: bad(),
        code: Some(bad()),
        archived: fate == CourseFate::OnItsOwn,
    };
    let forecast = CourseForecast {
        roster: "cd".repeat(32).parse().unwrap(),
        platform_archives: true,
        customer_archives: false,
        counts: CourseFate::ALL.into_iter().map(|fate| (fate, 1)).collect(),
        courses: CourseFate::ALL.map(course).to_vec(),
    };
    let facts = CoursesFacts {
        customer: customer(),
        integration: IntegrationState {
            delay_delete: Some(Window {
                start: "2024-06-22".parse().unwrap(),
                end: "2024-08-11".parse().unwrap(),
            }),
            ..IntegrationState::default()
        },
        opens: Some("2024-08-19".parse().unwrap()),
        today: now().date_naive(),
        forecast: Some(forecast),
    };
    CoursesPage::new(frame(), facts, &CoursesQuery { school: Some(bad()), ..CoursesQuery::default() })
}

fn check(name: &str, page: &impl Template) -> String {
    let text = page.render().unwrap();
    assert!(
        text.contains("&#60;i&#62;x&#60;/i&#62; &#38; &#34;y&#34; &#39;z&#39;"),
        "{name} shows no sample"
    );
    for raw in ["<i>x", "& \"y\"", "\"y\" '"] {
        assert!(!text.contains(raw), "{name} lets {raw} through");
    }
    text
}

#[test]
fn every_template_renders_and_escapes_what_comes_from_outside() {
    let fleet = check("fleet", &fleet_page());
    assert!(fleet.contains("Cannot be read") && fleet.contains("the others are not held up by it"));
    for state in ["waiting, past its deadline", "held", "active", "not applicable"] {
        assert!(fleet.contains(&format!("aria-label=\"{state}\"")), "{state}");
    }
    let page = check("customer", &customer_page(calendar()));
    assert!(page.contains("<svg class=\"timeline\""));
    check("customer without dates", &customer_page(Calendar::default()));
    let filter = JobFilter { customer: Some(bad()), ..JobFilter::default() };
    let counts = vec![("done".to_owned(), 3)];
    check(
        "jobs",
        &JobsPage::new(frame(), vec![job(JobState::Failed)], counts, vec![customer()], &filter, wall()),
    );
    check("job", &job_page());
    for task in tasks() {
        check("task", &task_page(task));
    }
    for outcome in
        [Outcome::Completed, Outcome::Unchanged, Outcome::Aborted, Outcome::Failed, Outcome::NoRoster]
    {
        check("run", &RunPage::new(frame(), &run(outcome), &customer(), &[mail()], wall()));
    }
    for stands in [WindowStands::ToCome, WindowStands::On, WindowStands::Over] {
        for (outlook, said) in [
            (Outlook::Unchanged, "finds nothing to do"),
            (Outlook::TooEarly, "will be refused"),
            (Outlook::Aborts(vec![breach()]), "will be stopped: of 9 deletes"),
            (Outlook::Passes, "will let it pass, by decision 3"),
        ] {
            assert!(check("postponed", &postponed_page(stands, outlook)).contains(said), "{said}");
        }
    }
    let courses = check("courses", &courses_page());
    for fate in CourseFate::ALL {
        assert!(courses.contains(fate.words()), "{fate:?}");
    }
    for moment in ["after the window, Mon 12 Aug 2024", "when the school year starts, Mon 19 Aug 2024"] {
        assert!(courses.contains(moment), "{moment}");
    }
    check("error", &ErrorPage { frame: frame(), status: 404, heading: bad(), advice: "go" });
    let sign_in = SignInPage { frame: frame(), return_to: bad(), user: bad(), problem: Some("no") };
    check("sign_in", &sign_in);
}

#[test]
fn a_pause_is_drawn_as_it_was_as_it_is_and_as_it_is_planned() {
    let timeline = customer_page(calendar()).timeline.unwrap();
    let pauses: Vec<_> = timeline.bars.iter().filter(|bar| bar.class.starts_with("pause")).collect();
    assert_eq!(pauses.len(), 2, "one that ended, one that holds");
    assert!(pauses[0].x + pauses[0].width < pauses[1].x);
    assert!(pauses[1].title.contains("Sat 22 Jun 2024 to Mon 24 Jun 2024"));
    let inside = |x: f64| (0.0..=timeline.width).contains(&x);
    assert!(timeline.bars.iter().all(|bar| inside(bar.x) && inside(bar.x + bar.width)));
    assert!(timeline.dots.iter().all(|dot| inside(dot.x) && dot.y < timeline.height));
    assert!(timeline.lines.iter().any(|line| line.label == "today"));
}

#[test]
fn a_run_names_the_run_that_it_takes_back_and_the_one_that_took_it_back() {
    let page = RunPage::new(frame(), &run(Outcome::Completed), &customer(), &[mail()], wall());
    let html = page.render().unwrap();
    for link in ["Undo of</dt><dd><a href=\"/runs/1\">", "Undone by</dt><dd><a href=\"/runs/3\">"] {
        assert!(html.contains(link), "no {link}: {html}");
    }
}
