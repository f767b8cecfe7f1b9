//! `rollover task list`: the lines by their moment, each on its customer's clock.

use crate::{
    app::App,
    cli::{
        clocks::Clocks,
        context::Context,
        output::{self, Listing, cell, task_state},
        views::short,
    },
    exit::Exit,
    ledger::{TaskFilter, TaskRow},
    model::TaskState,
};
use chrono::NaiveDateTime;
use clap::Args;
use serde::Serialize;

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[arg(long)]
    customer: Option<String>,
    #[arg(long, value_parser = parse_state)]
    state: Option<TaskState>,
    #[arg(long)]
    kind: Option<String>,
    #[arg(long, default_value_t = 200)]
    limit: i64,
}

fn parse_state(text: &str) -> Result<TaskState, String> {
    TaskState::parse(text).ok_or_else(|| {
        let known: Vec<&str> = TaskState::ALL.iter().map(|state| state.as_str()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// A task as scripts read it: its moment in UTC as it is stored, and on its customer's clock.
#[derive(Serialize)]
struct TaskLine<'a> {
    #[serde(flatten)]
    task: &'a TaskRow,
    due_local: Option<NaiveDateTime>,
    time_zone: &'static str,
    /// Why the customer cannot be read; its moments are in UTC then.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_error: Option<&'a str>,
}

pub(super) async fn list(cx: &Context, app: &App, args: ListArgs) -> anyhow::Result<Exit> {
    if let Some(customer) = &args.customer {
        app.ledger.check_customer(customer).await?;
    }
    let filter = TaskFilter {
        customer: args.customer,
        state: args.state.map(|state| state.as_str().to_owned()),
        kind: args.kind,
        limit: args.limit,
    };
    let tasks = app.ledger.tasks(&filter).await?;
    let clocks = Clocks::of(app, tasks.iter().map(|task| task.customer_id.as_deref())).await?;
    clocks.warn();
    if cx.json {
        let lines: Vec<TaskLine<'_>> = tasks.iter().map(|task| TaskLine::new(task, &clocks)).collect();
        output::json(&lines)?;
        return Ok(Exit::Done);
    }
    print(&tasks, &clocks);
    if i64::try_from(tasks.len()).is_ok_and(|count| count == args.limit) {
        output::line(format!("\nOnly the first {} are shown: --limit shows more.", args.limit));
    }
    Ok(Exit::Done)
}

impl<'a> TaskLine<'a> {
    fn new(task: &'a TaskRow, clocks: &'a Clocks) -> Self {
        let customer = task.customer_id.as_deref();
        let zone = clocks.zone(customer);
        Self {
            task,
            due_local: task.due_at.map(|due| due.with_timezone(&zone).naive_local()),
            time_zone: zone.name(),
            customer_error: clocks.trouble(customer),
        }
    }
}

fn print(tasks: &[TaskRow], clocks: &Clocks) {
    let mut listing = Listing::new(&["id", "customer", "state", "due, local", "title", "owner", "why"]);
    for task in tasks {
        listing.row(vec![
            cell(task.id),
            cell(task.customer_id.as_deref().unwrap_or("–")),
            task_state(task.state),
            cell(clocks.local(task.customer_id.as_deref(), task.due_at)),
            cell(short(&task.title, 60)),
            cell(task.owner.replace('_', " ")),
            cell(short(task.why.as_deref().unwrap_or_default(), 80)),
        ]);
    }
    listing.print("No task is like that.");
}
