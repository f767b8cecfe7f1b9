//! `rollover roster` as people use it: on files alone, with no ledger and no data folder made.

#![cfg(test)]

use serde_json::Value;
use std::{
    fs,
    process::{Command, Output},
};
use tempfile::TempDir;

/// A folder of its own, in which the program runs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With `old.xml`, and the same a night later as `new.xml`.
    fn with_two_nights() -> Self {
        let folder = Self::new();
        folder.done(&["generate", "--persons", "900", "--out", "old.xml"]);
        folder.done(&["generate", "--persons", "900", "--next-night", "--out", "new.xml"]);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollover"));
        command.arg("roster").args(args).current_dir(self.0.path());
        command.env("ROLLOVER_DATA", self.0.path().join("data"));
        // A command that opened the ledger would fail.
        command.env("ROLLOVER_LEDGER_URL", "postgres://nobody@127.0.0.1:1/none");
        command.output().unwrap()
    }

    fn ends(&self, args: &[&str], code: i32) -> String {
        let output = self.run(args);
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        let said = format!("{out}{err}");
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(!self.0.path().join("data").exists(), "{args:?} made the data folder");
        said
    }

    fn done(&self, args: &[&str]) -> String {
        self.ends(args, 0)
    }

    fn json(&self, args: &[&str], code: i32) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.ends(&args, code)).unwrap()
    }
}

const BAD: &str = "<enterprise>\n\
    <person><sourcedid><id>secret-1</id></sourcedid><name><n><family>Berg</family></n></name></person>\n\
    <person><sourcedid><id>secret-2</id></sourcedid><name><n><given>Kari</given><family>Berg</family></n></name>\n\
    <demographics><bday>2031-99-01</bday></demographics></person>\n\
    </enterprise>\n";

const BAD_DATE: &str = "<enterprise><person><sourcedid><id>1</id></sourcedid><name><n><given>Kari</given>\
    <family>Berg</family></n></name><demographics><bday>never</bday></demographics></person></enterprise>";

#[test]
fn every_error_of_every_file_is_said_and_nobody_is_named() {
    let folder = Folder::with_two_nights();
    folder.write("bad.xml", BAD);
    let said = folder.ends(&["check", "old.xml", "bad.xml"], 5);
    for word in ["old.xml: in order", "bad.xml: not in order: 2 errors", "person 1", "person 2"] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    assert!(!said.contains("secret") && !said.contains("Kari") && !said.contains("Berg"), "{said}");
    let checked = folder.json(&["check", "old.xml", "bad.xml"], 5);
    assert_eq!((&checked[0]["in_order"], &checked[1]["in_order"]), (&true.into(), &false.into()));
    let errors = checked[1]["report"]["errors"].as_array().unwrap();
    let lines: Vec<u64> = errors.iter().map(|error| error["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 4]);
    assert!(errors.iter().all(|error| error["fix"].as_str().is_some_and(|fix| !fix.is_empty())));
}

#[test]
fn what_is_let_pass_is_said() {
    let folder = Folder::new();
    folder.write("dates.xml", BAD_DATE);
    folder.ends(&["check", "dates.xml"], 5);
    let said = folder.done(&["check", "dates.xml", "--lenient", "bad_dates"]);
    assert!(said.contains("bad_dates: dates that are none were left out: 1"), "{said}");
}

#[test]
fn what_cannot_be_opened_ends_with_1_and_what_cannot_be_meant_with_2() {
    let folder = Folder::with_two_nights();
    for args in [&["check", "absent.xml"][..], &["diff", "old.xml", "absent.xml"], &["stats", "absent.xml"]] {
        assert!(folder.ends(args, 1).contains("absent.xml cannot be opened"), "{args:?}");
    }
    assert!(folder.ends(&["generate", "--out", "old.xml"], 1).contains("old.xml cannot be made"));
    let id = "a".repeat(64);
    for (args, word) in [
        (&["check"][..], "FILE"),
        (&["check", "old.xml", "--lenient", "bad_manners"], "bad_manners"),
        (&["check", "old.xml", "--mapping", "absent.toml"], "absent.toml"),
        (&["check", "old.xml", "--format", "csv"], "csv"),
        (&["diff", "snapshot:xyz", "new.xml"], "snapshot:xyz"),
        (&["diff", &format!("snapshot:{id}"), "new.xml"], "--snapshots"),
        (&["diff", "old.xml", "new.xml", "--personal"], "--list"),
        (&["generate", "--persons", "0", "--out", "x.xml"], "--persons 0"),
        (&["generate", "--next-night", "--new-year", "--out", "x.xml"], "--new-year"),
    ] {
        let said = folder.ends(args, 2);
        assert!(said.contains(word), "{args:?}: {said}");
    }
}

#[test]
fn the_format_is_told_by_the_content_and_gives_the_same_difference() {
    let folder = Folder::with_two_nights();
    folder.done(&["generate", "--persons", "900", "--format", "oneroster", "--out", "old.data"]);
    folder.done(&[
        "generate",
        "--persons",
        "900",
        "--format",
        "oneroster",
        "--next-night",
        "--out",
        "new.data",
    ]);
    let xml = folder.json(&["diff", "old.xml", "new.xml"], 0);
    let zip = folder.json(&["diff", "old.data", "new.data"], 0);
    assert_eq!(xml["changes"]["person"], zip["changes"]["person"]);
    assert_ne!(xml["changes"]["person"]["create"], 0);
    assert_eq!(xml["breaches"], Value::Array(Vec::new()));
    assert!(folder.ends(&["check", "old.data", "--format", "imse"], 5).contains("not in order"));
}

#[test]
fn a_difference_is_listed_without_keys_unless_they_are_asked_for() {
    let folder = Folder::with_two_nights();
    assert!(folder.done(&["diff", "old.xml", "old.xml"]).contains("Nothing differs."));
    let said = folder.done(&["diff", "old.xml", "new.xml", "--list"]);
    assert!(said.contains("The Filter would let it pass") && said.contains("create person"), "{said}");
    assert!(!said.contains("p-1"), "{said}");
    let said = folder.done(&["diff", "old.xml", "new.xml", "--list", "--personal"]);
    assert!(said.contains("create person  fjordsas p-1"), "{said}");
    let listed = folder.json(&["diff", "old.xml", "new.xml", "--list", "--limit", "3"], 0);
    assert_eq!(listed["list"].as_array().unwrap().len(), 3);
}

#[test]
fn a_new_school_year_breaks_limits_and_says_why() {
    let folder = Folder::with_two_nights();
    folder.done(&["generate", "--persons", "900", "--new-year", "--out", "year.xml"]);
    let said = folder.done(&["diff", "old.xml", "year.xml"]);
    for word in ["The Filter would abort it", "broken limit", "looks like the change of school year"] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
}

#[test]
fn a_file_that_is_not_in_order_is_not_compared() {
    let folder = Folder::with_two_nights();
    folder.write("bad.xml", BAD);
    let said = folder.ends(&["diff", "old.xml", "bad.xml"], 5);
    assert!(said.contains("rollover roster check bad.xml"), "{said}");
    assert!(folder.ends(&["stats", "bad.xml"], 5).contains("bad.xml is not in order"));
}

#[test]
fn a_roster_is_compared_to_a_snapshot() {
    use rollover_roster::{
        read::{ReadOptions, read_imse},
        snapshot::SnapshotStore,
    };
    let folder = Folder::with_two_nights();
    let roster = read_imse(folder.read("old.xml").as_slice(), &ReadOptions::default()).unwrap().roster;
    let store = SnapshotStore::open(&folder.0.path().join("snapshots")).unwrap();
    let old = format!("snapshot:{}", store.write(&roster).unwrap());
    let against = folder.json(&["diff", &old, "new.xml", "--snapshots", "snapshots"], 0);
    assert_eq!(against, folder.json(&["diff", "old.xml", "new.xml"], 0));
    let said = folder.ends(&["diff", &old, "new.xml", "--snapshots", "nowhere"], 1);
    assert!(said.contains("nowhere cannot be opened") && !folder.0.path().join("nowhere").exists(), "{said}");
}

#[test]
fn the_same_arguments_invent_the_same_bytes_and_figures_fit_them() {
    let folder = Folder::with_two_nights();
    folder.done(&["generate", "--persons", "900", "--out", "again.xml"]);
    folder.done(&["generate", "--persons", "900", "--seed", "2", "--out", "other.xml"]);
    assert!(folder.read("old.xml") == folder.read("again.xml"));
    assert!(folder.read("old.xml") != folder.read("other.xml"));
    let stats = folder.json(&["stats", "old.xml"], 0);
    let persons = stats["records"]["person"].as_u64().unwrap();
    assert!((800..=1_000).contains(&persons), "{persons}");
    assert_eq!((&stats["schools"], &stats["persons_without_email"]), (&1.into(), &0.into()));
    let by_profile = stats["persons_by_profile"].as_object().unwrap().values();
    assert_eq!(by_profile.map(|count| count.as_u64().unwrap()).sum::<u64>(), persons);
    assert!(stats["memberships_per_student"].as_f64().unwrap() > 5.0, "{stats}");
    assert!(folder.done(&["stats", "old.xml"]).contains("memberships a student"));
}

#[test]
fn the_bench_measures_every_part_beside_a_bare_scan() {
    let output = Command::new(env!("CARGO_BIN_EXE_rollover"))
        .args(["bench", "roster", "--persons", "900", "--json"])
        .output()
        .unwrap();
    let figures: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let figures = figures.as_array().unwrap();
    assert_eq!(figures.len(), 6);
    assert!(figures.iter().all(|figure| figure["seconds"].as_f64().unwrap() > 0.0));
    let changes = |at: usize| figures[at]["what"].as_str().unwrap().rsplit(", ").next().unwrap().to_owned();
    assert_eq!(changes(1), changes(4));
    let is_beside_a_scan = |at: usize| figures[at]["times_scan"].as_f64().is_some_and(|times| times > 0.0);
    assert!(is_beside_a_scan(1) && is_beside_a_scan(4));
    assert_ne!(changes(5), "0 changes");
    assert_ne!(changes(1), "0 changes");
}
