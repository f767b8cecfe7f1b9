//! `rollover doctor`: looks at everything that the program stands on, and says what to do where it is not in order.

use super::{
    context::Context,
    doctor_sources,
    output::{self, Listing, cell},
};
use crate::{
    config::Settings,
    exit::Exit,
    folder::{self, Found},
    ledger::{Ledger, LedgerError, ONE_ATTEMPT},
    mail::MailTransport,
    objects::{self, Patience},
    queue::{Queue, RedisQueue},
};
use chrono::{DateTime, TimeDelta, Utc};
use comfy_table::{Cell, Color};
use serde::Serialize;
use std::path::Path;

/// Two clocks further apart than this make leases end too early or too late.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Good,
    /// It runs, and a person should know.
    Notice,
    Bad,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    what: &'static str,
    verdict: Verdict,
    found: String,
    /// What to do; empty when nothing is.
    todo: String,
}

impl Check {
    pub(super) fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, found: found.into(), todo: String::new() }
    }
    fn notice(what: &'static str, found: impl Into<String>, todo: &str) -> Self {
        Self { what, verdict: Verdict::Notice, found: found.into(), todo: todo.to_owned() }
    }
    pub(super) fn bad(what: &'static str, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Bad, found: found.into(), todo: todo.into() }
    }
}

pub(super) async fn run(cx: &Context) -> anyhow::Result<Exit> {
    let settings = &cx.loaded.settings;
    let now = cx.clock().now();
    let mut checks = vec![settings_file(cx), folder("data folder", &settings.data.folder)];
    checks.push(folder("roster folder", &settings.roster_folder()));
    checks.push(folder("snapshot folder", &settings.snapshot_folder()));
    checks.extend(bucket(settings).await);
    checks.extend(ledger(settings, now).await);
    checks.extend(queue(settings, now).await);
    checks.push(mail(settings).await);
    checks.push(password(cx));
    let healthy = checks.iter().all(|check| check.verdict != Verdict::Bad);
    if cx.json {
        output::json(&checks)?;
    } else {
        print(checks);
    }
    Ok(if healthy { Exit::Done } else { Exit::Unhealthy })
}

fn print(checks: Vec<Check>) {
    let mut listing = Listing::new(&["", "what", "found", "what to do"]);
    for check in checks {
        let sign = match check.verdict {
            Verdict::Good => Cell::new("✓").fg(Color::Green),
            Verdict::Notice => Cell::new("!").fg(Color::Yellow),
            Verdict::Bad => Cell::new("✗").fg(Color::Red),
        };
        listing.row(vec![sign, cell(check.what), cell(check.found), cell(check.todo)]);
    }
    listing.print("Nothing was looked at.");
}

fn settings_file(cx: &Context) -> Check {
    match &cx.loaded.file {
        Some(file) => Check::good("settings", file.display().to_string()),
        None => Check::good("settings", "the defaults, no file"),
    }
}

/// Only looked at: what is missing is made by the process that needs it, as its own user.
fn folder(what: &'static str, path: &Path) -> Check {
    match folder::look(path) {
        Ok(Found::Writable) => Check::good(what, format!("{} can be written", path.display())),
        Ok(Found::Missing) => Check::notice(
            what,
            format!("{} is not there yet", path.display()),
            "nothing: it is made when it is needed",
        ),
        Err(error) => Check::bad(
            what,
            format!("{}: {error}", path.display()),
            "make it and give it to the user that runs rollover, or set another",
        ),
    }
}

/// Only entered: no name in it is read, and nothing is put there.
async fn bucket(settings: &Settings) -> Option<Check> {
    const WHAT: &str = "snapshots";
    let todo = "start the object store, or correct what is said";
    let bucket = match objects::bucket(settings, Patience::ONE_TRY) {
        Ok(bucket) => bucket?,
        Err(error) => return Some(Check::bad(WHAT, format!("{error:#}"), todo)),
    };
    // It waits for the answer, and this thread serves others.
    let look = tokio::task::spawn_blocking(move || bucket.look()).await;
    Some(match look {
        Ok(Ok(found)) => Check::good(WHAT, found),
        Ok(Err(error)) => Check::bad(WHAT, error.to_string(), todo),
        Err(error) => Check::bad(WHAT, error.to_string(), "try again"),
    })
}

async fn ledger(settings: &Settings, now: DateTime<Utc>) -> Vec<Check> {
    const WHAT: &str = "ledger";
    let ledger = match Ledger::open_existing(&settings.ledger_url(), 2).await {
        Ok(Some(ledger)) => ledger,
        Ok(None) => {
            let found = "SQLite, and its file is not there yet";
            return vec![Check::notice(WHAT, found, "nothing: the first start makes it")];
        }
        Err(error) => {
            return vec![Check::bad(WHAT, chain(&error), "correct ledger.url, or start the database")];
        }
    };
    if let Err(error) = ledger.reach(ONE_ATTEMPT).await {
        return vec![Check::bad(WHAT, error.to_string(), "start the database, or correct ledger.url")];
    }
    let mut checks = Vec::new();
    match ledger.check_schema().await {
        Ok(()) => {
            checks.push(Check::good(WHAT, format!("{}, the schema is this version's", ledger.engine_name())))
        }
        Err(error @ LedgerError::Schema { .. }) if ledger.is_embedded() => {
            checks.push(Check::notice(
                WHAT,
                error.to_string(),
                "nothing: the next start brings it up to date",
            ));
            return checks;
        }
        Err(error @ LedgerError::Schema { .. }) => {
            checks.push(Check::bad(WHAT, error.to_string(), "run `rollover migrate`"));
            return checks;
        }
        Err(error) => {
            checks.push(Check::bad(WHAT, chain(&error), "start the database, or correct ledger.url"));
            return checks;
        }
    }
    if let Ok(theirs) = ledger.database_clock().await {
        checks.push(clock("clock of the ledger", theirs, now));
    }
    checks.push(leader(&ledger, now).await);
    match doctor_sources::look(&ledger, settings).await {
        Ok(found) => checks.extend(found),
        Err(error) => checks.push(Check::bad(WHAT, chain(&error), "look at the ledger first")),
    }
    ledger.close().await;
    checks
}

async fn leader(ledger: &Ledger, now: DateTime<Utc>) -> Check {
    const WHAT: &str = "scheduler";
    match ledger.leader(crate::engine::LEAD).await {
        Ok(Some(row)) if row.until > now => Check::good(WHAT, format!("{} leads", row.owner)),
        Ok(_) => Check::notice(
            WHAT,
            "none runs: nothing that is due fires",
            "run `rollover up`, or `rollover schedule`",
        ),
        Err(error) => Check::bad(WHAT, chain(&error), "look at the ledger first"),
    }
}

async fn queue(settings: &Settings, now: DateTime<Utc>) -> Vec<Check> {
    const WHAT: &str = "queue";
    if settings.queue.url.is_empty() {
        return vec![Check::good(WHAT, "in the process of `rollover up`")];
    }
    let redis = match RedisQueue::connect(&settings.queue.url, &settings.queue.prefix) {
        Ok(redis) => redis,
        Err(error) => return vec![Check::bad(WHAT, error.to_string(), "correct queue.url")],
    };
    let clock_of_redis = redis.server_clock().await;
    match Queue::Redis(redis).depth().await {
        Err(error) => vec![Check::bad(WHAT, chain(&error), "start redis, or correct queue.url")],
        Ok(depth) => {
            let mut checks = vec![Check::good(WHAT, format!("redis answers, {depth} tickets wait"))];
            checks.extend(clock_of_redis.ok().map(|theirs| clock("clock of the queue", theirs, now)));
            checks
        }
    }
}

/// Two clocks that differ: leases and due moments are told by the clock of each machine.
fn clock(what: &'static str, theirs: DateTime<Utc>, ours: DateTime<Utc>) -> Check {
    let apart = (theirs - ours).abs();
    if apart <= CLOCKS_APART {
        Check::good(what, "tells the time of this machine")
    } else {
        Check::bad(
            what,
            format!("is {} s away from this machine's", apart.num_seconds()),
            "let NTP set both clocks",
        )
    }
}

async fn mail(settings: &Settings) -> Check {
    const WHAT: &str = "mail";
    let transport =
        match MailTransport::open(&settings.mail_url(), &settings.mail.from, &settings.mail.ca_file) {
            Ok(transport) => transport,
            Err(error) => return Check::bad(WHAT, error.to_string(), "correct mail.url and mail.from"),
        };
    match transport.check().await {
        Ok(found) => Check::good(WHAT, found),
        Err(error) => Check::bad(WHAT, error.to_string(), "start the mail server, or correct mail.url"),
    }
}

/// Each process has the password of its own environment: of one that runs already nothing can be said from here.
fn password(cx: &Context) -> Check {
    const WHAT: &str = "sign-in";
    if cx.loaded.settings.web.password.is_empty() {
        Check::notice(
            WHAT,
            "ROLLOVER_WEB_PASSWORD is not set here; what runs already may have a password of its own",
            "set it before you start `serve`; `up` without it makes a password for that start and prints it",
        )
    } else {
        let user = &cx.loaded.settings.web.user;
        Check::good(WHAT, format!("ROLLOVER_WEB_PASSWORD is set here: {user} signs in with it"))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
