//! By when a customer's roster must have come: a time of its own clock on its weekdays (DOMAIN I2).

use crate::{
    Calendar,
    plan::{Cron, Trigger},
};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Written `06:00`, or `06:00 mon-fri` where no roster comes on other days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DueBy {
    text: String,
    cron: Cron,
}

/// A rule names at least one weekday, so a moment lies within this; a day more, for the change of clocks.
const LONGEST_GAP: TimeDelta = TimeDelta::days(8);

impl DueBy {
    /// The same as a rule of the task list.
    pub const fn cron(&self) -> &Cron {
        &self.cron
    }

    pub fn trigger(&self) -> Trigger {
        Trigger::Cron { cron: self.cron.clone(), from: None, until: None }
    }

    /// The last moment strictly before this one at which a roster was due.
    pub fn last_before(&self, moment: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let (trigger, calendar) = (self.trigger(), Calendar::default());
        let mut at = moment - LONGEST_GAP;
        let mut last = None;
        while let Ok(Some(next)) = trigger.next_after(at, zone, &calendar) {
            if next.at >= moment {
                break;
            }
            (at, last) = (next.at, Some(next.at));
        }
        last
    }
}

impl FromStr for DueBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?}: expected HH:MM and, if not on every day, weekdays: 06:00 mon-fri");
        let text = text.trim();
        let (time, days) = text.split_once(' ').unwrap_or((text, "*"));
        let parsed = NaiveTime::parse_from_str(time, "%H:%M").map_err(|_| wrong())?;
        let days = days.trim();
        let rule = format!("{} * * {days}", parsed.format("%-M %-H"));
        // One field: a blank in the weekdays would make another rule of it.
        if days.is_empty() || days.contains(char::is_whitespace) {
            return Err(wrong());
        }
        Ok(Self { text: text.to_owned(), cron: rule.parse().map_err(|_| wrong())? })
    }
}

impl TryFrom<String> for DueBy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DueBy> for String {
    fn from(due: DueBy) -> Self {
        due.text
    }
}

impl fmt::Display for DueBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_that_a_roster_was_due() {
        // (rule, moment, the last before it); Oslo is 2 hours ahead in summer, 1 in winter. 3 June 2024 is a Monday.
        let cases = [
            ("06:00", "2024-06-04T04:00:00Z", "2024-06-03T04:00:00Z"),
            ("06:00", "2024-06-04T04:00:01Z", "2024-06-04T04:00:00Z"),
            ("06:00 mon-fri", "2024-06-03T04:00:00Z", "2024-05-31T04:00:00Z"),
            ("06:00 mon", "2024-06-10T04:00:00Z", "2024-06-03T04:00:00Z"),
            ("06:00", "2024-04-01T04:00:00Z", "2024-03-31T04:00:00Z"),
            ("06:00", "2024-03-31T04:00:00Z", "2024-03-30T05:00:00Z"),
            ("02:30", "2024-04-01T00:30:00Z", "2024-03-31T01:00:00Z"),
        ];
        for (rule, moment, expected) in cases {
            let rule: DueBy = rule.parse().unwrap();
            let last = rule.last_before(moment.parse().unwrap(), chrono_tz::Europe::Oslo);
            assert_eq!(last, Some(expected.parse().unwrap()), "{rule} before {moment}");
        }
    }

    #[test]
    fn a_rule_is_a_time_and_weekdays() {
        for right in ["6:05", "06:00 mon-fri", "23:59 1,3,5"] {
            assert_eq!(String::from(right.parse::<DueBy>().unwrap()), right);
        }
        for wrong in ["", "6", "24:00", "06:00 mon tue", "06:00 someday", "06:00 1 2024"] {
            assert!(wrong.parse::<DueBy>().unwrap_err().contains("06:00 mon-fri"), "{wrong}");
        }
    }
}
