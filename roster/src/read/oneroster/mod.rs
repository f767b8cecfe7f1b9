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
mod manifest;
mod meaning;
mod orgs;
mod report;
mod root;
mod rows;
mod schema;
mod seen;
mod tables;
mod users;

use self::{build::Builder, bundle::Bundle, manifest::Manifest, report::Reading, rows::Rows, tables::Tables};
use super::{Properties, ReadOptions, ReadReport, ReadRoster};
use crate::model::{Record, RecordKey, Roster};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

pub use bundle::Source;
pub use manifest::Mode;
pub(crate) use root::{NONE_ID, SITE_ID};
pub use schema::{Column, Table, Version};

/// Characters of the source of a sync key.
const LONGEST_SOURCE: usize = 32;

/// A bundle without an error.
#[derive(Debug)]
pub enum OneRoster {
    Full(ReadRoster),
    Delta(Box<Delta>),
}

/// Changes that wait for the roster they change.
#[derive(Debug)]
pub struct Delta {
    tables: Tables,
    manifest: Manifest,
    source: String,
    options: ReadOptions,
}

/// Reads the ZIP or folder at `path`. `source` is that of all sync keys; without it the manifest's
/// `source.systemCode`. On any error nothing is given, and the report names every one up to the limit.
///
/// # Errors
/// What is wrong with the bundle, each with file, line, column and what would mend it.
pub fn read_oneroster(
    path: &Path,
    source: Option<&str>,
    options: &ReadOptions,
) -> Result<OneRoster, ReadReport> {
    let mut reading = Reading::new(options);
    let bundle = Bundle::open(path, &mut reading)?;
    read_bundle(bundle, source, reading)
}

/// Reads a ZIP that is open, or in memory.
///
/// # Errors
/// As [`read_oneroster`].
pub fn read_oneroster_zip(
    zip: impl Source + 'static,
    source: Option<&str>,
    options: &ReadOptions,
) -> Result<OneRoster, ReadReport> {
    let mut reading = Reading::new(options);
    let bundle = Bundle::open_zip(Box::new(zip), &mut reading)?;
    read_bundle(bundle, source, reading)
}

fn read_bundle(
    mut bundle: Bundle,
    source: Option<&str>,
    mut reading: Reading<'_>,
) -> Result<OneRoster, ReadReport> {
    let Some(manifest) = manifest::read(&mut bundle, &mut reading) else { return Err(reading.into_report()) };
    let source = source_of(&manifest, source, &mut reading);
    let mut tables = read_tables(&mut bundle, &manifest, &mut reading);
    if manifest.is_delta() {
        if !reading.is_clean() {
            return Err(reading.into_report());
        }
        let options = reading.options().clone();
        return Ok(OneRoster::Delta(Box::new(Delta { tables, manifest, source, options })));
    }
    check::check(&mut tables, &manifest, &mut reading);
    let builder = Builder {
        tables: &tables,
        manifest: &manifest,
        source: &source,
        mapping: &reading.options().mapping,
        before: HashMap::new(),
        homerooms_before: HashSet::new(),
    };
    let records = builder.build(&mut reading);
    finish(records, &tables, &manifest, source, reading).map(OneRoster::Full)
}

/// What the roster before becomes by a delta; `base` is the import database. Without one there is nothing to change.
///
/// # Errors
/// What the delta names and neither it nor the roster before holds.
pub fn apply_delta(
    base: Option<impl Iterator<Item = Record>>,
    delta: Delta,
) -> Result<ReadRoster, ReadReport> {
    let Some(base) = base else {
        let fix = "have the MIS send all files as bulk once";
        return Err(report::bundle_error(
            "the bundle holds changes alone, and there is no roster before it",
            fix,
        ));
    };
    let Delta { tables, manifest, source, options } = delta;
    let mut reading = Reading::new(&options);
    // Special courses are made anew of what the groups become.
    let mut base: Vec<Record> = base.collect();
    let made: HashSet<RecordKey> =
        options.mapping.special_courses_of(base.iter()).iter().map(Record::key).collect();
    base.retain(|record| !made.contains(&record.key()));
    let (records, tables) = delta::apply(base, tables, &manifest, &source, &mut reading);
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
    records.extend(reading.options().mapping.special_courses_of(records.iter()));
    let concessions = reading.into_concessions()?;
    let properties = Properties { datasource: Some(source), ..Properties::default() };
    Ok(ReadRoster {
        roster: Roster::from_records(records),
        properties,
        groups_without_id: 0,
        ignored: 0,
        key_changes: Vec::new(),
        concessions,
    })
}

fn source_of(manifest: &Manifest, given: Option<&str>, reading: &mut Reading<'_>) -> String {
    let source = given.or(manifest.system_code.as_deref()).unwrap_or_default().trim().to_owned();
    let length = source.chars().count();
    if length == 0 || length > LONGEST_SOURCE {
        let what = if length == 0 {
            "source.systemCode is missing".to_owned()
        } else {
            format!("source.systemCode has {length} characters")
        };
        let fix = "sync keys begin with it: give 1 to 32 characters, or set the source of this customer";
        reading.whole_file("manifest.csv", 0, what, fix);
    }
    source
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
