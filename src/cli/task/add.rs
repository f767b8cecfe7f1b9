//! `rollover task add`: a task outside any plan.

use crate::{
    app::App,
    cli::{
        context::Context,
        job::{self, parse_json},
        views::local,
    },
    exit::{Exit, ExitError},
    ledger::NewTaskRow,
    model::TaskState,
};
use chrono::Datelike;
use chrono_tz::Tz;
use clap::{ArgGroup, Args, ValueEnum};
use rollover_jobs::{
    Calendar, Who,
    plan::{CatchUp, Cron, Trigger, When},
};
use serde_json::Value;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("when").required(true).args(["at", "cron", "by_hand"]))]
pub(in crate::cli) struct AddArgs {
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

pub(super) async fn add(cx: &Context, app: &App, args: AddArgs) -> anyhow::Result<Exit> {
    let kind = job::kind(app, &args.kind)?;
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
    if due.is_none() && matches!(trigger, Trigger::Cron { .. }) {
        return Err(ExitError::refused(format!(
            "the task was not added: it would never fire, no moment of {trigger} is left"
        ))
        .into());
    }
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
    super::say(cx, &task, &format!("is on the list, due {due}"))
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
