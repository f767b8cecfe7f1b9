//! What every ledger must do, on both engines: one suite, one file per part of the ledger.

#![cfg(test)]

#[path = "../harness/mod.rs"]
mod harness;

mod customers;
mod filter_decisions;
mod jobs;
mod lanes;
mod leader;
mod needs;
mod outbox;
mod overview;
mod people;
mod plans;
mod retention;
mod runs;
mod text;
mod unreadable;

use harness::moment;
use rollover::{
    ledger::{Ledger, NewPlan, NewTaskRow},
    model::TaskState,
};
use rollover_jobs::plan::Trigger;
use serde_json::json;

const NOW: &str = "2024-06-03T08:00:00Z";

/// A task of a plan that does nothing by itself.
fn step(position: i32, name: &str, trigger: Trigger) -> NewTaskRow {
    NewTaskRow {
        customer: Some("nes".to_owned()),
        position,
        step: name.to_owned(),
        title: format!("Step {name}"),
        help: String::new(),
        kind: "noop".to_owned(),
        args: json!({}),
        schedule: trigger,
        needs: Vec::new(),
        catch_up: "run_once".to_owned(),
        owner: "support_agent".to_owned(),
        sign_off: false,
        deadline: None,
        state: TaskState::Planned,
        why: None,
        due_at: None,
    }
}

fn trigger(form: serde_json::Value) -> Trigger {
    serde_json::from_value(form).unwrap()
}

fn plan_of(template: &str, year: i32, tasks: Vec<NewTaskRow>) -> NewPlan {
    NewPlan { customer: "nes".to_owned(), template: template.to_owned(), template_version: 1, year, tasks }
}

/// Makes a plan and gives the numbers of its tasks in their order.
async fn planned(ledger: &Ledger, tasks: Vec<NewTaskRow>) -> (i64, Vec<i64>) {
    let plan = ledger.create_plan(moment(NOW), "Ingrid", &plan_of("eoy", 2024, tasks)).await.unwrap();
    let tasks = ledger.tasks_of_plan(plan.id).await.unwrap();
    (plan.id, tasks.into_iter().map(|task| task.id).collect())
}
