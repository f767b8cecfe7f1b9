//! How fast changes reach the built-in site: `cargo bench --bench site -- 50000`, the number of persons.
//!
//! On SQLite in a temporary folder and on PostgreSQL: a throw-away server that writes without waiting for the disk, or
//! the one that ROLLOVER_TEST_POSTGRES names.

use chrono::{DateTime, TimeDelta};
use rollover::{
    ledger::{JobMove, Ledger, NewJob},
    site::embedded::EmbeddedSite,
};
use rollover_jobs::{Customer, CustomerSettings, WriteProof, ports::Site};
use rollover_roster::{
    diff::Change,
    invent::{Invention, Municipality},
    model::{Kind, Record, SyncKey},
};
use std::{
    collections::HashSet,
    io::{self, Write},
    time::Instant,
};

#[path = "../tests/support/mod.rs"]
#[expect(clippy::unwrap_used, reason = "it is of the tests")]
mod support;

const PERSONS: usize = 20_000;
/// Changes of one unit.
const BATCHES: [usize; 3] = [500, 2_000, 5_000];

fn main() -> io::Result<()> {
    let persons = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(PERSONS);
    let runtime = tokio::runtime::Runtime::new()?;
    let records = Municipality::new(&Invention::large(1, persons)).roster().records().to_vec();
    for batch in BATCHES {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        runtime.block_on(measure("SQLite", &url, &records, batch))?;
        let database = support::Postgres::shared().fresh_database();
        runtime.block_on(measure("PostgreSQL", database.url(), &records, batch))?;
    }
    Ok(())
}

/// Creates, updates, repeats and deletes all records, as an import does.
async fn measure(engine: &str, url: &str, records: &[Record], batch: usize) -> io::Result<()> {
    let ledger = Ledger::open(url, 4).await.expect("a database");
    ledger.migrate().await.expect("an empty database");
    let customer = customer();
    let proof = claim(&ledger, &customer).await;
    let site = EmbeddedSite::new(ledger.db().clone());
    let create: Vec<Change> = records.iter().cloned().map(Change::Create).collect();
    let update: Vec<Change> = records.iter().map(changed).collect();
    let mut actions = vec![("create", create), ("update", update.clone()), ("repeat", update.clone())];
    for (action, kind) in [
        ("delete courses", Kind::Course),
        ("delete memberships", Kind::Membership),
        ("delete persons", Kind::Person),
        ("delete groups", Kind::Group),
    ] {
        let of_kind = update.iter().map(Change::record).filter(|record| record.kind() == kind);
        actions.push((action, of_kind.cloned().map(Change::Delete).collect()));
    }
    for (action, changes) in actions {
        let start = Instant::now();
        for batch in changes.chunks(batch) {
            site.apply(&customer, batch, &proof).await.expect("the claim stands");
        }
        let (count, seconds) = (changes.len(), start.elapsed().as_secs_f64());
        let rate = |rows: usize| rows as f64 / seconds;
        let also = match participants(records, &changes) {
            0 => String::new(),
            kept => format!("; with {kept} memberships of theirs {:7.0} rows/s", rate(count + kept)),
        };
        writeln!(
            io::stdout(),
            "{engine:10} {batch:5} at once  {action:18} {count:7} in {seconds:5.2} s  {:7.0}/s{also}",
            rate(count)
        )?;
    }
    Ok(())
}

/// What deletes of courses write besides: the memberships, which become manual.
fn participants(records: &[Record], changes: &[Change]) -> usize {
    let course = |change: &Change| match (change, change.record()) {
        (Change::Delete(_), Record::Course(course)) => Some(course.key.clone()),
        _ => None,
    };
    let gone: HashSet<SyncKey> = changes.iter().filter_map(course).collect();
    let is_of_one =
        |record: &&Record| matches!(record, Record::Membership(member) if gone.contains(&member.group));
    records.iter().filter(is_of_one).count()
}

/// The same record with another value in a field.
fn changed(record: &Record) -> Change {
    let mut to = record.clone();
    match &mut to {
        Record::Group(group) => group.name.push('2'),
        Record::Person(person) => person.given.push('2'),
        Record::Course(course) => course.title.push('2'),
        Record::Membership(member) => member.end = Some("2025-06-20".parse().expect("a date")),
    }
    Change::Update { fields: record.changed_fields(&to), from: Box::new(record.clone()), to }
}

fn customer() -> Customer {
    Customer {
        id: "nes".parse().expect("an id"),
        name: "Nes".to_owned(),
        country: "NO".parse().expect("a country"),
        time_zone: chrono_tz::Europe::Oslo,
        mis: "fjordsas".to_owned(),
        middleware: None,
        modules: Vec::new(),
        settings: CustomerSettings::default(),
    }
}

async fn claim(ledger: &Ledger, customer: &Customer) -> WriteProof {
    let now = DateTime::UNIX_EPOCH;
    ledger.add_customer(now, "bench", customer).await.expect("a new customer");
    let job = NewJob {
        task: None,
        customer: Some(customer.id.to_string()),
        kind: "import_roster".to_owned(),
        args: serde_json::json!({}),
        lane: Some("site"),
        due_at: now,
    };
    let job = ledger.enqueue(now, "bench", &[job]).await.expect("a job")[0];
    let claim = JobMove::Claim { owner: "bench".to_owned(), lease_until: now + TimeDelta::days(1) };
    let row = ledger.apply(now, "bench", job, claim).await.expect("nobody else claims it");
    WriteProof::for_claimed_job(job, row.generation)
}
