//! What one reading has to go by, and what it found wrong so far.

use super::{
    OneRosterOptions,
    lenient::Leniency,
    rows::{Cell, Row},
    schema::Table,
};
use crate::read::{
    ReadLimits, ReadReport,
    report::{ReadError, WHOLE_FILE},
};

/// Options, errors and the count of rows of one bundle.
pub(super) struct Reading<'o> {
    options: &'o OneRosterOptions,
    report: ReadReport,
    rows: usize,
}

impl<'o> Reading<'o> {
    pub fn new(options: &'o OneRosterOptions) -> Self {
        Self { options, report: ReadReport::default(), rows: 0 }
    }

    pub const fn limits(&self) -> &'o ReadLimits {
        &self.options.limits
    }

    pub const fn options(&self) -> &'o OneRosterOptions {
        self.options
    }

    pub fn is_lenient(&self, leniency: Leniency) -> bool {
        self.options.lenient.contains(&leniency)
    }

    /// Counts a row; false when the bundle has too many.
    pub fn count_row(&mut self) -> bool {
        self.rows += 1;
        self.rows <= self.options.limits.records
    }

    pub fn add(&mut self, error: ReadError) {
        self.report.add(error, &self.options.limits);
    }

    /// Something is wrong with one field of a row.
    pub fn field(&mut self, row: &Row<'_>, cell: Cell, what: impl Into<String>, fix: &str) {
        self.add(row.error(cell, what.into(), fix));
    }

    /// Something is wrong with a place that was remembered.
    pub fn at(&mut self, table: Table, line: u32, field: &str, what: impl Into<String>, fix: &str) {
        self.add(ReadError {
            file: table.file().to_owned(),
            line: line.into(),
            column: 0,
            record: table.row_name().to_owned(),
            field: field.to_owned(),
            what: what.into(),
            fix: fix.to_owned(),
        });
    }

    /// Something is wrong with a file as a whole, or at a line of it that is no row.
    pub fn whole_file(&mut self, file: &str, line: u64, what: impl Into<String>, fix: &str) {
        self.add(ReadError {
            file: file.to_owned(),
            line,
            column: 0,
            record: if line == 0 { WHOLE_FILE } else { "row" }.to_owned(),
            field: String::new(),
            what: what.into(),
            fix: fix.to_owned(),
        });
    }

    pub const fn is_clean(&self) -> bool {
        self.report.is_empty()
    }

    pub fn into_report(self) -> ReadReport {
        self.report
    }
}

/// The bundle as a whole cannot be read.
pub(super) fn bundle_error(what: impl Into<String>, fix: &str) -> ReadReport {
    ReadReport::whole_file(what, fix)
}
