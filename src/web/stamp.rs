//! Moments for people: on the customer's wall, with UTC beside it for whoever compares with a log.

use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use std::fmt;

/// The clock on the wall of one place, read once per page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wall {
    pub now: DateTime<Utc>,
    pub zone: Tz,
}

/// A moment as a `<time>` element; all of its text is figures and names of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    at: DateTime<Utc>,
    zone: Tz,
    shown: String,
}

impl Wall {
    /// To the minute; the year only where it is another one.
    pub fn minute(&self, at: DateTime<Utc>) -> Stamp {
        self.stamp(at, if self.same_year(at) { "%a %-d %b %H:%M" } else { "%-d %b %Y %H:%M" })
    }

    /// To the second, for histories.
    pub fn second(&self, at: DateTime<Utc>) -> Stamp {
        self.stamp(at, if self.same_year(at) { "%-d %b %H:%M:%S" } else { "%-d %b %Y %H:%M:%S" })
    }

    /// How long ago, or how far ahead.
    pub fn distance(&self, at: DateTime<Utc>) -> Stamp {
        let length = span_words((self.now - at).abs());
        let shown = match at - self.now {
            ahead if ahead >= Duration::minutes(1) => format!("in {length}"),
            ahead if ahead <= Duration::minutes(-1) => length,
            _ => "now".to_owned(),
        };
        Stamp { at, zone: self.zone, shown }
    }

    /// The local time now, with the name of the day.
    pub fn now(&self) -> Stamp {
        self.stamp(self.now, "%A %-d %B, %H:%M")
    }

    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.zone).date_naive()
    }

    fn same_year(&self, at: DateTime<Utc>) -> bool {
        at.with_timezone(&self.zone).year() == self.today().year()
    }

    fn stamp(&self, at: DateTime<Utc>, form: &str) -> Stamp {
        Stamp { at, zone: self.zone, shown: at.with_timezone(&self.zone).format(form).to_string() }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.at.format("%Y-%m-%dT%H:%M:%SZ");
        let utc = self.at.format("%Y-%m-%d %H:%M UTC");
        let local = self.at.with_timezone(&self.zone).format("%a %-d %b %Y %H:%M:%S");
        let shown = &self.shown;
        write!(
            f,
            "<time datetime=\"{iso}\" title=\"{local} {zone} = {utc}\">{shown}</time>",
            zone = self.zone
        )
    }
}

impl HtmlSafe for Stamp {}

/// A length of time in its largest unit.
pub(super) fn span_words(span: Duration) -> String {
    let seconds = span.num_seconds();
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A date of a calendar.
pub(super) fn day(date: NaiveDate) -> String {
    date.format("%a %-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_shown_on_the_customers_wall_with_utc_beside_it() {
        let wall = Wall { now: moment("2024-06-21T10:00:00Z"), zone: chrono_tz::Europe::Oslo };
        let shown = wall.minute(moment("2024-06-21T22:30:00Z")).to_string();
        assert_eq!(
            shown,
            "<time datetime=\"2024-06-21T22:30:00Z\" title=\"Sat 22 Jun 2024 00:30:00 Europe/Oslo = 2024-06-21 22:30 \
             UTC\">Sat 22 Jun 00:30</time>"
        );
        assert!(wall.minute(moment("2023-12-31T22:30:00Z")).to_string().contains(">31 Dec 2023 23:30<"));
        assert!(wall.minute(moment("2023-12-31T23:30:00Z")).to_string().contains(">Mon 1 Jan 00:30<"));
        assert!(wall.distance(moment("2024-06-21T09:00:00Z")).to_string().contains(">1 h<"));
        assert!(wall.distance(moment("2024-06-21T09:59:01Z")).to_string().contains(">now<"));
        assert!(wall.distance(moment("2024-06-24T10:00:00Z")).to_string().contains(">in 3 d<"));
    }

    #[test]
    fn lengths_change_their_unit() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (172_799, "47 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(span_words(Duration::seconds(seconds)), words);
        }
    }
}
