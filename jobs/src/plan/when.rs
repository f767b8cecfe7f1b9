//! A point in a plan as text, fixed (`2024-06-21 18:00`) or relative to the calendar (`last_teaching_day + 1d 18:00`).

use super::{Span, span::Unit};
use crate::Calendar;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

/// `BASE [+|- SPAN] [HH:MM]`; the base is a date or a date of the calendar, the span is weeks or days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct When {
    pub base: Base,
    pub shift: Option<Shift>,
    /// Without a time it is the start of the day.
    pub time: Option<NaiveTime>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    Fixed(NaiveDate),
    Calendar(CalendarDate),
}

/// A date that only the customer's calendar knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalendarDate {
    LastTeachingDay,
    SchoolYearStart,
    TermStart(String),
    TermEnd(String),
    VendorDate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    Later(Span),
    Earlier(Span),
}

/// The calendar does not hold a date that is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[error("the calendar has no {which}")]
pub struct MissingDate {
    pub which: CalendarDate,
}

/// The text is no [`When`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("date {text:?}, at character {position}: expected {expected}")]
pub struct WhenError {
    pub text: String,
    /// Counted from 1.
    pub position: usize,
    pub expected: &'static str,
}

impl When {
    /// The start of a fixed day.
    pub const fn on(date: NaiveDate) -> Self {
        Self { base: Base::Fixed(date), shift: None, time: None }
    }

    /// A fixed local date and time.
    pub fn at(local: NaiveDateTime) -> Self {
        Self { base: Base::Fixed(local.date()), shift: None, time: Some(local.time()) }
    }

    /// The date of the calendar that it needs.
    pub const fn needs(&self) -> Option<&CalendarDate> {
        match &self.base {
            Base::Fixed(_) => None,
            Base::Calendar(which) => Some(which),
        }
    }

    pub fn resolve(&self, calendar: &Calendar) -> Result<NaiveDateTime, MissingDate> {
        Ok(self.date(calendar)?.and_time(self.time.unwrap_or(NaiveTime::MIN)))
    }

    /// The same point without need of a calendar.
    pub fn fixed(&self, calendar: &Calendar) -> Result<Self, MissingDate> {
        Ok(Self { base: Base::Fixed(self.date(calendar)?), shift: None, time: self.time })
    }

    fn date(&self, calendar: &Calendar) -> Result<NaiveDate, MissingDate> {
        let base = match &self.base {
            Base::Fixed(date) => *date,
            Base::Calendar(which) => which.find(calendar)?,
        };
        Ok(match self.shift {
            None => base,
            Some(Shift::Later(span)) => base + span.length(),
            Some(Shift::Earlier(span)) => base - span.length(),
        })
    }
}

impl CalendarDate {
    pub fn find(&self, calendar: &Calendar) -> Result<NaiveDate, MissingDate> {
        let term = |name: &str| calendar.terms.iter().find(|term| term.name.eq_ignore_ascii_case(name));
        match self {
            Self::LastTeachingDay => calendar.last_teaching_day,
            Self::SchoolYearStart => calendar.school_year_start,
            Self::TermStart(name) => term(name).map(|term| term.start),
            Self::TermEnd(name) => term(name).map(|term| term.end),
            Self::VendorDate => calendar.vendor_date,
        }
        .ok_or_else(|| MissingDate { which: self.clone() })
    }
}

/// In the words of people: `last teaching day`.
impl std::fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LastTeachingDay => f.write_str("last teaching day"),
            Self::SchoolYearStart => f.write_str("school year start"),
            Self::TermStart(name) => write!(f, "start of the term {name:?}"),
            Self::TermEnd(name) => write!(f, "end of the term {name:?}"),
            Self::VendorDate => f.write_str("vendor date"),
        }
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.base {
            Base::Fixed(date) => write!(f, "{date}")?,
            Base::Calendar(CalendarDate::LastTeachingDay) => f.write_str(LAST_TEACHING_DAY)?,
            Base::Calendar(CalendarDate::SchoolYearStart) => f.write_str(SCHOOL_YEAR_START)?,
            Base::Calendar(CalendarDate::TermStart(name)) => write!(f, "{TERM_START}({name})")?,
            Base::Calendar(CalendarDate::TermEnd(name)) => write!(f, "{TERM_END}({name})")?,
            Base::Calendar(CalendarDate::VendorDate) => f.write_str(VENDOR_DATE)?,
        }
        match self.shift {
            Some(Shift::Later(span)) => write!(f, " + {span}")?,
            Some(Shift::Earlier(span)) => write!(f, " - {span}")?,
            None => {}
        }
        self.time.map_or(Ok(()), |time| write!(f, " {}", time.format("%H:%M")))
    }
}

impl TryFrom<String> for When {
    type Error = WhenError;

    fn try_from(text: String) -> Result<Self, WhenError> {
        text.parse()
    }
}

impl From<When> for String {
    fn from(when: When) -> Self {
        when.to_string()
    }
}

const LAST_TEACHING_DAY: &str = "last_teaching_day";
const SCHOOL_YEAR_START: &str = "school_year_start";
const TERM_START: &str = "term_start";
const TERM_END: &str = "term_end";
const VENDOR_DATE: &str = "vendor_date";

impl std::str::FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        let mut reader = Reader { text, at: 0 };
        let base = reader.base()?;
        let shift = reader.shift()?;
        let time = reader.time()?;
        reader.end(if time.is_some() {
            "the end"
        } else {
            "+ or - and a span, a time as 18:00, or the end"
        })?;
        Ok(Self { base, shift, time })
    }
}

/// Reads from left to right; `at` is a byte position on a character boundary.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn base(&mut self) -> Result<Base, WhenError> {
        self.skip_spaces();
        let start = self.at;
        let word = self.take_while(|c| {
            c.is_ascii_alphanumeric() || c == '_' || (c == '-' && starts_with_digit(self.text, start))
        });
        let date = match word {
            LAST_TEACHING_DAY => CalendarDate::LastTeachingDay,
            SCHOOL_YEAR_START => CalendarDate::SchoolYearStart,
            VENDOR_DATE => CalendarDate::VendorDate,
            TERM_START => CalendarDate::TermStart(self.term_name()?),
            TERM_END => CalendarDate::TermEnd(self.term_name()?),
            date if date.starts_with(|c: char| c.is_ascii_digit()) => {
                return parse_date(date)
                    .map(Base::Fixed)
                    .ok_or_else(|| self.expected_at(start, "a date that exists, as 2024-06-21"));
            }
            _ => return Err(self.expected_at(start, BASES)),
        };
        Ok(Base::Calendar(date))
    }

    fn term_name(&mut self) -> Result<String, WhenError> {
        if !self.take('(') {
            return Err(self.expected_at(self.at, "( and the name of a term"));
        }
        let start = self.at;
        let name = self.take_while(|c| c != ')').trim().to_owned();
        if name.is_empty() {
            return Err(self.expected_at(start, "the name of a term"));
        }
        if self.take(')') { Ok(name) } else { Err(self.expected_at(self.at, ") after the name of the term")) }
    }

    fn shift(&mut self) -> Result<Option<Shift>, WhenError> {
        self.skip_spaces();
        let later = if self.take('+') {
            true
        } else if self.take('-') {
            false
        } else {
            return Ok(None);
        };
        self.skip_spaces();
        let start = self.at;
        let span = self.take_while(|c| c.is_ascii_alphanumeric()).parse::<Span>().ok();
        match span {
            Some(span) if matches!(span.unit, Unit::Weeks | Unit::Days) => {
                Ok(Some(if later { Shift::Later(span) } else { Shift::Earlier(span) }))
            }
            _ => Err(self.expected_at(start, "a number of weeks or days, as 2w or 3d")),
        }
    }

    fn time(&mut self) -> Result<Option<NaiveTime>, WhenError> {
        self.skip_spaces();
        let start = self.at;
        let word = self.take_while(|c| c.is_ascii_digit() || c == ':');
        if word.is_empty() {
            return Ok(None);
        }
        let time = if word.len() == 5 { NaiveTime::parse_from_str(word, "%H:%M").ok() } else { None };
        time.map(Some).ok_or_else(|| self.expected_at(start, "a time from 00:00 to 23:59"))
    }

    fn end(&mut self, expected: &'static str) -> Result<(), WhenError> {
        self.skip_spaces();
        if self.at == self.text.len() { Ok(()) } else { Err(self.expected_at(self.at, expected)) }
    }

    fn skip_spaces(&mut self) {
        self.take_while(|c| c == ' ');
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.text[self.at..].starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let word = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn expected_at(&self, at: usize, expected: &'static str) -> WhenError {
        WhenError { text: self.text.to_owned(), position: self.text[..at].chars().count() + 1, expected }
    }
}

const BASES: &str = "a date as 2024-06-21, last_teaching_day, school_year_start, term_start(NAME), term_end(NAME) or vendor_date";

fn starts_with_digit(text: &str, at: usize) -> bool {
    text[at..].starts_with(|c: char| c.is_ascii_digit())
}

/// Four, two and two digits; `2024-6-1` is refused, since it is as often a slip.
fn parse_date(text: &str) -> Option<NaiveDate> {
    (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TermDates;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar() -> Calendar {
        Calendar {
            last_teaching_day: Some(day("2024-06-21")),
            school_year_start: Some(day("2024-08-19")),
            terms: vec![TermDates {
                name: "Vår 2024".into(),
                start: day("2024-01-02"),
                end: day("2024-06-30"),
            }],
            vendor_date: None,
        }
    }

    #[test]
    fn resolves_fixed_and_relative_points() {
        for (text, local) in [
            ("2024-06-21 18:00", "2024-06-21T18:00:00"),
            ("2024-06-21", "2024-06-21T00:00:00"),
            ("2024-02-28 + 1d", "2024-02-29T00:00:00"),
            ("last_teaching_day + 1d 18:00", "2024-06-22T18:00:00"),
            ("school_year_start - 2w 06:00", "2024-08-05T06:00:00"),
            ("term_end(Vår 2024) + 3d", "2024-07-03T00:00:00"),
            ("term_start(vår 2024)", "2024-01-02T00:00:00"),
        ] {
            let when: When = text.parse().unwrap();
            assert_eq!(when.resolve(&calendar()).unwrap(), local.parse().unwrap(), "{text}");
            assert_eq!(when.to_string(), text);
            assert_eq!(
                when.fixed(&calendar()).unwrap().resolve(&Calendar::default()),
                when.resolve(&calendar())
            );
        }
    }

    #[test]
    fn spaces_are_free() {
        let when: When = "  last_teaching_day+1d   18:00 ".parse().unwrap();
        assert_eq!(when.to_string(), "last_teaching_day + 1d 18:00");
        assert_eq!(serde_json::to_string(&when).unwrap(), "\"last_teaching_day + 1d 18:00\"");
    }

    #[test]
    fn names_the_date_that_is_missing() {
        for (text, said) in [
            ("vendor_date", "the calendar has no vendor date"),
            ("term_end(Spring) + 3d", "the calendar has no end of the term \"Spring\""),
        ] {
            let missing = text.parse::<When>().unwrap().resolve(&calendar()).unwrap_err();
            assert_eq!(missing.to_string(), said);
        }
    }

    #[test]
    fn an_error_names_the_place_and_what_was_expected() {
        for (text, position, expected) in [
            ("", 1, BASES),
            ("last_day + 1d", 1, BASES),
            ("2024-06-31", 1, "a date that exists, as 2024-06-21"),
            ("2024-6-1", 1, "a date that exists, as 2024-06-21"),
            ("12345678901234567890", 1, "a date that exists, as 2024-06-21"),
            ("term_end", 9, "( and the name of a term"),
            ("term_end( )", 10, "the name of a term"),
            ("term_end(Vår", 13, ") after the name of the term"),
            ("term_end(Vår) + 3h", 17, "a number of weeks or days, as 2w or 3d"),
            ("last_teaching_day +", 20, "a number of weeks or days, as 2w or 3d"),
            ("last_teaching_day + 10000d", 21, "a number of weeks or days, as 2w or 3d"),
            ("2024-06-21 24:00", 12, "a time from 00:00 to 23:59"),
            ("2024-06-21 8:00", 12, "a time from 00:00 to 23:59"),
            ("2024-06-21 18:00 x", 18, "the end"),
            ("2024-06-21T18:00", 1, "a date that exists, as 2024-06-21"),
            ("vendor_date soon", 13, "+ or - and a span, a time as 18:00, or the end"),
        ] {
            let error = text.parse::<When>().unwrap_err();
            assert_eq!(error, WhenError { text: text.to_owned(), position, expected });
        }
    }
}
