//! The steps of a customer's plans as a list: state, when, who, why, and what shows that it was done.

use super::{matrix::is_late, needs::since};
use crate::{
    ledger::{DecisionRow, JobRow, PlanRow, Schedule, TaskRow},
    model::TaskState,
    web::{
        sign::{Sign, words},
        stamp::{Stamp, Wall},
    },
};
use rollover_jobs::plan::{Trigger, find_template};
use serde_json::Value;
use std::collections::HashMap;

/// One plan with its steps.
pub(in crate::web) struct PlanSteps {
    pub title: String,
    pub year: i32,
    pub state: String,
    pub made_by: String,
    pub made_at: Stamp,
    pub done: usize,
    pub of: usize,
    pub steps: Vec<StepLine>,
}

/// One step.
pub(in crate::web) struct StepLine {
    pub id: i64,
    pub title: String,
    pub sign: Sign,
    pub late: bool,
    pub when: Option<Stamp>,
    /// `due` or `since` or `ended`, before the moment.
    pub when_is: &'static str,
    pub deadline: Option<Stamp>,
    pub owner: String,
    pub why: Option<String>,
    /// Who must act, when somebody must.
    pub who: Option<String>,
    pub trigger: String,
    pub job: Option<(i64, Sign)>,
    pub evidence: Option<Evidence>,
}

/// What shows that a step was done, or was left out on purpose.
pub(in crate::web) struct Evidence {
    pub by: Option<String>,
    pub at: Option<Stamp>,
    pub text: String,
}

impl PlanSteps {
    pub fn new(
        plan: &PlanRow,
        tasks: &[TaskRow],
        jobs: &HashMap<i64, JobRow>,
        decisions: &[DecisionRow],
        wall: Wall,
    ) -> Self {
        let count = |states: &[TaskState]| tasks.iter().filter(|task| states.contains(&task.state)).count();
        Self {
            title: title_of(&plan.template),
            year: plan.year,
            state: plan.state.clone(),
            made_by: plan.created_by.clone(),
            made_at: wall.minute(plan.created_at),
            done: count(&[TaskState::Done, TaskState::Skipped]),
            of: tasks.len() - count(&[TaskState::NotApplicable, TaskState::Cancelled]),
            steps: step_lines(tasks, jobs, decisions, wall),
        }
    }
}

/// Tasks as lines, each with its newest job and the newest decision about it.
pub(super) fn step_lines(
    tasks: &[TaskRow],
    jobs: &HashMap<i64, JobRow>,
    decisions: &[DecisionRow],
    wall: Wall,
) -> Vec<StepLine> {
    let decision = |task: i64| decisions.iter().find(|decision| decision.task_id == Some(task));
    tasks.iter().map(|task| StepLine::new(task, jobs.get(&task.id), decision(task.id), wall)).collect()
}

/// The name of a template for people.
pub(super) fn title_of(template: &str) -> String {
    find_template(template).map_or_else(|| words(template), |known| known.title.clone())
}

/// The words of a trigger, with the titles of steps where they are known.
pub(super) fn trigger_words(schedule: &Schedule) -> String {
    let said = schedule.to_string();
    match schedule.trigger() {
        Some(Trigger::After { step, .. }) => said.replace(step.as_str(), &format!("“{}”", words(step))),
        Some(Trigger::Date { .. } | Trigger::Cron { .. } | Trigger::Hand) | None => said,
    }
}

impl StepLine {
    pub fn new(task: &TaskRow, job: Option<&JobRow>, decision: Option<&DecisionRow>, wall: Wall) -> Self {
        let (when_is, when) = match task.state {
            TaskState::NotApplicable => ("", None),
            TaskState::Planned => ("due", task.due_at),
            TaskState::Active | TaskState::Waiting | TaskState::Held | TaskState::Failed => {
                ("since", Some(since(task, job)))
            }
            TaskState::Done | TaskState::Skipped | TaskState::Cancelled => ("", Some(since(task, job))),
        };
        let stuck = matches!(task.state, TaskState::Waiting | TaskState::Held | TaskState::Failed);
        Self {
            id: task.id,
            title: task.title.clone(),
            sign: Sign::of_task(task.state),
            late: is_late(task, wall.now),
            when: when.map(|at| wall.minute(at)),
            when_is,
            deadline: task.deadline.map(|deadline| wall.minute(deadline)),
            owner: words(&task.owner),
            why: task.why.clone(),
            who: stuck.then(|| words(task.who.as_deref().unwrap_or(&task.owner))),
            trigger: trigger_words(&task.schedule.0),
            job: job.map(|job| (job.id, Sign::of_job(job.state))),
            evidence: Evidence::find(job, decision, wall),
        }
    }
}

impl Evidence {
    /// A person's word before a job's.
    pub fn find(job: Option<&JobRow>, decision: Option<&DecisionRow>, wall: Wall) -> Option<Self> {
        if let Some(decision) = decision {
            return Some(Self {
                by: Some(decision.support_person.clone()),
                at: Some(wall.minute(decision.at)),
                text: decision.reason.clone(),
            });
        }
        let report = &job?.report.as_ref()?.0;
        let text = |key: &str| report.get(key).and_then(Value::as_str).map(str::to_owned);
        let said = text("said").or_else(|| text("note"))?;
        Some(Self { by: text("by"), at: None, text: said })
    }
}
