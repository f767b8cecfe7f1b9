//! Keeps the task that looks for a late roster in step with the customer's setting: one line of the list, or none.
//!
//! Setting and task are two writes. A crash between them leaves the old task, which does as the setting says when it
//! fires; setting the same again mends the moment.

use crate::{
    app::App,
    ledger::{NewTaskRow, TaskFilter},
    model::TaskState,
};
use rollover_jobs::{Calendar, CheckRosterCame, Customer, JobKind, Who, plan::CatchUp};

/// A customer has one; more are left of hands.
const TASKS_LOOKED_AT: i64 = 1_000;

pub(super) async fn keep_in_step(app: &App, person: &str, customer: &Customer) -> anyhow::Result<()> {
    let due_by = customer.settings.roster_due_by.as_ref();
    let filter = TaskFilter {
        customer: Some(customer.id.to_string()),
        kind: Some(CheckRosterCame::NAME.to_owned()),
        limit: TASKS_LOOKED_AT,
        ..TaskFilter::default()
    };
    let mut in_step = false;
    for task in app.ledger.tasks(&filter).await?.into_iter().filter(|task| task.due_at.is_some()) {
        let fits = due_by.is_some_and(|due| task.schedule.0.read().is_ok_and(|rule| *rule == due.trigger()));
        if fits && !in_step {
            in_step = true;
        } else {
            let why = "the time by which the roster must come was changed";
            app.ledger.cancel_task(app.clock.now(), person, task.id, why).await?;
        }
    }
    if let Some(due_by) = due_by.filter(|_| !in_step) {
        let trigger = due_by.trigger();
        let due_at = trigger.next_after(app.clock.now(), customer.time_zone, &Calendar::default())?;
        let task = NewTaskRow {
            customer: Some(customer.id.to_string()),
            position: 0,
            step: CheckRosterCame::NAME.to_owned(),
            title: format!("Roster due by {due_by}"),
            help: String::new(),
            kind: CheckRosterCame::NAME.to_owned(),
            args: serde_json::json!({}),
            schedule: trigger,
            needs: Vec::new(),
            // What was missed while nothing ran is told once.
            catch_up: CatchUp::RunOnce.as_str().to_owned(),
            owner: Who::SupportAgent.as_str().to_owned(),
            sign_off: false,
            deadline: None,
            state: TaskState::Planned,
            why: None,
            due_at: due_at.map(|moment| moment.at),
        };
        app.ledger.add_task(app.clock.now(), person, &task).await?;
    }
    Ok(())
}
