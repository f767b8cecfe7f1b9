//! Files that are empty or end too early: refused wherever they end, as far as the format lets that be seen.
//!
//! A CSV file that ends with a row looks whole, since the manifest counts nothing. What a later file names and it no
//! longer holds gives it away; of the rest only the size of the whole roster speaks (`rollover_roster::shrunken`).

use crate::oneroster::{Files, all};
use rollover_roster::{
    compare::{Options, RosterError, read_to_snapshot},
    invent::{Invention, Municipality},
    model::Roster,
    read::{
        Lenient, ReadOptions,
        oneroster::{Version, read_oneroster_zip},
        read_imse,
    },
    snapshot::SnapshotStore,
    write::{Sender, write_imse, write_oneroster_zip},
};
use std::{fs, io::Cursor};

fn lenient() -> ReadOptions {
    ReadOptions { lenient: Lenient::all(), ..ReadOptions::default() }
}

fn municipality() -> Roster {
    let invention = Invention { schools: 1, grades: 2, students_per_class: 8, ..Invention::small(1) };
    Municipality::new(&invention).roster()
}

fn imse() -> Vec<u8> {
    let mut out = Vec::new();
    write_imse(&mut out, &municipality(), "sas", "2024-06-03").unwrap();
    out
}

/// The same in the Norwegian profile, which says the same things of what is written here.
fn pifu() -> Vec<u8> {
    let root = "<enterprise xmlns=\"http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-v1\">";
    String::from_utf8(imse()).unwrap().replacen("<enterprise>", root, 1).into_bytes()
}

// DOMAIN I4
#[test]
fn a_document_is_refused_wherever_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(&folder.path().join("store")).unwrap();
    let path = folder.path().join("roster.xml");
    for whole in [imse(), pifu()] {
        assert!(read_imse(whole.as_slice(), &ReadOptions::default()).is_ok());
        // The line break at the end is none of the document.
        let lengths = (0..whole.len() - 1).step_by(1_000).chain([whole.len() - 2]);
        for length in lengths {
            for options in [ReadOptions::default(), lenient()] {
                let report = read_imse(&whole[..length], &options).expect_err("it breaks off");
                assert!(report.breaks_off(), "{length}: {report}");
                fs::write(&path, &whole[..length]).unwrap();
                let options = Options { block: 4_096, ..Options::new(&options, folder.path()) };
                let Err(RosterError::Refused(streamed)) = read_to_snapshot(&path, &options, &store) else {
                    panic!("{length} was read in blocks")
                };
                assert_eq!(streamed, report.with_file("roster.xml"), "{length}");
            }
        }
    }
}

// DOMAIN I4
#[test]
fn a_zip_is_refused_wherever_it_ends() {
    for version in [Version::V1_1, Version::V1_2] {
        let day = |text: &str| text.parse().unwrap();
        let sender = Sender {
            source: "fjordsas".to_owned(),
            system_name: "Fjord SAS".to_owned(),
            version,
            year_begin: day("2023-08-01"),
            year_end: day("2024-07-31"),
        };
        let mut zip = Cursor::new(Vec::new());
        write_oneroster_zip(&mut zip, &municipality(), &sender).unwrap();
        let zip = zip.into_inner();
        for length in (0..zip.len()).step_by(500).chain([zip.len() - 1]) {
            for options in [ReadOptions::default(), lenient()] {
                let report =
                    read_oneroster_zip(Cursor::new(zip[..length].to_vec()), None, &options).unwrap_err();
                assert!(report.breaks_off(), "{length}: {report}");
            }
        }
    }
}

// DOMAIN I4
#[test]
fn a_table_that_ends_inside_a_row_is_refused() {
    for name in
        ["orgs.csv", "courses.csv", "classes.csv", "users.csv", "enrollments.csv", "academicSessions.csv"]
    {
        let whole = Files::small().0[name].clone();
        let begins = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        let last_comma = whole.iter().rposition(|byte| *byte == b',').unwrap();
        for length in (begins + 1..=last_comma).chain([0, 1, 20]) {
            let cut = Files::small().with(name, &whole[..length]);
            let Err(report) = cut.read(&ReadOptions::default()) else {
                panic!("{name} of {length} bytes was read")
            };
            assert!(all(&report).contains(name), "{name}, {length}: {}", all(&report));
        }
    }
}

// DOMAIN I4
#[test]
fn a_table_that_ends_with_a_row_is_refused_where_another_names_what_is_gone() {
    let without_rows = |name: &str, rows: usize| {
        let whole = String::from_utf8(Files::small().0[name].clone()).unwrap();
        let kept: Vec<&str> = whole.split_inclusive('\n').collect();
        Files::small().with(name, kept[..kept.len() - rows].concat())
    };
    for (name, rows) in
        [("users.csv", 2), ("users.csv", 3), ("orgs.csv", 2), ("orgs.csv", 3), ("classes.csv", 1)]
    {
        assert!(without_rows(name, rows).read(&ReadOptions::default()).is_err(), "{rows} of {name}");
    }
    // Nothing names an enrollment.
    let fewer = without_rows("enrollments.csv", 2).roster().counts();
    assert_eq!(fewer.membership, Files::small().roster().counts().membership - 2);
    assert_eq!(fewer.person, 3);
}
