//! The columns of each kind, and the way between a record and its row.

use super::table::Table;
use crate::model::{
    Course, CourseDetails, Group, GroupDetails, Kind, Membership, MembershipDetails, Person, PersonDetails,
    Profile, Record, RecordHash, RecordKey, Role, SyncKey,
};
use chrono::NaiveDate;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    /// A text that few rows have in common, close to the one of the row before.
    Distinct,
    Number,
    /// Days since 1 January 1970.
    Date,
    /// 16 bytes.
    Digest,
}

/// A column: its name, its type, whether a row may lack it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub name: &'static str,
    pub of: Type,
    pub optional: bool,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Absent,
    Text(String),
    Number(i32),
    Digest([u8; 16]),
}

pub(super) const fn text(name: &'static str) -> Column {
    Column { name, of: Type::Text, optional: false }
}

pub(super) const fn number(name: &'static str) -> Column {
    Column { name, of: Type::Number, optional: false }
}

pub(super) const fn distinct(name: &'static str) -> Column {
    Column { name, of: Type::Distinct, optional: false }
}

pub(super) const fn digest(name: &'static str) -> Column {
    Column { name, of: Type::Digest, optional: false }
}

const fn maybe(name: &'static str) -> Column {
    Column { name, of: Type::Text, optional: true }
}

const fn date(name: &'static str) -> Column {
    Column { name, of: Type::Date, optional: true }
}

const GROUP: &[Column] = &[
    text("source"),
    distinct("id"),
    text("type"),
    number("level"),
    text("name"),
    maybe("parent_source"),
    maybe("parent_id"),
    maybe("long"),
    maybe("full"),
    maybe("org"),
    digest("hash"),
];
const PERSON: &[Column] = &[
    text("source"),
    distinct("id"),
    maybe("userid"),
    text("given"),
    text("family"),
    maybe("email"),
    date("birth_date"),
    text("profile"),
    maybe("nickname"),
    maybe("middle_name"),
    maybe("url"),
    maybe("phone"),
    maybe("mobile"),
    maybe("street"),
    maybe("extended"),
    maybe("postcode"),
    maybe("locality"),
    maybe("relatives"),
    digest("hash"),
];
const COURSE: &[Column] = &[
    text("source"),
    distinct("id"),
    text("title"),
    maybe("code"),
    maybe("template_source"),
    maybe("template_id"),
    maybe("parent_source"),
    maybe("parent_id"),
    maybe("long"),
    maybe("full"),
    maybe("org"),
    maybe("credits"),
    maybe("creator_source"),
    maybe("creator_id"),
    maybe("terms"),
    digest("hash"),
];
const MEMBERSHIP: &[Column] = &[
    text("group_source"),
    text("group_id"),
    text("person_source"),
    distinct("person_id"),
    text("role"),
    date("begin"),
    date("end"),
    maybe("subrole"),
    maybe("custom_role"),
    digest("hash"),
];

pub(super) const fn of(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Group => GROUP,
        Kind::Person => PERSON,
        Kind::Course => COURSE,
        Kind::Membership => MEMBERSHIP,
    }
}

/// How many columns, from the left, are the key.
const fn key_length(kind: Kind) -> usize {
    match kind {
        Kind::Group | Kind::Person | Kind::Course => 2,
        Kind::Membership => 4,
    }
}

pub(super) const fn table(kind: Kind) -> Table {
    Table { name: kind.as_str(), columns: of(kind), sorted_by: key_length(kind) }
}

/// The columns that [`record`] takes.
pub(super) fn every(kind: Kind) -> Vec<usize> {
    (0..of(kind).len()).collect()
}

/// The columns that [`key`] takes.
pub(super) fn of_key(kind: Kind) -> Vec<usize> {
    (0..key_length(kind)).chain([of(kind).len() - 1]).collect()
}

impl From<Option<String>> for Cell {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Absent, Self::Text)
    }
}

impl From<&Option<String>> for Cell {
    fn from(value: &Option<String>) -> Self {
        value.clone().into()
    }
}

impl From<Option<NaiveDate>> for Cell {
    fn from(value: Option<NaiveDate>) -> Self {
        value.map_or(Self::Absent, |date| Self::Number(date.to_epoch_days()))
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

fn both(key: Option<&SyncKey>) -> [Cell; 2] {
    [key.map(|key| key.source.clone()).into(), key.map(|key| key.id.clone()).into()]
}

/// A list as JSON text; absent when it is empty.
fn list<T: serde::Serialize>(items: &[T]) -> Cell {
    if items.is_empty() {
        return Cell::Absent;
    }
    Cell::Text(serde_json::to_string(items).expect("keys are text"))
}

/// The row of a record with its digest.
pub(super) fn row(record: &Record, hash: RecordHash) -> Vec<Cell> {
    let mut row = Vec::with_capacity(of(record.kind()).len());
    match record {
        Record::Group(g) => {
            row.extend(both(Some(&g.key)));
            row.extend([
                g.group_type.as_str().into(),
                Cell::Number(i32::from(g.level)),
                g.name.as_str().into(),
            ]);
            row.extend(both(g.parent.as_ref()));
            row.extend([&g.details.long, &g.details.full, &g.details.org].map(Cell::from));
        }
        Record::Person(p) => {
            row.extend(both(Some(&p.key)));
            row.extend([p.userid.clone().into(), p.given.as_str().into(), p.family.as_str().into()]);
            row.extend([p.email.clone().into(), p.birth_date.into(), p.profile.as_str().into()]);
            let d: &PersonDetails = &p.details;
            row.extend([&d.nickname, &d.middle_name, &d.url, &d.phone, &d.mobile].map(Cell::from));
            row.extend([&d.street, &d.extended, &d.postcode, &d.locality].map(Cell::from));
            row.push(list(&d.relatives));
        }
        Record::Course(c) => {
            row.extend(both(Some(&c.key)));
            row.extend([c.title.as_str().into(), c.code.clone().into()]);
            row.extend(both(c.template.as_ref()));
            row.extend(both(c.parent.as_ref()));
            let d: &CourseDetails = &c.details;
            row.extend([&d.long, &d.full, &d.org, &d.credits].map(Cell::from));
            row.extend(both(d.creator.as_ref()));
            row.push(list(&d.terms));
        }
        Record::Membership(m) => {
            row.extend(both(Some(&m.group)));
            row.extend(both(Some(&m.person)));
            row.extend([m.role.as_str().into(), m.begin.into(), m.end.into()]);
            row.extend([&m.details.subrole, &m.details.custom_role].map(Cell::from));
        }
    }
    row.push(Cell::Digest(hash.0));
    row
}

/// Takes the cells of a row one after another.
struct Cells(std::vec::IntoIter<Cell>);

impl Cells {
    fn maybe(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn text(&mut self) -> Result<String, String> {
        self.maybe().ok_or_else(|| "a value is missing".to_owned())
    }

    fn number(&mut self) -> Option<i32> {
        match self.0.next() {
            Some(Cell::Number(number)) => Some(number),
            _ => None,
        }
    }

    fn date(&mut self) -> Result<Option<NaiveDate>, String> {
        let Some(days) = self.number() else { return Ok(None) };
        NaiveDate::from_epoch_days(days).map(Some).ok_or_else(|| "a date is out of range".to_owned())
    }

    fn digest(&mut self) -> Result<RecordHash, String> {
        match self.0.next() {
            Some(Cell::Digest(digest)) => Ok(RecordHash(digest)),
            _ => Err("a digest is missing".to_owned()),
        }
    }

    fn key(&mut self) -> Result<SyncKey, String> {
        Ok(SyncKey { source: self.text()?, id: self.text()? })
    }

    fn list<T: serde::de::DeserializeOwned>(&mut self) -> Result<Vec<T>, String> {
        let Some(text) = self.maybe() else { return Ok(Vec::new()) };
        serde_json::from_str(&text).map_err(|_| "a list is not what was written".to_owned())
    }

    fn maybe_key(&mut self) -> Option<SyncKey> {
        let (source, id) = (self.maybe(), self.maybe());
        source.zip(id).map(|(source, id)| SyncKey { source, id })
    }
}

// The fields of a literal are taken in the order in which they are written: that of the columns.
fn person_details(cells: &mut Cells) -> Result<PersonDetails, String> {
    Ok(PersonDetails {
        nickname: cells.maybe(),
        middle_name: cells.maybe(),
        url: cells.maybe(),
        phone: cells.maybe(),
        mobile: cells.maybe(),
        street: cells.maybe(),
        extended: cells.maybe(),
        postcode: cells.maybe(),
        locality: cells.maybe(),
        relatives: cells.list()?,
    })
}

fn course_details(cells: &mut Cells) -> Result<CourseDetails, String> {
    Ok(CourseDetails {
        long: cells.maybe(),
        full: cells.maybe(),
        org: cells.maybe(),
        credits: cells.maybe(),
        creator: cells.maybe_key(),
        terms: cells.list()?,
    })
}

/// The record of a row and its digest, checked against the one that was written with it.
pub(super) fn record(kind: Kind, row: Vec<Cell>) -> Result<(Record, RecordHash), String> {
    let mut cells = Cells(row.into_iter());
    let record = match kind {
        Kind::Group => Record::Group(Group {
            key: cells.key()?,
            group_type: cells.text()?,
            level: cells
                .number()
                .and_then(|level| u8::try_from(level).ok())
                .ok_or("a level is out of range")?,
            name: cells.text()?,
            parent: cells.maybe_key(),
            details: GroupDetails { long: cells.maybe(), full: cells.maybe(), org: cells.maybe() }.into(),
        }),
        Kind::Person => Record::Person(Person {
            key: cells.key()?,
            userid: cells.maybe(),
            given: cells.text()?,
            family: cells.text()?,
            email: cells.maybe(),
            birth_date: cells.date()?,
            profile: Profile::from(cells.text()?),
            details: person_details(&mut cells)?.into(),
        }),
        Kind::Course => Record::Course(Course {
            key: cells.key()?,
            title: cells.text()?,
            code: cells.maybe(),
            template: cells.maybe_key(),
            parent: cells.maybe_key(),
            details: course_details(&mut cells)?.into(),
        }),
        Kind::Membership => Record::Membership(Membership {
            group: cells.key()?,
            person: cells.key()?,
            role: Role::parse(&cells.text()?).ok_or("a role is not known")?,
            begin: cells.date()?,
            end: cells.date()?,
            details: MembershipDetails { subrole: cells.maybe(), custom_role: cells.maybe() }.into(),
        }),
    };
    let hash = record.hash();
    if hash == cells.digest()? {
        Ok((record, hash))
    } else {
        Err("a record is not what was written".to_owned())
    }
}

/// The key of a row and the digest that was written with it.
pub(super) fn key(kind: Kind, row: Vec<Cell>) -> Result<(RecordKey, RecordHash), String> {
    let mut cells = Cells(row.into_iter());
    let key = cells.key()?;
    let person = if kind == Kind::Membership { Some(cells.key()?) } else { None };
    Ok((RecordKey { kind, key, person }, cells.digest()?))
}
