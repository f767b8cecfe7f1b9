//! `rollover roster`: looks at roster files by themselves; needs no ledger and writes to no data folder.

mod check;
mod diff;
mod generate;
mod input;
mod stats;

use super::context::Context;
use crate::exit::Exit;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum RosterCommand {
    /// Say everything that is wrong in roster files, with its place and what would mend it.
    #[command(
        after_help = "Examples:\n  rollover roster check export.xml\n  rollover roster check bundle.zip \
        --lenient bad_dates --json\n\nEnds with 0 when every file is in order, with 5 when one is not, with 1 when \
        one cannot be opened."
    )]
    Check(check::CheckArgs),
    /// Say what turns one roster into another, and what the Filter would say of it with its usual limits.
    #[command(
        after_help = "Examples:\n  rollover roster diff monday.xml tuesday.xml\n  rollover roster diff \
        snapshot:3f…e9 tuesday.xml --snapshots data/snapshots\n\nEnds with 0 whether or not they differ, with 5 when \
        a file is not in order."
    )]
    Diff(diff::DiffArgs),
    /// Count what a roster holds.
    Stats(stats::StatsArgs),
    /// Write the roster of an invented municipality: the same arguments give the same bytes.
    #[command(
        after_help = "Examples:\n  rollover roster generate --persons 2000 --out old.xml\n  rollover roster \
        generate --persons 2000 --next-night --out new.xml"
    )]
    Generate(generate::GenerateArgs),
}

pub(super) fn run(cx: &Context, command: RosterCommand) -> anyhow::Result<Exit> {
    match command {
        RosterCommand::Check(args) => check::run(cx, &args),
        RosterCommand::Diff(args) => diff::run(cx, &args),
        RosterCommand::Stats(args) => stats::run(cx, &args),
        RosterCommand::Generate(args) => generate::run(&args),
    }
}
