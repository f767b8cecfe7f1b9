//! Fields of one record: each is checked for form and length, and an error names its place and never a child.

use super::pifu::Dialect;
use crate::{
    model::SyncKey,
    read::{
        Leniency, ReadOptions, SourceVerdict,
        lenient::{Concessions, Leeway},
        report::ReadError,
        tree::{Element, Place},
    },
};
use chrono::NaiveDate;
use std::fmt;

pub(super) const SOURCE: usize = 32;
pub(super) const ID: usize = 256;
pub(super) const SHORT: usize = 60;
pub(super) const LONG: usize = 256;
pub(super) const FULL: usize = 2048;
/// Characters of a wrong value that an error repeats.
const SHOWN: usize = 40;
/// Signs of a role or a level.
const LONGEST_CODE: usize = 3;
/// Elements around a field that an error names.
const DEEPEST: usize = 4;

/// Which record, by its number among its kind: its key is personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub of: &'static str,
    pub number: u64,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.of, self.number)
    }
}

/// Where a record stands in the file, and which it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub place: Place,
    pub label: Label,
}

impl At {
    /// For what is made and not read.
    pub fn nowhere() -> Self {
        Self { place: Place::default(), label: Label { of: "made", number: 0 } }
    }

    pub fn error(&self, field: &str, what: impl Into<String>, fix: &str) -> ReadError {
        ReadError {
            file: String::new(),
            line: self.place.line,
            column: self.place.column,
            record: self.label.to_string(),
            field: field.to_owned(),
            what: what.into(),
            fix: fix.to_owned(),
        }
    }
}

/// What one file is read by, what is wrong with it and what was let pass.
pub(super) struct Judge<'o> {
    pub options: &'o ReadOptions,
    pub dialect: Dialect,
    errors: Vec<ReadError>,
    leeway: Leeway,
}

impl<'o> Judge<'o> {
    pub fn new(options: &'o ReadOptions) -> Self {
        let leeway = Leeway::new(options.lenient.clone());
        Self { options, dialect: Dialect::default(), errors: Vec::new(), leeway }
    }

    pub fn error(&mut self, error: ReadError) {
        self.errors.push(error);
    }

    /// Whether this is let pass; otherwise it is an error.
    pub fn concede(&mut self, leniency: Leniency, error: ReadError) -> bool {
        let kept = self.leeway.concede(leniency, error);
        let passes = kept.is_none();
        if let Some(error) = kept {
            self.errors.push(error);
        }
        passes
    }

    pub fn allows(&self, leniency: Leniency) -> bool {
        self.options.lenient.allows(leniency)
    }

    pub fn take_errors(&mut self) -> Vec<ReadError> {
        std::mem::take(&mut self.errors)
    }

    pub fn into_concessions(self) -> Concessions {
        self.leeway.into_concessions()
    }
}

/// Reads the fields of one record.
pub(super) struct Field<'j, 'o> {
    at: At,
    /// The elements around the fields that are read.
    within: [&'static str; DEEPEST],
    depth: usize,
    pub judge: &'j mut Judge<'o>,
}

/// What a `sourcedid` comes to.
pub(super) enum Named<T> {
    Key(T),
    /// It is of a source that the mapping ignores.
    Ignored,
    /// It is an error, which was said.
    Bad,
}

impl<T> Named<T> {
    pub fn key(self) -> Option<T> {
        match self {
            Self::Key(key) => Some(key),
            Self::Ignored | Self::Bad => None,
        }
    }
}

/// The key of a record, and those that it had before.
pub(super) struct Keys {
    pub current: SyncKey,
    /// Each with whether the other record was a duplicate of this one.
    pub former: Vec<(SyncKey, bool)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sourced {
    New,
    Old,
    Duplicate,
}

impl<'j, 'o> Field<'j, 'o> {
    pub fn new(at: At, judge: &'j mut Judge<'o>) -> Self {
        Self { at, within: [""; DEEPEST], depth: 0, judge }
    }

    /// Reads fields that errors show inside `name`.
    pub fn inside<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.within[self.depth] = name;
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn make(&self, place: Place, field: &str, what: impl Into<String>, fix: &str) -> ReadError {
        let mut names = self.within[..self.depth].to_vec();
        names.extend(Some(field).filter(|field| !field.is_empty()));
        At { place, ..self.at }.error(&names.join("/"), what, fix)
    }

    pub fn error(&mut self, place: Place, field: &str, what: impl Into<String>, fix: &str) {
        let error = self.make(place, field, what, fix);
        self.judge.error(error);
    }

    /// Whether this is let pass; otherwise it is an error.
    pub fn concede(
        &mut self,
        leniency: Leniency,
        place: Place,
        field: &str,
        what: impl Into<String>,
        fix: &str,
    ) -> bool {
        let error = self.make(place, field, what, fix);
        self.judge.concede(leniency, error)
    }

    /// The text at a path, no longer than `max` characters. Its value is personal and never repeated.
    pub fn text(&mut self, element: Element<'_>, path: &[&str], max: usize) -> Option<String> {
        let text = element.text_at(path)?;
        let Some((what, fix)) = too_long(text, max) else { return Some(text.to_owned()) };
        let place = place_at(element, path);
        let cut = || text.chars().take(max).collect::<String>().trim_end().to_owned();
        self.concede(Leniency::LongTexts, place, &path.join("/"), what, &fix).then(cut)
    }

    /// A text that is never cut, since what it names would be another.
    pub fn id(&mut self, element: Element<'_>, path: &[&str], max: usize) -> Option<String> {
        let text = element.text_at(path)?;
        let Some((what, fix)) = too_long(text, max) else { return Some(text.to_owned()) };
        self.error(place_at(element, path), &path.join("/"), what, &fix);
        None
    }

    pub fn needed(&mut self, element: Element<'_>, path: &[&str], max: usize) -> Option<String> {
        self.is_there(element, path).then(|| self.text(element, path, max)).flatten()
    }

    fn is_there(&mut self, element: Element<'_>, path: &[&str]) -> bool {
        let is_there = element.text_at(path).is_some();
        if !is_there {
            let place = place_at(element, path);
            self.error(place, &path.join("/"), "it is missing or empty", "every such record has one");
        }
        is_there
    }

    /// A date that is not personal.
    pub fn date(&mut self, element: Element<'_>, path: &[&str]) -> Option<NaiveDate> {
        self.date_shown(element, path, |text| format!("{text:?} is no date"))
    }

    /// A date of which an error tells the form alone.
    pub fn personal_date(&mut self, element: Element<'_>, path: &[&str]) -> Option<NaiveDate> {
        self.date_shown(element, path, |text| format!("a text of the form {:?} is no date", form_of(text)))
    }

    fn date_shown(
        &mut self,
        element: Element<'_>,
        path: &[&str],
        what: impl Fn(&str) -> String,
    ) -> Option<NaiveDate> {
        let text = element.text_at(path)?;
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if date.is_none() {
            let shown: String = text.chars().take(SHOWN).collect();
            let (place, fix) = (place_at(element, path), "expected YYYY-MM-DD");
            self.concede(Leniency::BadDates, place, &path.join("/"), what(&shown), fix);
        }
        date
    }

    /// One of the words that are known there.
    pub fn word<T: Copy>(
        &mut self,
        place: Place,
        field: &str,
        found: &str,
        known: &[(&str, T)],
    ) -> Option<T> {
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == found) {
            return Some(*value);
        }
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).filter(|word| !word.is_empty()).collect();
        let fix = format!("expected {}", words.join(", "));
        let what = format!("{:?} is not known", shown_of(found));
        match known.iter().find(|(word, _)| word.eq_ignore_ascii_case(found)) {
            Some((word, value)) => {
                let what = format!("the word is {word:?}, in another case");
                self.concede(Leniency::WrongCase, place, field, what, &fix).then_some(*value)
            }
            None => {
                self.error(place, field, what, &fix);
                None
            }
        }
    }

    /// `recstatus` 3 says that the record is no longer there; in a full file that is the same as its absence.
    pub fn is_deleted(&mut self, element: Element<'_>) -> bool {
        match element.attribute("recstatus") {
            Some("3") => true,
            None | Some("" | "1" | "2") => false,
            Some(other) => {
                let what = format!("{:?} is no status", shown_of(other));
                let fix = "expected 1 for add, 2 for update, 3 for delete";
                self.concede(Leniency::UnknownStatus, element.place, "@recstatus", what, fix);
                false
            }
        }
    }

    /// The pair in `sourcedid`.
    pub fn key(&mut self, element: Element<'_>) -> Named<SyncKey> {
        match self.keys(element) {
            Named::Key(keys) => Named::Key(keys.current),
            Named::Ignored => Named::Ignored,
            Named::Bad => Named::Bad,
        }
    }

    /// The pair in `sourcedid`. After a change of ids the old one may stand beside the new one.
    pub fn keys(&mut self, element: Element<'_>) -> Named<Keys> {
        let known = [
            ("", Sourced::New),
            ("New", Sourced::New),
            ("Old", Sourced::Old),
            ("Duplicate", Sourced::Duplicate),
        ];
        let (mut current, mut former, mut is_bad) = (None, Vec::new(), false);
        for sourcedid in element.all("sourcedid") {
            let found = sourcedid.attribute("sourcedidtype").unwrap_or_default();
            let sort = self.word(sourcedid.place, "sourcedid@sourcedidtype", found, &known);
            match sort {
                Some(Sourced::New) if current.is_none() => current = Some(sourcedid),
                Some(Sourced::New) => {}
                Some(sort) => former.push((sourcedid, sort == Sourced::Duplicate)),
                None => is_bad = true,
            }
        }
        let Some(current) = current else {
            if !is_bad {
                let what = if former.is_empty() { "it is missing" } else { "only an old one is there" };
                self.error(element.place, "sourcedid", what, "every such record has one");
            }
            return Named::Bad;
        };
        let Some(current) = self.pair(current) else { return Named::Bad };
        let former = former.into_iter().filter_map(|(old, sort)| Some((self.pair(old)?, sort))).collect();
        match self.judge.options.mapping.decide_source(&current.source) {
            SourceVerdict::Accepted => Named::Key(Keys { current, former }),
            SourceVerdict::Ignored => Named::Ignored,
            SourceVerdict::Refused => {
                let what = format!("the source {:?} is not one of this customer's", current.source);
                let fix = "leave it out, or add it to the mapping";
                self.error(element.place, "sourcedid/source", what, fix);
                Named::Bad
            }
        }
    }

    fn pair(&mut self, sourcedid: Element<'_>) -> Option<SyncKey> {
        self.inside("sourcedid", |field| {
            let source = field.id(sourcedid, &["source"], SOURCE).unwrap_or_default();
            let id =
                field.is_there(sourcedid, &["id"]).then(|| field.id(sourcedid, &["id"], ID)).flatten()?;
            // Both are trimmed already.
            Some(SyncKey { source, id })
        })
    }
}

fn place_at(element: Element<'_>, path: &[&str]) -> Place {
    element.at(path).map_or(element.place, |found| found.place)
}

fn too_long(text: &str, max: usize) -> Option<(String, String)> {
    // No character is shorter than a byte.
    if text.len() <= max {
        return None;
    }
    let length = text.chars().count();
    (length > max).then(|| (format!("{length} characters"), format!("expected {max} at most")))
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

/// A code as it stands where it is one; a longer text may be a name in the wrong place, and is shown by its form.
pub(super) fn shown_of(code: &str) -> String {
    if code.chars().count() <= LONGEST_CODE {
        return code.to_owned();
    }
    form_of(&code.chars().take(SHOWN).collect::<String>())
}
