//! `rollover roster`: looks at roster files and snapshots by themselves; needs no ledger.

mod check;
mod diff;
mod export;
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
    /// Write a snapshot out as plain Parquet files, from where the settings keep it, with the keys of the environment.
    #[command(
        after_help = "Example:\n  rollover roster export 3fa1…e9 --to /tmp/monday\n  duckdb -c \"FROM \
        '/tmp/monday/person.parquet'\"\n\nThe files are not encrypted: delete them when you are done."
    )]
    Export(export::ExportArgs),
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
        RosterCommand::Export(args) => export::run(cx, &args),
        RosterCommand::Stats(args) => stats::run(cx, &args),
        RosterCommand::Generate(args) => generate::run(&args),
    }
}
