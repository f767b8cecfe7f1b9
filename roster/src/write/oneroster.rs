//! Writes full OneRoster bundles, 1.1 and 1.2, that the reader reads: as a ZIP or into a folder.
//!
//! The format carries less than a roster: of a course's parent the org alone, of a group's type its place, of a
//! profile and a role the words of the standard. A person in no org is written at the site.

mod rows;

use self::rows::Rows;
use crate::{
    model::Roster,
    read::oneroster::{Table, Version},
};
use chrono::NaiveDate;
use std::{
    fs::File,
    io::{self, BufWriter, Seek, Write},
    path::Path,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Who sends a bundle, and for which school year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The source of the sync keys, `source.systemCode`; at most 32 characters.
    pub source: String,
    pub system_name: String,
    pub version: Version,
    /// Of the terms the standard wants dates, and a roster has none: they are those of the school year.
    pub year_begin: NaiveDate,
    pub year_end: NaiveDate,
}

/// # Errors
/// Those of `out`, and `InvalidData` for a line break, which the format cannot hold, and a class without an org.
pub fn write_oneroster_zip(out: impl Write + Seek, roster: &Roster, sender: &Sender) -> io::Result<()> {
    let mut zip = ZipWriter::new(out);
    // The same roster gives the same bytes: no time of packing.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    write_files(roster, sender, &mut |name, write| {
        zip.start_file(name, options).map_err(io::Error::other)?;
        let mut buffered = BufWriter::new(&mut zip);
        write(&mut buffered)?;
        buffered.flush()
    })?;
    zip.finish().map_err(io::Error::other)?.flush()
}

/// # Errors
/// As [`write_oneroster_zip`].
pub fn write_oneroster_folder(folder: &Path, roster: &Roster, sender: &Sender) -> io::Result<()> {
    write_files(roster, sender, &mut |name, write| {
        let mut out = BufWriter::new(File::create(folder.join(name))?);
        write(&mut out)?;
        out.flush()
    })
}

type Contents<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

fn write_files(
    roster: &Roster,
    sender: &Sender,
    file: &mut dyn FnMut(&str, Contents<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let rows = Rows::of(roster, sender);
    file("manifest.csv", &mut |out| write_manifest(out, sender))?;
    for table in Table::ALL.into_iter().filter(|table| table.is_in(sender.version)) {
        file(table.file(), &mut |out| {
            let mut out = csv_writer(out);
            out.write_record(table.columns(sender.version).iter().map(|column| column.name))?;
            rows.write(table, &mut out)?;
            out.flush()
        })?;
    }
    Ok(())
}

fn csv_writer(out: &mut dyn Write) -> csv::Writer<&mut dyn Write> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out)
}

fn write_manifest(out: &mut dyn Write, sender: &Sender) -> io::Result<()> {
    let mut out = csv_writer(out);
    out.write_record(["propertyName", "value"])?;
    out.write_record(["manifest.version", "1.0"])?;
    out.write_record(["oneroster.version", sender.version.as_str()])?;
    for table in Table::ALL.into_iter().filter(|table| table.is_in(sender.version)) {
        out.write_record([format!("file.{}", table.as_str()).as_str(), "bulk"])?;
    }
    out.write_record(["source.systemName", &sender.system_name])?;
    out.write_record(["source.systemCode", &sender.source])?;
    out.flush()
}
