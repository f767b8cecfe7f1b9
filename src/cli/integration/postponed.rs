//! `rollover integration postponed`: the deletes that wait, since when, and what the last day brings.

use crate::{
    app::App,
    cli::{
        context::Context,
        import::show::{print_breaches, print_counts},
        output::{self, Listing, cell},
        progress,
        views::local,
    },
    exit::Exit,
    ledger::WaitingRun,
};
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use rollover_jobs::{
    Customer, JobContext, JobFacts, LastDay, Postponed, PostponedLine, ports::RunId, postponed,
};
use rollover_roster::{diff::ChangeCounts, figures::thousands, model::Kind};
use serde::Serialize;
use std::collections::HashMap;

#[derive(Debug, Args)]
pub(in crate::cli) struct PostponedArgs {
    customer: String,
    /// At most so many lines of each kind.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// With persons and memberships by name, which is personal data.
    #[arg(long)]
    personal: bool,
}

#[derive(Serialize)]
struct Answer {
    until: NaiveDate,
    set_by: Option<String>,
    counts: ChangeCounts,
    last_day: LastDay,
    list: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    kind: Kind,
    school: String,
    class: Option<String>,
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    since_run: Option<RunId>,
    since: Option<DateTime<Utc>>,
    /// The rosters of older runs are not kept any more.
    at_least: bool,
}

impl Listed {
    fn of(line: PostponedLine, personal: bool, moments: &HashMap<RunId, DateTime<Utc>>) -> Self {
        let run = line.since.map(|since| since.roster);
        Self {
            kind: line.kind,
            school: line.school,
            class: line.class,
            name: line.name,
            person: line.person.filter(|_| personal),
            since_run: run,
            since: run.and_then(|run| moments.get(&run).copied()),
            at_least: line.since.is_some_and(|since| since.at_least),
        }
    }
}

/// Groups and courses have names; of persons and memberships only the number is told, unless names are asked for.
const fn kinds(personal: bool) -> &'static [Kind] {
    if personal { &Kind::ALL } else { &[Kind::Group, Kind::Course] }
}

pub(super) async fn run(cx: &Context, app: &App, args: PostponedArgs) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&args.customer).await?;
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let look = JobContext::dry_run(facts, customer.clone(), app.engine.ports.clone());
    let spinner = progress::spinner("comparing");
    let found = postponed(&look).await;
    let runs = app.ledger.waiting_runs(customer.id.as_str()).await?;
    spinner.finish_and_clear();
    let Some(found) = found? else {
        if cx.json {
            output::json(&serde_json::Value::Null)?;
        } else {
            output::line(format!("No deletes of {} wait: delay delete does not hold today.", customer.id));
        }
        return Ok(Exit::Done);
    };
    let (list, found) =
        tokio::task::spawn_blocking(move || list(&found, &args, &runs).map(|list| (list, found))).await??;
    if cx.json {
        let Postponed { window, set_by, counts, last_day, .. } = found;
        let set_by = set_by.map(|by| by.to_string());
        output::json(&Answer { until: window.end, set_by, counts, last_day, list })?;
    } else {
        print(&found, &list, &customer);
    }
    Ok(Exit::Done)
}

fn list(found: &Postponed, args: &PostponedArgs, runs: &[WaitingRun]) -> anyhow::Result<Vec<Listed>> {
    let moments: HashMap<RunId, DateTime<Utc>> = runs.iter().map(|run| (run.id, run.ended_at)).collect();
    let rosters: Vec<_> = runs.iter().map(|run| (run.id, run.roster)).collect();
    let mut list = Vec::new();
    for kind in kinds(args.personal).iter().filter(|_| args.limit > 0) {
        found.each_lines(*kind, 0, args.limit, &rosters, |lines| {
            list.extend(lines.into_iter().map(|line| Listed::of(line, args.personal, &moments)));
            false
        })?;
    }
    Ok(list)
}

fn print(found: &Postponed, list: &[Listed], customer: &Customer) {
    output::line(format!(
        "{} deletes of {} wait until {}, that day included: by design, no error, since delay delete is on{}.",
        thousands(found.counts.total()),
        customer.id,
        found.window.end,
        found.set_by.as_ref().map(|by| format!(", set by {by}")).unwrap_or_default()
    ));
    output::line("What comes back to the roster by then is not deleted.\n");
    print_counts(&found.counts);
    let mut listing = Listing::new(&["kind", "school", "class", "name", "person", "since run"]);
    for line in list {
        let since = line.since_run.map(|run| {
            let moment = line.since.map(|at| format!(", {}", local(at, customer.time_zone)));
            let earlier = if line.at_least { " or earlier" } else { "" };
            format!("{run}{}{earlier}", moment.unwrap_or_default())
        });
        listing.row(vec![
            cell(line.kind),
            cell(&line.school),
            cell(line.class.as_deref().unwrap_or("–")),
            cell(line.name.as_deref().unwrap_or("–")),
            cell(line.person.as_deref().unwrap_or("–")),
            cell(since.unwrap_or_default()),
        ]);
    }
    output::line("");
    listing.print("Persons and memberships are listed with --personal.");
    output::line(format!("\nOn {} the next import brings, if the roster stays as it is:", found.last_day.on));
    print_counts(&found.last_day.changes);
    if found.last_day.breaches.is_empty() {
        output::line("The Filter will let it pass.");
    } else {
        output::line("The Filter will stop it, and nothing takes place until the customer has decided:");
        print_breaches(&found.last_day.breaches);
    }
}
