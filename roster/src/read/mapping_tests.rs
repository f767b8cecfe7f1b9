//! The mapping of a customer: what fits, what it becomes, and what is refused.

use super::*;
use crate::model::{Details, Group, Membership, Record, SyncKey};
use serde_json::json;

fn mapping(value: serde_json::Value) -> Mapping {
    let mapping: Mapping = serde_json::from_value(value).unwrap();
    mapping.check().unwrap();
    mapping
}

#[test]
fn an_empty_mapping_changes_nothing() {
    let mapping = mapping(json!({}));
    assert_eq!(mapping, Mapping::default());
    assert_eq!(mapping.role("09", Some("vikar")), None);
    assert_eq!(mapping.profile("Janitor"), Profile::Custom("Janitor".to_owned()));
    assert_eq!(mapping.decide_source("any"), SourceVerdict::Accepted);
    assert_eq!(mapping.decide_group("fag", 7, "Matematikk"), None);
    assert_eq!(serde_json::from_str::<Mapping>(&serde_json::to_string(&mapping).unwrap()).unwrap(), mapping);
}

#[test]
fn the_first_rule_that_fits_gives_the_role() {
    let mapping = mapping(json!({"roles": [
        {"code": "02", "subrole": "vikar", "role": "assistant", "name": "Vikar"},
        {"subrole": "Rektor", "role": "administrator"},
        {"code": "9", "role": "mentor"},
        {"code": "02", "role": "manager"},
    ]}));
    let cases = [
        ("02", Some("vikar"), Some(Role::Assistant)),
        ("2", Some(" Vikar "), Some(Role::Assistant)),
        ("02", Some("faglærer"), Some(Role::Manager)),
        ("02", None, Some(Role::Manager)),
        ("05", Some("rektor"), Some(Role::Administrator)),
        ("9", None, Some(Role::Mentor)),
        ("01", Some("vikar"), None),
        ("01", None, None),
    ];
    for (code, subrole, expected) in cases {
        let role = mapping.role(code, subrole).map(|rule| rule.role);
        assert_eq!(role, expected, "{code} {subrole:?}");
    }
    assert_eq!(mapping.role("02", Some("vikar")).unwrap().name.as_deref(), Some("Vikar"));
}

#[test]
fn a_source_is_accepted_refused_or_ignored() {
    let refuse = mapping(json!({"sources": {"accept": ["fjordsas"]}}));
    let ignore = mapping(json!({"sources": {"accept": ["fjordsas", " other"], "others": "ignore"}}));
    let cases = [
        (&refuse, "fjordsas", SourceVerdict::Accepted),
        (&refuse, "other", SourceVerdict::Refused),
        (&refuse, "", SourceVerdict::Refused),
        (&ignore, "other", SourceVerdict::Accepted),
        (&ignore, "third", SourceVerdict::Ignored),
    ];
    for (mapping, source, expected) in cases {
        assert_eq!(mapping.decide_source(source), expected, "{source}");
    }
}

#[test]
fn the_first_rule_that_fits_says_what_a_group_becomes() {
    let mapping = mapping(json!({"groups": [
        {"of": {"type": "fag", "title": "Kroppsøving*"}, "becomes": "ignored"},
        {"of": {"type": "fag"}, "becomes": "course"},
        {"of": {"level": 5}, "becomes": {"level": 3}},
    ]}));
    let cases = [
        (("fag", 7, "Kroppsøving 7A"), Some(Becomes::Ignored)),
        (("Fag", 7, "Matematikk"), Some(Becomes::Course)),
        (("trinn", 5, "7. trinn"), Some(Becomes::Level(3))),
        (("trinn", 4, "7. trinn"), None),
    ];
    for ((group_type, level, name), expected) in cases {
        assert_eq!(mapping.decide_group(group_type, level, name), expected, "{group_type} {level} {name}");
    }
}

// DOMAIN C7
#[test]
fn a_special_course_has_a_stable_key_and_the_members_of_its_group() {
    let key = |id: &str| SyncKey::new("sas", id);
    let group = |id: &str, group_type: &str, name: &str| {
        let (group_type, name) = (group_type.to_owned(), name.to_owned());
        Record::Group(Group {
            key: key(id),
            group_type,
            level: 2,
            name,
            parent: None,
            details: Details::default(),
        })
    };
    let member = Record::Membership(Membership {
        group: key("7a"),
        person: key("p"),
        role: Role::Mentor,
        begin: None,
        end: None,
        details: Details::default(),
    });
    let rule = |title: &str, template: &str| {
        mapping(json!({"special_courses":
            [{"name": "team", "of": {"type": "basisgruppe"}, "title": title, "template": template}]}))
    };
    let records = [group("7a", "basisgruppe", "7A"), group("t", "trinn", "7"), member];
    let made = rule("Team {name}", "tpl").special_courses_of(records.iter());
    let [Record::Course(course), Record::Membership(participant)] = &made[..] else {
        panic!("{} records", made.len())
    };
    assert_eq!((course.key.clone(), course.title.as_str()), (key("7a~team"), "Team 7A"));
    assert_eq!((course.template.clone(), course.parent.clone()), (Some(key("tpl")), Some(key("7a"))));
    assert_eq!((&participant.group, &participant.person), (&course.key, &key("p")));
    let renamed = rule("{name}", "other").special_courses_of(records.iter());
    assert_eq!(renamed[0].key(), made[0].key(), "a new title or template is the same course");
    let long = rule("{name}", "t").special_courses[0].key_of(&key(&"å".repeat(256)));
    assert!(long.id.chars().count() <= 256 && long.id.ends_with("~team"));
}

#[test]
fn a_bad_mapping_names_the_key_and_the_value() {
    let course = |more: serde_json::Value| {
        let mut course = json!({"name": "team", "of": {"type": "fag"}, "template": "t"});
        course.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        course
    };
    let cases = [
        (json!({"roles": [{"role": "mentor"}]}), "mapping, roles[0]: \"mentor\": "),
        (json!({"roles": [{"code": " ", "role": "mentor"}]}), "mapping, roles[0].code: \" \": "),
        (json!({"profiles": {"Faculty": ""}}), "mapping, profiles.Faculty: \"\": "),
        (json!({"groups": [{"of": {}, "becomes": "course"}]}), "mapping, groups[0].of: \"\": "),
        (
            json!({"groups": [{"of": {"level": 21}, "becomes": "course"}]}),
            "mapping, groups[0].of.level: \"21\": ",
        ),
        (
            json!({"groups": [{"of": {"type": "fag"}, "becomes": {"level": 99}}]}),
            "mapping, groups[0].becomes.level: \"99\": ",
        ),
        (json!({"sources": {"accept": [""]}}), "mapping, sources.accept[0]: \"\": "),
        (
            json!({"special_courses": [course(json!({"name": "Team 1"}))]}),
            "mapping, special_courses[0].name: \"Team 1\": ",
        ),
        (
            json!({"special_courses": [course(json!({})), course(json!({}))]}),
            "mapping, special_courses[1].name: \"team\": another rule has that name",
        ),
        (
            json!({"special_courses": [course(json!({"template": ""}))]}),
            "mapping, special_courses[0].template: \"\": ",
        ),
    ];
    for (value, expected) in cases {
        let mapping: Mapping = serde_json::from_value(value).unwrap();
        let error = mapping.check().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    for unread in [
        json!({"rolls": []}),
        json!({"roles": [{"code": "09", "role": "king"}]}),
        json!({"groups": [{"of": {"type": "fag"}, "becomes": "cource"}]}),
        json!({"groups": [{"of": {"tittle": "fag"}, "becomes": "course"}]}),
        json!({"sources": {"others": "forgive"}}),
    ] {
        assert!(serde_json::from_value::<Mapping>(unread.clone()).is_err(), "{unread}");
    }
}
