//! What `rollover doctor` says of where rosters come from: each place that is fetched from, and each time by which one
//! must have come.

use super::doctor::Check;
use crate::{
    config::Settings,
    ledger::{Ledger, LedgerError, TaskFilter, TaskRow},
    source::Fetcher,
};
use futures::{StreamExt, stream};
use rollover_jobs::{CheckRosterCame, Customer, Fetch, JobKind};

/// Places that are tried at a time.
const AT_ONCE: usize = 8;
const TASKS_LOOKED_AT: i64 = 10_000;

/// Nothing for customers whose rosters come to their folder and are not awaited.
pub(super) async fn look(ledger: &Ledger, settings: &Settings) -> Result<Vec<Check>, LedgerError> {
    let customers = ledger.customers().await?.read;
    let filter = TaskFilter {
        kind: Some(CheckRosterCame::NAME.to_owned()),
        limit: TASKS_LOOKED_AT,
        ..TaskFilter::default()
    };
    let tasks = ledger.tasks(&filter).await?;
    let mut checks: Vec<Check> = customers.iter().filter_map(|customer| awaited(customer, &tasks)).collect();
    let fetcher = match Fetcher::open(&settings.rosters.fetch(), settings.secrets.clone()) {
        Ok(fetcher) => fetcher,
        Err(why) => {
            checks.push(Check::bad(PLACE, why, "correct rosters.ca_file"));
            return Ok(checks);
        }
    };
    let fetched = customers.iter().filter_map(|customer| Some((customer, customer.settings.fetch.as_ref()?)));
    let looks = fetched.map(|(customer, fetch)| place(&fetcher, customer, fetch));
    let found: Vec<Check> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    checks.extend(found);
    Ok(checks)
}

const PLACE: &str = "source of rosters";

async fn place(fetcher: &Fetcher, customer: &Customer, fetch: &Fetch) -> Check {
    match fetcher.look(customer, fetch).await {
        Ok(found) => Check::good(PLACE, format!("{}: {} {found}", customer.id, fetch.from)),
        Err(error) => Check::bad(
            PLACE,
            error.to_string(),
            "correct it with `rollover customer set`, or have the customer's server looked at",
        ),
    }
}

fn awaited(customer: &Customer, tasks: &[TaskRow]) -> Option<Check> {
    const WHAT: &str = "time of rosters";
    let due_by = customer.settings.roster_due_by.as_ref()?;
    let looks = |task: &&TaskRow| {
        task.customer_id.as_deref() == Some(customer.id.as_str())
            && task.due_at.is_some()
            && task.schedule.0.read().is_ok_and(|rule| *rule == due_by.trigger())
    };
    Some(match tasks.iter().find(looks) {
        Some(task) => {
            Check::good(WHAT, format!("{}: due by {due_by}, looked for by task {}", customer.id, task.id))
        }
        None => Check::bad(
            WHAT,
            format!("{}: due by {due_by}, and no task looks for a late one", customer.id),
            "set it again with `rollover customer set CUSTOMER --roster-due-by`",
        ),
    })
}
