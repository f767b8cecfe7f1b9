//! `rollover import run`: an import here and now, or what one would do.

use super::show::print_report;
use crate::{
    app::App,
    cli::{context::Context, job, output, progress},
    engine::{Worker, tell_ends},
    exit::{Exit, ExitError},
    ledger::{JobFilter, JobRow, NewJob},
    model::JobState,
    queue::{Handle, Ticket},
};
use anyhow::Context as _;
use chrono::NaiveDate;
use indicatif::ProgressBar;
use rollover_jobs::{ImportOutcome, ImportReport, ImportRoster, JobContext, JobFacts, JobKind};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Without the proof value: it could not write if it wanted to.
pub(super) async fn dry_run(
    cx: &Context,
    app: &App,
    id: &str,
    on: Option<NaiveDate>,
) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(id).await?;
    let kind = job::kind(app, ImportRoster::NAME)?;
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let context = JobContext::dry_run(facts, customer, app.engine.ports.clone());
    let spinner = progress::spinner("reading and comparing");
    let result = kind.run(json!({ "dry_run": true, "on": on }), &context).await;
    spinner.finish_and_clear();
    let report: ImportReport =
        serde_json::from_value(result?).context("the report of the dry run cannot be read")?;
    let fine = !matches!(
        report.outcome,
        ImportOutcome::WouldAbort | ImportOutcome::WouldRefuse | ImportOutcome::Unreadable
    );
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
pub(super) async fn run_now(cx: &Context, app: &App, id: &str) -> anyhow::Result<Exit> {
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
    let row = run_job(app, job, "reading, comparing, checking, applying").await?;
    told(cx, app, &row).await
}

/// Runs a job that was made here to its end, or hands it back when this process is asked to stop.
pub(super) async fn run_job(app: &App, job: i64, doing: &str) -> anyhow::Result<JobRow> {
    let spinner = progress::spinner(&format!("job {job}: {doing}"));
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
    Ok(row)
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

pub(super) async fn told(cx: &Context, app: &App, row: &JobRow) -> anyhow::Result<Exit> {
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
        if run.record.awaits_decision() && run.undoes.is_none() {
            output::line(format!(
                "This run applied nothing. Show the customer the figures; if they decide that the roster is right: \
                 rollover import decide {} --run {} --help",
                run.customer_id, run.id
            ));
        }
    }
    Ok(exit)
}
