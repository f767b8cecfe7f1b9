//! `rollover plan`: preview, create, list, show, cancel.

use super::{
    clocks::Clocks,
    context::Context,
    output::{self, Listing, cell, task_state},
    views::{local, short, utc, wall},
};
use crate::{
    app::App,
    exit::Exit,
    ledger::{PlanRow, TaskRow},
    plans,
};
use clap::{Args, Subcommand};
use rollover_jobs::{
    Customer,
    plan::{Applicability, Moment, Preview, PreviewStep, Trigger},
};
use serde::Serialize;

#[derive(Debug, Subcommand)]
pub(super) enum PlanCommand {
    /// Show what a plan would be, with all that speaks against it; writes nothing.
    #[command(after_help = "Example:\n  rollover plan preview nes --template eoy --year 2024")]
    Preview(Which),
    /// Make the plan.
    #[command(
        after_help = "Example:\n  rollover plan create nes --template bts --year 2024 --by \"Ingrid Dahl\""
    )]
    Create(Which),
    /// List plans, the newest first.
    List {
        #[arg(long)]
        customer: Option<String>,
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Show a plan as a timeline of its tasks.
    Show { id: i64 },
    /// End a plan: every task of it that is not over is cancelled.
    Cancel {
        id: i64,
        /// The reason, for the history.
        #[arg(long)]
        why: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Which {
    customer: String,
    /// eoy, bts, summer_school or change_of_mis.
    #[arg(long)]
    template: String,
    /// The calendar year in which the summer falls.
    #[arg(long)]
    year: i32,
}

pub(super) async fn run(cx: &Context, command: PlanCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    match command {
        PlanCommand::Preview(which) => preview(cx, &app, &which).await,
        PlanCommand::Create(which) => create(cx, &app, &which).await,
        PlanCommand::List { customer, limit } => list(cx, &app, customer.as_deref(), limit).await,
        PlanCommand::Show { id } => show(cx, &app, id).await,
        PlanCommand::Cancel { id, why } => {
            let plan = app.ledger.cancel_plan(app.clock.now(), &cx.person()?, id, &why).await?;
            if cx.json {
                output::json(&plan)?;
            } else {
                output::line(format!(
                    "Plan {id} ({} {} of {}) is cancelled.",
                    plan.template, plan.year, plan.customer_id
                ));
            }
            Ok(Exit::Done)
        }
    }
}

#[derive(Serialize)]
struct PreviewView<'a> {
    customer: &'a str,
    template: &'a str,
    template_version: u32,
    year: i32,
    steps: Vec<StepView<'a>>,
    warnings: Vec<String>,
    /// What must be put right before the plan can be made.
    refusals: Vec<String>,
}

#[derive(Serialize)]
struct StepView<'a> {
    step: &'a str,
    title: &'a str,
    kind: &'a str,
    applies: &'a Applicability,
    trigger: &'a Trigger,
    trigger_text: &'a str,
    first: Option<&'a Moment>,
    /// No moment of its rule is left.
    never_fires: bool,
    why: &'a str,
    owner: &'static str,
    sign_off: bool,
    deadline: Option<chrono::DateTime<chrono::Utc>>,
    args: &'a serde_json::Map<String, serde_json::Value>,
    rules: &'a [String],
}

impl<'a> PreviewView<'a> {
    fn of(preview: &'a Preview) -> Self {
        Self {
            customer: preview.customer.as_str(),
            template: &preview.template,
            template_version: preview.version,
            year: preview.year,
            steps: preview.steps.iter().map(StepView::of).collect(),
            warnings: preview.warnings.iter().map(ToString::to_string).collect(),
            refusals: preview.refusals().iter().map(ToString::to_string).collect(),
        }
    }
}

impl<'a> StepView<'a> {
    fn of(laid: &'a PreviewStep) -> Self {
        Self {
            step: &laid.step.name,
            title: &laid.step.title,
            kind: &laid.step.kind,
            applies: &laid.applies,
            trigger: &laid.trigger,
            trigger_text: &laid.trigger_text,
            first: laid.first.as_ref(),
            never_fires: laid.never_fires(),
            why: &laid.why,
            owner: laid.step.owner.as_str(),
            sign_off: laid.step.needs_sign_off(),
            deadline: laid.deadline,
            args: &laid.args,
            rules: &laid.step.rules,
        }
    }
}

async fn preview(cx: &Context, app: &App, which: &Which) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&which.customer).await?;
    let preview =
        plans::preview(&app.ledger, app.clock.now(), &customer, &which.template, which.year).await?;
    let can_be_made = preview.refusals().is_empty();
    if cx.json {
        output::json(&PreviewView::of(&preview))?;
    } else {
        print_steps(&preview, &customer);
        print_objections(&preview);
        if can_be_made {
            output::line(format!(
                "\nNothing was written. To make the plan: rollover plan create {} --template {} --year {}",
                customer.id, which.template, which.year
            ));
        }
    }
    Ok(if can_be_made { Exit::Done } else { Exit::Unhealthy })
}

fn print_steps(preview: &Preview, customer: &Customer) {
    output::line(format!(
        "{} {} for {} ({})\n",
        preview.template, preview.year, customer.name, customer.time_zone
    ));
    let mut listing = Listing::new(&["", "step", "first due, local", "UTC", "owner", "why"]);
    for laid in &preview.steps {
        let applies = laid.applies.is_yes();
        let owner = laid.step.owner.to_string();
        listing.row(vec![
            cell(if applies { "●" } else { "–" }),
            cell(&laid.step.title),
            cell(laid.first.as_ref().map(|first| wall(first.local)).unwrap_or_default()),
            cell(laid.first.as_ref().map(|first| utc(first.at)).unwrap_or_default()),
            cell(if applies { owner } else { String::new() }),
            cell(match applies {
                true if laid.never_fires() => format!("never fires: {}", laid.why),
                true => laid.why.clone(),
                false => format!("does not apply: {}", laid.why),
            }),
        ]);
    }
    listing.print("The template has no steps.");
}

fn print_objections(preview: &Preview) {
    let refusals = preview.refusals();
    for warning in preview.warnings.iter().filter(|warning| !warning.refuses()) {
        output::line(format!("\nwarning: {warning}"));
    }
    for refusal in &refusals {
        output::line(format!("\nmust be put right first: {refusal}"));
    }
}

async fn create(cx: &Context, app: &App, which: &Which) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&which.customer).await?;
    let person = cx.person()?;
    let (plan, preview) =
        plans::create(&app.ledger, app.clock.now(), &person, &customer, &which.template, which.year).await?;
    if cx.json {
        preview.warnings.iter().for_each(output::note);
        output::json(&plan)?;
        return Ok(Exit::Done);
    }
    let tasks = preview.steps.iter().filter(|laid| laid.applies.is_yes()).count();
    for warning in &preview.warnings {
        output::line(format!("warning: {warning}"));
    }
    output::line(format!(
        "Plan {} ({} {} of {}) is made: {tasks} tasks, {} steps do not apply. Look at it: rollover plan show {}",
        plan.id,
        plan.template,
        plan.year,
        plan.customer_id,
        preview.steps.len() - tasks,
        plan.id
    ));
    Ok(Exit::Done)
}

async fn list(cx: &Context, app: &App, customer: Option<&str>, limit: i64) -> anyhow::Result<Exit> {
    let plans = app.ledger.plans(customer, limit).await?;
    if cx.json {
        output::json(&plans)?;
        return Ok(Exit::Done);
    }
    let clocks = Clocks::of(app, plans.iter().map(|plan| Some(plan.customer_id.as_str()))).await?;
    clocks.warn();
    let mut listing = Listing::new(&["id", "customer", "template", "year", "state", "made, local", "by"]);
    for plan in &plans {
        listing.row(vec![
            cell(plan.id),
            cell(&plan.customer_id),
            cell(&plan.template),
            cell(plan.year),
            cell(&plan.state),
            cell(clocks.local(Some(&plan.customer_id), Some(plan.created_at))),
            cell(&plan.created_by),
        ]);
    }
    listing.print("There is no plan. Make one: rollover plan create --help");
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct PlanView {
    plan: PlanRow,
    tasks: Vec<TaskRow>,
}

async fn show(cx: &Context, app: &App, id: i64) -> anyhow::Result<Exit> {
    let plan = app.ledger.plan(id).await?;
    let tasks = app.ledger.tasks_of_plan(id).await?;
    if cx.json {
        output::json(&PlanView { plan, tasks })?;
        return Ok(Exit::Done);
    }
    let customer = app.ledger.customer(&plan.customer_id).await?;
    output::line(format!(
        "Plan {id}: {} {} of {}, {}; made {} by {}\n",
        plan.template,
        plan.year,
        customer.name,
        plan.state,
        local(plan.created_at, customer.time_zone),
        plan.created_by
    ));
    let mut listing = Listing::new(&["task", "when, local", "state", "step", "what it waits for"]);
    for task in in_time(tasks) {
        let when = task.due_at.or((!never_ran(&task)).then_some(task.updated_at));
        let waits = match (&task.why, &task.who) {
            (Some(why), Some(who)) => format!("{why} ({})", who.replace('_', " ")),
            (Some(why), None) => why.clone(),
            (None, _) if task.due_at.is_none() && never_ran(&task) => task.schedule.0.to_string(),
            _ => String::new(),
        };
        listing.row(vec![
            cell(task.id),
            cell(when.map(|when| local(when, customer.time_zone)).unwrap_or_default()),
            task_state(task.state),
            cell(&task.title),
            cell(short(&waits, 120)),
        ]);
    }
    listing.print("The plan has no tasks.");
    Ok(Exit::Done)
}

fn never_ran(task: &TaskRow) -> bool {
    use crate::model::TaskState;
    matches!(task.state, TaskState::Planned | TaskState::NotApplicable)
}

/// What is dated first by its date; the rest as the template has it, after what it stands behind.
fn in_time(mut tasks: Vec<TaskRow>) -> Vec<TaskRow> {
    let end = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    tasks.sort_by_key(|task| {
        let when = task.due_at.or((!never_ran(task)).then_some(task.updated_at));
        (when.unwrap_or(end), task.position)
    });
    tasks
}
