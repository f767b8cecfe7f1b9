//! The public sample bundle, where a copy lies beside the project: strictly refused with its faults named, then read.

use super::{all, lines};
use rollover_roster::read::{
    Leniency, Lenient, ReadOptions,
    oneroster::{OneRoster, read_oneroster},
};
use std::path::{Path, PathBuf};

const NAME: &str = "oat-sa-v1p1";

/// A folder of samples beside the project or one of the folders above it.
fn sample() -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|folder| folder.join("shared/samples").join(NAME)).find(|folder| folder.is_dir())
}

#[test]
fn a_bundle_out_of_the_wild_is_refused_by_name_and_read_where_allowed() {
    let Some(folder) = sample() else {
        eprintln!("SKIPPED: no folder shared/samples/{NAME} beside the project");
        return;
    };
    let report = read_oneroster(&folder, None, &ReadOptions::default()).unwrap_err();
    let text = all(&report);
    for expected in [
        "users.csv, line 1, column 0, row: column 8 is \"userId\", which the standard does not have",
        "demographics.csv, line 1, column 0, row: the column sourcedId is missing",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    assert!(!text.contains("padurariu"), "{text}");
    let lenient: Lenient = Leniency::ALL.into_iter().collect();
    let read = read_oneroster(&folder, None, &ReadOptions { lenient, ..ReadOptions::default() });
    match read {
        Ok(OneRoster::Full(read)) => {
            let seen = lines(read.roster.records());
            assert!(seen.iter().any(|line| line.starts_with("course class1 ")), "{seen:#?}");
            assert_eq!(read.roster.counts().person, 2, "{seen:#?}");
        }
        Ok(OneRoster::Delta(_)) => panic!("a delta"),
        Err(report) => panic!("{}", all(&report)),
    }
}
