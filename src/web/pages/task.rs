//! `/tasks/{id}`: one line of the scheduled-task list: what starts it, when next, who acts, what happened.

use super::{
    customer::{EventLine, plan_title},
    facts::{Fact, facts},
    jobs::JobLine,
    needs::id_and_name,
    steps::StepLine,
};
use crate::{
    ledger::{DecisionRow, EventRow, JobFilter, JobRow, PlanRow, TaskRow},
    web::{
        desk::{Desk, Frame, Number, Page},
        error::PageError,
        sign::words,
        stamp::{Stamp, Wall},
    },
};
use askama::Template;
use rollover_jobs::{
    Calendar, Customer, find_kind,
    plan::{Moment, coming},
};
use std::collections::HashMap;

const JOBS_SHOWN: i64 = 50;
/// Moments to come that are shown.
const MOMENTS: usize = 8;

/// A moment to come, with what daylight saving does to it.
pub(in crate::web) struct Coming {
    pub at: Stamp,
    pub utc: Stamp,
    pub note: Option<String>,
}

/// A person moved the task, or fired it: it does not stand where its trigger has it.
pub(in crate::web) struct ByHand {
    pub what: String,
    pub by: String,
    pub at: Stamp,
    pub note: String,
}

#[derive(Template)]
#[template(path = "task.html")]
pub(in crate::web) struct TaskPage {
    pub frame: Frame,
    pub step: StepLine,
    pub name: String,
    pub kind: String,
    pub summary: &'static str,
    pub catch_up: String,
    /// `None`: nobody is asked to. Whether it is still to be done.
    pub sign_off: Option<bool>,
    pub help: String,
    pub customer: Option<(String, String)>,
    pub plan: Option<String>,
    pub zone: &'static str,
    pub by_hand: Option<ByHand>,
    pub args: Vec<Fact>,
    pub coming: Vec<Coming>,
    pub jobs: Vec<JobLine>,
    pub events: Vec<EventLine>,
}

/// What is read for the page.
pub(in crate::web) struct TaskFacts {
    pub task: TaskRow,
    pub customer: Option<Customer>,
    pub plan: Option<PlanRow>,
    pub jobs: Vec<JobRow>,
    pub events: Vec<EventRow>,
    pub by_hand: Option<EventRow>,
    pub decision: Option<DecisionRow>,
}

pub(in crate::web) async fn task(desk: Desk, Number(id): Number) -> Result<Page<TaskPage>, PageError> {
    let ledger = desk.ledger();
    let task = ledger.task(id).await?;
    let customer = match &task.customer_id {
        Some(id) => Some(ledger.customer(id).await?),
        None => None,
    };
    let plan = match task.plan_id {
        Some(plan) => Some(ledger.plan(plan).await?),
        None => None,
    };
    let filter = JobFilter { task: Some(id), limit: JOBS_SHOWN, ..JobFilter::default() };
    let wall = desk.wall(customer.as_ref().map_or(chrono_tz::UTC, |customer| customer.time_zone));
    let frame = desk.frame(&task.title);
    let facts = TaskFacts {
        jobs: ledger.jobs(&filter).await?,
        events: ledger.events_of_task(id).await?,
        by_hand: ledger.hand_on_moment(&task).await?,
        decision: ledger.decision_of_task(id).await?,
        task,
        customer,
        plan,
    };
    Ok(Page(TaskPage::new(frame, facts, wall)))
}

impl TaskPage {
    pub fn new(frame: Frame, read: TaskFacts, wall: Wall) -> Self {
        let TaskFacts { task, customer, plan, jobs, events, by_hand, decision } = read;
        let customers: HashMap<&str, &Customer> =
            customer.iter().map(|customer| (customer.id.as_str(), customer)).collect();
        Self {
            frame,
            step: StepLine::new(&task, jobs.first(), decision.as_ref(), wall),
            coming: moments(&task, wall),
            name: task.step.clone(),
            kind: words(&task.kind),
            summary: find_kind(&task.kind)
                .map_or("this version does not know this kind", |kind| kind.summary()),
            catch_up: words(&task.catch_up),
            sign_off: task.sign_off.then(|| !task.state.has_ended()),
            plan: plan.as_ref().map(plan_title),
            zone: wall.zone.name(),
            by_hand: by_hand.as_ref().map(|event| ByHand::new(event, wall)),
            args: facts(&task.args.0),
            jobs: jobs.iter().map(|job| JobLine::new(job, &customers, wall)).collect(),
            events: events.iter().rev().map(|event| EventLine::new(event, wall)).collect(),
            customer: customer.as_ref().map(id_and_name),
            help: task.help,
        }
    }
}

impl ByHand {
    fn new(event: &EventRow, wall: Wall) -> Self {
        Self {
            what: words(&event.name),
            by: event.actor.clone(),
            at: wall.minute(event.at),
            note: event.note.clone().unwrap_or_default(),
        }
    }
}

/// The moment it is due at, and those that its rule tells of after it.
fn moments(task: &TaskRow, wall: Wall) -> Vec<Coming> {
    let Some(due) = task.due_at else { return Vec::new() };
    let utc = Wall { zone: chrono_tz::UTC, ..wall };
    let found = coming(task.schedule.0.trigger(), due, MOMENTS, wall.zone, &Calendar::default());
    let line = |moment: Moment| Coming {
        at: wall.minute(moment.at),
        utc: utc.minute(moment.at),
        note: moment.note.map(|note| note.to_string()),
    };
    found.unwrap_or_default().into_iter().map(line).collect()
}
