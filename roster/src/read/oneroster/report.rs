//! What one reading has to go by, and what it found wrong so far.

use super::{
    rows::{Cell, Row},
    schema::Table,
};
use crate::read::{
    Concessions, Leniency, ReadLimits, ReadOptions, ReadReport,
    lenient::Leeway,
    report::{ReadError, WHOLE_FILE},
};

/// Options, errors and the count of rows of one bundle.
pub(super) struct Reading<'o> {
    options: &'o ReadOptions,
    leeway: Leeway,
    report: ReadReport,
    rows: usize,
}

impl<'o> Reading<'o> {
    pub fn new(options: &'o ReadOptions) -> Self {
        let leeway = Leeway::new(options.lenient.clone());
        Self { options, leeway, report: ReadReport::default(), rows: 0 }
    }

    pub const fn limits(&self) -> &'o ReadLimits {
        &self.options.limits
    }

    pub const fn options(&self) -> &'o ReadOptions {
        self.options
    }

    pub fn is_lenient(&self, leniency: Leniency) -> bool {
        self.options.lenient.allows(leniency)
    }

    /// Whether a departure from the standard is let pass and counted; else it is an error.
    pub fn lets_pass(&mut self, leniency: Leniency, error: ReadError) -> bool {
        let kept = self.leeway.concede(leniency, error);
        let passes = kept.is_none();
        if let Some(error) = kept {
            self.add(error);
        }
        passes
    }

    /// Counts a row; false when the bundle has too many.
    pub fn count_row(&mut self) -> bool {
        self.rows += 1;
        self.rows <= self.options.limits.most_held().0
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
        self.add(error_at(table, line, field, what, fix));
    }

    /// Something is wrong with a file as a whole, or at a line of it that is no row.
    pub fn whole_file(&mut self, file: &str, line: u64, what: impl Into<String>, fix: &str) {
        self.add(file_error(file, line, what, fix));
    }

    pub const fn is_clean(&self) -> bool {
        self.report.is_empty()
    }

    pub fn into_report(self) -> ReadReport {
        self.report
    }

    /// Nothing, or the report of what is wrong.
    pub fn into_concessions(self) -> Result<Concessions, ReadReport> {
        if self.is_clean() { Ok(self.leeway.into_concessions()) } else { Err(self.report) }
    }
}

/// An error at a place that was remembered.
pub(super) fn error_at(
    table: Table,
    line: u32,
    field: &str,
    what: impl Into<String>,
    fix: &str,
) -> ReadError {
    ReadError {
        file: table.file().to_owned(),
        line: line.into(),
        record: table.row_name().to_owned(),
        field: field.to_owned(),
        what: what.into(),
        fix: fix.to_owned(),
        ..ReadError::default()
    }
}

/// An error of a file as a whole, or at a line of it that is no row.
pub(super) fn file_error(file: &str, line: u64, what: impl Into<String>, fix: &str) -> ReadError {
    ReadError {
        file: file.to_owned(),
        line,
        record: if line == 0 { WHOLE_FILE } else { "row" }.to_owned(),
        what: what.into(),
        fix: fix.to_owned(),
        ..ReadError::default()
    }
}

/// The bundle as a whole cannot be read.
pub(super) fn bundle_error(what: impl Into<String>, fix: &str) -> ReadReport {
    ReadReport::whole_file(what, fix)
}
