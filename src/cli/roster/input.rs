//! Roster files as arguments: of which format they are, and how they are read.

use crate::{
    cli::fields::{parse_lenient, parse_mapping},
    exit::ExitError,
};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use rollover_roster::read::{
    Lenient, Mapping, ReadOptions, ReadReport, ReadRoster,
    oneroster::{OneRoster, read_oneroster},
    read_imse,
};
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// IMS Enterprise 1.1: an XML file.
    Imse,
    /// OneRoster CSV 1.1 and 1.2: a ZIP or a folder.
    Oneroster,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReadArgs {
    /// What may be against the standard all the same: `all`, or a name; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = parse_lenient)]
    lenient: Vec<Lenient>,
    /// File with the mapping of the feed's roles, profiles, groups, sources and special courses, as TOML.
    #[arg(long, value_name = "FILE", value_parser = parse_mapping)]
    mapping: Option<Mapping>,
    /// Without it, the content of each file tells.
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// The beginning of every ZIP.
const ZIP: [u8; 2] = *b"PK";

impl ReadArgs {
    pub fn options(&self) -> ReadOptions {
        let lenient = self.lenient.iter().flat_map(Lenient::iter).collect();
        ReadOptions { lenient, mapping: self.mapping.clone().unwrap_or_default(), ..ReadOptions::default() }
    }

    pub fn format_of(&self, path: &Path) -> anyhow::Result<Format> {
        let opened = || format!("{} cannot be opened", path.display());
        let kind = std::fs::metadata(path).with_context(opened)?;
        if let Some(format) = self.format {
            return Ok(format);
        }
        if kind.is_dir() {
            return Ok(Format::Oneroster);
        }
        let mut beginning = Vec::new();
        File::open(path).and_then(|file| file.take(2).read_to_end(&mut beginning)).with_context(opened)?;
        Ok(if beginning == ZIP { Format::Oneroster } else { Format::Imse })
    }

    /// Reads a file whole; the inner error is what is wrong in it.
    pub fn read(&self, path: &Path) -> anyhow::Result<Result<ReadRoster, ReadReport>> {
        let (format, options) = (self.format_of(path)?, self.options());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read = match format {
            Format::Imse => {
                let file =
                    File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
                read_imse(BufReader::new(file), &options)
            }
            Format::Oneroster => match read_oneroster(path, None, &options) {
                Ok(OneRoster::Full(read)) => Ok(read),
                Ok(OneRoster::Delta(_)) => {
                    return Err(ExitError::unhealthy(format!(
                        "{}: the bundle holds changes alone, and says nothing without the roster before it: take one \
                         with all files as bulk",
                        path.display()
                    ))
                    .into());
                }
                Err(report) => Err(report),
            },
        };
        Ok(read.map_err(|report| report.with_file(&name)))
    }

    /// Reads a file that must be in order.
    pub fn read_good(&self, path: &Path) -> anyhow::Result<ReadRoster> {
        self.read(path)?.map_err(|report| refused(path, &report).into())
    }
}

/// What is said where a file must be in order and is not.
pub(super) fn refused(path: &Path, report: &ReadReport) -> ExitError {
    ExitError::unhealthy(format!(
        "{} is not in order: {report}; all of it is said by `rollover roster check {}`",
        path.display(),
        path.display()
    ))
}
