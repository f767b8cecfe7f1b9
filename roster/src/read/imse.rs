//! Reads IMS Enterprise 1.1 as learning platforms know it: persons, groups (some with course data), memberships.

mod check;
mod convert;

use self::{check::Checks, convert::Converter};
use super::{
    Concessions, ReadLimits, ReadOptions, ReadReport,
    decode::Decoded,
    element::{Broken, Elements, Next},
    events::Streamed,
    report::{ReadError, WHOLE_FILE},
    tree::Element,
};
use crate::model::Roster;
use std::io::BufRead;

/// What the file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    pub datasource: Option<String>,
    pub target: Option<String>,
    pub datetime: Option<String>,
}

/// A roster that was read without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRoster {
    pub roster: Roster,
    pub properties: Properties,
    /// Groups without an id: they do nothing.
    pub groups_without_id: u64,
    /// What was let pass, where the customer's feed may depart from its standard.
    pub concessions: Concessions,
}

/// Reads a whole file. On any error nothing of it is given, and the report names every one up to the limit.
pub fn read_imse(input: impl BufRead, options: &ReadOptions) -> Result<ReadRoster, ReadReport> {
    let limits = &options.limits;
    let decoded = Decoded::new(input, limits.bytes)
        .map_err(|unreadable| ReadReport::whole_file(unreadable.what, unreadable.fix))?;
    let mut reading = Reading::new(limits);
    let mut elements = Elements::new(Streamed::new(decoded, limits.text), *limits);
    loop {
        match elements.next() {
            Ok(Next::Root(name)) => reading.root(&name),
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

struct Reading<'a> {
    limits: &'a ReadLimits,
    converter: Converter,
    properties: Properties,
    report: ReadReport,
    over: bool,
}

impl<'a> Reading<'a> {
    fn new(limits: &'a ReadLimits) -> Self {
        Self {
            limits,
            converter: Converter::default(),
            properties: Properties::default(),
            report: ReadReport::default(),
            over: false,
        }
    }

    fn add(&mut self, errors: Vec<ReadError>) {
        for error in errors {
            self.report.add(error, self.limits);
        }
    }

    fn root(&mut self, name: &str) {
        if name != "enterprise" {
            self.report = ReadReport::whole_file(
                format!("the document is <{name}>"),
                "expected <enterprise>: look at what the MIS sends",
            );
            self.over = true;
        }
    }

    fn child(&mut self, element: Element<'_>) {
        match element.name {
            "properties" => {
                let text = |name: &str| element.text_at(&[name]).map(str::to_owned);
                self.properties = Properties {
                    datasource: text("datasource"),
                    target: text("target"),
                    datetime: text("datetime"),
                };
            }
            "person" | "group" | "membership" => {
                let errors = self.converter.take(element);
                self.add(errors);
            }
            _ => {}
        }
        if self.converter.len() > self.limits.records {
            let what = format!("more than {} records", self.limits.records);
            self.report = ReadReport::whole_file(what, "split the customer, or raise the limit");
            self.over = true;
        }
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
        if self.report.errors.len() >= self.limits.errors && self.report.errors.pop().is_some() {
            self.report.more += 1;
        }
        self.report.add(error, self.limits);
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
        let mut checks = Checks::default();
        let (records, groups_without_id) = std::mem::take(&mut self.converter).finish(&mut checks);
        self.add(checks.finish());
        if !self.report.is_empty() {
            return Err(self.report);
        }
        Ok(ReadRoster {
            roster: Roster::from_records(records),
            properties: self.properties,
            groups_without_id,
            concessions: Concessions::default(),
        })
    }
}

#[cfg(test)]
#[path = "imse_tests.rs"]
mod tests;
