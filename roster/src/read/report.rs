//! What is wrong with a file: each error with its place, its field, and what would mend it; never a child's name.

use super::ReadLimits;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an error names in place of a record.
pub(super) const WHOLE_FILE: &str = "file";
/// The same of a ZIP whose end, which lists its files, is not there or wrong.
pub(super) const BROKEN_ZIP: &str = "ZIP";

/// One error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadError {
    /// The file inside a bundle of several; empty where there is one file only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// From 1; 0 when the file as a whole is meant.
    pub line: u64,
    pub column: u64,
    /// Which record, by its place in the file, as `person 17`; its key is personal.
    pub record: String,
    pub field: String,
    pub what: String,
    pub fix: String,
}

/// All errors of one file, up to a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadReport {
    pub file: String,
    pub errors: Vec<ReadError>,
    /// Errors beyond those kept.
    pub more: u64,
}

impl ReadReport {
    pub fn with_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }

    pub(super) fn add(&mut self, error: ReadError, limits: &ReadLimits) {
        if self.errors.len() < limits.errors {
            self.errors.push(error);
        } else {
            self.more += 1;
        }
    }

    /// Whether the document breaks off, as that of a file which is still being written does.
    pub fn breaks_off(&self) -> bool {
        self.errors
            .iter()
            .any(|error| error.record == BROKEN_ZIP || (error.record == WHOLE_FILE && error.line > 0))
    }

    /// Adds to the error of a record how many others name it, which are no errors of their own.
    pub(super) fn add_followers(&mut self, record: &str, followers: u64) {
        if let Some(error) = self.errors.iter_mut().find(|error| error.record == record) {
            let others = if followers == 1 { "1 other names" } else { &format!("{followers} others name") };
            error.what = format!("{} ({others} this {record})", error.what);
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// How many errors there are in all.
    pub const fn total(&self) -> u64 {
        self.errors.len() as u64 + self.more
    }

    pub(super) fn whole_file(what: impl Into<String>, fix: &str) -> Self {
        let error = ReadError {
            file: String::new(),
            line: 0,
            column: 0,
            record: WHOLE_FILE.to_owned(),
            field: String::new(),
            what: what.into(),
            fix: fix.to_owned(),
        };
        Self { file: String::new(), errors: vec![error], more: 0 }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}, ", self.file)?;
        }
        if self.line > 0 {
            write!(f, "line {}, column {}, ", self.line, self.column)?;
        }
        f.write_str(&self.record)?;
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}; {}", self.what, self.fix)
    }
}

impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.errors.first() else { return f.write_str("no error") };
        if !self.file.is_empty() {
            write!(f, "{}, ", self.file)?;
        }
        write!(f, "{first}")?;
        match self.total() - 1 {
            0 => Ok(()),
            1 => f.write_str(" (and 1 more error)"),
            more => write!(f, " (and {more} more errors)"),
        }
    }
}
