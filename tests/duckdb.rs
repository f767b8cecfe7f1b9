//! Snapshots read from outside: DuckDB sees the columns that `docs/snapshots.md` tells, and its examples run.

#![cfg(test)]

mod support;

use rollover_roster::{
    invent::{Invention, Municipality},
    model::{Kind, Profile, Record, Roster},
    snapshot::SnapshotStore,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use support::python_with;

const DOCUMENT: &str = include_str!("../docs/snapshots.md");
/// Runs the statements of its first argument one after another, and prints the rows of each as JSON.
const RUN: &str = "
import duckdb, json, sys
for sql in json.loads(sys.argv[1]):
    rows = duckdb.sql(sql).fetchall()
    print(json.dumps([[v.hex() if isinstance(v, bytes) else v for v in row] for row in rows], default=str))
";

/// A Python with DuckDB, made once. `None`: there is no way to the index.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON.get_or_init(|| python_with(Path::new(env!("CARGO_TARGET_TMPDIR")), "duckdb", "duckdb")).as_deref()
}

fn ask(python: &Path, folder: &Path, statements: &[String]) -> Vec<Vec<Vec<Value>>> {
    let statements = serde_json::to_string(statements).unwrap();
    let out = Command::new(python).args(["-c", RUN, &statements]).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `before` and `after`, and the files of `after` beside them, as the examples name them.
fn lay_out(root: &Path) -> Roster {
    let store = SnapshotStore::open(&root.join("snapshots")).unwrap();
    let mut municipality = Municipality::new(&Invention { schools: 2, ..Invention::small(1) });
    let before = municipality.roster();
    municipality.small_changes(20);
    let after = municipality.roster();
    for (name, roster) in [("before", &before), ("after", &after)] {
        let id = store.write(roster).unwrap().to_string();
        let place = root.join("snapshots").join(&id[..2]).join(&id);
        fs::rename(&place, root.join(name)).unwrap();
    }
    for file in fs::read_dir(root.join("after")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), root.join(file.file_name())).unwrap();
    }
    after
}

/// The columns that a table of the document names, with their types as DuckDB calls them.
fn documented(table: &str) -> Vec<(String, &'static str)> {
    let (_, section) = DOCUMENT.split_once(&format!("\n### {table}\n")).unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut columns = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let of = match cells[2] {
            "text" => "VARCHAR",
            "int32" => "INTEGER",
            "date" => "DATE",
            "16 bytes" => "BLOB",
            other => panic!("{table}: type {other}"),
        };
        let names = cells[1].split(", ").map(|name| name.trim_end_matches('?').to_owned());
        columns.extend(names.map(|name| (name, of)));
    }
    columns
}

fn examples() -> Vec<String> {
    DOCUMENT.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn an_outside_tool_reads_what_the_document_says() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: no package index can be reached, so DuckDB cannot be installed");
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let roster = lay_out(root.path());
    check_columns(python, root.path());
    check_records(python, root.path(), &roster);
    check_examples(python, root.path(), &roster);
}

fn check_columns(python: &Path, root: &Path) {
    let tables = ["group", "person", "course", "membership", "membership_group"];
    let describe = tables.map(|table| format!("DESCRIBE SELECT * FROM '{table}.parquet'"));
    for (table, rows) in tables.iter().zip(ask(python, root, &describe)) {
        let found: Vec<(String, &str)> =
            rows.iter().map(|row| (row[0].as_str().unwrap().to_owned(), row[1].as_str().unwrap())).collect();
        assert_eq!(found, documented(table), "{table}");
    }
}

fn check_records(python: &Path, root: &Path, roster: &Roster) {
    let select = |kind: Kind| {
        let keys = match kind {
            Kind::Membership => "group_source, group_id, person_source, person_id",
            _ => "source, id",
        };
        format!("SELECT {keys}, hash FROM '{kind}.parquet'")
    };
    for (kind, rows) in Kind::ALL.iter().zip(ask(python, root, &Kind::ALL.map(select))) {
        let expected = roster.records().iter().filter(|record| record.kind() == *kind).map(|record| {
            let key = record.key();
            let keys = std::iter::once(key.key).chain(key.person);
            let texts = keys.flat_map(|key| [key.source, key.id]).chain([record.hash().to_string()]);
            texts.map(Value::from).collect::<Vec<_>>()
        });
        assert!(rows.into_iter().eq(expected), "{kind}");
    }
}

fn check_examples(python: &Path, root: &Path, roster: &Roster) {
    let answers = ask(python, root, &examples());
    let [profiles, largest, _without_course, differences] = answers.as_slice() else {
        panic!("{} examples", answers.len())
    };
    let mut expected: BTreeMap<&str, u64> = BTreeMap::new();
    for record in roster.records() {
        if let Record::Person(person) = record {
            *expected.entry(person.profile.as_str()).or_default() += 1;
        }
    }
    assert!(expected.contains_key(Profile::Student.as_str()));
    let found = profiles.iter().map(|row| (row[0].as_str().unwrap(), row[1].as_u64().unwrap()));
    assert!(found.eq(expected), "{profiles:?}");
    assert_eq!(largest.len(), 10);
    assert!(differences.iter().all(|row| ["new", "gone", "changed"].contains(&row[2].as_str().unwrap())));
    assert!(!differences.is_empty());
}
