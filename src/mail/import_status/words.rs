//! What a language has to say in the status mail: a sentence that one of them lacks does not compile.

mod bokmal;
mod english;
mod swedish;
mod undo;

pub(super) use undo::UndoWords;

use super::said::{Happened, Left, Next, Note};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use rollover_jobs::{Language, ports::Outcome};
use rollover_roster::{
    explain::Cause,
    filter::{Breach, Limit},
    model::{Kind, Profile, Role},
    read::Leniency,
    shrunken::Shrunken,
};

pub(super) fn words_of(language: Language) -> &'static dyn Words {
    match language {
        Language::English => &english::English,
        Language::Bokmal => &bokmal::Bokmal,
        Language::Swedish => &swedish::Swedish,
    }
}

/// Headings, columns and labels.
pub(super) struct Labels {
    /// As HTML names the language.
    pub code: &'static str,
    pub next: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub difference: &'static str,
    pub before_and_after: &'static str,
    pub courses_active: &'static str,
    pub courses_archived: &'static str,
    pub changes: &'static str,
    pub create: &'static str,
    pub update: &'static str,
    pub delete: &'static str,
    pub planned: &'static str,
    pub postponed: &'static str,
    pub held: &'static str,
    pub not_released: &'static str,
    pub applied: &'static str,
    pub limits: &'static str,
    pub by_school: &'static str,
    pub by_class: &'static str,
    pub by_sort: &'static str,
    pub elsewhere: &'static str,
    pub conceded: &'static str,
    pub about_conceded: &'static str,
    pub ask: &'static str,
    pub errors: &'static str,
    /// That the errors are told in English, where this is another language.
    pub about_errors: &'static str,
    pub fix: &'static str,
    pub this_run: &'static str,
    pub customer: &'static str,
    pub roster: &'static str,
    pub snapshot: &'static str,
    pub start: &'static str,
    pub end: &'static str,
    pub duration: &'static str,
    pub time_zone: &'static str,
    pub decision: &'static str,
}

/// A noun, for one and for several.
pub(super) type Noun = (&'static str, &'static str);

/// What was let pass, and what the vendor of the MIS is to do instead.
pub(super) struct Departure {
    pub what: &'static str,
    pub ask: &'static str,
}

pub(super) trait Words: UndoWords + Sync {
    fn labels(&self) -> &'static Labels;
    /// Between three digits and three.
    fn thousands(&self) -> char;
    fn decimal(&self) -> char;
    fn months(&self) -> [&'static str; 12];
    /// From Monday on.
    fn weekdays(&self) -> [&'static str; 7];
    fn kind(&self, kind: Kind) -> Noun;
    fn moment(&self, weekday: &str, date: &str, time: &str) -> String;
    fn date_of(&self, day: u32, month: &str, year: i32) -> String;
    /// `h`, and less than a second.
    fn spans(&self) -> (&'static str, &'static str);
    fn others(&self, count: u64) -> String;
    fn and(&self) -> &'static str;

    fn verdict(&self, outcome: Outcome) -> &'static str;
    fn subject(&self, outcome: Outcome, customer: &str) -> String;
    fn title(&self, customer: &str) -> String;
    fn details_of(&self, run: i64) -> String;
    fn open_run(&self, run: i64) -> String;
    fn footer(&self, customer: &str) -> String;

    fn happened(&self, happened: &Happened<'_>) -> String;
    /// As `3 persons (1,420 in the last one)`.
    fn shrunken(&self, size: &Shrunken) -> String;
    fn left(&self, left: Left) -> &'static str;
    fn put_right(&self) -> &'static str;
    fn next(&self, next: &Next) -> String;
    fn note_title(&self, note: &Note<'_>) -> &'static str;
    fn note(&self, note: &Note<'_>) -> String;
    fn decision(&self, number: i64) -> String;

    fn breach(&self, breach: &Breach) -> String;
    fn cause(&self, cause: &Cause) -> String;
    fn class_at(&self, class: &str, school: &str) -> String;
    fn profile(&self, profile: &Profile) -> String;
    fn in_groups(&self, role: Role) -> String;
    fn in_courses(&self, role: Role) -> String;

    fn departure(&self, leniency: Leniency) -> Departure;
    fn times(&self, count: u64) -> String;
    fn place(&self, line: u64, column: u64) -> String;
    fn more_errors(&self, count: u64) -> String;

    // What every language makes of its words in the same way.

    fn number(&self, number: u64) -> String {
        rollover_roster::figures::thousands(number).replace(',', &self.thousands().to_string())
    }

    /// A number and what it counts.
    fn counted(&self, count: u64, noun: Noun) -> String {
        format!("{} {}", self.number(count), if count == 1 { noun.0 } else { noun.1 })
    }

    /// With one digit behind the decimal sign, as `28,7`.
    fn share(&self, part: u64, of: u64) -> String {
        let percent = if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 };
        format!("{percent:.1}").replace('.', &self.decimal().to_string())
    }

    /// The two forms of a limit, the one in percent without its sign.
    fn limit(&self, limit: Limit) -> (Option<String>, Option<String>) {
        let percent = limit.max_pct.map(|max| max.to_string().replace('.', &self.decimal().to_string()));
        (limit.max_abs.map(|max| self.number(max)), percent)
    }

    fn date(&self, date: NaiveDate) -> String {
        let month = self.months()[date.month0() as usize];
        self.date_of(date.day(), month, date.year())
    }

    /// With weekday and second, by the clock of that zone.
    fn moment_of(&self, at: DateTime<Tz>) -> String {
        let weekday = self.weekdays()[at.weekday().num_days_from_monday() as usize];
        let time = at.format("%H:%M:%S (UTC%:z)").to_string();
        self.moment(weekday, &self.date(at.date_naive()), &time)
    }

    fn duration(&self, span: TimeDelta) -> String {
        let seconds = span.num_seconds().max(0);
        let (hours, none) = self.spans();
        match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
            (0, 0, 0) => none.to_owned(),
            (0, 0, s) => format!("{s} s"),
            (0, m, s) => format!("{m} min {s:02} s"),
            (h, m, _) => format!("{h} {hours} {m:02} min"),
        }
    }

    /// As `a, b and c`.
    fn listed(&self, names: &[String]) -> String {
        match names {
            [] => String::new(),
            [name] => name.clone(),
            [first @ .., last] => format!("{} {} {last}", first.join(", "), self.and()),
        }
    }

    /// `words` are those from one to ten; more is written in digits.
    fn in_words_of(&self, number: u64, words: [&str; 10]) -> String {
        let word = usize::try_from(number).ok().and_then(|number| words.get(number.checked_sub(1)?));
        word.map_or_else(|| self.number(number), |word| (*word).to_owned())
    }

    /// A share in whole percent; `None`: it is all.
    fn percent(&self, part: u64, of: u64) -> Option<u64> {
        (part != of).then(|| rollover_roster::figures::percent(part, of))
    }

    /// Every kind of which most is missing.
    fn all_shrunken(&self, sizes: &[Shrunken]) -> String {
        self.listed(&sizes.iter().map(|size| self.shrunken(size)).collect::<Vec<_>>())
    }

    /// The names of schools, and how many there are beyond them.
    fn listed_with_more(&self, names: &[String], more: u64, of_more: &str) -> String {
        let mut names = names.to_vec();
        if more > 0 {
            names.push(format!("{} {of_more}", self.number(more)));
        }
        self.listed(&names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stand_by_the_customers_clock_and_in_its_language() {
        let at = |text: &str, zone: Tz| text.parse::<DateTime<chrono::Utc>>().unwrap().with_timezone(&zone);
        let oslo = at("2024-06-03T01:30:00Z", chrono_tz::Europe::Oslo);
        let new_year = at("2024-01-01T23:30:09Z", chrono_tz::Europe::Stockholm);
        let cases = [
            (Language::English, oslo, "Monday 3 June 2024, 03:30:00 (UTC+02:00)"),
            (Language::Bokmal, oslo, "mandag 3. juni 2024 kl. 03:30:00 (UTC+02:00)"),
            (Language::Swedish, oslo, "måndag 3 juni 2024 kl. 03:30:00 (UTC+02:00)"),
            (Language::English, new_year, "Tuesday 2 January 2024, 00:30:09 (UTC+01:00)"),
            (Language::Bokmal, new_year, "tirsdag 2. januar 2024 kl. 00:30:09 (UTC+01:00)"),
            (Language::Swedish, new_year, "tisdag 2 januari 2024 kl. 00:30:09 (UTC+01:00)"),
        ];
        for (language, moment, expected) in cases {
            assert_eq!(words_of(language).moment_of(moment), expected);
        }
    }

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        let cases = [
            (Language::English, "1,234,567", "28.7", "2.5"),
            (Language::Bokmal, "1\u{a0}234\u{a0}567", "28,7", "2,5"),
            (Language::Swedish, "1\u{a0}234\u{a0}567", "28,7", "2,5"),
        ];
        for (language, number, share, limit) in cases {
            let words = words_of(language);
            assert_eq!(words.number(1_234_567), number);
            assert_eq!(words.share(407, 1420), share);
            assert_eq!(words.limit(Limit::percent(2.5)).1.as_deref(), Some(limit));
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
            assert_eq!(words_of(Language::English).duration(TimeDelta::seconds(seconds)), expected);
        }
        assert_eq!(words_of(Language::Bokmal).duration(TimeDelta::minutes(62)), "1 t 02 min");
        assert_eq!(words_of(Language::Swedish).duration(TimeDelta::minutes(62)), "1 tim 02 min");
    }
}
