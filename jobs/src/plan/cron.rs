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
    // The crate says "less than" of a number that is still allowed.
    let why = why.replace("must be less than", "must be at most");
    CronError::Unreadable { text: text.to_owned(), why }
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Weekday};

    fn wall(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn after(rule: &str, start: &str, count: usize) -> Vec<String> {
        let rule: Cron = rule.parse().unwrap();
        let steps = std::iter::successors(Some(wall(start)), |wall| rule.next_wall(*wall));
        steps.skip(1).take(count).map(|wall| wall.format("%Y-%m-%d %H:%M:%S").to_string()).collect()
    }

    #[test]
    fn weekdays_count_as_in_unix() {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        for (field, days) in [
            ("0", vec![Sun]),
            ("7", vec![Sun]),
            ("1", vec![Mon]),
            ("6", vec![Sat]),
            ("1-5", vec![Mon, Tue, Wed, Thu, Fri]),
            ("5-7", vec![Fri, Sat, Sun]),
            ("0-2", vec![Mon, Tue, Sun]),
            ("0,6", vec![Sat, Sun]),
            ("1-5/2", vec![Mon, Wed, Fri]),
            ("*/2", vec![Tue, Thu, Sat, Sun]),
            ("3/2", vec![Wed, Fri]),
            ("mon", vec![Mon]),
            ("MON-FRI", vec![Mon, Tue, Wed, Thu, Fri]),
            ("Fri-Sun", vec![Fri, Sat, Sun]),
            ("sunday,Tue", vec![Tue, Sun]),
            ("0-7", vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun]),
            ("?", vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun]),
        ] {
            // In five, six and seven fields.
            for rule in
                [format!("0 6 * * {field}"), format!("0 0 6 * * {field}"), format!("0 0 6 * * {field} *")]
            {
                let rule: Cron = rule.parse().unwrap();
                let week = std::iter::successors(rule.next_wall(wall("2024-06-16 23:00")), |day| {
                    rule.next_wall(*day)
                });
                let week: Vec<Weekday> = week.take(days.len()).map(|day| day.weekday()).collect();
                assert_eq!(week, days, "{rule}");
            }
        }
    }

    #[test]
    fn reads_five_six_and_seven_fields() {
        assert_eq!(
            after("30 2 * * *", "2024-06-21 02:30", 2),
            ["2024-06-22 02:30:00", "2024-06-23 02:30:00"]
        );
        assert_eq!(after("15 30 2 * * *", "2024-06-21 02:30", 1), ["2024-06-21 02:30:15"]);
        assert_eq!(after("0 0 6 1 8 * 2025", "2024-06-21 02:30", 5), ["2025-08-01 06:00:00"]);
        assert_eq!(after("0 6 29 2 *", "2024-06-21 02:30", 1), ["2028-02-29 06:00:00"]);
        assert!(after("0 6 31 2 *", "2024-06-21 02:30", 1).is_empty());
    }

    #[test]
    fn with_both_day_fields_either_is_enough() {
        let found = after("0 6 15 * 1", "2024-06-09 00:00", 4);
        assert_eq!(
            found,
            ["2024-06-10 06:00:00", "2024-06-15 06:00:00", "2024-06-17 06:00:00", "2024-06-24 06:00:00"]
        );
    }

    #[test]
    fn refuses_what_is_no_rule() {
        for rule in ["* * * *", "1 2 3 4 5 6 7 8", ""] {
            assert!(matches!(rule.parse::<Cron>(), Err(CronError::Fields { .. })), "{rule}");
        }
        for day in ["8", "-1", "1-", "5-1", "1/0", "*/8", "x", "mo", "01", "", "1,", "#"] {
            let rule = format!("0 0 6 * * {day} *").replace("*  *", "* , *");
            assert!(matches!(rule.parse::<Cron>(), Err(CronError::Weekday { .. })), "{rule}");
        }
        for rule in
            ["60 2 * * *", "0 24 * * *", "*/0 * * * *", "0 0 32 * *", "0 0 * 13 *", "99999999999 * * * *"]
        {
            let error = rule.parse::<Cron>().unwrap_err();
            assert!(matches!(error, CronError::Unreadable { .. }), "{rule}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }

    #[test]
    fn is_stored_as_its_text() {
        let rule: Cron = serde_json::from_str("\"30 2 * * 1-5\"").unwrap();
        assert_eq!(serde_json::to_string(&rule).unwrap(), "\"30 2 * * 1-5\"");
    }
}
