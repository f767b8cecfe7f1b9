//! A cron rule on the customer's wall clock, with the weekdays of Unix: 0 and 7 are Sunday.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, str::FromStr};

/// Five fields (minute, hour, day of month, month, weekday), six (seconds first), or seven (a year last).
///
/// Weekdays count as in Unix in every form. Where both day fields are restricted, either is enough, as in Unix.
/// It knows no time zone: [`local_to_utc`](super::local_to_utc) gives each of its local times one moment, so
/// `0 * * * *` fires once per hour *of the wall clock*: 23 times on the day the clock jumps ahead, 24 times on
/// the day it is put back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    /// One schedule, or two of which either is enough.
    schedules: Vec<cron::Schedule>,
}

/// The text is no cron rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("cron {text:?}: expected 5, 6 or 7 fields, as 30 2 * * *, found {found}")]
    Fields { text: String, found: usize },
    #[error(
        "cron {text:?}: weekday {part:?}: expected 0 to 7 (0 and 7 are Sunday), SUN to SAT, a range or a step"
    )]
    Weekday { text: String, part: String },
    #[error("cron {text:?}: cannot be read: {why}")]
    Unreadable { text: String, why: String },
}

impl Cron {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The next local time that the rule names, strictly after `wall`; `None` when there is none until 2100.
    pub fn next_wall(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let timeline: DateTime<Utc> = wall.and_utc();
        self.schedules
            .iter()
            .filter_map(|schedule| schedule.after(&timeline).next())
            .min()
            .map(|next| next.naive_utc())
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (seconds, rest) = match fields.len() {
            5 => ("0", &fields[..]),
            6 | 7 => (fields[0], &fields[1..]),
            found => return Err(CronError::Fields { text: text.to_owned(), found }),
        };
        let weekdays = weekdays(text, rest[4])?;
        let year = rest.get(5).copied().unwrap_or("*");
        let schedule = |day: &str, weekdays: &str| {
            let rule = format!("{seconds} {} {} {day} {} {weekdays} {year}", rest[0], rest[1], rest[3]);
            cron::Schedule::from_str(&rule).map_err(|error| unreadable(text, &error))
        };
        let schedules = if is_open(rest[2]) || is_open(&weekdays) {
            vec![schedule(rest[2], &weekdays)?]
        } else {
            vec![schedule(rest[2], "*")?, schedule("*", &weekdays)?]
        };
        Ok(Self { text: text.to_owned(), schedules })
    }
}

/// Unix: a day field that begins with a star does not restrict on its own.
fn is_open(field: &str) -> bool {
    field.starts_with(['*', '?'])
}

fn unreadable(text: &str, error: &cron::error::Error) -> CronError {
    let why = error.to_string();
    let why = why.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    CronError::Unreadable { text: text.to_owned(), why: why.to_owned() }
}

/// The weekday field in the numbers of the crate, which counts from 1 for Sunday.
fn weekdays(text: &str, field: &str) -> Result<String, CronError> {
    if field == "*" || field == "?" {
        return Ok("*".to_owned());
    }
    let mut days = BTreeSet::new();
    for part in field.split(',') {
        let found = weekdays_of(part)
            .ok_or_else(|| CronError::Weekday { text: text.to_owned(), part: part.to_owned() })?;
        days.extend(found.into_iter().map(|day| day % 7 + 1));
    }
    let listed: Vec<String> = days.iter().map(u32::to_string).collect();
    Ok(if days.len() == 7 && is_open(field) { "*".to_owned() } else { listed.join(",") })
}

/// The days of one part of the list, 0 to 7 as in Unix: `3`, `1-5`, `*/2`, `MON-FRI/2`.
fn weekdays_of(part: &str) -> Option<Vec<u32>> {
    let (body, step) = match part.split_once('/') {
        Some((body, step)) => (body, Some(step.parse::<usize>().ok().filter(|step| (1..=7).contains(step))?)),
        None => (part, None),
    };
    let (first, last) = match body.split_once('-') {
        Some((first, last)) => (weekday(first)?, weekday(last).map(|day| if day == 0 { 7 } else { day })?),
        None if body == "*" => (0, 6),
        None => (weekday(body)?, if step.is_some() { 6 } else { weekday(body)? }),
    };
    (first <= last).then(|| (first..=last).step_by(step.unwrap_or(1)).collect())
}

fn weekday(text: &str) -> Option<u32> {
    const NAMES: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let name = text.to_ascii_lowercase();
    let by_name = NAMES.iter().position(|day| *day == name || day[..3] == name);
    match by_name {
        Some(day) => u32::try_from(day).ok(),
        None => text.parse().ok().filter(|day| *day <= 7 && text.len() == 1),
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Cron {
    type Error = CronError;

    fn try_from(text: String) -> Result<Self, CronError> {
        text.parse()
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}
