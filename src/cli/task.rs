//! `rollover task`: the scheduled-task list, and what people do to its lines.

use super::{
    context::Context,
    job::parse_json,
    output::{self, Listing, cell, task_state},
    views::{distance, local, maybe_utc, short, utc, wall},
};
use crate::{
    app::App,
    exit::{Exit, ExitError},
    ledger::{EventRow, NewTaskRow, TaskFilter, TaskRow},
    model::TaskState,
};
use chrono::Datelike;
use chrono_tz::Tz;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use rollover_jobs::{
    Calendar, Who,
    plan::{CatchUp, Cron, Moment, Trigger, When},
};
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(super) enum TaskCommand {
    /// List tasks by their moment.
    #[command(after_help = "Example:\n  rollover task list --customer nes --state waiting")]
    List(ListArgs),
    /// Show a task with its help and its history.
    Show { id: i64 },
    /// Add a task outside any plan.
    #[command(
        after_help = "Examples:\n  rollover task add --customer nes --kind import_roster --cron \"30 2 * * *\"\n  \
        rollover task add --customer nes --kind pause_integration --args '{\"why\":\"summer\"}' --year 2024 \\\n    \
        --at \"last_teaching_day + 1d 18:00\""
    )]
    Add(Box<AddArgs>),
    /// Print the coming moments in local time and UTC.
    Next {
        id: i64,
        #[arg(long, default_value_t = 10)]
        count: usize,
    },
    /// Declare a step done.
    SignOff {
        id: i64,
        /// What was done and how you know.
        #[arg(long)]
        note: String,
    },
    /// Decide that a task is not done; what follows it may start.
    Skip {
        id: i64,
        #[arg(long)]
        why: String,
    },
    /// Take a task off the list; what follows its success does not start.
    Cancel {
        id: i64,
        #[arg(long)]
        why: String,
    },
    /// Fire a task now, beside its own moments.
    RunNow { id: i64 },
    /// Move a planned task to another local date and time.
    Move {
        id: i64,
        /// As "2024-08-20 02:30", or relative to the calendar: "school_year_start + 1d 02:30".
        #[arg(long)]
        at: When,
    },
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
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

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("when").required(true).args(["at", "cron", "by_hand"]))]
pub(super) struct AddArgs {
    #[arg(long)]
    customer: Option<String>,
    /// What to run; `rollover job kinds` lists them.
    #[arg(long)]
    kind: String,
    /// Arguments of the kind, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = parse_json)]
    args: Value,
    /// What people read in the list.
    #[arg(long)]
    title: Option<String>,
    /// Once: a local date and time, or relative to the calendar of --year.
    #[arg(long, value_name = "WHEN")]
    at: Option<When>,
    /// Again and again, by the customer's clock: five fields, or six with seconds first.
    #[arg(long, value_name = "RULE")]
    cron: Option<Cron>,
    /// Only when a person starts it.
    #[arg(long)]
    by_hand: bool,
    /// Not before this local date; with --cron.
    #[arg(long, requires = "cron")]
    from: Option<When>,
    /// Not after this local date; with --cron.
    #[arg(long, requires = "cron")]
    until: Option<When>,
    /// The summer whose calendar relative dates are taken from.
    #[arg(long)]
    year: Option<i32>,
    /// What happens to moments that were missed while nothing ran.
    #[arg(long, value_enum, default_value_t = CatchUpArg::RunOnce)]
    catch_up: CatchUpArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CatchUpArg {
    RunOnce,
    RunAll,
    Skip,
}

pub(super) async fn run(cx: &Context, command: TaskCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    let now = app.clock.now();
    match command {
        TaskCommand::List(args) => list(cx, &app, args).await,
        TaskCommand::Show { id } => show(cx, &app, id).await,
        TaskCommand::Add(args) => add(cx, &app, *args).await,
        TaskCommand::Next { id, count } => next(cx, &app, id, count).await,
        TaskCommand::SignOff { id, note } => {
            let task = app.ledger.sign_off(now, &cx.person()?, id, &note).await?;
            let what = if task.state == TaskState::Planned {
                "is signed off beforehand and is done as soon as its moment comes (`rollover task run-now` brings it)"
            } else {
                "is signed off"
            };
            say(cx, &task, what)
        }
        TaskCommand::Skip { id, why } => {
            let task = app.ledger.skip_task(now, &cx.person()?, id, &why).await?;
            say(cx, &task, "is skipped")
        }
        TaskCommand::Cancel { id, why } => {
            let task = app.ledger.cancel_task(now, &cx.person()?, id, &why).await?;
            say(cx, &task, "is cancelled")
        }
        TaskCommand::RunNow { id } => {
            let lane = app.engine.lane(&app.ledger.task(id).await?.kind);
            let job = app.ledger.run_task_now(now, &cx.person()?, id, lane).await?;
            let task = app.ledger.task(id).await?;
            say(cx, &task, &format!("is due now as job {job}: rollover job show {job}"))
        }
        TaskCommand::Move { id, at } => move_to(cx, &app, id, &at).await,
    }
}

fn say(cx: &Context, task: &TaskRow, what: &str) -> anyhow::Result<Exit> {
    if cx.json {
        output::json(task)?;
    } else {
        output::line(format!(
            "Task {} ({}) {what}; its state is {}.",
            task.id,
            task.title,
            task.state.words()
        ));
    }
    Ok(Exit::Done)
}

async fn list(cx: &Context, app: &App, args: ListArgs) -> anyhow::Result<Exit> {
    if let Some(customer) = &args.customer {
        app.ledger.customer(customer).await?;
    }
    let filter = TaskFilter {
        customer: args.customer,
        state: args.state.map(|state| state.as_str().to_owned()),
        kind: args.kind,
        limit: args.limit,
    };
    let tasks = app.ledger.tasks(&filter).await?;
    if cx.json {
        output::json(&tasks)?;
        return Ok(Exit::Done);
    }
    let mut listing = Listing::new(&["id", "customer", "state", "due", "title", "owner", "why"]);
    for task in &tasks {
        listing.row(vec![
            cell(task.id),
            cell(task.customer_id.as_deref().unwrap_or("–")),
            task_state(task.state),
            cell(maybe_utc(task.due_at)),
            cell(short(&task.title, 60)),
            cell(task.owner.replace('_', " ")),
            cell(short(task.why.as_deref().unwrap_or_default(), 80)),
        ]);
    }
    listing.print("No task is like that.");
    if i64::try_from(tasks.len()).is_ok_and(|count| count == args.limit) {
        output::line(format!("\nOnly the first {} are shown: --limit shows more.", args.limit));
    }
    Ok(Exit::Done)
}

/// The clock and the dates by which a task's moments are reckoned.
async fn place(app: &App, task: &TaskRow) -> anyhow::Result<(Tz, Calendar)> {
    let Some(customer) = &task.customer_id else { return Ok((Tz::UTC, Calendar::default())) };
    let zone = app.ledger.customer(customer).await?.time_zone;
    let year = match task.plan_id {
        Some(plan) => app.ledger.plan(plan).await?.year,
        None => task.due_at.unwrap_or(task.updated_at).with_timezone(&zone).year(),
    };
    Ok((zone, app.ledger.calendar(customer, year).await?))
}

/// The next moments: the one that the task stands at, then those of its trigger.
async fn coming(app: &App, task: &TaskRow, count: usize) -> anyhow::Result<(Tz, Vec<Moment>)> {
    let (zone, calendar) = place(app, task).await?;
    let Some(due) = task.due_at else { return Ok((zone, Vec::new())) };
    let mut moments = vec![Moment { at: due, local: due.with_timezone(&zone).naive_local(), note: None }];
    if let Some(trigger @ Trigger::Cron { .. }) = task.schedule.0.trigger() {
        let before = due - chrono::TimeDelta::microseconds(1);
        let found = trigger.moments(before, count, zone, &calendar)?;
        // A task that was moved by hand stands at a moment that its rule does not know.
        if found.first().is_some_and(|first| first.at == due) {
            moments.clear();
        }
        moments.extend(found);
    }
    moments.truncate(count);
    Ok((zone, moments))
}

async fn next(cx: &Context, app: &App, id: i64, count: usize) -> anyhow::Result<Exit> {
    let task = app.ledger.task(id).await?;
    let (zone, moments) = coming(app, &task, count).await?;
    if cx.json {
        output::json(&moments)?;
        return Ok(Exit::Done);
    }
    output::line(format!("Task {id} ({}): {}\n", task.title, task.schedule.0));
    let mut listing = Listing::new(&["local", "UTC", "", "note"]);
    for moment in &moments {
        listing.row(vec![
            cell(format!("{} {}", wall(moment.local), moment.at.with_timezone(&zone).format("%Z"))),
            cell(utc(moment.at)),
            cell(distance(moment.at, app.clock.now())),
            cell(moment.note.map(|note| note.to_string()).unwrap_or_default()),
        ]);
    }
    listing.print("No moment is to come: it follows another task, waits for a hand, or is over.");
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct TaskView {
    task: TaskRow,
    history: Vec<EventRow>,
}

async fn show(cx: &Context, app: &App, id: i64) -> anyhow::Result<Exit> {
    let task = app.ledger.task(id).await?;
    let history = app.ledger.events_of_task(id).await?;
    if cx.json {
        output::json(&TaskView { task, history })?;
        return Ok(Exit::Done);
    }
    let (zone, moments) = coming(app, &task, 3).await?;
    output::line(format!("Task {id}: {}", task.title));
    output::line(format!("  customer: {}", task.customer_id.as_deref().unwrap_or("none")));
    output::line(format!("  state:    {} {}", task.state.sign(), task.state.words()));
    if let Some(why) = &task.why {
        let who =
            task.who.as_ref().map(|who| format!(" – {} must act", who.replace('_', " "))).unwrap_or_default();
        output::line(format!("  why:      {why}{who}"));
    }
    output::line(format!(
        "  trigger:  {} (missed moments: {})",
        task.schedule.0,
        task.catch_up.replace('_', " ")
    ));
    for moment in &moments {
        output::line(format!("  due:      {} = {}", local(moment.at, zone), utc(moment.at)));
    }
    if let Some(deadline) = task.deadline {
        output::line(format!("  deadline: {}", local(deadline, zone)));
    }
    output::line(format!("  kind:     {} {}", task.kind, task.args.0));
    output::line(format!("  owner:    {}", task.owner.replace('_', " ")));
    if !task.help.is_empty() {
        output::line(format!("\n{}", task.help));
    }
    output::line("");
    print_history(&history, zone);
    Ok(Exit::Done)
}

/// The lines of a history, oldest first.
pub(super) fn print_history(history: &[EventRow], zone: Tz) {
    let mut listing = Listing::new(&["when, local", "what", "state", "who", "note"]);
    for event in history {
        let states = match (&event.from_state, &event.to_state) {
            (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
            (_, Some(to)) => to.clone(),
            _ => String::new(),
        };
        listing.row(vec![
            cell(event.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z")),
            cell(event.name.replace('_', " ")),
            cell(states.replace('_', " ")),
            cell(&event.actor),
            cell(event.note.as_deref().unwrap_or_default()),
        ]);
    }
    listing.print("Nothing has happened yet.");
}

async fn add(cx: &Context, app: &App, args: AddArgs) -> anyhow::Result<Exit> {
    let kind = super::job::kind(app, &args.kind)?;
    let checked = kind
        .check_args(&args.args)
        .map_err(|error| ExitError::usage(format!("{error}; a good example: {}", kind.sample_args())))?;
    let trigger = trigger(&args)?;
    let (zone, calendar) = match &args.customer {
        None => (Tz::UTC, Calendar::default()),
        Some(customer) => {
            let zone = app.ledger.customer(customer).await?.time_zone;
            let year = args.year.unwrap_or_else(|| app.clock.now().with_timezone(&zone).year());
            (zone, app.ledger.calendar(customer, year).await?)
        }
    };
    let trigger = trigger.fixed(&calendar).map_err(|missing| {
        ExitError::refused(format!(
            "the task was not added: {missing}; set the date with `rollover customer set`"
        ))
    })?;
    let after = match trigger {
        Trigger::Date { .. } => chrono::DateTime::<chrono::Utc>::MIN_UTC,
        _ => app.clock.now(),
    };
    let due = trigger.next_after(after, zone, &calendar)?.map(|moment| moment.at);
    let row = NewTaskRow {
        customer: args.customer,
        position: 0,
        step: args.kind.clone(),
        title: args.title.unwrap_or_else(|| kind.summary().to_owned()),
        help: String::new(),
        kind: args.kind.clone(),
        args: checked,
        schedule: trigger,
        needs: Vec::new(),
        catch_up: catch_up(args.catch_up).as_str().to_owned(),
        owner: Who::SupportAgent.as_str().to_owned(),
        sign_off: args.kind == rollover_jobs::plan::SIGN_OFF,
        deadline: None,
        state: TaskState::Planned,
        why: None,
        due_at: due,
    };
    let task = app.ledger.add_task(app.clock.now(), &cx.person()?, &row).await?;
    let due = task.due_at.map_or("when a person starts it".to_owned(), |due| local(due, zone));
    say(cx, &task, &format!("is on the list, due {due}"))
}

fn trigger(args: &AddArgs) -> Result<Trigger, ExitError> {
    match (&args.at, &args.cron, args.by_hand) {
        (Some(at), None, false) => Ok(Trigger::Date { at: at.clone() }),
        (None, Some(cron), false) => {
            Ok(Trigger::Cron { cron: cron.clone(), from: args.from.clone(), until: args.until.clone() })
        }
        (None, None, true) => Ok(Trigger::Hand),
        _ => Err(ExitError::usage("say when with one of --at, --cron and --by-hand")),
    }
}

const fn catch_up(arg: CatchUpArg) -> CatchUp {
    match arg {
        CatchUpArg::RunOnce => CatchUp::RunOnce,
        CatchUpArg::RunAll => CatchUp::RunAll,
        CatchUpArg::Skip => CatchUp::Skip,
    }
}

async fn move_to(cx: &Context, app: &App, id: i64, at: &When) -> anyhow::Result<Exit> {
    let task = app.ledger.task(id).await?;
    let (zone, calendar) = place(app, &task).await?;
    let moment = rollover_jobs::plan::local_to_utc(at.resolve(&calendar)?, zone);
    let task = app.ledger.reschedule(app.clock.now(), &cx.person()?, id, Some(moment.at)).await?;
    let note = moment.note.map(|note| format!(" ({note})")).unwrap_or_default();
    say(cx, &task, &format!("is due {}{note}", local(moment.at, zone)))
}
