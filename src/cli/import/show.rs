//! `rollover import list` and `show`: what runs did, and why.

use crate::{
    app::App,
    cli::{
        context::Context,
        output::{self, Listing, cell},
        views::{local, utc},
    },
    exit::Exit,
    ledger::RunRow,
};
use rollover_jobs::{
    Customer, ImportReport,
    ports::{Outcome, RunRecord},
};
use rollover_roster::{
    diff::{Action, ChangeCounts},
    filter::Breach,
    model::Kind,
};

pub(super) async fn list(cx: &Context, app: &App, id: &str, limit: i64) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(id).await?;
    let runs = app.ledger.runs_of_customer(id, limit).await?;
    if cx.json {
        output::json(&runs)?;
        return Ok(Exit::Done);
    }
    let mut listing = Listing::new(&[
        "run",
        "ended, local",
        "outcome",
        "created",
        "updated",
        "deleted",
        "waits",
        "roster",
        "undo",
    ]);
    for run in &runs {
        let record = &run.record.0;
        listing.row(vec![
            cell(run.id),
            cell(local(run.ended_at, customer.time_zone)),
            cell(run.outcome.replace('_', " ")),
            cell(record.applied.created),
            cell(record.applied.updated),
            cell(record.applied.deleted),
            cell(record.postponed_deletes.total() + record.held_courses + record.not_released.total()),
            cell(record.roster_name.as_deref().unwrap_or("–")),
            cell(undo_words(run)),
        ]);
    }
    listing.print("No import has been tried yet.");
    Ok(Exit::Done)
}

pub(super) async fn show(cx: &Context, app: &App, id: i64) -> anyhow::Result<Exit> {
    let run = app.ledger.run(id).await?;
    if cx.json {
        output::json(&run)?;
        return Ok(Exit::Done);
    }
    let customer = app.ledger.customer(&run.customer_id).await?;
    print_run(&run, &customer);
    Ok(Exit::Done)
}

fn undo_words(run: &RunRow) -> String {
    match (run.undoes, run.undone_by) {
        (Some(of), _) => format!("of run {of}"),
        (None, Some(by)) => format!("undone by run {by}"),
        (None, None) => String::new(),
    }
}

fn print_run(run: &RunRow, customer: &Customer) {
    let record: &RunRecord = &run.record.0;
    output::line(format!("Run {} of {}: {}", run.id, customer.name, run.outcome.replace('_', " ")));
    output::line(format!("  ended    {} = {}", local(run.ended_at, customer.time_zone), utc(run.ended_at)));
    output::line(format!("  roster   {}", record.roster_name.as_deref().unwrap_or("none")));
    let undo = undo_words(run);
    if !undo.is_empty() {
        output::line(format!("  undo     {undo}"));
    }
    output::line(format!(
        "  applied  {} created, {} updated, {} deleted",
        record.applied.created, record.applied.updated, record.applied.deleted
    ));
    print_waits(record);
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
    print_breaches(&record.breaches);
    if let Some(errors) = &record.read_errors {
        output::line(format!("\n{} errors in the file:", errors.total()));
        for error in &errors.errors {
            output::line(format!("  {error}"));
        }
    }
}

/// What of the roster is not at the site yet.
fn print_waits(record: &RunRecord) {
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
    if record.outcome == Outcome::Completed && !record.not_released.is_empty() {
        output::line(format!(
            "  waits    {} changes that the decision did not release: the Filter looks at them in the next run",
            record.not_released.total()
        ));
    }
}

pub(super) fn print_report(report: &ImportReport) {
    output::line(format!("{}.", report.said));
    if !report.planned.is_empty() {
        output::line("");
        print_counts(&report.planned);
    }
    print_breaches(&report.breaches);
    if let Some(errors) = &report.read_errors {
        output::line(format!("\n{} errors in {}:", errors.total(), errors.file));
        for error in &errors.errors {
            output::line(format!("  {error}"));
        }
    }
}

pub(in crate::cli) fn print_counts(counts: &ChangeCounts) {
    let mut listing = Listing::new(&["", "create", "update", "delete"]);
    for kind in Kind::ALL {
        let mut row = vec![cell(format!("{kind}s"))];
        row.extend(Action::ALL.map(|action| cell(counts.get(kind, action))));
        listing.row(row);
    }
    listing.print("Nothing differs.");
}

/// F2: figures, causes, and what they consist of.
pub(in crate::cli) fn print_breaches(breaches: &[Breach]) {
    for breach in breaches {
        output::line(format!("\nbroken limit: {breach}"));
        for cause in &breach.causes {
            output::line(format!("  - {cause}"));
        }
        for parts in breach.breakdowns() {
            output::line(format!("  by {}:", parts.title.to_lowercase()));
            for (name, count) in parts.lines {
                output::line(format!("  {count:>8}  {name}"));
            }
        }
    }
}
