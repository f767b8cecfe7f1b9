//! Reads IMS Enterprise 1.1 as learning platforms know it: persons, groups (some with course data), memberships.

mod block;
mod check;
mod convert;
mod field;
mod group;
mod member;
mod person;
mod pifu;
mod references;
mod usual;

pub(crate) use self::{
    block::{BlockFacts, Found, read_block},
    usual::UsualMembership,
};
use self::{
    convert::{Broken as BrokenRecord, Converter, Facts},
    pifu::Dialect,
};
use super::{
    Concessions, ReadOptions, ReadReport,
    decode::Decoded,
    element::{Broken, Elements, Next, ROOT, Root},
    events::Streamed,
    report::{ReadError, WHOLE_FILE},
    tree::Element,
};
use crate::model::{Kind, Roster, SyncKey};
use std::io::BufRead;

/// What the file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    pub datasource: Option<String>,
    pub target: Option<String>,
    pub datetime: Option<String>,
}

impl Properties {
    fn of(element: Element<'_>) -> Self {
        let text = |name: &str| element.text_at(&[name]).map(str::to_owned);
        Self { datasource: text("datasource"), target: text("target"), datetime: text("datetime") }
    }
}

/// A record that has another key than before, as the file announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    pub kind: Kind,
    pub from: SyncKey,
    pub to: SyncKey,
    /// The record of the former key was a duplicate of this one.
    pub is_duplicate: bool,
}

/// A roster that was read without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRoster {
    pub roster: Roster,
    pub properties: Properties,
    /// Groups without an id: they do nothing.
    pub groups_without_id: u64,
    /// Records that the customer's mapping leaves out.
    pub ignored: u64,
    pub key_changes: Vec<KeyChange>,
    /// What was let pass, for the status mail.
    pub concessions: Concessions,
}

/// Reads a whole file. On any error nothing of it is given, and the report names every one up to the limit.
pub fn read_imse(mut input: impl BufRead, options: &ReadOptions) -> Result<ReadRoster, ReadReport> {
    if input.fill_buf().is_ok_and(<[u8]>::is_empty) {
        return Err(empty());
    }
    let limits = &options.limits;
    let decoded = Decoded::new(input, limits.bytes)
        .map_err(|unreadable| ReadReport::whole_file(unreadable.what, unreadable.fix))?;
    let mut reading = Reading::new(options);
    let mut elements = Elements::new(Streamed::new(decoded, limits.text), *limits);
    loop {
        match elements.next() {
            Ok(Next::Root(root)) => reading.root(&root),
            Ok(Next::Child(element)) => reading.child(element),
            Ok(Next::End) => break,
            Err(broken) => {
                reading.broken(broken);
                break;
            }
        }
        if reading.over {
            break;
        }
    }
    reading.finish()
}

/// It has a line, as what breaks off has: a file without a byte may be on its way.
fn empty() -> ReadReport {
    let mut report =
        ReadReport::whole_file("the file is empty", "look at the export of the MIS and at the transfer");
    report.errors.iter_mut().for_each(|error| (error.line, error.column) = (1, 1));
    report
}

/// Whether a file is a whole roster. Whatever else is taken for one deletes all that it does not name.
fn decide_whole(kind: Option<&str>) -> Result<(), &'static str> {
    match kind.map(str::to_lowercase).as_deref() {
        None | Some("full") => Ok(()),
        Some("delta" | "event" | "melding" | "partial") => {
            Err("it holds changes alone, and everything that it does not name would be deleted")
        }
        Some(_) => {
            Err("it is not said to be a full one, and everything that it does not name would be deleted")
        }
    }
}

struct Reading<'o> {
    options: &'o ReadOptions,
    converter: Converter<'o>,
    properties: Properties,
    report: ReadReport,
    over: bool,
}

impl<'o> Reading<'o> {
    fn new(options: &'o ReadOptions) -> Self {
        Self {
            options,
            converter: Converter::new(options),
            properties: Properties::default(),
            report: ReadReport::default(),
            over: false,
        }
    }

    fn add(&mut self, errors: Vec<ReadError>) {
        for error in errors {
            self.report.add(error, &self.options.limits);
        }
    }

    fn root(&mut self, root: &Root) {
        self.converter.judge.dialect = Dialect::of_namespace(root.namespace.as_deref());
        if root.name != ROOT {
            self.report = ReadReport::whole_file(
                format!("the document is <{}>", root.name),
                "expected <enterprise>: look at what the MIS sends",
            );
            self.over = true;
        }
    }

    fn child(&mut self, element: Element<'_>) {
        match element.name {
            "properties" => self.properties(element),
            "person" | "group" | "membership" => {
                let errors = self.converter.take(element);
                self.add(errors);
            }
            _ => {}
        }
        let (most, fix) = self.options.limits.most_held();
        if self.converter.len() > most {
            // What is wrong before it is the cause that such a file is not read as a stream.
            if self.report.is_empty() {
                self.report = ReadReport::whole_file(format!("more than {most} records"), fix);
            }
            self.over = true;
        }
    }

    fn properties(&mut self, element: Element<'_>) {
        self.properties = Properties::of(element);
        let kind = element.text_at(&["type"]);
        let Err(why) = decide_whole(kind) else { return };
        let shown: String = kind.unwrap_or_default().chars().take(40).collect();
        self.report = ReadReport::whole_file(
            format!("the file is a {shown:?}: {why}"),
            "have the MIS send a full roster, of type full",
        );
        self.over = true;
    }

    fn broken(&mut self, broken: Broken) {
        let error = ReadError {
            file: String::new(),
            line: broken.place.line,
            column: broken.place.column,
            record: WHOLE_FILE.to_owned(),
            field: String::new(),
            what: broken.what,
            fix: broken.fix.to_owned(),
        };
        // Where reading ended must not be lost behind the limit.
        if self.report.errors.len() >= self.options.limits.errors && self.report.errors.pop().is_some() {
            self.report.more += 1;
        }
        self.report.add(error, &self.options.limits);
        self.over = true;
    }

    fn finish(mut self) -> Result<ReadRoster, ReadReport> {
        if self.over {
            return Err(self.report);
        }
        if self.converter.len() == 0 && self.report.is_empty() {
            return Err(ReadReport::whole_file(
                "the file holds no person and no group",
                "an empty roster is never taken for \"delete all\": have the MIS send a full one",
            ));
        }
        let Converter { judge, records, facts, .. } = &mut self.converter;
        check::look_at(judge, records, facts);
        let errors = judge.take_errors();
        self.add(errors);
        if !self.report.is_empty() {
            count_followers(&mut self.report, &self.converter.facts);
            return Err(self.report);
        }
        let Converter { judge, records, facts, .. } = self.converter;
        Ok(ReadRoster {
            roster: Roster::from_records(records.into_iter().map(|placed| placed.record).collect()),
            properties: self.properties,
            groups_without_id: facts.groups_without_id,
            ignored: facts.ignored,
            key_changes: facts.key_changes.into_iter().map(|(_, change)| change).collect(),
            concessions: judge.into_concessions(),
        })
    }
}

/// What cannot be read is the cause of all that names it: the cause is said, the others are counted.
fn count_followers(report: &mut ReadReport, facts: &Facts) {
    for BrokenRecord { label, followers } in facts.broken_groups.values().chain(facts.broken_persons.values())
    {
        if *followers > 0 {
            report.add_followers(&label.to_string(), *followers);
        }
    }
}

#[cfg(test)]
#[path = "imse_options_tests.rs"]
mod options_tests;
#[cfg(test)]
#[path = "imse_tests.rs"]
mod tests;
