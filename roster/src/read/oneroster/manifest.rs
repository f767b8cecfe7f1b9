//! The manifest: which version, whose system, and of each file whether it is full, a delta or absent.

use super::{
    bundle::Bundle,
    report::{Reading, file_error},
    rows::{line_of, open_csv, read_raw},
    schema::{Table, UNREAD, Version},
};
use crate::read::Leniency;
use csv::ByteRecord;
use std::collections::BTreeMap;

const FILE: &str = "manifest.csv";
const LONGEST_VALUE: usize = 256;
const FIX: &str = "add manifest.csv: manifest.version 1.0, oneroster.version 1.1 or 1.2, and file.<name> with bulk, \
                   delta or absent for each file; or allow a missing manifest for this customer";

/// What a file of the bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Absent,
    /// All there is: what it does not hold is gone.
    Bulk,
    /// Changes alone.
    Delta,
}

#[derive(Debug)]
pub(super) struct Manifest {
    pub version: Version,
    modes: BTreeMap<Table, Mode>,
    pub system_name: Option<String>,
    pub system_code: Option<String>,
}

impl Manifest {
    pub fn mode(&self, table: Table) -> Mode {
        self.modes.get(&table).copied().unwrap_or(Mode::Absent)
    }

    pub fn is_delta(&self) -> bool {
        self.modes.values().any(|mode| *mode == Mode::Delta)
    }
}

/// Reads the manifest and compares it with what is there. None when no file can be read by it.
pub(super) fn read(bundle: &mut Bundle, reading: &mut Reading<'_>) -> Option<Manifest> {
    if !bundle.has(FILE) {
        let fix = match bundle.in_wrong_case(FILE) {
            Some(_) => "it is there in another case: name it manifest.csv",
            None => FIX,
        };
        let error = file_error(FILE, 0, "it is not in the bundle", fix);
        let passes = reading.lets_pass(Leniency::MissingManifest, error);
        return passes.then(|| without_manifest(bundle, reading));
    }
    let properties = properties(bundle, reading)?;
    let mut manifest = Manifest {
        version: version(&properties, reading)?,
        modes: BTreeMap::new(),
        system_name: text(&properties, "source.systemName"),
        system_code: text(&properties, "source.systemCode"),
    };
    take_files(&properties, &mut manifest, reading);
    compare(&mut manifest, bundle, &properties, reading);
    check_needed(&manifest, reading);
    Some(manifest)
}

/// Every file that is there counts as full.
fn without_manifest(bundle: &Bundle, reading: &mut Reading<'_>) -> Manifest {
    let version = if bundle.has(Table::Roles.file()) { Version::V1_2 } else { Version::V1_1 };
    let there = Table::ALL.into_iter().filter(|table| bundle.has(table.file()));
    let modes = there.map(|table| (table, Mode::Bulk)).collect();
    let manifest = Manifest { version, modes, system_name: None, system_code: None };
    check_needed(&manifest, reading);
    manifest
}

type Properties = BTreeMap<String, (u32, String)>;

fn text(properties: &Properties, name: &str) -> Option<String> {
    properties.get(name).map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
}

fn properties(bundle: &mut Bundle, reading: &mut Reading<'_>) -> Option<Properties> {
    let input = match bundle.read(FILE) {
        Ok(input) => input,
        Err(error) => {
            reading.whole_file(
                FILE,
                0,
                format!("it cannot be read: {}", error.kind()),
                "send the bundle again",
            );
            return None;
        }
    };
    let mut csv = open_csv(input, FILE, reading)?;
    let mut record = ByteRecord::new();
    let has_header = read_raw(&mut csv, &mut record, FILE, reading)?;
    if !has_header || record.iter().map(<[u8]>::trim_ascii).ne([b"propertyName".as_slice(), b"value"]) {
        reading.whole_file(FILE, 1, "the header is another one", "the first line is propertyName,value");
        return None;
    }
    let mut properties = Properties::new();
    while read_raw(&mut csv, &mut record, FILE, reading)? {
        let line = line_of(&record);
        let field =
            |place: usize| String::from_utf8_lossy(record.get(place).unwrap_or_default()).trim().to_owned();
        let (name, value) = (field(0), field(1));
        if record.len() != 2
            || name.len() > LONGEST_VALUE
            || value.len() > LONGEST_VALUE
            || !reading.count_row()
        {
            reading.whole_file(
                FILE,
                line.into(),
                "no name and value",
                "each line is a name, a comma, a value",
            );
            return None;
        }
        if let Some((before, _)) = properties.insert(name, (line, value)) {
            let what = format!("the same property as at line {before}");
            reading.whole_file(FILE, line.into(), what, "give each property once");
        }
    }
    Some(properties)
}

fn version(properties: &Properties, reading: &mut Reading<'_>) -> Option<Version> {
    match properties.get("manifest.version") {
        Some((_, version)) if version == "1.0" => {}
        Some((line, version)) => {
            let what = format!("manifest.version is {version:?}");
            reading.whole_file(FILE, (*line).into(), what, "version 1.0 of the manifest is read");
        }
        None => reading.whole_file(FILE, 0, "manifest.version is missing", "add it, with 1.0"),
    }
    let fix = "versions 1.1 and 1.2 are read";
    let Some((line, text)) = properties.get("oneroster.version") else {
        reading.whole_file(FILE, 0, "oneroster.version is missing", fix);
        return None;
    };
    let version = Version::parse(text);
    if version.is_none() {
        reading.whole_file(FILE, (*line).into(), format!("oneroster.version is {text:?}"), fix);
    }
    version
}

fn take_files(properties: &Properties, manifest: &mut Manifest, reading: &mut Reading<'_>) {
    for (name, (line, value)) in properties {
        let Some(name) = name.strip_prefix("file.") else { continue };
        let table = Table::ALL.into_iter().find(|table| table.as_str() == name);
        if table.is_none() && !UNREAD.contains(&name) {
            let what = format!("file.{name} is no file of the standard");
            reading.whole_file(FILE, (*line).into(), what, "take the line out, or mend its name");
            continue;
        }
        let plain = value.to_ascii_lowercase();
        let mode = match plain.as_str() {
            "absent" => Mode::Absent,
            "bulk" => Mode::Bulk,
            "delta" => Mode::Delta,
            _ => {
                let what = format!("file.{name} is {value:?}");
                reading.whole_file(FILE, (*line).into(), what, "expected absent, bulk or delta");
                continue;
            }
        };
        if plain != *value {
            let error =
                file_error(FILE, (*line).into(), format!("file.{name} is {value:?}"), "write it small");
            reading.lets_pass(Leniency::WrongCase, error);
        }
        if let Some(table) = table.filter(|table| table.is_in(manifest.version)) {
            manifest.modes.insert(table, mode);
        }
    }
}

/// What the manifest says against what is there.
fn compare(manifest: &mut Manifest, bundle: &Bundle, properties: &Properties, reading: &mut Reading<'_>) {
    for table in Table::ALL {
        let property = format!("file.{}", table.as_str());
        let line = properties.get(&property).map_or(0, |(line, _)| u64::from(*line));
        let (is_there, mode) = (bundle.has(table.file()), manifest.mode(table));
        match (mode, is_there) {
            (Mode::Absent, true) => {
                let what =
                    format!("{} is in the bundle, and the manifest does not announce it", table.file());
                let fix = format!("say bulk or delta in {property}, or leave the file out");
                reading.whole_file(FILE, line, what, &fix);
            }
            (Mode::Bulk | Mode::Delta, false) => {
                let fix = match bundle.in_wrong_case(table.file()) {
                    Some(_) => "it is there in another case: names are case-sensitive".to_owned(),
                    None => format!("send the file, or say absent in {property}"),
                };
                let what = format!("{} is not in the bundle", table.file());
                if reading.lets_pass(Leniency::MissingFile, file_error(FILE, line, what, &fix)) {
                    manifest.modes.insert(table, Mode::Absent);
                }
            }
            _ => {}
        }
    }
}

/// A full bundle without persons or groups would mean to delete them all.
fn check_needed(manifest: &Manifest, reading: &mut Reading<'_>) {
    if manifest.is_delta() {
        return;
    }
    let version = manifest.version;
    for table in Table::ALL.into_iter().filter(|table| table.is_needed(version)) {
        if manifest.mode(table) == Mode::Absent {
            let what = format!("{} is absent, so everything in it would be deleted", table.file());
            reading.whole_file(FILE, 0, what, "a full bundle holds it");
        }
    }
}
