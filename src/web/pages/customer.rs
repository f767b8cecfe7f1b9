//! `/customers/{id}`: everything about one customer's summer, for whoever has it on the phone.

use super::{
    needs::{Needs, Settled},
    run::RunLine,
    steps::{PlanSteps, StepLine, step_lines, title_of},
    timeline::{Drawn, Timeline},
};
use crate::{
    ledger::{DecisionRow, EventRow, FleetCustomer, JobRow, MailRow, PlanRow, RunRow, TaskRow},
    ports::decide_course_guard,
    web::{
        desk::{Desk, Frame, Page, filled},
        error::PageError,
        sign::{Sign, words},
        stamp::{Stamp, Wall, day},
    },
};
use askama::Template;
use axum::extract::{Path, Query};
use rollover_jobs::{Calendar, Customer, ports::IntegrationState};
use serde::Deserialize;
use std::collections::HashMap;

/// Plans of a customer that are looked at.
const PLANS: i64 = 50;
const OUTSIDE_SHOWN: i64 = 50;
const RUNS_SHOWN: i64 = 15;
const MAILS_SHOWN: i64 = 15;
const EVENTS_SHOWN: i64 = 60;
const DECISIONS: i64 = 500;
const DECISIONS_SHOWN: usize = 30;

#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct CustomerQuery {
    year: Option<String>,
}

/// One fact of the integration, and whether it deserves attention.
pub(in crate::web) struct StateLine {
    pub name: &'static str,
    pub text: String,
    pub strong: bool,
    /// Where it is told in full.
    pub more: Option<(String, &'static str)>,
}

impl StateLine {
    fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into(), strong: false, more: None }
    }

    fn strong(self, strong: bool) -> Self {
        Self { strong, ..self }
    }

    fn more(self, href: String, words: &'static str) -> Self {
        Self { more: Some((href, words)), ..self }
    }
}

/// One line of the history.
pub(in crate::web) struct EventLine {
    pub at: Stamp,
    pub what: String,
    pub from_to: String,
    pub actor: String,
    pub note: String,
    pub task: Option<i64>,
    pub job: Option<i64>,
}

pub(in crate::web) struct MailLine {
    pub at: Stamp,
    pub subject: String,
    pub recipient: String,
    pub sign: Sign,
    pub sent: Option<Stamp>,
    pub why: Option<String>,
    pub run: Option<i64>,
}

pub(in crate::web) struct DecisionLine {
    pub at: Stamp,
    pub kind: String,
    pub support: String,
    pub customer: Option<String>,
    pub reason: String,
    pub task: Option<i64>,
    pub used_by_run: Option<i64>,
    /// Who took it back, and why.
    pub withdrawn: Option<(String, String)>,
    /// What it says about the Filter, and for which roster.
    pub filter: Option<String>,
}

#[derive(Template)]
#[template(path = "customer.html")]
pub(in crate::web) struct CustomerPage {
    pub frame: Frame,
    pub customer: Customer,
    pub local: Stamp,
    pub zone: &'static str,
    pub years: Vec<i32>,
    pub year: i32,
    pub sign: Sign,
    pub integration: Vec<StateLine>,
    pub dates: Vec<(String, String)>,
    /// What goes on only when a person acts.
    pub needs: Needs,
    pub timeline: Option<Timeline>,
    pub plans: Vec<PlanSteps>,
    /// Tasks that belong to no plan.
    pub outside: Vec<StepLine>,
    pub runs: Vec<RunLine>,
    pub mails: Vec<MailLine>,
    pub events: Vec<EventLine>,
    pub decisions: Vec<DecisionLine>,
}

/// What is read for the page.
pub(in crate::web) struct CustomerFacts {
    pub customer: Customer,
    pub integration: IntegrationState,
    pub calendars: Vec<(i32, Calendar)>,
    pub year: i32,
    pub years: Vec<i32>,
    pub plans: Vec<(PlanRow, Vec<TaskRow>)>,
    pub outside: Vec<TaskRow>,
    pub jobs: HashMap<i64, JobRow>,
    pub settled: Settled,
    pub runs: Vec<RunRow>,
    pub mails: Vec<MailRow>,
    pub events: Vec<EventRow>,
    pub turns: Vec<EventRow>,
    pub decisions: Vec<DecisionRow>,
}

pub(in crate::web) async fn customer(
    desk: Desk,
    Path(id): Path<String>,
    Query(query): Query<CustomerQuery>,
) -> Result<Page<CustomerPage>, PageError> {
    let asked = filled(&query.year).and_then(|year| year.parse().ok());
    let facts = read(&desk, &id, asked).await?;
    let frame = desk.frame(&facts.customer.name);
    let wall = desk.wall(facts.customer.time_zone);
    Ok(Page(CustomerPage::new(frame, facts, wall)))
}

async fn read(desk: &Desk, id: &str, asked: Option<i32>) -> Result<CustomerFacts, PageError> {
    let ledger = desk.ledger();
    let customer = ledger.customer(id).await?;
    let integration = ledger.integration(&customer.id).await?;
    let calendars = ledger.calendars(id).await?;
    let every_plan = ledger.plans(Some(id), PLANS).await?;
    let mut years: Vec<i32> =
        every_plan.iter().map(|plan| plan.year).chain(calendars.iter().map(|(year, _)| *year)).collect();
    years.sort_unstable_by(|one, other| other.cmp(one));
    years.dedup();
    let newest = every_plan.iter().filter(|plan| plan.state != "cancelled").map(|plan| plan.year).max();
    let year = asked.or(newest).or_else(|| years.first().copied()).unwrap_or_default();
    let mut plans = Vec::new();
    for plan in every_plan.into_iter().filter(|plan| plan.year == year) {
        let tasks = ledger.tasks_of_plan(plan.id).await?;
        plans.push((plan, tasks));
    }
    plans.sort_by_key(|(plan, _)| (plan.state == "cancelled", order(&plan.template), plan.id));
    let outside = ledger.tasks_outside_plans(id, OUTSIDE_SHOWN).await?;
    let ids: Vec<i64> =
        plans.iter().flat_map(|(_, tasks)| tasks).chain(&outside).map(|task| task.id).collect();
    let jobs = ledger.newest_jobs_of_tasks(&ids).await?;
    let jobs = jobs.into_iter().filter_map(|job| Some((job.task_id?, job))).collect();
    Ok(CustomerFacts {
        settled: Settled::read(ledger, &jobs, &[]).await?,
        jobs,
        runs: ledger.runs_of_customer(id, RUNS_SHOWN).await?,
        mails: ledger.mails_of_customer(id, MAILS_SHOWN).await?,
        events: ledger.events_of_customer(id, EVENTS_SHOWN).await?,
        turns: ledger.events_of_integration(id).await?,
        decisions: ledger.decisions_of_customer(id, DECISIONS).await?,
        customer,
        integration,
        calendars,
        year,
        years,
        plans,
        outside,
    })
}

/// The place of a template in the year.
fn order(template: &str) -> usize {
    let templates = &rollover_jobs::plan::TEMPLATES;
    templates.iter().position(|known| known.name == template).unwrap_or(templates.len())
}

impl CustomerPage {
    pub fn new(frame: Frame, facts: CustomerFacts, wall: Wall) -> Self {
        let calendar = facts
            .calendars
            .iter()
            .find(|(year, _)| *year == facts.year)
            .map(|(_, calendar)| calendar.clone())
            .unwrap_or_default();
        let living: Vec<(PlanRow, Vec<TaskRow>)> =
            facts.plans.iter().filter(|(plan, _)| plan.state != "cancelled").cloned().collect();
        let drawn = Drawn {
            zone: wall.zone,
            now: wall.now,
            calendar: &calendar,
            plans: &living,
            turns: &facts.turns,
        };
        let timeline = Timeline::draw(&drawn);
        let tasks = living.iter().flat_map(|(_, tasks)| tasks).chain(&facts.outside).cloned().collect();
        let itself = FleetCustomer { customer: facts.customer.clone(), tasks };
        let steps = |(plan, tasks): &(PlanRow, Vec<TaskRow>)| {
            PlanSteps::new(plan, tasks, &facts.jobs, &facts.decisions, wall)
        };
        Self {
            frame,
            local: wall.now(),
            zone: wall.zone.name(),
            sign: integration_sign(&facts.integration),
            integration: integration_lines(&facts, wall),
            dates: dates(&calendar),
            needs: Needs::new(&[itself], &[], &facts.jobs, &[], &facts.settled, wall.now),
            timeline,
            plans: facts.plans.iter().map(steps).collect(),
            outside: step_lines(&facts.outside, &facts.jobs, &facts.decisions, wall),
            runs: facts.runs.iter().map(|run| RunLine::new(run, wall)).collect(),
            mails: facts.mails.iter().map(|mail| MailLine::new(mail, wall)).collect(),
            events: facts.events.iter().map(|event| EventLine::new(event, wall)).collect(),
            decisions: facts
                .decisions
                .iter()
                .take(DECISIONS_SHOWN)
                .map(|decision| DecisionLine::new(decision, wall))
                .collect(),
            customer: facts.customer,
            years: facts.years,
            year: facts.year,
        }
    }
}

const fn integration_sign(state: &IntegrationState) -> Sign {
    if state.pause.is_some() {
        Sign::plain("paused", "‖", "paused")
    } else {
        Sign::plain("done", "✓", "active")
    }
}

fn integration_lines(facts: &CustomerFacts, wall: Wall) -> Vec<StateLine> {
    let state = &facts.integration;
    let here = |page: &str| format!("/customers/{}/{page}", facts.customer.id);
    let mut lines = Vec::new();
    if let Some(pause) = &state.pause {
        let since = day(pause.since.with_timezone(&wall.zone).date_naive());
        let text = format!("since {since} by {}: {}", pause.by, pause.why);
        lines.push(StateLine::new("Paused", text).strong(true));
    }
    let by = state.delay_delete_by.as_ref().map(|by| format!(", set by {by}")).unwrap_or_default();
    let delay = match state.delay_delete {
        Some(window) => {
            let holds = window.holds(wall.today());
            let why = if holds { ": deletes wait until the window ends, by design" } else { "" };
            let text = format!("{} to {}{by}{why}", day(window.start), day(window.end));
            StateLine::new("Delay delete", text).strong(holds)
        }
        None => StateLine::new("Delay delete", "off"),
    };
    lines.push(delay.more(here("postponed"), "what waits, and what comes of it"));
    let guard = decide_course_guard(&facts.calendars, wall.today());
    let courses = match guard.filter(|guard| guard.holds(wall.today())) {
        Some(guard) => {
            let why =
                if guard.assumed { "the school year's start is not known: set it" } else { "by design" };
            let text = format!("new ones are held back until {}, {why}", day(guard.opens));
            StateLine::new("Courses", text).strong(true)
        }
        None => StateLine::new("Courses", "new ones flow"),
    };
    lines.push(courses.more(here("courses"), "what becomes of each"));
    let run_of = |snapshot: &str| facts.runs.iter().find(|run| run.roster.as_deref() == Some(snapshot));
    let import = state.import.as_ref().map(|import| {
        let by = run_of(&import.to_string());
        let by = by.map(|run| {
            format!(", by run {} on {}", run.id, day(run.ended_at.with_timezone(&wall.zone).date_naive()))
        });
        format!("{}{}", import.short(), by.unwrap_or_default())
    });
    lines.push(StateLine::new("Newest import", import.unwrap_or_else(|| "none yet".to_owned())));
    let mirror = match (&state.import, &state.mirror) {
        (_, None) => "empty".to_owned(),
        (Some(import), Some(mirror)) if import == mirror => "the same as the newest import".to_owned(),
        (_, Some(mirror)) => format!("{}: differs from the newest import, something waits", mirror.short()),
    };
    lines.push(StateLine::new("Mirror", mirror));
    let recipients = &facts.customer.settings.status_mail_to;
    lines.push(StateLine::new("Recipients", recipients.join(", ")).strong(recipients.is_empty()));
    lines
}

fn dates(calendar: &Calendar) -> Vec<(String, String)> {
    let of = |date: Option<chrono::NaiveDate>| date.map_or_else(|| "not known".to_owned(), day);
    let mut dates = vec![
        ("Last teaching day".to_owned(), of(calendar.last_teaching_day)),
        ("School year starts".to_owned(), of(calendar.school_year_start)),
        ("MIS changes year".to_owned(), of(calendar.vendor_date)),
    ];
    let term = |term: &rollover_jobs::TermDates| {
        (format!("Term {}", term.name), format!("{} to {}", day(term.start), day(term.end)))
    };
    dates.extend(calendar.terms.iter().map(term));
    dates
}

impl EventLine {
    pub fn new(event: &EventRow, wall: Wall) -> Self {
        let from_to = match (&event.from_state, &event.to_state) {
            (Some(from), Some(to)) if from == to => words(to),
            (Some(from), Some(to)) => format!("{} → {}", words(from), words(to)),
            (None, Some(to)) => words(to),
            (_, None) => String::new(),
        };
        Self {
            at: wall.second(event.at),
            what: words(&event.name),
            from_to,
            actor: event.actor.clone(),
            note: event.note.clone().unwrap_or_default(),
            task: event.task_id,
            job: event.job_id,
        }
    }
}

impl MailLine {
    pub fn new(mail: &MailRow, wall: Wall) -> Self {
        let sign = match (mail.sent_at, &mail.why) {
            (Some(_), _) => Sign::plain("done", "✓", "sent"),
            (None, Some(_)) => Sign::plain("failed", "F", "not sent"),
            (None, None) => Sign::plain("planned", "·", "queued"),
        };
        Self {
            at: wall.minute(mail.created_at),
            subject: mail.subject.clone(),
            recipient: mail.recipient.clone(),
            sign,
            sent: mail.sent_at.map(|at| wall.minute(at)),
            why: mail.why.clone().filter(|_| mail.sent_at.is_none()),
            run: mail.run_id,
        }
    }
}

impl DecisionLine {
    fn new(decision: &DecisionRow, wall: Wall) -> Self {
        let roster = decision.roster.as_deref().map(|roster| roster.get(..12).unwrap_or(roster).to_owned());
        Self {
            at: wall.minute(decision.at),
            kind: words(&decision.kind),
            support: decision.support_person.clone(),
            customer: decision.customer_person.clone(),
            reason: decision.reason.clone(),
            task: decision.task_id,
            used_by_run: decision.used_by_run,
            withdrawn: decision.withdrawn_by.clone().zip(decision.withdrawn_why.clone()),
            filter: roster.map(|roster| {
                if let Some(run) = decision.undoes {
                    return format!("run {run} is taken back, to roster {roster}");
                }
                let only =
                    decision.slice.as_ref().map(|slice| format!(", only {}", slice.0)).unwrap_or_default();
                match decision.limits {
                    Some(_) => format!("limits for one run of roster {roster}{only}"),
                    None => format!("the Filter is off for one run of roster {roster}{only}"),
                }
            }),
        }
    }
}

/// Plan titles for the links of other pages.
pub(super) fn plan_title(plan: &PlanRow) -> String {
    format!("{} {}", title_of(&plan.template), plan.year)
}
