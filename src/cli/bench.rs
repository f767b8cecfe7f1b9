//! `rollover bench`: figures of this machine that people can compare.

use super::context::Context;
use crate::{
    bench::{self, Figures, QueueBench, Target, roster::Part},
    cli::{
        output::{self, Listing, cell},
        progress,
    },
    exit::{Exit, ExitError},
};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Measure how fast jobs go through ledger, queue and worker, and how soon one starts that is due.
    #[command(
        after_help = "Examples:\n  rollover bench queue --jobs 50000\n  rollover bench queue --jobs 50000 \
        --postgres postgres://user@localhost/empty --redis redis://localhost\n  scripts/bench queue     starts \
        throw-away servers that write durably, and measures both ways of running"
    )]
    Queue(QueueArgs),
    /// Measure how fast rosters are compared, beside a bare scan of their XML, and how much memory that takes.
    #[command(after_help = "Examples:\n  rollover bench roster --persons 100000")]
    Roster(RosterArgs),
    /// One part of `roster`, in a process of its own, so that peaks of memory do not mix.
    #[command(hide = true)]
    RosterPart { part: Part, folder: PathBuf },
}

#[derive(Debug, Args)]
pub(super) struct RosterArgs {
    /// About so many persons of an invented municipality.
    #[arg(long, default_value_t = 10_000)]
    persons: usize,
}

#[derive(Debug, Args)]
pub(super) struct QueueArgs {
    /// Jobs that are enqueued and run.
    #[arg(long, default_value_t = 50_000)]
    jobs: usize,
    /// Jobs that run at a time.
    #[arg(long, default_value_t = 100)]
    concurrency: usize,
    /// Seconds at 100 jobs a second, for the delay from due to start.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// An empty database to measure on, beside the built-in one.
    #[arg(long, requires = "redis")]
    postgres: Option<String>,
    /// The Redis that goes with it; its keys are named apart and left behind.
    #[arg(long, requires = "postgres")]
    redis: Option<String>,
}

pub(super) async fn run(cx: &Context, command: BenchCommand) -> anyhow::Result<Exit> {
    match command {
        BenchCommand::Queue(args) => queue(cx, args).await,
        BenchCommand::Roster(args) => roster(cx, &args),
        BenchCommand::RosterPart { part, folder } => {
            output::json(&part.measure(&folder)?)?;
            Ok(Exit::Done)
        }
    }
}

fn roster(cx: &Context, args: &RosterArgs) -> anyhow::Result<Exit> {
    let spinner = progress::spinner(&format!("inventing and comparing rosters of {} persons", args.persons));
    let figures = bench::roster::measure(args.persons)?;
    spinner.finish_and_clear();
    if cx.json {
        output::json(&figures)?;
        return Ok(Exit::Done);
    }
    let mut listing = Listing::new(&["part", "seconds", "times the scan", "peak of memory"]);
    for figure in &figures {
        listing.row(vec![
            cell(&figure.what),
            cell(format!("{:.2}", figure.seconds)),
            cell(figure.times_scan.map_or("–".to_owned(), |times| format!("{times:.2}"))),
            cell(figure.peak_kib.map_or("–".to_owned(), |peak| format!("{} MiB", peak / 1024))),
        ]);
    }
    listing.print("Nothing was measured.");
    Ok(Exit::Done)
}

async fn queue(cx: &Context, args: QueueArgs) -> anyhow::Result<Exit> {
    if args.jobs == 0 || args.concurrency == 0 || args.seconds == 0 {
        return Err(ExitError::usage("--jobs, --concurrency and --seconds: expected 1 or more").into());
    }
    let mut log = cx.loaded.settings.log.clone();
    if cx.environment.get("ROLLOVER_LOG").is_none() {
        "error".clone_into(&mut log.level);
    }
    crate::telemetry::start(&log)?;
    let mut targets = vec![Target::Embedded];
    if let (Some(postgres), Some(redis)) = (args.postgres, args.redis) {
        targets.push(Target::Servers { postgres, redis });
    }
    let bench = QueueBench { jobs: args.jobs, concurrency: args.concurrency, seconds: args.seconds };
    let mut figures = Vec::new();
    for target in targets {
        let spinner = progress::spinner(&format!("{}: {} jobs", target.name(), args.jobs));
        figures.push(bench.measure(&target, cx.clock()).await?);
        spinner.finish_and_clear();
    }
    if cx.json {
        output::json(&figures)?
    } else {
        print(&bench, &figures)
    }
    Ok(Exit::Done)
}

fn print(bench: &QueueBench, figures: &[Figures]) {
    output::line(format!(
        "{} jobs, {} at a time; then 100 a second for {} s\n",
        bench.jobs, bench.concurrency, bench.seconds
    ));
    let mut listing = Listing::new(&["way", "enqueued/s", "run/s", "due to start p50", "p99"]);
    for figure in figures {
        listing.row(vec![
            cell(&figure.way),
            cell(format!("{:.0}", figure.enqueued_per_second)),
            cell(format!("{:.0}", figure.run_per_second)),
            cell(format!("{:.1} ms", figure.start_p50_ms)),
            cell(format!("{:.1} ms", figure.start_p99_ms)),
        ]);
    }
    listing.print("Nothing was measured.");
}
