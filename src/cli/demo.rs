//! `rollover demo`: plays a summer of six invented customers, shows it on a page, or prints what it came to.

use super::{
    context::Context,
    output::{self, Listing, cell, task_state},
    processes, progress,
    views::{short, utc},
};
use crate::{
    app,
    demo::{Day, Demo, DemoTable, Pace, YEAR, begins, ends},
    exit::{Exit, ExitError},
    telemetry,
    web::{self, Access, Web},
};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rollover demo\n  rollover demo --headless --until 2024-08-20 --json")]
pub(super) struct DemoArgs {
    /// Play without the page, print what came of each step, and end.
    #[arg(long)]
    headless: bool,
    /// Play no further than the end of this day; without it 15 September.
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// Where the data is kept; without it a new folder `rollover-demo` beside this one's files.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Milliseconds that a day takes at least; with the page.
    #[arg(long, default_value_t = 550)]
    day_ms: u64,
    /// Address and port of the page; it must be this machine's own, since the demonstration asks for no password.
    #[arg(long, default_value = "127.0.0.1:8321")]
    listen: SocketAddr,
}

pub(super) async fn run(cx: &Context, args: DemoArgs) -> anyhow::Result<Exit> {
    if !args.listen.ip().is_loopback() {
        return Err(ExitError::usage(format!(
            "--listen {}: the demonstration asks for no password, so it is served on this machine only: use 127.0.0.1",
            args.listen
        ))
        .into());
    }
    let mut log = cx.loaded.settings.log.clone();
    if cx.environment.get("ROLLOVER_LOG").is_none() {
        "error".clone_into(&mut log.level);
    }
    telemetry::start(&log)?;
    let until = until(args.until)?;
    let folder = match args.folder.clone() {
        Some(folder) => empty(folder)?,
        None => free_folder(Path::new("rollover-demo")),
    };
    let spinner = progress::spinner("inventing six customers and importing their first rosters");
    let demo = Demo::new(cx.loaded.settings.log.clone(), folder.clone()).await?;
    spinner.finish_and_clear();
    let stop = app::stop_on_signal()?;
    if args.headless {
        headless(cx, demo, &folder, until, &stop).await
    } else {
        with_page(&args, demo, &folder, until, stop).await
    }
}

fn until(day: Option<NaiveDate>) -> Result<DateTime<Utc>, ExitError> {
    let Some(day) = day else { return Ok(ends()) };
    let end = day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN).and_utc();
    if end <= begins() || end > ends() {
        return Err(ExitError::usage(format!(
            "--until {day}: the demonstration plays {} to {}",
            begins().date_naive(),
            ends().date_naive().pred_opt().unwrap_or(day)
        )));
    }
    Ok(end)
}

fn empty(folder: PathBuf) -> Result<PathBuf, ExitError> {
    let taken = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(ExitError::usage(format!(
            "--folder {}: it is not empty; name a new one, so that nothing is written over",
            folder.display()
        )));
    }
    Ok(folder)
}

/// The name, or the first with a number behind it that is not taken.
fn free_folder(name: &Path) -> PathBuf {
    let mut folder = name.to_path_buf();
    let mut number = 1;
    while folder.exists() {
        number += 1;
        folder = PathBuf::from(format!("{}-{number}", name.display()));
    }
    folder
}

async fn headless(
    cx: &Context,
    mut demo: Demo,
    folder: &Path,
    until: DateTime<Utc>,
    stop: &CancellationToken,
) -> anyhow::Result<Exit> {
    let days = u64::try_from((until - begins()).num_days()).unwrap_or_default();
    let bar = progress::bar(days, "days");
    demo.play(until, Pace::Unbound, stop, |day| {
        bar.set_message(day.date.to_string());
        bar.inc(1);
    })
    .await?;
    bar.finish_and_clear();
    let table = DemoTable::read(&demo.app.ledger, YEAR).await?;
    if cx.json {
        output::json(&table)?;
    } else {
        print(&table);
        output::line(format!("\n{}", opened_with(folder)));
    }
    Ok(if stop.is_cancelled() { Exit::Failed } else { Exit::Done })
}

fn print(table: &DemoTable) {
    let mut listing = Listing::new(&["customer", "plan", "step", "state", "when", "evidence"]);
    for row in &table.rows {
        listing.row(vec![
            cell(&row.customer),
            cell(&row.plan),
            cell(&row.step),
            task_state(row.state),
            cell(row.when.map(utc).unwrap_or_default()),
            cell(short(&row.evidence, 110)),
        ]);
    }
    listing.print("Nothing was played.");
}

fn opened_with(folder: &Path) -> String {
    format!(
        "The data is kept in {0}. Every other command opens it: rollover --data {0} customer list",
        folder.display()
    )
}

async fn with_page(
    args: &DemoArgs,
    mut demo: Demo,
    folder: &Path,
    until: DateTime<Utc>,
    stop: CancellationToken,
) -> anyhow::Result<Exit> {
    let listener = processes::listen_near(args.listen).await?;
    let address = listener.local_addr().context("the address of the page is not known")?;
    let web = Web {
        ledger: demo.app.ledger.clone(),
        queue: None,
        ports: demo.app.engine.ports.clone(),
        clock: demo.app.clock.clone(),
        access: Access::Open,
        banner: Some("Demonstration: invented customers, a simulated clock".to_owned()),
        base_url: format!("http://{address}"),
    };
    let serving = tokio::spawn(web::serve(listener, web::router(web), stop.clone()));
    output::line(format!("Watch it at http://{address}/"));
    output::line(opened_with(folder));
    output::line("");
    demo.play(until, Pace::PerDay(Duration::from_millis(args.day_ms)), &stop, |day| {
        output::line(day_line(&day))
    })
    .await?;
    if !stop.is_cancelled() {
        output::line(format!("\nThe summer is over. The page stays at http://{address}/ until Ctrl-C."));
    }
    serving.await.context("the page broke off")??;
    Ok(Exit::Done)
}

fn day_line(day: &Day) -> String {
    let mut line = format!("{}  {:>3} jobs", day.date.format("%a %d %b"), day.jobs);
    if !day.news.is_empty() {
        line.push_str("  ");
        line.push_str(&day.news.join("; "));
    }
    line
}
