//! A length of time as people write it in a plan: `3d`, `2w`, `6h`, `30m`.

use super::Moment;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Weeks and days are days of the calendar; hours and minutes are real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    pub count: u32,
    pub unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Weeks,
    Days,
    Hours,
    Minutes,
}

/// The text is no span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("span {0:?}: expected a number up to {max} and one of w, d, h, m, as 2w or 30m", max = Span::MAX_COUNT)]
pub struct BadSpan(pub String);

impl Span {
    /// Far beyond any plan, near enough that no date overflows.
    pub const MAX_COUNT: u32 = 9_999;

    /// The span as whole days; `None` for hours and minutes.
    pub const fn days(self) -> Option<i64> {
        match self.unit {
            Unit::Weeks => Some(self.count as i64 * 7),
            Unit::Days => Some(self.count as i64),
            Unit::Hours | Unit::Minutes => None,
        }
    }

    /// The moment this long after `start`: the same wall time days later, or real hours and minutes later.
    pub fn after(self, start: DateTime<Utc>, tz: Tz) -> Moment {
        let count = i64::from(self.count);
        match self.unit {
            Unit::Weeks | Unit::Days => {
                let days = Duration::days(self.days().unwrap_or_default());
                super::local_to_utc(start.with_timezone(&tz).naive_local() + days, tz)
            }
            Unit::Hours => real_time_after(start, Duration::hours(count), tz),
            Unit::Minutes => real_time_after(start, Duration::minutes(count), tz),
        }
    }
}

fn real_time_after(start: DateTime<Utc>, length: Duration, tz: Tz) -> Moment {
    let at = start + length;
    Moment { at, local: at.with_timezone(&tz).naive_local(), note: None }
}

impl std::str::FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let bad = || BadSpan(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let unit = match &text[digits..] {
            "w" => Unit::Weeks,
            "d" => Unit::Days,
            "h" => Unit::Hours,
            "m" => Unit::Minutes,
            _ => return Err(bad()),
        };
        let count = text[..digits].parse().map_err(|_| bad())?;
        if count > Self::MAX_COUNT { Err(bad()) } else { Ok(Self { count, unit }) }
    }
}

impl TryFrom<String> for Span {
    type Error = BadSpan;

    fn try_from(text: String) -> Result<Self, BadSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.unit {
            Unit::Weeks => 'w',
            Unit::Days => 'd',
            Unit::Hours => 'h',
            Unit::Minutes => 'm',
        };
        write!(f, "{}{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Oslo;

    #[test]
    fn reads_and_writes_the_same_text() {
        for text in ["0d", "3d", "2w", "6h", "30m", "9999d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["", "d", "3", "-3d", "3 d", "3y", "10000d", "99999999999d", "3dd", "ød"] {
            assert_eq!(text.parse::<Span>(), Err(BadSpan(text.to_owned())));
        }
    }

    #[test]
    fn days_keep_the_wall_time_and_hours_are_real_time() {
        // DOMAIN S3
        let before: DateTime<Utc> = "2024-03-30T09:00:00Z".parse().unwrap();
        let after = |span: &str| span.parse::<Span>().unwrap().after(before, Oslo).at.to_rfc3339();
        assert_eq!(after("1d"), "2024-03-31T08:00:00+00:00");
        assert_eq!(after("1w"), "2024-04-06T08:00:00+00:00");
        assert_eq!(after("24h"), "2024-03-31T09:00:00+00:00");
        assert_eq!(after("90m"), "2024-03-30T10:30:00+00:00");
    }
}
