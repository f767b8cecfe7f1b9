//! Reads OneRoster CSV 1.1 and 1.2, full and delta, from a ZIP or a folder.
//!
//! Orgs become groups (a school at level 1, what is above it at level 0), homerooms groups, scheduled classes courses;
//! users become persons, their orgs and enrollments memberships. Users that are deleted or switched off are left out
//! with all that names them.

mod build;
mod bundle;
mod check;
mod delta;
mod enrollments;
mod fields;
mod header;
mod ids;
mod lenient;
mod manifest;
mod orgs;
mod report;
mod root;
mod rows;
mod schema;
mod seen;
mod tables;
mod users;

use self::{build::Builder, bundle::Bundle, manifest::Manifest, report::Reading, rows::Rows, tables::Tables};
use super::{Properties, ReadLimits, ReadReport, ReadRoster};
use crate::model::{Record, Roster};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::Path,
};

pub use bundle::Source;
pub use lenient::Leniency;
pub use manifest::Mode;
pub(crate) use root::{NONE_ID, SITE_ID};
pub use schema::{Column, Table, Version};

/// Characters of the source of a sync key.
const LONGEST_SOURCE: usize = 32;

/// How a bundle is read.
#[derive(Debug, Clone, Default)]
pub struct OneRosterOptions {
    pub limits: ReadLimits,
    pub lenient: BTreeSet<Leniency>,
    /// The source of all sync keys; without it the manifest's `source.systemCode`.
    pub source: Option<String>,
}

/// A bundle without an error.
#[derive(Debug)]
pub enum OneRoster {
    Full(ReadRoster),
    Delta(Delta),
}

/// Changes that wait for the roster they change.
#[derive(Debug)]
pub struct Delta {
    tables: Tables,
    manifest: Manifest,
    source: String,
    options: OneRosterOptions,
}

/// Reads the ZIP or folder at `path`. On any error nothing of it is given, and the report names every one up to the
/// limit.
///
/// # Errors
/// What is wrong with the bundle, each with file, line, column and what would mend it.
pub fn read_oneroster(path: &Path, options: &OneRosterOptions) -> Result<OneRoster, ReadReport> {
    let reading = Reading::new(options);
    let bundle = Bundle::open(path, &reading)?;
    read_bundle(bundle, reading)
}

/// Reads a ZIP that is open, or in memory.
///
/// # Errors
/// As [`read_oneroster`].
pub fn read_oneroster_zip(
    zip: impl Source + 'static,
    options: &OneRosterOptions,
) -> Result<OneRoster, ReadReport> {
    let reading = Reading::new(options);
    let bundle = Bundle::open_zip(Box::new(zip), &reading)?;
    read_bundle(bundle, reading)
}

fn read_bundle(mut bundle: Bundle, mut reading: Reading<'_>) -> Result<OneRoster, ReadReport> {
    let Some(manifest) = manifest::read(&mut bundle, &mut reading) else { return Err(reading.into_report()) };
    let source = source_of(&manifest, &mut reading);
    let mut tables = read_tables(&mut bundle, &manifest, &mut reading);
    if manifest.is_delta() {
        if !reading.is_clean() {
            return Err(reading.into_report());
        }
        let options = reading.options().clone();
        return Ok(OneRoster::Delta(Delta { tables, manifest, source, options }));
    }
    check::check(&mut tables, &manifest, &mut reading);
    let builder = Builder {
        tables: &tables,
        manifest: &manifest,
        source: &source,
        before: HashMap::new(),
        homerooms_before: HashSet::new(),
    };
    let records = builder.build(&mut reading);
    finish(records, &tables, &manifest, source, reading).map(OneRoster::Full)
}

/// What the roster before becomes by a delta; `base` is the import database.
///
/// # Errors
/// What the delta names and neither it nor the roster before holds.
pub fn apply_delta(base: impl Iterator<Item = Record>, delta: Delta) -> Result<ReadRoster, ReadReport> {
    let Delta { tables, manifest, source, options } = delta;
    let mut reading = Reading::new(&options);
    let (records, tables) = delta::apply(base.collect(), tables, &manifest, &source, &mut reading);
    finish(records, &tables, &manifest, source, reading)
}

fn finish(
    mut records: Vec<Record>,
    tables: &Tables,
    manifest: &Manifest,
    source: String,
    mut reading: Reading<'_>,
) -> Result<ReadRoster, ReadReport> {
    let name = manifest.system_name.as_deref().unwrap_or(&source);
    root::plant(&mut records, &source, name, tables, &mut reading);
    if records.iter().all(|record| matches!(record, Record::Group(_))) && reading.is_clean() {
        let fix = "an empty roster is never taken for \"delete all\": have the MIS send a full one";
        reading.whole_file(Table::Users.file(), 0, "the bundle leaves no person and no course", fix);
    }
    if !reading.is_clean() {
        return Err(reading.into_report());
    }
    let properties = Properties { datasource: Some(source), ..Properties::default() };
    Ok(ReadRoster { roster: Roster::from_records(records), properties, groups_without_id: 0 })
}

fn source_of(manifest: &Manifest, reading: &mut Reading<'_>) -> String {
    let source =
        reading.options().source.clone().or_else(|| manifest.system_code.clone()).unwrap_or_default();
    let length = source.chars().count();
    if source.trim().is_empty() || length > LONGEST_SOURCE {
        let what = if length == 0 {
            "source.systemCode is missing".to_owned()
        } else {
            format!("source.systemCode has {length} characters")
        };
        let fix = "sync keys begin with it: give 1 to 32 characters, or set the source of this customer";
        reading.whole_file("manifest.csv", 0, what, fix);
    }
    source.trim().to_owned()
}

fn read_tables(bundle: &mut Bundle, manifest: &Manifest, reading: &mut Reading<'_>) -> Tables {
    let mut tables = Tables::default();
    for table in Table::ALL {
        let mode = manifest.mode(table);
        if mode == Mode::Absent || !bundle.has(table.file()) {
            continue;
        }
        let input = match bundle.read(table.file()) {
            Ok(input) => input,
            Err(error) => {
                let what = format!("it cannot be read: {}", error.kind());
                reading.whole_file(table.file(), 0, what, "send the bundle again");
                continue;
            }
        };
        let Some(mut rows) = Rows::open(input, table, manifest.version, reading) else { continue };
        match table {
            Table::AcademicSessions => tables.take_sessions(&mut rows, mode, reading),
            Table::Orgs => tables.take_orgs(&mut rows, mode, reading),
            Table::Courses => tables.take_courses(&mut rows, mode, reading),
            Table::Classes => tables.take_classes(&mut rows, mode, reading),
            Table::Users => tables.take_users(&mut rows, manifest.version, mode, reading),
            Table::Roles => tables.take_roles(&mut rows, mode, reading),
            Table::Demographics => tables.take_demographics(&mut rows, mode, reading),
            Table::Enrollments => tables.take_enrollments(&mut rows, mode, reading),
        }
    }
    tables
}
