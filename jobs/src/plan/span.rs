//! A length of time as people write it in a plan: `3d`, `2w`, `6h`, `30m`.

use chrono::Duration;
use serde::{Deserialize, Serialize};

/// A whole number of one unit.
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

    pub const fn length(self) -> Duration {
        let count = self.count as i64;
        match self.unit {
            Unit::Weeks => Duration::days(count * 7),
            Unit::Days => Duration::days(count),
            Unit::Hours => Duration::hours(count),
            Unit::Minutes => Duration::minutes(count),
        }
    }
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
    fn a_span_has_a_length() {
        for (text, minutes) in [("0m", 0), ("90m", 90), ("6h", 360), ("1d", 1_440), ("2w", 20_160)] {
            assert_eq!(text.parse::<Span>().unwrap().length(), Duration::minutes(minutes));
        }
    }
}
