//! Files that others made, where a folder of them is named when the tests are built; they are no part of the project.

use rollover_roster::{
    model::{Profile, Record},
    read::{Leniency, Lenient, ReadOptions, ReadReport, ReadRoster, read_imse},
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

fn read(path: PathBuf, lenient: Lenient) -> Result<ReadRoster, ReadReport> {
    let options = ReadOptions { lenient, ..ReadOptions::default() };
    read_imse(BufReader::new(File::open(path).unwrap()), &options)
}

/// The example names two groups as having members that it does not hold.
#[test]
fn the_published_example_of_the_norwegian_profile() {
    let Some(folder) = folder("pifu-ims") else { return };
    let path = folder.join("PIFU-IMS_SAS_eksempel.xml");
    let report = read(path.clone(), Lenient::default()).unwrap_err();
    assert_eq!(report.total(), 2, "{report}");
    assert!(
        report.errors.iter().all(|error| error.what.starts_with("its group is not in the file, and 1 more"))
    );
    let read = read(path, [Leniency::DanglingReferences].into_iter().collect()).unwrap();
    let counts = read.roster.counts();
    assert_eq!((counts.group, counts.person), (9, 5));
    assert_eq!(read.concessions.count(Leniency::DanglingReferences), 4, "two members of each");
    let profiles: Vec<&Profile> = read
        .roster
        .records()
        .iter()
        .filter_map(|record| if let Record::Person(person) = record { Some(&person.profile) } else { None })
        .collect();
    // The next of kin of a teacher is nobody's guardian.
    let expected = [Profile::Staff, Profile::Student, Profile::Guest, Profile::Parent, Profile::Parent];
    assert_eq!(profiles, expected.iter().collect::<Vec<_>>());
    assert_eq!(read.key_changes.len(), 1);
}

#[test]
fn published_examples_of_exports_hold_a_part_and_are_refused_for_it() {
    let Some(folder) = folder("pifu-ims") else { return };
    for name in ["fravar_1", "fravar_1_kompakt", "karakter_1", "karakter_1_kompakt"] {
        let report = read(folder.join(format!("PIFU-IMS_SAS_eksempel_{name}.xml")), Lenient::default())
            .expect_err(name);
        assert!(report.to_string().contains("its parent is not in the file; "), "{name}: {report}");
    }
}
