//! `rollover import`: run, list, show, decide, purge.

use super::{
    context::Context,
    fields::{LimitField, apply_limits},
    output::{self, Listing, cell},
    progress,
    views::{local, utc},
};
use crate::{
    app::App,
    engine::{Worker, tell_ends},
    exit::{Exit, ExitError},
    ledger::{JobFilter, JobRow, NewFilterDecision, NewJob, RunRow},
    model::JobState,
    queue::{Handle, Ticket},
};
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use rollover_jobs::{
    Customer, ImportOutcome, ImportReport, ImportRoster, JobContext, JobFacts, JobKind,
    ports::{Outcome, RunRecord},
};
use rollover_roster::{
    diff::{Action, ChangeCounts},
    model::Kind,
    snapshot::SnapshotId,
};
use serde_json::json;
use std::{str::FromStr, sync::Arc, time::Duration};

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Import the newest roster of a customer now.
    #[command(
        after_help = "Examples:\n  rollover import run nes --dry-run\n  rollover import run nes --dry-run --on \
        2024-08-19        what the first day of the new year will bring"
    )]
    Run {
        customer: String,
        /// Look at everything and write nothing: what would be created, updated and deleted.
        #[arg(long)]
        dry_run: bool,
        /// With --dry-run: as it would be on that day, when postponed deletes take place and courses flow.
        #[arg(long, value_name = "DATE", requires = "dry_run")]
        on: Option<NaiveDate>,
    },
    /// List the import runs of a customer, the newest first.
    List {
        customer: String,
        #[arg(long, default_value_t = 20)]
        limit: i64,
    },
    /// Show one import run.
    Show { id: i64 },
    /// Take away rosters that were kept long enough, as snapshots and as files of the backup areas.
    #[command(after_help = "Every night:\n  rollover task add --kind purge_snapshots --cron \"0 4 * * *\"")]
    Purge {
        /// Say what would go and how many bytes it has; take nothing away.
        #[arg(long)]
        dry_run: bool,
    },
    /// Record a decision about the Filter: for one run of exactly one roster; then the Filter is on again.
    #[command(
        after_help = "Example:\n  rollover import decide nes --run 17 --customer-person \"Kari Vik\" \\\n    \
        --reason \"change of school year, figures compared with the MIS\" --filter membership.delete=90%"
    )]
    Decide(DecideArgs),
}

#[derive(Debug, Args)]
pub(super) struct DecideArgs {
    customer: String,
    /// The aborted run whose roster it is about; without it the newest run.
    #[arg(long)]
    run: Option<i64>,
    /// The roster that a dry run looked at, in place of a run.
    #[arg(long, conflicts_with = "run", value_name = "ROSTER")]
    roster: Option<SnapshotId>,
    /// Who at the customer decided: only they can say whether the changes are right.
    #[arg(long, value_name = "PERSON")]
    customer_person: String,
    #[arg(long)]
    reason: String,
    /// Another limit for this run, as membership.delete=90%; several times for several.
    #[arg(long, value_name = "KIND.CHANGE=LIMIT", value_parser = LimitField::from_str, conflicts_with = "off")]
    filter: Vec<LimitField>,
    /// The Filter is off for this run.
    #[arg(long)]
    off: bool,
}

pub(super) async fn run(cx: &Context, command: ImportCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    match command {
        ImportCommand::Run { customer, dry_run: true, on } => dry_run(cx, &app, &customer, on).await,
        ImportCommand::Run { customer, dry_run: false, .. } => run_now(cx, &app, &customer).await,
        ImportCommand::List { customer, limit } => list(cx, &app, &customer, limit).await,
        ImportCommand::Show { id } => show(cx, &app, id).await,
        ImportCommand::Purge { dry_run } => super::purge::run(cx, &app, dry_run).await,
        ImportCommand::Decide(args) => decide(cx, &app, args).await,
    }
}

/// Without the proof value: it could not write if it wanted to.
async fn dry_run(cx: &Context, app: &App, id: &str, on: Option<NaiveDate>) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(id).await?;
    let kind = super::job::kind(app, ImportRoster::NAME)?;
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let context = JobContext::dry_run(facts, customer, app.engine.ports.clone());
    let spinner = progress::spinner("reading and comparing");
    let result = kind.run(json!({ "dry_run": true, "on": on }), &context).await;
    spinner.finish_and_clear();
    let report: ImportReport =
        serde_json::from_value(result?).context("the report of the dry run cannot be read")?;
    let fine = !matches!(report.outcome, ImportOutcome::WouldAbort | ImportOutcome::Unreadable);
    if cx.json {
        output::json(&report)?;
    } else {
        print_report(&report);
        output::line("\nThis was a dry run: nothing was written, nothing was recorded, no mail was sent.");
        if let Some(roster) = report.roster.filter(|_| report.outcome == ImportOutcome::WouldAbort) {
            output::line(format!(
                "Only the customer can say whether the changes are right. If they are: rollover import decide {id} \
                 --roster {roster} --help"
            ));
        }
    }
    Ok(if fine { Exit::Done } else { Exit::Unhealthy })
}

/// How often a job that another worker runs is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Makes the job and runs it here, unless a worker is faster: the claim decides who has it.
async fn run_now(cx: &Context, app: &App, id: &str) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(id).await?;
    let now = app.clock.now();
    let new = NewJob {
        task: None,
        customer: Some(customer.id.to_string()),
        kind: ImportRoster::NAME.to_owned(),
        args: json!({ "dry_run": false }),
        lane: app.engine.lane(ImportRoster::NAME),
        due_at: now,
    };
    let job = app.ledger.enqueue(now, &cx.person()?, &[new]).await?[0];
    let spinner = progress::spinner(&format!("job {job}: reading, comparing, checking, applying"));
    let worker = Worker::new(app.engine.clone(), app.owner.clone());
    let stop = crate::app::stop_on_signal()?;
    let row = tokio::select! {
        row = until_ended(app, &worker, job, &spinner) => row?,
        () = stop.cancelled() => {
            worker.finish_now().await;
            spinner.finish_and_clear();
            let message = format!(
                "stopped: job {job} is handed back and goes on with the next worker; `rollover job cancel {job} --why …` \
                 takes it away"
            );
            return Err(ExitError { exit: Exit::Failed, message }.into());
        }
    };
    tell_ends(&app.engine).await?;
    spinner.finish_and_clear();
    told(cx, app, &row).await
}

/// The run itself is the worker's, so that a stop can hand it back. Where nobody else looks after silent workers,
/// this does: another job of this customer may have been left running by one.
pub(super) async fn until_ended(
    app: &App,
    worker: &Arc<Worker>,
    job: i64,
    spinner: &ProgressBar,
) -> anyhow::Result<JobRow> {
    let mut tried = None;
    loop {
        let row = app.ledger.job(job).await?;
        if row.state.is_final() || row.state == JobState::Waiting {
            return Ok(row);
        }
        let due = row.run_at.is_some_and(|run_at| run_at <= app.clock.now());
        if due && row.state != JobState::Running {
            if tried == Some(row.generation) {
                crate::engine::reap(&app.engine).await?;
                tell_who_is_before(app, &row, spinner).await?;
            }
            tried = Some(row.generation);
            let ticket = Ticket { job, generation: row.generation };
            let worker = worker.clone();
            tokio::spawn(async move { worker.handle(ticket).await });
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// One job at a time at a customer's site (S6): says which one this waits for.
async fn tell_who_is_before(app: &App, row: &JobRow, spinner: &ProgressBar) -> anyhow::Result<()> {
    let filter = JobFilter {
        customer: row.customer_id.clone(),
        state: Some(JobState::Running.as_str().to_owned()),
        limit: 1,
        ..JobFilter::default()
    };
    if let Some(before) = app.ledger.jobs(&filter).await?.first() {
        let message =
            format!("job {} waits until job {} ({}) of this customer ends", row.id, before.id, before.kind);
        if spinner.is_hidden() && spinner.message() != message {
            output::note(&message);
        }
        spinner.set_message(message);
    }
    Ok(())
}

async fn told(cx: &Context, app: &App, row: &JobRow) -> anyhow::Result<Exit> {
    let exit = if row.state == JobState::Done { Exit::Done } else { Exit::Unhealthy };
    if cx.json {
        output::json(row)?;
        return Ok(exit);
    }
    match &row.report {
        Some(report) => print_report(&serde_json::from_value(report.0.clone())?),
        None => output::line(row.why.as_deref().unwrap_or("the job left no word")),
    }
    if let Some(run) = app.ledger.run_of_job(row.id).await? {
        output::line(format!("\nRecorded as run {}: rollover import show {}", run.id, run.id));
        if run.record.outcome == Outcome::Aborted {
            output::line(format!(
                "This run applied nothing. Show the customer the figures; if they decide that the roster is right: \
                 rollover import decide {} --run {} --help",
                run.customer_id, run.id
            ));
        }
    }
    Ok(exit)
}

fn print_report(report: &ImportReport) {
    output::line(format!("{}.", report.said));
    if !report.planned.is_empty() {
        output::line("");
        print_counts(&report.planned);
    }
    for breach in &report.breaches {
        output::line(format!("\nbroken limit: {breach}"));
        for part in &breach.parts {
            output::line(format!("  {:>8}  {}", part.count, part.school));
        }
    }
    if let Some(errors) = &report.read_errors {
        output::line(format!("\n{} errors in {}:", errors.total(), errors.file));
        for error in &errors.errors {
            output::line(format!("  {error}"));
        }
    }
}

fn print_counts(counts: &ChangeCounts) {
    let mut listing = Listing::new(&["", "create", "update", "delete"]);
    for kind in Kind::ALL {
        let mut row = vec![cell(format!("{kind}s"))];
        row.extend(Action::ALL.map(|action| cell(counts.get(kind, action))));
        listing.row(row);
    }
    listing.print("Nothing differs.");
}

async fn list(cx: &Context, app: &App, id: &str, limit: i64) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(id).await?;
    let runs = app.ledger.runs_of_customer(id, limit).await?;
    if cx.json {
        output::json(&runs)?;
        return Ok(Exit::Done);
    }
    let mut listing =
        Listing::new(&["run", "ended, local", "outcome", "created", "updated", "deleted", "waits", "roster"]);
    for run in &runs {
        let record = &run.record.0;
        listing.row(vec![
            cell(run.id),
            cell(local(run.ended_at, customer.time_zone)),
            cell(run.outcome.replace('_', " ")),
            cell(record.applied.created),
            cell(record.applied.updated),
            cell(record.applied.deleted),
            cell(record.postponed_deletes.total() + record.held_courses),
            cell(record.roster_name.as_deref().unwrap_or("–")),
        ]);
    }
    listing.print("No import has been tried yet.");
    Ok(Exit::Done)
}

async fn show(cx: &Context, app: &App, id: i64) -> anyhow::Result<Exit> {
    let run = app.ledger.run(id).await?;
    if cx.json {
        output::json(&run)?;
        return Ok(Exit::Done);
    }
    let customer = app.ledger.customer(&run.customer_id).await?;
    print_run(&run, &customer);
    Ok(Exit::Done)
}

fn print_run(run: &RunRow, customer: &Customer) {
    let record: &RunRecord = &run.record.0;
    output::line(format!("Run {} of {}: {}", run.id, customer.name, run.outcome.replace('_', " ")));
    output::line(format!("  ended    {} = {}", local(run.ended_at, customer.time_zone), utc(run.ended_at)));
    output::line(format!("  roster   {}", record.roster_name.as_deref().unwrap_or("none")));
    output::line(format!(
        "  applied  {} created, {} updated, {} deleted",
        record.applied.created, record.applied.updated, record.applied.deleted
    ));
    if let Some(until) = record.postponed_until {
        output::line(format!(
            "  waits    {} deletes until {until}: by design, delay delete is on",
            record.postponed_deletes.total()
        ));
    }
    if let Some(until) = record.held_until {
        output::line(format!(
            "  waits    {} courses until the school year starts on {until}",
            record.held_courses
        ));
    }
    if record.applied_in_part {
        output::line(match record.outcome {
            Outcome::Completed => {
                "  note     what an earlier roster, applied in part, had left was put right"
            }
            _ => "  note     the site holds a roster in part until the next is taken in",
        });
    }
    if let Some(why) = &record.failure {
        output::line(format!("  why      {why}"));
    }
    output::line("\ndifference to the site:");
    print_counts(&record.planned);
    for breach in &record.breaches {
        output::line(format!("\nbroken limit: {breach}"));
        for part in &breach.parts {
            output::line(format!("  {:>8}  {}", part.count, part.school));
        }
    }
    if let Some(errors) = &record.read_errors {
        output::line(format!("\n{} errors in the file:", errors.total()));
        for error in &errors.errors {
            output::line(format!("  {error}"));
        }
    }
}

async fn decide(cx: &Context, app: &App, args: DecideArgs) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&args.customer).await?;
    if args.filter.is_empty() && !args.off {
        return Err(ExitError::usage(
            "say what was decided: other limits for this run, as --filter membership.delete=90%, or --off",
        )
        .into());
    }
    let roster = match args.roster {
        Some(roster) => known(app, roster)?,
        None => roster_of(app, &customer, args.run).await?,
    };
    let limits = (!args.off).then(|| {
        let mut limits = customer.settings.filter;
        apply_limits(&args.filter, &mut limits);
        limits
    });
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster,
        limits,
        customer_person: args.customer_person,
        support_person: cx.person()?,
        reason: args.reason,
    };
    let id = app.ledger.decide_filter(app.clock.now(), &decision).await?;
    if cx.json {
        output::json(&json!({ "decision": id, "roster": decision.roster.to_string() }))?;
    } else {
        output::line(format!(
            "Decision {id} is recorded for one run of exactly this roster; then the Filter is on again. Next: \
             rollover import run {}",
            customer.id
        ));
    }
    Ok(Exit::Done)
}

fn known(app: &App, roster: SnapshotId) -> Result<SnapshotId, ExitError> {
    app.engine.ports.rosters.snapshots().counts(&roster).map(|_| roster).map_err(|_| {
        ExitError::refused(format!(
            "roster {roster} was never read here: `rollover import run --dry-run` names one"
        ))
    })
}

async fn roster_of(app: &App, customer: &Customer, run: Option<i64>) -> anyhow::Result<SnapshotId> {
    let run = match run {
        Some(id) => Some(app.ledger.run(id).await?),
        None => app.ledger.runs_of_customer(customer.id.as_str(), 1).await?.into_iter().next(),
    };
    let Some(run) = run.filter(|run| run.customer_id == customer.id.as_str()) else {
        return Err(ExitError::refused(format!(
            "a decision is about the roster of a run of {}: `rollover import list {}` shows its runs",
            customer.id, customer.id
        ))
        .into());
    };
    let record = run.record.0;
    match record.roster.filter(|_| record.outcome == Outcome::Aborted) {
        Some(roster) => Ok(roster),
        None => Err(ExitError::refused(format!(
            "run {} was not aborted by the Filter, so there is nothing to decide: its outcome is {}",
            run.id,
            run.outcome.replace('_', " ")
        ))
        .into()),
    }
}
