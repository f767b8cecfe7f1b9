//! `rollover import purge`: takes away rosters that were kept long enough, or says what would go.

use super::run::until_ended;
use crate::{
    app::App,
    cli::{
        context::Context,
        job,
        output::{self, Listing, cell},
        progress,
    },
    engine::Worker,
    exit::Exit,
    ledger::NewJob,
    model::JobState,
};
use anyhow::Context as _;
use rollover_jobs::{JobContext, JobFacts, JobKind, PurgeReport, PurgeSnapshots};
use serde_json::{Value, json};

pub(super) async fn run(cx: &Context, app: &App, dry_run: bool) -> anyhow::Result<Exit> {
    let report = if dry_run { look(app).await? } else { purge(cx, app).await? };
    let report: PurgeReport = serde_json::from_value(report).context("the report cannot be read")?;
    if cx.json {
        output::json(&report)?;
        return Ok(Exit::Done);
    }
    let mut listing = Listing::new(&["", "count", "bytes"]);
    let gone = if dry_run { "would go" } else { "gone" };
    for (what, purged) in [
        (format!("snapshots, {gone}"), report.snapshots),
        (format!("files of backup areas, {gone}"), report.backups),
        ("snapshots, kept".to_owned(), report.kept_snapshots),
    ] {
        listing.row(vec![cell(what), cell(purged.count), cell(purged.bytes)]);
    }
    listing.print("There is nothing.");
    if dry_run {
        output::line("\nThis was a dry run: nothing was taken away.");
    }
    Ok(Exit::Done)
}

async fn look(app: &App) -> anyhow::Result<Value> {
    let kind = job::kind(app, PurgeSnapshots::NAME)?;
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let context = JobContext::without_proof(facts, None, app.engine.ports.clone());
    Ok(kind.run(json!({ "dry_run": true }), &context).await?)
}

/// As a job, so that the history tells who had it done.
async fn purge(cx: &Context, app: &App) -> anyhow::Result<Value> {
    let now = app.clock.now();
    let new = NewJob {
        task: None,
        customer: None,
        kind: PurgeSnapshots::NAME.to_owned(),
        args: json!({ "dry_run": false }),
        lane: None,
        due_at: now,
    };
    let job = app.ledger.enqueue(now, &cx.person()?, &[new]).await?[0];
    let spinner = progress::spinner(&format!("job {job}: taking away"));
    let worker = Worker::new(app.engine.clone(), app.owner.clone());
    let row = until_ended(app, &worker, job, &spinner).await?;
    spinner.finish_and_clear();
    match row.report {
        Some(report) if row.state == JobState::Done => Ok(report.0),
        _ => anyhow::bail!("job {job} took nothing more away: {}", row.why.unwrap_or_default()),
    }
}
