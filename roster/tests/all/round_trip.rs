//! What is written is read as the same roster.

use crate::generate;
use chrono::NaiveDate;
use proptest::prelude::*;
use rollover_roster::{
    invent::{Invention, Land, Municipality},
    model::{Details, Group, Person, Profile, Record, Roster, SyncKey},
    read::{ReadOptions, ReadRoster, read_imse},
    write::write_imse,
};

fn written(roster: &Roster) -> String {
    let mut out = Vec::new();
    write_imse(&mut out, roster, "fjordsas & co", "2024-06-03T02:00:00Z").unwrap();
    String::from_utf8(out).expect("it is UTF-8")
}

fn read(text: &str) -> ReadRoster {
    read_imse(text.as_bytes(), &ReadOptions::default()).unwrap_or_else(|report| panic!("{report}\n{text}"))
}

fn person(given: &str, email: Option<&str>) -> Record {
    Record::Person(Person {
        key: SyncKey::new("sas", "p-1"),
        userid: None,
        given: given.to_owned(),
        family: "Berg".to_owned(),
        email: email.map(str::to_owned),
        birth_date: NaiveDate::from_ymd_opt(2014, 2, 28),
        profile: Profile::Student,
        details: Details::default(),
    })
}

proptest! {
    #[test]
    fn any_roster_comes_back(roster in generate::roster()) {
        let text = written(&roster);
        let back = read(&text);
        prop_assert!(back.roster == roster, "{text}");
        prop_assert_eq!(back.properties.datasource.as_deref(), Some("fjordsas & co"));
        prop_assert_eq!(back.properties.datetime.as_deref(), Some("2024-06-03T02:00:00Z"));
        prop_assert_eq!(back.groups_without_id, 0);
    }

    #[test]
    fn no_element_is_empty(roster in generate::roster()) {
        let text = written(&roster);
        // What ends just before an end tag has to be another end, or the one element that is all attributes.
        for (at, _) in text.match_indices("></") {
            let before = &text[text[..at].rfind('<').unwrap()..at];
            prop_assert!(before.starts_with("</") || before.starts_with("<institutionrole "), "{before}>");
        }
        prop_assert_eq!(text.matches("/>").count(), text.matches("<institutionrole ").count());
    }

    #[test]
    fn blanks_around_a_text_are_trimmed(blanks in "[ \t\r\n\u{a0}]{0,4}", name in generate::text(20)) {
        let roster = Roster::from_records(vec![person(&format!("{blanks}{name}{blanks}"), Some(&blanks))]);
        let expected = Roster::from_records(vec![person(&name, None)]);
        prop_assert!(read(&written(&roster)).roster == expected);
    }
}

#[test]
fn the_parts_stand_in_the_order_of_the_format() {
    let text = written(&Municipality::new(&Invention::small(1)).roster());
    assert!(
        text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<enterprise>\n<properties>"),
        "{text:.200}"
    );
    let tags = ["<properties>", "<person>", "<group>", "<membership>"];
    let (first, last) = (tags.map(|tag| text.find(tag).unwrap()), tags.map(|tag| text.rfind(tag).unwrap()));
    for next in 1..tags.len() {
        assert!(last[next - 1] < first[next], "{} before {}", tags[next - 1], tags[next]);
    }
    assert!(text.ends_with("</enterprise>\n"));
}

#[test]
fn invented_municipalities_come_back_whole() {
    for country in [Land::Norway, Land::Sweden, Land::England] {
        let mut municipality = Municipality::new(&Invention { country, ..Invention::small(7) });
        municipality.new_courses_early();
        municipality.add_summer_school();
        let roster = municipality.roster();
        assert!(read(&written(&roster)).roster == roster, "{country:?}");
    }
}

#[test]
fn a_long_name_goes_where_long_names_belong() {
    let group = |name: String| {
        let key = SyncKey::new("sas", "g");
        let group_type = "School".to_owned();
        written(&Roster::from_records(vec![Record::Group(Group {
            key,
            group_type,
            level: 1,
            name,
            parent: None,
            details: Details::default(),
        })]))
    };
    assert!(group("å".repeat(60)).contains("<short>"));
    assert!(group("å".repeat(61)).contains("<long>"));
}

#[test]
fn a_character_that_xml_cannot_hold_is_refused_without_the_name() {
    let roster = Roster::from_records(vec![person("Ka\u{1}ri", None)]);
    let error = write_imse(&mut Vec::new(), &roster, "sas", "2024-06-03").unwrap_err();
    assert_eq!(error.to_string(), "given: the character U+0001 cannot stand in XML; leave it out");
}
