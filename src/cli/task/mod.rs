//! `rollover task`: the scheduled-task list, and what people do to its lines.

mod add;
mod list;
mod moments;
mod show;

pub(super) use show::print_history;

use super::{context::Context, output, views::local};
use crate::{app::App, exit::Exit, ledger::TaskRow, model::TaskState};
use clap::Subcommand;
use rollover_jobs::plan::When;

#[derive(Debug, Subcommand)]
pub(super) enum TaskCommand {
    /// List tasks by their moment.
    #[command(after_help = "Example:\n  rollover task list --customer nes --state waiting")]
    List(list::ListArgs),
    /// Show a task with its help and its history.
    Show { id: i64 },
    /// Add a task outside any plan.
    #[command(
        after_help = "Examples:\n  rollover task add --customer nes --kind import_roster --cron \"30 2 * * *\"\n  \
        rollover task add --customer nes --kind pause_integration --args '{\"why\":\"summer\"}' --year 2024 \\\n    \
        --at \"last_teaching_day + 1d 18:00\""
    )]
    Add(Box<add::AddArgs>),
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

pub(super) async fn run(cx: &Context, command: TaskCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    let now = app.clock.now();
    match command {
        TaskCommand::List(args) => list::list(cx, &app, args).await,
        TaskCommand::Show { id } => show::show(cx, &app, id).await,
        TaskCommand::Add(args) => add::add(cx, &app, *args).await,
        TaskCommand::Next { id, count } => moments::next(cx, &app, id, count).await,
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

async fn move_to(cx: &Context, app: &App, id: i64, at: &When) -> anyhow::Result<Exit> {
    let task = app.ledger.task(id).await?;
    let (zone, calendar) = moments::place(app, &task).await?;
    let moment = rollover_jobs::plan::local_to_utc(at.resolve(&calendar)?, zone);
    let task = app.ledger.reschedule(app.clock.now(), &cx.person()?, id, Some(moment.at)).await?;
    let note = moment.note.map(|note| format!(" ({note})")).unwrap_or_default();
    say(cx, &task, &format!("is due {}{note}", local(moment.at, zone)))
}
