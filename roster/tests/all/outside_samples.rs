//! Files that others made, where a folder of them is named when the tests are built; they are no part of the project.

use rollover_roster::{
    model::{Profile, Record},
    read::{Leniency, Lenient, ReadOptions, ReadReport, ReadRoster, oneroster::read_oneroster, read_imse},
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

/// What the tests above, and the one of the bundle, say something of.
const EXPECTED: [&str; 6] = [
    "PIFU-IMS_SAS_eksempel.xml",
    "PIFU-IMS_SAS_eksempel_fravar_1.xml",
    "PIFU-IMS_SAS_eksempel_fravar_1_kompakt.xml",
    "PIFU-IMS_SAS_eksempel_karakter_1.xml",
    "PIFU-IMS_SAS_eksempel_karakter_1_kompakt.xml",
    "manifest.csv",
];

// DOMAIN I4
#[test]
fn whatever_else_lies_there_is_told_to_be_no_roster() {
    let mut looked_at = 0;
    for folder in ["pifu-ims", "oat-sa-v1p1", "ss12000"].into_iter().filter_map(folder) {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if EXPECTED.contains(&name.as_str()) {
                continue;
            }
            for lenient in [Lenient::default(), Lenient::all()] {
                let report = read(path.clone(), lenient).expect_err(&name).to_string();
                let is_told = ["this is no roster", "expected <enterprise>: look at what the MIS sends"];
                assert!(is_told.iter().any(|told| report.contains(told)), "{name}: {report}");
            }
            let report = read_oneroster(&path, None, &ReadOptions::default()).expect_err(&name).to_string();
            assert!(report.contains("the file is no whole ZIP"), "{name}: {report}");
            looked_at += 1;
        }
    }
    if folder("pifu-ims").is_some() {
        assert!(looked_at > 0, "there are papers beside the samples");
    }
}
