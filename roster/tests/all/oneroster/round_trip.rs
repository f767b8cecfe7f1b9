//! What is written is read again, as far as the format carries it.

use chrono::NaiveDate;
use proptest::prelude::*;
use rollover_roster::{
    invent::{Invention, Land, Municipality},
    model::{Course, CourseDetails, Details, Group, Record, Roster, SyncKey},
    read::{
        ReadOptions,
        oneroster::{OneRoster, Version, read_oneroster, read_oneroster_zip},
    },
    write::{Sender, write_oneroster_folder, write_oneroster_zip},
};
use std::{collections::HashMap, io::Cursor};

fn sender(version: Version) -> Sender {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    Sender {
        source: "fjordsas".to_owned(),
        system_name: "Fjord SAS".to_owned(),
        version,
        year_begin: day("2023-08-01"),
        year_end: day("2024-07-31"),
    }
}

/// The types of groups by their place, and courses in the school of their class: so much the format carries.
fn carried(roster: &Roster) -> Roster {
    let parents: HashMap<&SyncKey, (u8, Option<&SyncKey>)> = roster
        .records()
        .iter()
        .filter_map(|record| match record {
            Record::Group(group) => Some((&group.key, (group.level, group.parent.as_ref()))),
            _ => None,
        })
        .collect();
    let org_of = |parent: &Option<SyncKey>| {
        let mut at = parent.as_ref()?;
        while parents[at].0 > 1 {
            at = parents[at].1?;
        }
        Some(at.clone())
    };
    let records = roster.records().iter().cloned().map(|record| match record {
        Record::Group(group) => {
            let group_type = ["District", "School", "Class"][usize::from(group.level)].to_owned();
            Record::Group(Group { group_type, ..group })
        }
        Record::Course(course) => Record::Course(Course { parent: org_of(&course.parent), ..course }),
        record => record,
    });
    Roster::from_records(records.collect())
}

fn read_again(roster: &Roster, version: Version) -> Roster {
    let mut zip = Cursor::new(Vec::new());
    write_oneroster_zip(&mut zip, roster, &sender(version)).unwrap();
    match read_oneroster_zip(zip, None, &ReadOptions::default()) {
        Ok(OneRoster::Full(read)) => read.roster,
        Ok(OneRoster::Delta(_)) => panic!("a delta"),
        Err(report) => panic!("{report}"),
    }
}

#[test]
fn terms_and_templates_come_back() {
    let key = |id: &str| SyncKey::new("fjordsas", id);
    let mut records = Municipality::new(&Invention::small(3)).roster().records().to_vec();
    let terms = vec![key("h23"), key("v24")];
    records.push(Record::Course(Course {
        key: key("x"),
        title: "X, \"quoted\"".to_owned(),
        code: None,
        template: None,
        parent: Some(key("site")),
        details: Details::new(CourseDetails { terms, ..CourseDetails::default() }),
    }));
    let roster = Roster::from_records(records);
    for version in [Version::V1_1, Version::V1_2] {
        assert_eq!(read_again(&roster, version), carried(&roster));
    }
}

#[test]
fn a_folder_holds_the_same_as_a_zip() {
    let roster = Municipality::new(&Invention::small(4)).roster();
    let folder = tempfile::tempdir().unwrap();
    write_oneroster_folder(folder.path(), &roster, &sender(Version::V1_1)).unwrap();
    let OneRoster::Full(read) = read_oneroster(folder.path(), None, &ReadOptions::default()).unwrap() else {
        panic!("a delta")
    };
    assert_eq!(read.roster, carried(&roster));
}

#[test]
fn a_line_break_is_refused_as_the_format_has_none() {
    let key = SyncKey::new("fjordsas", "k");
    let (group_type, name) = ("District".to_owned(), "a\nb".to_owned());
    let group = Group { key, group_type, level: 0, name, parent: None, details: Details::default() };
    let roster = Roster::from_records(vec![Record::Group(group)]);
    let error = write_oneroster_zip(Cursor::new(Vec::new()), &roster, &sender(Version::V1_1)).unwrap_err();
    assert_eq!(error.to_string(), "a field holds a line break; leave it out");
}

fn invention() -> impl Strategy<Value = Invention> {
    let land = prop::sample::select(vec![Land::Norway, Land::Sweden, Land::England]);
    (any::<u64>(), land, 1..4_usize, 1..4_u8, 1..3_u8, (1..5_usize, 0..5_usize)).prop_map(
        |(seed, country, schools, grades, classes_per_grade, (students_per_class, courses_per_class))| {
            Invention {
                country,
                schools,
                grades,
                classes_per_grade,
                students_per_class,
                courses_per_class,
                ..Invention::small(seed)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_municipality_comes_back_through_its_years(invention in invention(), version in any::<bool>(), changes in 0..9_usize) {
        let version = if version { Version::V1_1 } else { Version::V1_2 };
        let mut municipality = Municipality::new(&invention);
        for _ in 0..2 {
            municipality.small_changes(changes);
            municipality.new_courses_early();
            let roster = municipality.roster();
            prop_assert_eq!(read_again(&roster, version), carried(&roster));
            municipality.turn_school_year();
            municipality.add_summer_school();
        }
    }
}
