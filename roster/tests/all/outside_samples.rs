//! Files that others made, where a folder of them is named when the tests are built; they are no part of the project.

use rollover_roster::{
    model::{Profile, Record},
    read::{ReadOptions, ReadReport, ReadRoster, read_imse},
};
use std::{fs::File, io::BufReader, path::PathBuf};

/// The folder, or a loud word that the test has proved nothing.
fn folder(name: &str) -> Option<PathBuf> {
    let found =
        option_env!("OUTSIDE_SAMPLES").map(|root| PathBuf::from(root).join(name)).filter(|f| f.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: set OUTSIDE_SAMPLES to a folder with {name} in it to read files of others");
    }
    found
}

fn read(path: PathBuf) -> Result<ReadRoster, ReadReport> {
    read_imse(BufReader::new(File::open(path).unwrap()), &ReadOptions::default())
}

#[test]
fn the_published_examples_of_the_norwegian_profile() {
    let Some(folder) = folder("pifu-ims") else { return };
    let whole = read(folder.join("PIFU-IMS_SAS_eksempel.xml")).unwrap_or_else(|report| panic!("{report}"));
    let counts = whole.roster.counts();
    assert_eq!((counts.group, counts.person), (9, 5));
    let profiles: Vec<&Profile> = whole
        .roster
        .records()
        .iter()
        .filter_map(|record| if let Record::Person(person) = record { Some(&person.profile) } else { None })
        .collect();
    assert!(profiles.contains(&&Profile::Student) && profiles.contains(&&Profile::Staff));
    assert_eq!(whole.key_changes.len(), 1);
}

#[test]
fn published_examples_of_exports_hold_a_part_and_are_refused_for_it() {
    let Some(folder) = folder("pifu-ims") else { return };
    for name in ["fravar_1", "fravar_1_kompakt", "karakter_1", "karakter_1_kompakt"] {
        let report = read(folder.join(format!("PIFU-IMS_SAS_eksempel_{name}.xml"))).expect_err(name);
        assert!(report.to_string().contains("its parent is not in the file; "), "{name}: {report}");
    }
}
