//! The digest of a record, field by field, and the fields by which two records differ.

use super::{Kind, Record, Relative, SyncKey};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A digest of all fields: equal records, equal digests.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordHash(pub [u8; 16]);

impl fmt::Display for RecordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RecordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The value of a field, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Text(Option<&'a str>),
    Number(u64),
    Date(Option<NaiveDate>),
    /// Source and id.
    Key(Option<(&'a str, &'a str)>),
    Keys(&'a [SyncKey]),
    Relatives(&'a [Relative]),
}

impl<'a> From<&'a SyncKey> for Value<'a> {
    fn from(key: &'a SyncKey) -> Self {
        Self::Key(Some((&key.source, &key.id)))
    }
}

impl<'a> From<&'a Option<SyncKey>> for Value<'a> {
    fn from(key: &'a Option<SyncKey>) -> Self {
        Self::Key(key.as_ref().map(|key| (key.source.as_str(), key.id.as_str())))
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::Text(text.as_deref())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<NaiveDate>> for Value<'_> {
    fn from(date: Option<NaiveDate>) -> Self {
        Self::Date(date)
    }
}

/// Takes the fields of one record, in the order of [`Record::for_each_field`], without a copy of them.
///
/// Each field that is there is written with its name and its length, so no two records can be told for one; one
/// that is absent is not written at all, so a new field leaves the digests of records without it as they are.
pub struct RecordHasher {
    /// The first bytes; nearly all records have no more, and one step over them is much faster than one per field.
    first: [u8; FIRST],
    length: usize,
    /// Everything, once `first` was full.
    rest: Option<Box<blake3::Hasher>>,
}

const FIRST: usize = 512;

impl RecordHasher {
    pub fn new(kind: Kind) -> Self {
        let mut hasher = Self { first: [0; FIRST], length: 0, rest: None };
        hasher.text(kind.as_str());
        hasher
    }

    pub fn field(&mut self, name: &'static str, value: Value<'_>) {
        match value {
            Value::Text(None) | Value::Date(None) | Value::Key(None) => {}
            Value::Keys([]) | Value::Relatives([]) => {}
            value => {
                self.text(name);
                self.value(value);
            }
        }
    }

    fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Text(text) => text.into_iter().for_each(|text| self.text(text)),
            Value::Number(number) => self.number(number),
            Value::Date(date) => date.into_iter().for_each(|date| self.date(date)),
            Value::Key(key) => key.into_iter().for_each(|(source, id)| self.pair(source, id)),
            Value::Keys(keys) => {
                self.number(keys.len() as u64);
                keys.iter().for_each(|key| self.pair(&key.source, &key.id));
            }
            Value::Relatives(relatives) => {
                self.number(relatives.len() as u64);
                for relative in relatives {
                    self.text(relative.relation.as_str());
                    self.pair(&relative.person.source, &relative.person.id);
                }
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.rest.is_none() && self.length + bytes.len() <= FIRST {
            self.first[self.length..self.length + bytes.len()].copy_from_slice(bytes);
            self.length += bytes.len();
            return;
        }
        let first = &self.first[..self.length];
        let begin = || {
            let mut hasher = Box::new(blake3::Hasher::new());
            hasher.update(first);
            hasher
        };
        self.rest.get_or_insert_with(begin).update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.length_of(text.len());
        self.bytes(text.as_bytes());
    }

    /// Texts are shorter than 4 GB: readers have limits.
    fn length_of(&mut self, count: usize) {
        self.bytes(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn date(&mut self, date: NaiveDate) {
        self.bytes(&date.to_epoch_days().to_le_bytes());
    }

    fn pair(&mut self, source: &str, id: &str) {
        self.text(source);
        self.text(id);
    }

    pub fn finish(self) -> RecordHash {
        let mut short = [0; 16];
        let whole = match self.rest {
            None => blake3::hash(&self.first[..self.length]),
            Some(rest) => rest.finalize(),
        };
        short.copy_from_slice(&whole.as_bytes()[..16]);
        RecordHash(short)
    }
}

impl Record {
    pub fn hash(&self) -> RecordHash {
        let mut hasher = RecordHasher::new(self.kind());
        self.for_each_field(|name, value| hasher.field(name, value));
        hasher.finish()
    }

    /// The names of the fields in which two records of one key differ.
    pub fn changed_fields(&self, other: &Self) -> Vec<&'static str> {
        let mut fields = Vec::new();
        self.for_each_field(|name, value| fields.push((name, value)));
        let mut mine = fields.into_iter();
        let mut changed = Vec::new();
        other.for_each_field(|name, value| {
            if mine.next() != Some((name, value)) {
                changed.push(name);
            }
        });
        changed
    }

    /// Every field of the record with its name, the absent ones too, always in the same order.
    pub fn for_each_field<'a>(&'a self, mut visit: impl FnMut(&'static str, Value<'a>)) {
        match self {
            Self::Group(g) => {
                visit("key", (&g.key).into());
                visit("type", g.group_type.as_str().into());
                visit("level", Value::Number(u64::from(g.level)));
                visit("name", g.name.as_str().into());
                visit("parent", (&g.parent).into());
                visit("long", (&g.details.long).into());
                visit("full", (&g.details.full).into());
                visit("org", (&g.details.org).into());
            }
            Self::Person(person) => person.for_each_field(visit),
            Self::Course(c) => {
                visit("key", (&c.key).into());
                visit("title", c.title.as_str().into());
                visit("code", (&c.code).into());
                visit("template", (&c.template).into());
                visit("parent", (&c.parent).into());
                visit("long", (&c.details.long).into());
                visit("full", (&c.details.full).into());
                visit("org", (&c.details.org).into());
                visit("credits", (&c.details.credits).into());
                visit("creator", (&c.details.creator).into());
                visit("terms", Value::Keys(&c.details.terms));
            }
            Self::Membership(m) => {
                visit("group", (&m.group).into());
                visit("person", (&m.person).into());
                visit("role", m.role.as_str().into());
                visit("begin", m.begin.into());
                visit("end", m.end.into());
                visit("subrole", (&m.details.subrole).into());
                visit("custom_role", (&m.details.custom_role).into());
            }
        }
    }
}

impl super::Person {
    fn for_each_field<'a>(&'a self, mut visit: impl FnMut(&'static str, Value<'a>)) {
        visit("key", (&self.key).into());
        visit("userid", (&self.userid).into());
        visit("given", self.given.as_str().into());
        visit("family", self.family.as_str().into());
        visit("email", (&self.email).into());
        visit("birth_date", self.birth_date.into());
        visit("profile", self.profile.as_str().into());
        visit("nickname", (&self.details.nickname).into());
        visit("middle_name", (&self.details.middle_name).into());
        visit("url", (&self.details.url).into());
        visit("phone", (&self.details.phone).into());
        visit("mobile", (&self.details.mobile).into());
        visit("street", (&self.details.street).into());
        visit("extended", (&self.details.extended).into());
        visit("postcode", (&self.details.postcode).into());
        visit("locality", (&self.details.locality).into());
        visit("relatives", Value::Relatives(&self.details.relatives));
    }
}
