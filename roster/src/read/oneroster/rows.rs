//! The rows of one CSV file: header, width, encoding and line breaks are checked; one record is reused for all.

use super::{
    header::{self, Layout},
    report::{Reading, file_error},
    schema::{Table, Version},
};
use crate::read::{Leniency, decode::Decoded, report::ReadError};
use csv::{ByteRecord, StringRecord};
use std::io::{self, BufRead, BufReader, Read};

const BUFFER: usize = 128 * 1024;
const UTF_8_FIX: &str = "send UTF-8, or allow other encodings for this customer";

/// A column of the file at hand; one that the file lacks is empty in every row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub name: &'static str,
    pub place: Option<usize>,
}

/// One row, as long as the next one is not read.
pub(super) struct Row<'r> {
    pub table: Table,
    pub line: u32,
    record: &'r StringRecord,
}

impl Row<'_> {
    /// The trimmed text; empty where the column is not there.
    pub fn text(&self, cell: Cell) -> &str {
        cell.place.and_then(|place| self.record.get(place)).unwrap_or_default().trim()
    }

    pub fn error(&self, cell: Cell, what: String, fix: &str) -> ReadError {
        ReadError {
            file: self.table.file().to_owned(),
            line: self.line.into(),
            column: cell.place.map_or(0, |place| place as u64 + 1),
            record: self.table.row_name().to_owned(),
            field: cell.name.to_owned(),
            what,
            fix: fix.to_owned(),
        }
    }
}

/// Refuses a record that never ends: an unclosed quote would take the rest of the file into memory.
pub(super) struct Guarded<'b> {
    inner: Box<dyn Read + 'b>,
    /// Bytes since the last whole record.
    since: usize,
    limit: usize,
}

impl Read for Guarded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since > self.limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, Endless(self.limit)));
        }
        let read = self.inner.read(buffer)?;
        self.since += read;
        Ok(read)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a row is longer than {0} bytes")]
struct Endless(usize);

/// Reads one file from its header to its end, or to what cannot be read.
pub(super) struct Rows<'b> {
    table: Table,
    csv: Csv<'b>,
    bytes: ByteRecord,
    record: StringRecord,
    layout: Layout,
}

impl<'b> Rows<'b> {
    /// Checks the header; on an error in it no row is looked at, since no value could be told by its column.
    pub fn open(
        input: Box<dyn Read + 'b>,
        table: Table,
        version: Version,
        reading: &mut Reading<'_>,
    ) -> Option<Self> {
        let mut csv = open_csv(input, table.file(), reading)?;
        let mut header = ByteRecord::new();
        if !read_raw(&mut csv, &mut header, table.file(), reading)? {
            reading.whole_file(
                table.file(),
                0,
                "it is empty",
                "a file begins with its header, even without rows",
            );
            return None;
        }
        let layout = header::check(&header, table, version, reading)?;
        Some(Self { table, csv, bytes: ByteRecord::new(), record: StringRecord::new(), layout })
    }

    /// The columns of these names; all of them stand in the standard's list.
    pub fn cells<const N: usize>(&self, names: [&'static str; N]) -> [Cell; N] {
        names.map(|name| Cell { name, place: self.layout.place(name) })
    }

    /// The next row that can be told into its fields; those that cannot are in the report.
    pub fn next(&mut self, reading: &mut Reading<'_>) -> Option<Row<'_>> {
        loop {
            let bytes = std::mem::take(&mut self.record).into_byte_record();
            self.bytes = bytes;
            if !read_raw(&mut self.csv, &mut self.bytes, self.table.file(), reading)? {
                return None;
            }
            let line = line_of(&self.bytes);
            if !reading.count_row() {
                let what = format!("more than {} rows in the bundle", reading.limits().most_held().0);
                reading.whole_file(
                    self.table.file(),
                    line.into(),
                    what,
                    "split the customer, or raise the limit",
                );
                return None;
            }
            if !self.is_well_formed(line, reading) {
                continue;
            }
            if let Some(record) = self.decoded(line, reading) {
                self.record = record;
                return Some(Row { table: self.table, line, record: &self.record });
            }
        }
    }

    fn is_well_formed(&mut self, line: u32, reading: &mut Reading<'_>) -> bool {
        if self.bytes.len() != self.layout.width {
            let what = format!("{} fields; the header has {}", self.bytes.len(), self.layout.width);
            let fix = "put a field that holds a comma into quotes";
            reading.whole_file(self.table.file(), line.into(), what, fix);
            return false;
        }
        if !self.bytes.as_slice().iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            return true;
        }
        let broken = self.bytes.iter().position(|field| field.contains(&b'\n') || field.contains(&b'\r'));
        let name = broken.and_then(|place| self.layout.name(place)).unwrap_or("a field");
        let fix = "write each row on one line; look for an open quote";
        let error = file_error(self.table.file(), line.into(), format!("a line break in {name}"), fix);
        let passes = reading.lets_pass(Leniency::LineBreaks, error);
        if passes {
            self.bytes = without_line_breaks(&self.bytes);
        }
        passes
    }

    fn decoded(&mut self, line: u32, reading: &mut Reading<'_>) -> Option<StringRecord> {
        match StringRecord::from_byte_record(std::mem::take(&mut self.bytes)) {
            Ok(record) => Some(record),
            Err(error) => {
                let name = self.layout.name(error.utf8_error().field()).unwrap_or("a field");
                let what = format!("bytes in {name} that are not UTF-8");
                let wrong = file_error(self.table.file(), line.into(), what, UTF_8_FIX);
                let bytes = error.into_byte_record();
                let decode = |field| encoding_rs::WINDOWS_1252.decode(field).0.into_owned();
                let passes = reading.lets_pass(Leniency::OtherEncodings, wrong);
                passes.then(|| bytes.iter().map(decode).collect())
            }
        }
    }
}

fn without_line_breaks(record: &ByteRecord) -> ByteRecord {
    let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    record.iter().map(|field| field.iter().map(blank).collect::<Vec<u8>>()).collect()
}

/// Where a record begins. Lines beyond what 32 bits count are told as the last that they do.
pub(super) fn line_of(record: &ByteRecord) -> u32 {
    record.position().map_or(0, |position| u32::try_from(position.line()).unwrap_or(u32::MAX))
}

pub(super) type Csv<'b> = csv::Reader<Guarded<'b>>;

/// Looks at the first bytes for UTF-16; UTF-8 with or without its mark goes on as it is.
pub(super) fn open_csv<'b>(
    input: Box<dyn Read + 'b>,
    file: &str,
    reading: &mut Reading<'_>,
) -> Option<Csv<'b>> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let beginning = match input.fill_buf() {
        Ok(beginning) => beginning,
        Err(error) => {
            cannot_read(file, 0, &error, reading);
            return None;
        }
    };
    let is_utf16 = beginning.starts_with(&[0xFF, 0xFE]) || beginning.starts_with(&[0xFE, 0xFF]);
    let input: Box<dyn Read + 'b> = if is_utf16 {
        if !reading.lets_pass(Leniency::OtherEncodings, file_error(file, 0, "it is UTF-16", UTF_8_FIX)) {
            return None;
        }
        let decoded = Decoded::new(input, reading.limits().bytes)
            .inspect_err(|unreadable| reading.whole_file(file, 0, &unreadable.what, unreadable.fix))
            .ok()?;
        Box::new(decoded)
    } else {
        Box::new(input)
    };
    let limited = input.take(reading.limits().bytes.saturating_add(1));
    let guarded = Guarded { inner: Box::new(limited), since: 0, limit: reading.limits().text };
    Some(
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(guarded),
    )
}

/// Reads one record; none after an error, which ends the file.
pub(super) fn read_raw(
    csv: &mut Csv<'_>,
    record: &mut ByteRecord,
    file: &str,
    reading: &mut Reading<'_>,
) -> Option<bool> {
    let found = csv.read_byte_record(record);
    csv.get_mut().since = 0;
    let line = csv.position().line();
    if csv.position().byte() > reading.limits().bytes {
        let what = format!("it has more than {} bytes", reading.limits().bytes);
        reading.whole_file(file, line, what, "split the customer, or raise the limit");
        return None;
    }
    match found {
        Ok(found) => Some(found),
        Err(error) => {
            match error.into_kind() {
                csv::ErrorKind::Io(error) => cannot_read(file, line, &error, reading),
                _ => reading.whole_file(file, line, "it is no CSV", "look at what the MIS sends"),
            }
            None
        }
    }
}

fn cannot_read(file: &str, line: u64, error: &io::Error, reading: &mut Reading<'_>) {
    if error.get_ref().is_some_and(|inner| inner.is::<Endless>()) {
        let fix = "look for an open quote in the row that begins here";
        return reading.whole_file(file, line, error.to_string(), fix);
    }
    // Packed bytes whose checksum is wrong come here too.
    let what = format!("it cannot be read to its end: {}", error.kind());
    reading.whole_file(file, line, what, "have the MIS send the bundle again");
}
