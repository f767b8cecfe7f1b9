//! From a template to a plan in the ledger: preview for people, then the same preview written.

use crate::{
    exit::ExitError,
    ledger::{Ledger, NewPlan, NewTaskRow, PlanRow},
    model::TaskState,
};
use chrono::{DateTime, Utc};
use rollover_jobs::{
    Customer,
    plan::{NewTask, PlannedState, Preview, TEMPLATES, Template, find_template, to_tasks},
};

/// The template of this name, or an error that lists those that exist.
pub fn template(name: &str) -> Result<&'static Template, ExitError> {
    find_template(name).ok_or_else(|| {
        let known: Vec<&str> = TEMPLATES.iter().map(|template| template.name.as_str()).collect();
        ExitError::usage(format!("there is no plan template {name:?}: there are {}", known.join(", ")))
    })
}

/// What the plan would be; writes nothing.
pub async fn preview(
    ledger: &Ledger,
    now: DateTime<Utc>,
    customer: &Customer,
    name: &str,
    year: i32,
) -> anyhow::Result<Preview> {
    let template = template(name)?;
    let calendar = ledger.calendar(customer.id.as_str(), year).await?;
    Ok(rollover_jobs::plan::preview(template, customer, &calendar, year, now))
}

/// Writes the plan, unless something forbids it; then the error names all that does.
pub async fn create(
    ledger: &Ledger,
    now: DateTime<Utc>,
    person: &str,
    customer: &Customer,
    name: &str,
    year: i32,
) -> anyhow::Result<(PlanRow, Preview)> {
    let preview = preview(ledger, now, customer, name, year).await?;
    let tasks = to_tasks(&preview).map_err(|refusals| {
        let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        ExitError::refused(format!(
            "the plan {name} {year} of {} was not made: {}",
            customer.id,
            all.join("; ")
        ))
    })?;
    if !preview.steps.iter().any(|laid| laid.applies.is_yes()) {
        return Err(ExitError::refused(format!(
            "the plan {name} {year} of {} was not made: none of its steps applies to this customer; `rollover plan \
             preview {} --template {name} --year {year}` says why",
            customer.id, customer.id
        ))
        .into());
    }
    let new = NewPlan {
        customer: customer.id.to_string(),
        template: name.to_owned(),
        template_version: i32::try_from(preview.version).unwrap_or(i32::MAX),
        year,
        tasks: (0..).zip(tasks).map(|(position, task)| row(customer, position, task)).collect(),
    };
    Ok((ledger.create_plan(now, person, &new).await?, preview))
}

fn row(customer: &Customer, position: i32, task: NewTask) -> NewTaskRow {
    let (state, why) = match task.state {
        PlannedState::Planned => (TaskState::Planned, None),
        PlannedState::NotApplicable { reason } => (TaskState::NotApplicable, Some(reason)),
        PlannedState::Over { reason } => (TaskState::Skipped, Some(reason.to_owned())),
    };
    NewTaskRow {
        customer: Some(customer.id.to_string()),
        position,
        step: task.step,
        title: task.title,
        help: task.help,
        kind: task.kind,
        args: serde_json::Value::Object(task.args),
        schedule: task.trigger,
        needs: task.needs,
        catch_up: task.catch_up.as_str().to_owned(),
        owner: task.owner.as_str().to_owned(),
        sign_off: task.sign_off,
        deadline: task.deadline,
        due_at: task.due.filter(|_| state == TaskState::Planned),
        state,
        why,
    }
}
