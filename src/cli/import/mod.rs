//! `rollover import`: run, list, show, undo, decide; decisions and their withdrawal; purge.

mod decide;
mod decisions;
mod purge;
mod run;
pub(super) mod show;
mod undo;

pub(super) use decisions::{DECISIONS_LISTED, roster, what};

use super::context::Context;
use crate::exit::Exit;
use chrono::NaiveDate;
use clap::Subcommand;

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
    /// Take back what a run did: previews the reverse difference, and with --apply undoes it.
    #[command(
        after_help = "Examples:\n  rollover import undo 17                       what it would change; writes nothing\n  \
        rollover import undo 17 --apply --customer-person \"Kari Vik\" \\\n    --reason \"the MIS sent the roster of \
        another school\"\n  rollover import undo 17 --apply --off --customer-person \"Kari Vik\" --reason \"…\"\n\nRuns \
        are undone one by one, the newest first. The roster of an undone run is not taken in again until another\nroster \
        is, or until the decision is withdrawn: rollover import withdraw DECISION --why …"
    )]
    Undo(undo::UndoArgs),
    /// Take away rosters that were kept long enough, as snapshots and as files of the backup areas.
    #[command(
        after_help = "A task on the list does the same every night.\n\nExample:\n  rollover import purge --dry-run"
    )]
    Purge {
        /// Say what would go and how many bytes it has; take nothing away.
        #[arg(long)]
        dry_run: bool,
    },
    /// Record a decision about the Filter: for one run of exactly one roster; then the Filter is on again.
    #[command(
        after_help = "Examples:\n  rollover import decide nes --run 17 --customer-person \"Kari Vik\" \\\n    \
        --reason \"change of school year, figures compared with the MIS\" --filter membership.delete=90%\n\n  \
        rollover import decide nes --run 17 --customer-person \"Kari Vik\" \\\n    --reason \"the other school comes \
        in June\" --off --only-school \"Nes skole\"\n\nWhat is not released stays held; the run after looks at it again."
    )]
    Decide(decide::DecideArgs),
    /// List the decisions about the imports of a customer, the newest first: the Filter, undone runs.
    #[command(
        after_help = "An undone run's decision refuses its roster until it is withdrawn or another roster is taken in."
    )]
    Decisions { customer: String },
    /// Take back a decision about the Filter that no run has used, or the refusal of an undone run's roster.
    #[command(
        after_help = "Example:\n  rollover import withdraw 3 --why \"the customer found an error in the roster\""
    )]
    Withdraw {
        /// As `rollover import decisions` lists it.
        decision: i64,
        /// The reason, for the history.
        #[arg(long)]
        why: String,
    },
}

pub(super) async fn run(cx: &Context, command: ImportCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    match command {
        ImportCommand::Run { customer, dry_run: true, on } => run::dry_run(cx, &app, &customer, on).await,
        ImportCommand::Run { customer, dry_run: false, .. } => run::run_now(cx, &app, &customer).await,
        ImportCommand::List { customer, limit } => show::list(cx, &app, &customer, limit).await,
        ImportCommand::Undo(args) => undo::undo(cx, &app, args).await,
        ImportCommand::Show { id } => show::show(cx, &app, id).await,
        ImportCommand::Purge { dry_run } => purge::run(cx, &app, dry_run).await,
        ImportCommand::Decide(args) => decide::decide(cx, &app, args).await,
        ImportCommand::Decisions { customer } => decisions::list(cx, &app, &customer).await,
        ImportCommand::Withdraw { decision, why } => decisions::withdraw(cx, &app, decision, &why).await,
    }
}
