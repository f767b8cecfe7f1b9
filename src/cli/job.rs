//! `rollover job`: list, show, log, retry, cancel, enqueue, kinds.

use super::{
    clocks::Clocks,
    context::Context,
    output::{self, Listing, cell, job_state},
    task::print_history,
    views::{local, short, utc},
};
use crate::{
    app::App,
    exit::{Exit, ExitError},
    ledger::{EventRow, JobFilter, JobMove, JobRow, NewJob},
    model::JobState,
};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use rollover_jobs::AnyKind;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub(super) enum JobCommand {
    /// List jobs, the newest first.
    #[command(after_help = "Example:\n  rollover job list --state failed --limit 20")]
    List(ListArgs),
    /// Show a job with its report.
    Show { id: i64 },
    /// Print the history of a job.
    Log { id: i64 },
    /// Run a job again that failed, was aborted or cancelled.
    Retry {
        id: i64,
        /// The reason, for the history.
        #[arg(long, default_value = "by hand")]
        why: String,
    },
    /// Cancel a job: at once when it waits, else as soon as its worker can stop it.
    Cancel {
        id: i64,
        #[arg(long)]
        why: String,
    },
    /// Put a job into the queue that belongs to no task.
    #[command(after_help = "Example:\n  rollover job enqueue import_roster --customer nes")]
    Enqueue(EnqueueArgs),
    /// List the kinds of jobs with an example of their arguments.
    Kinds,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[arg(long)]
    customer: Option<String>,
    #[arg(long, value_parser = parse_state)]
    state: Option<JobState>,
    #[arg(long)]
    kind: Option<String>,
    #[arg(long)]
    task: Option<i64>,
    #[arg(long, default_value_t = 50)]
    limit: i64,
}

fn parse_state(text: &str) -> Result<JobState, String> {
    JobState::parse(text).ok_or_else(|| {
        let known: Vec<&str> = JobState::ALL.iter().map(|state| state.as_str()).collect();
        format!("expected one of {}", known.join(", "))
    })
}

#[derive(Debug, Args)]
pub(super) struct EnqueueArgs {
    /// `rollover job kinds` lists them.
    kind: String,
    #[arg(long)]
    customer: Option<String>,
    /// Arguments of the kind, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = parse_json)]
    args: Value,
}

/// Arguments of a kind as people write them.
pub(super) fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("expected JSON, as '{{\"why\":\"summer\"}}': {error}"))
}

pub(super) async fn run(cx: &Context, command: JobCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    match command {
        JobCommand::List(args) => list(cx, &app, args).await,
        JobCommand::Show { id } => show(cx, &app, id).await,
        JobCommand::Log { id } => log(cx, &app, id).await,
        JobCommand::Retry { id, why } => {
            let person = cx.person()?;
            let job = app.ledger.apply(app.clock.now(), &person, id, JobMove::RunAgain { why }).await?;
            say(cx, &job, "is due again")
        }
        JobCommand::Cancel { id, why } => {
            let job = app.ledger.cancel_job(app.clock.now(), &cx.person()?, id, &why).await?;
            let what = if job.cancel_requested { "is asked to stop" } else { "is cancelled" };
            say(cx, &job, what)
        }
        JobCommand::Enqueue(args) => enqueue(cx, &app, args).await,
        JobCommand::Kinds => kinds(cx, &app),
    }
}

/// The kind of this name, or an error that lists those that exist.
pub(super) fn kind(app: &App, name: &str) -> Result<&'static dyn AnyKind, ExitError> {
    app.engine.kind(name).ok_or_else(|| {
        let known: Vec<&str> = app.engine.kinds.iter().map(|kind| kind.name()).collect();
        ExitError::usage(format!("there is no job kind {name:?}: there are {}", known.join(", ")))
    })
}

fn say(cx: &Context, job: &JobRow, what: &str) -> anyhow::Result<Exit> {
    if cx.json {
        output::json(job)?;
    } else {
        output::line(format!("Job {} ({}) {what}; its state is {}.", job.id, job.kind, job.state));
    }
    Ok(Exit::Done)
}

async fn list(cx: &Context, app: &App, args: ListArgs) -> anyhow::Result<Exit> {
    if let Some(customer) = &args.customer {
        app.ledger.check_customer(customer).await?;
    }
    let filter = JobFilter {
        customer: args.customer,
        state: args.state.map(|state| state.as_str().to_owned()),
        kind: args.kind,
        task: args.task,
        limit: args.limit,
    };
    let jobs = app.ledger.jobs(&filter).await?;
    if cx.json {
        output::json(&jobs)?;
        return Ok(Exit::Done);
    }
    let clocks = Clocks::of(app, jobs.iter().map(|job| job.customer_id.as_deref())).await?;
    clocks.warn();
    let heads = ["id", "customer", "kind", "state", "attempt", "due, local", "ended, local", "why"];
    let mut listing = Listing::new(&heads);
    for job in &jobs {
        let local = |moment| clocks.local(job.customer_id.as_deref(), moment);
        listing.row(vec![
            cell(job.id),
            cell(job.customer_id.as_deref().unwrap_or("–")),
            cell(&job.kind),
            job_state(job.state),
            cell(job.attempt),
            cell(local(Some(job.due_at))),
            cell(local(job.ended_at)),
            cell(short(job.why.as_deref().unwrap_or_default(), 80)),
        ]);
    }
    listing.print("No job is like that.");
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct JobView {
    job: JobRow,
    history: Vec<EventRow>,
}

async fn show(cx: &Context, app: &App, id: i64) -> anyhow::Result<Exit> {
    let job = app.ledger.job(id).await?;
    let history = app.ledger.events_of_job(id).await?;
    if cx.json {
        output::json(&JobView { job, history })?;
        return Ok(Exit::Done);
    }
    output::line(format!("Job {id}: {}", job.kind));
    output::line(format!("  customer: {}", job.customer_id.as_deref().unwrap_or("none")));
    if let Some(task) = job.task_id {
        output::line(format!("  task:     {task}"));
    }
    output::line(format!("  state:    {} {}, {} attempts begun", job.state.sign(), job.state, job.attempt));
    if let Some(why) = &job.why {
        let who =
            job.who.as_ref().map(|who| format!(" – {} must act", who.replace('_', " "))).unwrap_or_default();
        output::line(format!("  why:      {why}{who}"));
    }
    let zone = zone(app, &job).await?;
    for (what, moment) in [
        ("due", Some(job.due_at)),
        ("runs at", job.run_at),
        ("started", job.started_at),
        ("ended", job.ended_at),
    ] {
        if let Some(moment) = moment {
            output::line(format!("  {:<9} {} = {}", format!("{what}:"), local(moment, zone), utc(moment)));
        }
    }
    output::line(format!("  args:     {}", job.args.0));
    if let Some(report) = &job.report {
        output::line("\nreport:");
        output::json(&report.0)?;
    }
    output::line("");
    print_history(&history, zone);
    Ok(Exit::Done)
}

async fn zone(app: &App, job: &JobRow) -> anyhow::Result<Tz> {
    Ok(match &job.customer_id {
        Some(customer) => app.ledger.customer(customer).await?.time_zone,
        None => Tz::UTC,
    })
}

async fn log(cx: &Context, app: &App, id: i64) -> anyhow::Result<Exit> {
    let job = app.ledger.job(id).await?;
    let history = app.ledger.events_of_job(id).await?;
    if cx.json {
        output::json(&history)?;
    } else {
        print_history(&history, zone(app, &job).await?);
    }
    Ok(Exit::Done)
}

async fn enqueue(cx: &Context, app: &App, args: EnqueueArgs) -> anyhow::Result<Exit> {
    let kind = kind(app, &args.kind)?;
    let checked = kind
        .check_args(&args.args)
        .map_err(|error| ExitError::usage(format!("{error}; a good example: {}", kind.sample_args())))?;
    if let Some(customer) = &args.customer {
        app.ledger.customer(customer).await?;
    }
    let now = app.clock.now();
    let new = NewJob {
        task: None,
        customer: args.customer,
        kind: kind.name().to_owned(),
        args: checked,
        lane: app.engine.lane(kind.name()),
        due_at: now,
    };
    let ids = app.ledger.enqueue(now, &cx.person()?, &[new]).await?;
    let job = app.ledger.job(ids[0]).await?;
    say(cx, &job, "is in the queue")
}

#[derive(Serialize)]
struct KindView {
    name: &'static str,
    summary: &'static str,
    attempts: u32,
    timeout_seconds: u64,
    sample_args: Value,
}

fn kinds(cx: &Context, app: &App) -> anyhow::Result<Exit> {
    let kinds: Vec<KindView> = app
        .engine
        .kinds
        .iter()
        .map(|kind| KindView {
            name: kind.name(),
            summary: kind.summary(),
            attempts: kind.policy().attempts,
            timeout_seconds: kind.policy().timeout.as_secs(),
            sample_args: kind.sample_args(),
        })
        .collect();
    if cx.json {
        output::json(&kinds)?;
        return Ok(Exit::Done);
    }
    let mut listing = Listing::new(&["kind", "what it does", "attempts", "example of arguments"]);
    for kind in &kinds {
        listing.row(vec![cell(kind.name), cell(kind.summary), cell(kind.attempts), cell(&kind.sample_args)]);
    }
    listing.print("This version knows no kind.");
    Ok(Exit::Done)
}
