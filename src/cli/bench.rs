//! `rollover bench`: figures of this machine that people can compare.

use super::context::Context;
use crate::{
    bench::{Figures, QueueBench, Target},
    cli::{
        output::{self, Listing, cell},
        progress,
    },
    exit::{Exit, ExitError},
};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Measure how fast jobs go through ledger, queue and worker, and how soon one starts that is due.
    #[command(
        after_help = "Examples:\n  rollover bench queue --jobs 50000\n  rollover bench queue --jobs 50000 \
        --postgres postgres://user@localhost/empty --redis redis://localhost\n  scripts/bench queue     starts \
        throw-away servers that write durably, and measures both ways of running"
    )]
    Queue(QueueArgs),
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
    let BenchCommand::Queue(args) = command;
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
