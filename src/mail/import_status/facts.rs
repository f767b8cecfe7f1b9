//! When the run was, by the customer's clock, of which file; and the mail's Message-ID.

use super::name;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rollover_jobs::{Customer, ports::RunRecord};

pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
}

pub(super) fn facts(customer: &Customer, run: &RunRecord) -> Vec<Fact> {
    let zone = customer.time_zone;
    let mut facts = Vec::new();
    let mut fact = |label, value| facts.push(Fact { label, value });
    fact("Customer", format!("{} ({})", name(&customer.name), customer.id));
    if let Some(file) = &run.roster_name {
        fact("Roster", name(file));
    }
    if let Some(roster) = &run.roster {
        fact("Snapshot", roster.short());
    }
    fact("Start", moment(run.started_at, zone));
    fact("End", moment(run.ended_at, zone));
    fact("Duration", duration(run.ended_at - run.started_at));
    fact("Time zone", zone.name().to_owned());
    if let Some(decision) = run.used_decision {
        fact("Decision", format!("number {decision} about the Filter, used up by this run"));
    }
    facts
}

fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%A %-d %B %Y, %H:%M:%S (UTC%:z)").to_string()
}

fn duration(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "less than a second".to_owned(),
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stand_by_the_customers_clock() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let cases = [
            ("2024-06-03T01:30:00Z", chrono_tz::Europe::Oslo, "Monday 3 June 2024, 03:30:00 (UTC+02:00)"),
            ("2024-01-01T23:30:09Z", chrono_tz::Europe::Oslo, "Tuesday 2 January 2024, 00:30:09 (UTC+01:00)"),
            (
                "2024-01-01T23:30:00Z",
                chrono_tz::Europe::London,
                "Monday 1 January 2024, 23:30:00 (UTC+00:00)",
            ),
        ];
        for (text, zone, expected) in cases {
            assert_eq!(moment(at(text), zone), expected);
        }
    }

    #[test]
    fn durations_are_for_people() {
        let cases = [
            (-5, "less than a second"),
            (0, "less than a second"),
            (59, "59 s"),
            (60, "1 min 00 s"),
            (3599, "59 min 59 s"),
            (3600, "1 h 00 min"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(duration(TimeDelta::seconds(seconds)), expected);
        }
    }
}
