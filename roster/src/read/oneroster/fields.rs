//! The values of a row: required ones, words of a list, dates, booleans and lists of sourcedIds.

use super::{
    manifest::Mode,
    report::Reading,
    rows::{Cell, Row},
};
use crate::read::Leniency;
use chrono::{DateTime, NaiveDate};

/// Characters of a sourcedId or a text.
const LONGEST: usize = 256;
/// Characters of a wrong value that an error repeats.
const SHOWN: usize = 40;

/// Whether a row says that something is there, or that it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Here,
    Gone,
}

/// The words of a list, with what each means.
pub(super) type Words<T> = &'static [(&'static str, T)];

impl Reading<'_> {
    /// A sourcedId, which every row needs.
    pub fn id<'r>(&mut self, row: &'r Row<'_>, cell: Cell) -> Option<&'r str> {
        let text = self.text(row, cell);
        if text.is_empty() && row.text(cell).is_empty() {
            self.field(row, cell, "it is empty", "every row has one");
        }
        (!text.is_empty()).then_some(text)
    }

    /// A text without which no record can be made; its value is personal and never repeated.
    pub fn needed<'r>(&mut self, row: &'r Row<'_>, cell: Cell) -> &'r str {
        self.id(row, cell).unwrap_or_default()
    }

    /// A value that the standard requires, and the roster can do without.
    pub fn wanted<'r>(&mut self, row: &'r Row<'_>, cell: Cell) -> &'r str {
        if row.text(cell).is_empty() {
            let fix = "the standard requires it: fill it, or allow empty values for this customer";
            self.lets_pass(Leniency::EmptyRequired, row.error(cell, "it is empty".to_owned(), fix));
        }
        self.text(row, cell)
    }

    /// A text that may be empty.
    pub fn text<'r>(&mut self, row: &'r Row<'_>, cell: Cell) -> &'r str {
        let text = row.text(cell);
        if text.len() <= LONGEST {
            return text;
        }
        let length = text.chars().count();
        if length <= LONGEST {
            return text;
        }
        self.field(row, cell, format!("{length} characters"), "expected 256 at most");
        ""
    }

    pub fn optional(&mut self, row: &Row<'_>, cell: Cell) -> Option<String> {
        let text = self.text(row, cell);
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub fn status(&mut self, row: &Row<'_>, status: Cell, modified: Cell, mode: Mode) -> Status {
        if mode == Mode::Delta {
            self.modified(row, modified);
        }
        match row.text(status) {
            "active" => Status::Here,
            "tobedeleted" => Status::Gone,
            "" if mode != Mode::Delta => Status::Here,
            "" => {
                self.field(row, status, "it is empty", "a delta says active or tobedeleted in each row");
                Status::Here
            }
            other => self.odd_status(row, status, other),
        }
    }

    fn odd_status(&mut self, row: &Row<'_>, cell: Cell, text: &str) -> Status {
        let what = format!("{:?} is no status", shown(text));
        let error = row.error(cell, what, "expected active or tobedeleted");
        let plain = text.to_ascii_lowercase();
        let (leniency, meant) = match plain.as_str() {
            "active" => (Leniency::WrongCase, Status::Here),
            "tobedeleted" => (Leniency::WrongCase, Status::Gone),
            "inactive" => (Leniency::StatusInactive, Status::Gone),
            _ => (Leniency::UnknownStatus, Status::Here),
        };
        self.lets_pass(leniency, error);
        meant
    }

    fn modified(&mut self, row: &Row<'_>, cell: Cell) {
        let text = row.text(cell);
        if DateTime::parse_from_rfc3339(text).is_err() && iso_date(text).is_none() {
            let what = if text.is_empty() {
                "it is empty".to_owned()
            } else {
                format!("{:?} is no time", shown(text))
            };
            self.field(row, cell, what, "a delta says when, as 2024-08-19T06:30:00.000Z");
        }
    }

    /// One word of a list; none and an error for another one.
    pub fn word<T: Clone>(&mut self, row: &Row<'_>, cell: Cell, words: Words<T>) -> Option<T> {
        let text = row.text(cell);
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(meaning.clone());
        }
        let list = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let what = match text {
            "" => "it is empty".to_owned(),
            text => format!("{:?} is none of the standard's words", shown(text)),
        };
        let error = row.error(cell, what, &format!("expected one of {list}"));
        match words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            Some((_, meaning)) => self.lets_pass(Leniency::WrongCase, error).then(|| meaning.clone()),
            None => {
                self.add(error);
                None
            }
        }
    }

    /// Empty is false.
    pub fn boolean(&mut self, row: &Row<'_>, cell: Cell) -> bool {
        !row.text(cell).is_empty()
            && self.word(row, cell, &[("true", true), ("false", false)]).unwrap_or(false)
    }

    pub fn date(&mut self, row: &Row<'_>, cell: Cell) -> Option<NaiveDate> {
        self.date_shown(row, cell, |text| format!("{:?} is no date", shown(text)))
    }

    /// A date of which an error tells the form alone.
    pub fn personal_date(&mut self, row: &Row<'_>, cell: Cell) -> Option<NaiveDate> {
        self.date_shown(row, cell, |text| {
            format!("a text of the form {:?} is no date", form_of(&shown(text)))
        })
    }

    fn date_shown(&mut self, row: &Row<'_>, cell: Cell, what: impl Fn(&str) -> String) -> Option<NaiveDate> {
        let text = row.text(cell);
        if text.is_empty() {
            return None;
        }
        if let Some(date) = iso_date(text) {
            return Some(date);
        }
        let error = row.error(cell, what(text), "expected YYYY-MM-DD");
        let date = day_first(text);
        let leniency = if date.is_some() { Leniency::DayFirstDates } else { Leniency::BadDates };
        self.lets_pass(leniency, error);
        date
    }

    /// The sourcedIds of a comma-joined list.
    pub fn ids<'r>(&mut self, row: &'r Row<'_>, cell: Cell) -> impl Iterator<Item = &'r str> {
        let list = row.text(cell);
        let long = list.split(',').any(|id| id.trim().chars().count() > LONGEST);
        if long {
            self.field(row, cell, "a sourcedId is too long", "expected 256 characters at most");
        }
        let list = if long { "" } else { list };
        list.split(',').map(str::trim).filter(|id| !id.is_empty())
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// Digits as 9 and letters as a: `1/05/2023` has the form `9/99/9999`.
fn form_of(text: &str) -> String {
    let form = |character: char| match character {
        c if c.is_numeric() => '9',
        c if c.is_alphabetic() => 'a',
        c => c,
    };
    text.chars().map(form).collect()
}

/// YYYY-MM-DD and nothing else. By hand, as a general parser would take longer than all the rest of a row.
fn iso_date(text: &str) -> Option<NaiveDate> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i32::try_from(number(&bytes[..4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&bytes[5..7])?, number(&bytes[8..])?)
}

/// `1/05/2023`, `1.5.2023` and `01-05-2023`: the day, the month, the year.
fn day_first(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split(['/', '.', '-']);
    let mut number = |longest: usize| {
        let part = parts.next()?;
        let plain = (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u32>().ok())?
    };
    let (day, month, year) = (number(2)?, number(2)?, number(4)?);
    let whole = parts.next().is_none() && year >= 1000;
    whole.then(|| NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_dates_of_the_calendar_are_dates() {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
        let cases = [
            ("2024-02-29", day(2024, 2, 29), None),
            ("2023-02-29", None, None),
            ("2023-5-01", None, None),
            ("+023-05-01", None, None),
            ("2023-05-01T00:00", None, None),
            ("1/05/2023", None, day(2023, 5, 1)),
            ("13.1.2023", None, day(2023, 1, 13)),
            ("1/13/2023", None, None),
            ("1/05/23", None, None),
            ("1/05/2023/1", None, None),
            ("", None, None),
        ];
        for (text, iso, lenient) in cases {
            assert_eq!((iso_date(text), day_first(text)), (iso, lenient), "{text}");
        }
    }
}
