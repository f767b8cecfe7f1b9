//! The header of a file: which column stands where, and what is wrong with it.

use super::{
    report::{Reading, file_error},
    schema::{Column, Table, Version},
};
use crate::read::Leniency;
use csv::ByteRecord;

/// Extension columns that the standard allows at the end.
const EXTENSION: &str = "metadata.";
/// Characters of a wrong header that an error repeats.
const SHOWN: usize = 40;
/// What older versions and wide-spread systems call a column.
const OLD_NAMES: [(&str, &str); 5] = [
    ("agents", "agentsourcedids"),
    ("userid", "userids"),
    ("schoolyearid", "schoolyearsourcedid"),
    ("usersourcedid", "sourcedid"),
    ("orgsourcedid", "orgsourcedids"),
];

/// Where the columns of the standard stand in the file at hand.
#[derive(Debug)]
pub(super) struct Layout {
    columns: &'static [Column],
    /// Beside `columns`.
    places: Vec<Option<usize>>,
    /// Fields of every row.
    pub width: usize,
}

impl Layout {
    pub fn place(&self, name: &str) -> Option<usize> {
        let index = self.columns.iter().position(|column| column.name == name)?;
        self.places[index]
    }

    /// The name of the column at a place.
    pub fn name(&self, place: usize) -> Option<&'static str> {
        let index = self.places.iter().position(|at| *at == Some(place))?;
        Some(self.columns[index].name)
    }
}

/// The layout of a file, or nothing and the errors of its header in the report.
pub(super) fn check(
    header: &ByteRecord,
    table: Table,
    version: Version,
    reading: &mut Reading<'_>,
) -> Option<Layout> {
    let columns = table.columns(version);
    let found: Vec<String> =
        header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    // A first line of data must not be shown as wrong names.
    if !found.iter().any(|name| columns.iter().any(|column| is_alike(name, column.name))) {
        let what = "the first line is no header";
        reading.whole_file(table.file(), 1, what, "begin with the names of the standard's columns");
        return None;
    }
    let places = if reading.is_lenient(Leniency::MisspeltHeaders) {
        lenient_places(&found, columns, table, reading)?
    } else {
        strict_places(&found, columns, table, version, reading)?
    };
    Some(Layout { columns, places, width: found.len() })
}

fn strict_places(
    found: &[String],
    columns: &'static [Column],
    table: Table,
    version: Version,
    reading: &mut Reading<'_>,
) -> Option<Vec<Option<usize>>> {
    let is_exact = found.len() >= columns.len()
        && columns.iter().zip(found).all(|(column, name)| column.name == name)
        && found[columns.len()..].iter().all(|name| name.starts_with(EXTENSION));
    if is_exact {
        return Some((0..columns.len()).map(Some).collect());
    }
    let fix = format!("the columns of version {} are {}", version.as_str(), names_of(columns));
    let mut known = true;
    for column in columns.iter().filter(|column| found.iter().all(|name| name != column.name)) {
        known = false;
        reading.whole_file(table.file(), 1, format!("the column {} is missing", column.name), &fix);
    }
    for (place, name) in found.iter().enumerate() {
        if columns.iter().any(|column| column.name == name) || name.starts_with(EXTENSION) {
            continue;
        }
        known = false;
        let shown: String = name.chars().take(SHOWN).collect();
        let what = format!("column {} is {shown:?}, which the standard does not have", place + 1);
        reading.whole_file(table.file(), 1, what, &fix);
    }
    if known {
        let what = "the columns stand in another order, or one of them twice";
        reading.whole_file(table.file(), 1, what, &fix);
    }
    None
}

fn lenient_places(
    found: &[String],
    columns: &'static [Column],
    table: Table,
    reading: &mut Reading<'_>,
) -> Option<Vec<Option<usize>>> {
    let exact = |column: &Column| found.iter().position(|name| name == column.name);
    // A name that is another column's own stands for that one alone.
    let is_own = |name: &str| columns.iter().any(|column| column.name == name);
    let alike = |column: &Column| found.iter().position(|name| !is_own(name) && is_alike(name, column.name));
    let places: Vec<_> = columns.iter().map(|column| exact(column).or_else(|| alike(column))).collect();
    let is_exact = found.iter().map(String::as_str).eq(columns.iter().map(|column| column.name));
    if !is_exact {
        let wrong = file_error(table.file(), 1, "the header departs from the standard", "send its columns");
        reading.lets_pass(Leniency::MisspeltHeaders, wrong);
    }
    let mut whole = true;
    for (column, place) in columns.iter().zip(&places) {
        let can_lack = !column.required || reading.is_lenient(Leniency::EmptyRequired);
        if place.is_none() && (column.name == "sourcedId" || !can_lack) {
            whole = false;
            let what = format!("the column {} is missing", column.name);
            reading.whole_file(table.file(), 1, what, "every row needs it: have the MIS send it");
        }
    }
    whole.then_some(places)
}

/// Equal but for case, signs, an `s` at the end, or an old name.
fn is_alike(found: &str, wanted: &str) -> bool {
    let plain = |name: &str| {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let (found, wanted) = (plain(found), plain(wanted));
    found.trim_end_matches('s') == wanted.trim_end_matches('s')
        || OLD_NAMES.iter().any(|(old, new)| *old == found && *new == wanted)
}

fn names_of(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(",")
}
