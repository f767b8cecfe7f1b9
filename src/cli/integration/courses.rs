//! `rollover integration courses`: each course with what the next import makes of it.

use crate::{
    app::App,
    cli::{
        context::Context,
        output::{self, Listing, cell},
        progress,
    },
    exit::Exit,
};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use rollover_jobs::{
    AskedRoster, CourseForecast, ForecastAsk, JobContext, JobFacts, forecast_courses,
    ports::{Delivery, IntegrationState},
};
use rollover_roster::{course_fate::CourseFate, figures::thousands};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct CoursesArgs {
    customer: String,
    /// A roster file in the customer's format, in place of the newest.
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// As it would be on that day, when the window has ended and courses flow.
    #[arg(long, value_name = "DATE")]
    on: Option<NaiveDate>,
    /// Only courses with this fate; may be repeated.
    #[arg(long, value_name = "FATE", value_parser = parse_fate)]
    fate: Vec<CourseFate>,
}

fn parse_fate(name: &str) -> Result<CourseFate, String> {
    CourseFate::parse(&name.replace('-', "_"))
        .ok_or_else(|| format!("expected one of {}", CourseFate::ALL.map(CourseFate::as_str).join(", ")))
}

pub(super) async fn run(cx: &Context, app: &App, args: CoursesArgs) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&args.customer).await?;
    let state = app.ledger.integration(&customer.id).await?;
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let look = JobContext::dry_run(facts, customer, app.engine.ports.clone());
    let file = args.roster.as_deref().map(delivery).transpose()?;
    let ask = ForecastAsk { roster: file.map_or(AskedRoster::Newest, AskedRoster::File), on: args.on };
    let spinner = progress::spinner("comparing courses");
    let forecast = forecast_courses(&look, ask).await;
    spinner.finish_and_clear();
    let mut forecast = forecast?;
    if !args.fate.is_empty() {
        forecast.courses.retain(|course| args.fate.contains(&course.fate));
    }
    if cx.json {
        output::json(&forecast)?;
    } else {
        print(&forecast, &state);
    }
    Ok(Exit::Done)
}

/// A file as if it waited in the customer's folder.
fn delivery(path: &Path) -> anyhow::Result<Delivery> {
    let facts = std::fs::metadata(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let changed = facts.modified().with_context(|| format!("the age of {} is not known", path.display()))?;
    Ok(Delivery {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        path: path.to_path_buf(),
        bytes: facts.len(),
        arrived_at: DateTime::<Utc>::from(changed),
    })
}

fn print(forecast: &CourseForecast, state: &IntegrationState) {
    let on = |is: bool| if is { "on" } else { "off" };
    output::line(format!(
        "Course archiving: {} on the platform, {} in the customer's settings; it takes both.",
        on(forecast.platform_archives),
        on(forecast.customer_archives)
    ));
    if state.pause.is_some() {
        output::line("The integration is paused: nothing of this takes place until it is resumed.");
    }
    let counts = CourseFate::ALL.into_iter().filter_map(|fate| {
        let count = forecast.counts.get(&fate)?;
        Some(format!("{} {}", thousands(*count), fate.words()))
    });
    output::line(format!(
        "With roster {}: {}.\n",
        forecast.roster.short(),
        counts.collect::<Vec<_>>().join(", ")
    ));
    let mut listing = Listing::new(&["fate", "school", "course", "code", "state"]);
    for course in &forecast.courses {
        listing.row(vec![
            cell(course.fate.words()),
            cell(&course.school),
            cell(&course.title),
            cell(course.code.as_deref().unwrap_or("–")),
            cell(if course.archived { "in the archive" } else { "" }),
        ]);
    }
    listing.print("There is no such course.");
}
