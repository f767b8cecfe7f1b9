//! What a customer's feed may do against its standard, each by its name; by default nothing (DOMAIN I4).

use super::ReadError;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, collections::BTreeSet, fmt};

/// Places that are kept of one leniency; the rest is counted.
const FIRST: usize = 5;

/// One departure that is read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leniency {
    /// `Scheduled` for `scheduled`, `TRUE` for `true`: taken as meant.
    WrongCase,
    /// A parent that is not there: the group is put under the site.
    UnknownParent,
    /// What points at nothing is left out: a member, a relative, a term.
    DanglingReferences,
    /// Of different records with one key the last counts.
    ConflictingRecords,
    /// Of persons with one login the first keeps it.
    SharedLogins,
    /// A role that is not known is read as member.
    UnknownRoles,
    /// A text that is too long is cut.
    LongTexts,
    /// A date that is none counts as absent.
    BadDates,
    /// A level that is none is read as 2.
    BadLevels,
    /// A status that is not known is read as active.
    UnknownStatus,
    /// Status `inactive` is read as deleted.
    StatusInactive,
    /// `1/05/2023` is the first of May.
    DayFirstDates,
    /// Columns in another order, in another case, under an old name, beside unknown ones, or not there.
    MisspeltHeaders,
    /// A file that the manifest promises and the bundle lacks counts as absent.
    MissingFile,
    /// A bundle without manifest is a full one, of the version that its users.csv shows.
    MissingManifest,
    /// All files of the ZIP lie in one folder.
    WrappingFolder,
    /// Windows-1252 and UTF-16 beside UTF-8.
    OtherEncodings,
    /// Line breaks in fields become blanks.
    LineBreaks,
    /// Required values that the roster can do without may be empty.
    EmptyRequired,
}

impl Leniency {
    pub const ALL: [Self; 19] = [
        Self::WrongCase,
        Self::UnknownParent,
        Self::DanglingReferences,
        Self::ConflictingRecords,
        Self::SharedLogins,
        Self::UnknownRoles,
        Self::LongTexts,
        Self::BadDates,
        Self::BadLevels,
        Self::UnknownStatus,
        Self::StatusInactive,
        Self::DayFirstDates,
        Self::MisspeltHeaders,
        Self::MissingFile,
        Self::MissingManifest,
        Self::WrappingFolder,
        Self::OtherEncodings,
        Self::LineBreaks,
        Self::EmptyRequired,
    ];

    /// The stored name, as `bad_dates`.
    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => unreachable!("a variant without fields is a text"),
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|leniency| leniency.name() == name)
    }

    /// What was done, as the status mail says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongCase => "words in the wrong case were taken as meant",
            Self::UnknownParent => "groups of an unknown parent were put under the site",
            Self::DanglingReferences => "references to what is not in the roster were left out",
            Self::ConflictingRecords => "of different records with one key the last counted",
            Self::SharedLogins => "of persons with one login the first kept it",
            Self::UnknownRoles => "unknown roles were read as member",
            Self::LongTexts => "texts that were too long were cut",
            Self::BadDates => "dates that are none were left out",
            Self::BadLevels => "levels that are none were read as 2",
            Self::UnknownStatus => "unknown statuses were read as active",
            Self::StatusInactive => "the status inactive was read as deleted",
            Self::DayFirstDates => "dates were read with the day first",
            Self::MisspeltHeaders => "headers against the standard were read as meant",
            Self::MissingFile => "missing files counted as absent",
            Self::MissingManifest => "the missing manifest was made up for",
            Self::WrappingFolder => "the folder around the files was passed over",
            Self::OtherEncodings => "files in another encoding than UTF-8 were read",
            Self::LineBreaks => "line breaks in fields became blanks",
            Self::EmptyRequired => "required values that were empty were done without",
        }
    }
}

impl fmt::Display for Leniency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is let pass for one customer; nothing, unless it is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lenient(BTreeSet<Leniency>);

impl Lenient {
    pub fn all() -> Self {
        Leniency::ALL.into_iter().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = Leniency> {
        self.0.iter().copied()
    }

    pub fn allows(&self, leniency: Leniency) -> bool {
        self.0.contains(&leniency)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Leniency> for Lenient {
    fn from_iter<I: IntoIterator<Item = Leniency>>(list: I) -> Self {
        Self(list.into_iter().collect())
    }
}

/// What was let pass in one file, by leniency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Concessions(BTreeMap<Leniency, Concession>);

/// One leniency that was made use of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concession {
    pub count: u64,
    /// The first few, as strict reading would have reported them.
    pub first: Vec<ReadError>,
}

impl Concessions {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (Leniency, &Concession)> {
        self.0.iter().map(|(leniency, concession)| (*leniency, concession))
    }

    pub fn count(&self, leniency: Leniency) -> u64 {
        self.0.get(&leniency).map_or(0, |concession| concession.count)
    }

    fn add(&mut self, leniency: Leniency, error: ReadError) {
        let concession = self.0.entry(leniency).or_default();
        concession.count += 1;
        if concession.first.len() < FIRST {
            concession.first.push(error);
        }
    }
}

/// Judges what is against the standard while one file is read.
#[derive(Debug, Default)]
pub(super) struct Leeway {
    lenient: Lenient,
    concessions: Concessions,
}

impl Leeway {
    pub fn new(lenient: Lenient) -> Self {
        Self { lenient, concessions: Concessions::default() }
    }

    /// Counts what is let pass; gives back what is not as the error that it is.
    #[must_use]
    pub fn concede(&mut self, leniency: Leniency, error: ReadError) -> Option<ReadError> {
        if !self.lenient.allows(leniency) {
            return Some(error);
        }
        self.concessions.add(leniency, error);
        None
    }

    pub fn into_concessions(self) -> Concessions {
        self.concessions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: u64) -> ReadError {
        ReadError { line, ..ReadError::default() }
    }

    // DOMAIN I4
    #[test]
    fn what_is_not_named_stays_an_error() {
        let mut leeway = Leeway::new(Lenient::default());
        assert_eq!(leeway.concede(Leniency::BadDates, error(7)), Some(error(7)));
        assert!(leeway.into_concessions().is_empty());
    }

    #[test]
    fn what_is_let_pass_is_counted_and_its_first_places_are_kept() {
        let mut leeway = Leeway::new([Leniency::BadDates].into_iter().collect());
        for line in 1..=7 {
            assert_eq!(leeway.concede(Leniency::BadDates, error(line)), None);
        }
        assert!(leeway.concede(Leniency::LongTexts, error(8)).is_some());
        let concessions = leeway.into_concessions();
        let [(Leniency::BadDates, concession)] = concessions.iter().collect::<Vec<_>>()[..] else {
            panic!("one leniency was made use of")
        };
        let lines: Vec<u64> = concession.first.iter().map(|error| error.line).collect();
        assert_eq!((concession.count, lines), (7, vec![1, 2, 3, 4, 5]));
    }

    #[test]
    fn all_are_listed_and_named_once() {
        let names: BTreeSet<String> =
            Leniency::ALL.iter().map(|leniency| serde_json::to_string(leniency).unwrap()).collect();
        assert_eq!((names.len(), Lenient::all().0.len()), (Leniency::ALL.len(), Leniency::ALL.len()));
        let last = Leniency::ALL.into_iter().max().unwrap();
        assert_eq!(Leniency::ALL[Leniency::ALL.len() - 1], last, "the list ends with the last one");
        assert!(serde_json::from_str::<Lenient>("[\"bad_manners\"]").is_err());
    }
}
