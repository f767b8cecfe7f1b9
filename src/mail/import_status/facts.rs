//! When the run was, by the customer's clock, of which file; and the mail's Message-ID.

use super::{name, words::Words};
use chrono::{DateTime, Utc};
use rollover_jobs::{Customer, ports::RunRecord};

pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
}

pub(super) fn facts(customer: &Customer, run: &RunRecord, words: &dyn Words) -> Vec<Fact> {
    let (zone, labels) = (customer.time_zone, words.labels());
    let moment = |at: DateTime<Utc>| words.moment_of(at.with_timezone(&zone));
    let mut facts = Vec::new();
    let mut fact = |label, value| facts.push(Fact { label, value });
    fact(labels.customer, format!("{} ({})", name(&customer.name), customer.id));
    if let Some(file) = &run.roster_name {
        fact(labels.roster, name(file));
    }
    if let Some(roster) = &run.roster {
        fact(labels.snapshot, roster.short());
    }
    fact(labels.start, moment(run.started_at));
    fact(labels.end, moment(run.ended_at));
    fact(labels.duration, words.duration(run.ended_at - run.started_at));
    fact(labels.time_zone, zone.name().to_owned());
    if let Some(decision) = run.used_decision {
        let what = match run.undo_of {
            Some(_) => words.undo_decision(decision),
            None => words.decision(decision),
        };
        fact(labels.decision, what);
    }
    facts
}

/// The number of run and recipient is ours alone; its start tells it from the same number of another installation.
pub(super) fn message_id(customer: &Customer, run: &RunRecord, number: &str, base_url: &str) -> String {
    let address = base_url.split("://").last().unwrap_or_default();
    let host: String = address
        .chars()
        .take_while(|sign| !matches!(sign, ':' | '/'))
        .filter(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-'))
        .collect();
    let host = host.trim_matches('.');
    let host = if host.is_empty() { "localhost" } else { host };
    format!("<run-{number}.{}.{}@{host}>", customer.id, run.started_at.format("%Y%m%dT%H%M%S%6f"))
}
