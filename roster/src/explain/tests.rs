//! What is said of whole differences.

use super::*;
use crate::{
    filter::Limit,
    invent::{Invention, Municipality},
    model::{Profile, Roster},
    samples::{course, group, member, member_as, person, person_as, school},
};
use std::convert::Infallible;

/// Explains the difference of two rosters as if every limit were broken.
fn explained(mirror: &[Record], roster: &[Record]) -> Vec<Breach> {
    let (mirror, roster) = (Roster::from_records(mirror.to_vec()), Roster::from_records(roster.to_vec()));
    let mut sides = Sides::default();
    mirror.records().iter().for_each(|record| sides.mirror.learn(record));
    roster.records().iter().for_each(|record| sides.roster.learn(record));
    let stream = |roster: &Roster| roster.records().to_vec().into_iter().map(Ok::<_, Infallible>);
    let changes: Vec<Change> =
        crate::diff::diff(stream(&roster), stream(&mirror)).map(|change| change.unwrap()).collect();
    let counts = ChangeCounts::of(&changes);
    let all = Kind::ALL.iter().flat_map(|kind| Action::ALL.map(|action| (*kind, action)));
    let breaches = all.filter(|(kind, action)| counts.get(*kind, *action) > 0).map(|(kind, action)| {
        let (count, of) = (counts.get(kind, action), mirror.counts().get(kind));
        Breach::new(kind, action, count, of, Limit::percent(5.0))
    });
    let mut explainer = Explainer::new(breaches.collect(), &sides, &[]);
    changes.iter().for_each(|change| explainer.see(change));
    explainer.finish()
}

fn causes(breaches: &[Breach], kind: Kind, action: Action) -> Vec<String> {
    let breach = breaches.iter().find(|breach| breach.kind == kind && breach.action == action).unwrap();
    breach.causes.iter().map(ToString::to_string).collect()
}

/// Schools `s-0`… with a class each, and so many students in it.
fn schools(students: &[usize]) -> Vec<Record> {
    let mut records = vec![group("site", "Nes kommune", 0, None)];
    for (at, students) in students.iter().enumerate() {
        let (school_id, class) = (format!("s-{at}"), format!("c-{at}"));
        records.push(school(&school_id, &format!("School {at}")));
        records.push(group(&class, "8A", 2, Some(&school_id)));
        for number in 0..*students {
            let id = format!("p-{at}-{number}");
            records.push(person(&id, &format!("Given{number}"), &format!("Family{at}"), Some("2014-02-28")));
            records.push(member(&class, &id));
        }
    }
    records
}

fn without_persons(records: &[Record], gone: impl Fn(&str) -> bool) -> Vec<Record> {
    let stays = |record: &&Record| match record {
        Record::Person(person) => !gone(&person.key.id),
        Record::Membership(member) => !gone(&member.person.id),
        _ => true,
    };
    records.iter().filter(stays).cloned().collect()
}

// DOMAIN F2
#[test]
fn a_breach_is_broken_down_by_school_class_and_sort() {
    let mut mirror = schools(&[3, 2]);
    mirror
        .extend([person_as(Profile::Staff, "t", "Tor", "Li", None), member_as(Role::Instructor, "s-1", "t")]);
    let roster = without_persons(&mirror, |_| true);
    let breaches = explained(&mirror, &roster);
    let persons = &breaches[0];
    assert_eq!((persons.kind, persons.count), (Kind::Person, 6));
    let part = |school: &str, count| Part { school: school.to_owned(), count };
    assert_eq!(persons.parts, [part("School 0", 3), part("School 1", 3)]);
    let class = |school: &str, count| ClassPart { class: "8A".to_owned(), school: school.to_owned(), count };
    assert_eq!(persons.classes, [class("School 0", 3), class("School 1", 2)]);
    let sort = |sort: &str, count| SortPart { sort: sort.to_owned(), count };
    assert_eq!(persons.sorts, [sort("Student", 5), sort("Staff", 1)]);
    assert_eq!(breaches[1].sorts, [sort("learner in groups", 5), sort("instructor in groups", 1)]);
}

// DOMAIN F2
#[test]
fn a_school_that_is_not_in_the_roster_is_named() {
    let mirror = schools(&[5, 5, 5]);
    let roster: Vec<Record> = without_persons(&mirror, |id| id.starts_with("p-1-"))
        .into_iter()
        .filter(|record| !matches!(record, Record::Group(group) if ["s-1", "c-1"].contains(&group.key.id.as_str())))
        .collect();
    let breaches = explained(&mirror, &roster);
    let expected = "one school is missing from the roster altogether: School 1, with 5 of the 5 deletes";
    assert_eq!(causes(&breaches, Kind::Person, Action::Delete)[0], expected);
    // Under another key it is there.
    let rekeyed = |record: Record| match record {
        Record::Group(group) if group.key.id == "s-1" => school("s-new", "School 1"),
        Record::Group(group) if group.key.id == "c-1" => crate::samples::group("c-1", "8A", 2, Some("s-new")),
        other => other,
    };
    let breaches = explained(&mirror, &mirror.iter().cloned().map(rekeyed).collect::<Vec<_>>());
    let texts = causes(&breaches, Kind::Group, Action::Delete);
    assert_eq!(texts[0], "1 delete and 1 create of groups look re-keyed: 1 likely");
}

// DOMAIN F2, K2
#[test]
fn persons_under_other_keys_are_told_from_persons_who_go() {
    let mirror = schools(&[10, 10]);
    let rekey = |id: &str| id.replace("p-0-", "new-0-");
    let rekeyed = |record: Record| match record {
        Record::Person(mut person) => {
            person.key.id = rekey(&person.key.id);
            Record::Person(person)
        }
        Record::Membership(mut member) => {
            member.person.id = rekey(&member.person.id);
            Record::Membership(member)
        }
        other => other,
    };
    let breaches = explained(&mirror, &mirror.iter().cloned().map(rekeyed).collect::<Vec<_>>());
    let expected = "10 deletes and 10 creates of persons look re-keyed: 10 certain";
    for kind in [Kind::Person, Kind::Membership] {
        for action in [Action::Create, Action::Delete] {
            assert_eq!(causes(&breaches, kind, action)[0], expected, "{kind} {action}");
        }
    }
}

// DOMAIN F2
#[test]
fn one_class_and_few_schools_are_named() {
    let mirror = schools(&[30, 2, 2, 2, 2, 2]);
    let breaches = explained(&mirror, &without_persons(&mirror, |id| id.starts_with("p-0-")));
    assert_eq!(
        causes(&breaches, Kind::Membership, Action::Delete),
        ["all 30 deletes of memberships are of one class: 8A at School 0"]
    );
    let breaches =
        explained(&mirror, &without_persons(&mirror, |id| id.starts_with("p-0-") || id == "p-1-0"));
    assert_eq!(
        causes(&breaches, Kind::Membership, Action::Delete),
        ["96 % of the deletes are in one school: School 0"]
    );
}

// DOMAIN F2
#[test]
fn updates_say_which_fields_and_of_whom() {
    let mut mirror = schools(&[6, 6]);
    let staff =
        |number: usize, family: &str| person_as(Profile::Staff, &format!("t-{number}"), "Tor", family, None);
    let mut roster = mirror.clone();
    mirror.extend((0..4).map(|number| staff(number, "Li")));
    roster.extend((0..4).map(|number| staff(number, "Lie")));
    assert_eq!(
        causes(&explained(&mirror, &roster), Kind::Person, Action::Update),
        ["all of the updates are of one sort: Staff", "all of the updates change family alone"]
    );
}

// DOMAIN F2
#[test]
fn a_kind_that_the_roster_lacks_is_named() {
    let mut mirror = schools(&[4, 4]);
    mirror.extend([course("m", "Maths", Some("c-0")), course("n", "Norwegian", Some("c-1"))]);
    let breaches = explained(&mirror, &schools(&[4, 4]));
    assert_eq!(causes(&breaches, Kind::Course, Action::Delete), ["the roster holds no courses at all"]);
}

// DOMAIN F2
#[test]
fn the_change_of_school_year_is_known_by_its_course_memberships() {
    let mut municipality = Municipality::new(&Invention::small(7));
    let mirror = municipality.roster();
    municipality.turn_school_year();
    let breaches = explained(mirror.records(), municipality.roster().records());
    let year = "looks like the change of school year";
    for (kind, action) in [(Kind::Membership, Action::Delete), (Kind::Membership, Action::Create)] {
        let causes = causes(&breaches, kind, action);
        assert!(causes.iter().any(|cause| cause.starts_with(year)), "{kind} {action}: {causes:?}");
    }
    let mut lost = Municipality::new(&Invention::small(7));
    lost.lose_school();
    let breaches = explained(mirror.records(), lost.roster().records());
    let causes = causes(&breaches, Kind::Person, Action::Delete);
    assert!(causes[0].starts_with("one school is missing"), "{causes:?}");
}
