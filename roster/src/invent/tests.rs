//! What callers rely on: determinism, whole rosters, and what the Filter says of each turn.

use super::*;
use crate::{
    diff::{Action, Change, ChangeCounts, diff},
    filter::{Limits, Verdict, decide_abort},
    model::{Kind, Profile, Record, RecordKey, Role, SyncKey},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    convert::Infallible,
};

fn small(seed: u64) -> Municipality {
    Municipality::new(&Invention::small(seed))
}

fn changes(old: &Roster, new: &Roster) -> Vec<Change> {
    let stream = |roster: &Roster| roster.records().to_vec().into_iter().map(Ok::<_, Infallible>);
    diff(stream(new), stream(old)).map(|change| change.unwrap()).collect()
}

fn verdict(old: &Roster, changes: &[Change]) -> Verdict {
    decide_abort(Some(&Limits::default()), &old.counts(), &ChangeCounts::of(changes), false)
}

fn breaks(old: &Roster, changes: &[Change], kind: Kind, action: Action) -> bool {
    match verdict(old, changes) {
        Verdict::Pass => false,
        Verdict::Abort(breaches) => breaches.iter().any(|b| b.kind == kind && b.action == action),
    }
}

fn keys(roster: &Roster, kind: Kind) -> BTreeSet<RecordKey> {
    roster.records().iter().filter(|record| record.kind() == kind).map(Record::key).collect()
}

/// Every record that another names is there, and no login comes twice.
fn assert_whole(roster: &Roster) {
    let mut groups: HashSet<&SyncKey> = HashSet::new();
    let (mut persons, mut userids) = (HashSet::new(), HashSet::new());
    for record in roster.records() {
        match record {
            Record::Group(group) => assert!(groups.insert(&group.key)),
            Record::Course(course) => assert!(groups.insert(&course.key), "a key of both kinds"),
            Record::Person(person) => {
                assert!(persons.insert(&person.key));
                assert!(userids.insert(person.userid.as_deref().unwrap()), "a login of two persons");
                let email = person.email.as_deref().unwrap();
                assert!(email.ends_with(".example") && email.is_ascii(), "{email}");
            }
            Record::Membership(_) => {}
        }
    }
    for record in roster.records() {
        match record {
            Record::Group(group) => {
                assert!(group.parent.as_ref().is_none_or(|parent| groups.contains(parent)));
                assert_eq!(group.parent.is_none(), group.level == 0, "the site alone has no parent");
            }
            Record::Course(course) => assert!(groups.contains(course.parent.as_ref().unwrap())),
            Record::Membership(member) => {
                assert!(groups.contains(&member.group), "member of {:?}", member.group);
                assert!(persons.contains(&member.person), "{:?} is a member", member.person);
            }
            Record::Person(_) => {}
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_roster_after_the_same_turns() {
    let year = |seed| {
        let mut municipality = small(seed);
        municipality.small_changes(3);
        municipality.new_courses_early();
        municipality.turn_school_year();
        municipality.add_summer_school();
        municipality.lose_school();
        municipality.roster()
    };
    assert_eq!(year(5), year(5));
    assert_ne!(year(5), year(6));
}

#[test]
fn every_moment_of_a_year_gives_a_whole_roster() {
    for country in [Land::Norway, Land::Sweden, Land::England] {
        let invention = Invention { country, schools: 3, courses_per_class: 99, ..Invention::small(11) };
        let mut municipality = Municipality::new(&invention);
        let turns: [fn(&mut Municipality); 8] = [
            |m| m.small_changes(5),
            Municipality::new_courses_early,
            Municipality::add_summer_school,
            |m| m.small_changes(5),
            Municipality::lose_school,
            Municipality::find_school_again,
            Municipality::turn_school_year,
            Municipality::end_summer_school,
        ];
        assert_whole(&municipality.roster());
        for turn in turns.into_iter().cycle().take(3 * turns.len()) {
            turn(&mut municipality);
            assert_whole(&municipality.roster());
        }
    }
}

#[test]
fn a_small_one_has_schools_of_a_hundred_to_two_hundred_students() {
    let roster = small(1).roster();
    let schools: Vec<&SyncKey> = roster
        .records()
        .iter()
        .filter_map(|record| match record {
            Record::Group(group) if group.level == 1 => Some(&group.key),
            _ => None,
        })
        .collect();
    assert!((1..=3).contains(&schools.len()));
    for school in schools {
        let count = |role| {
            let members = roster.records().iter();
            members
                .filter(|r| matches!(r, Record::Membership(m) if m.group == *school && m.role == role))
                .count()
        };
        assert!((100..=200).contains(&count(Role::Learner)));
        assert_eq!(count(Role::Manager), 1, "one headteacher");
        assert!(count(Role::Instructor) > 5);
    }
}

#[test]
fn every_class_has_a_mentor_and_every_course_a_teacher_from_the_staff() {
    let roster = small(2).roster();
    let profiles: HashMap<&SyncKey, &Profile> = roster
        .records()
        .iter()
        .filter_map(|record| match record {
            Record::Person(person) => Some((&person.key, &person.profile)),
            _ => None,
        })
        .collect();
    let mut leaders: HashMap<&SyncKey, Role> = HashMap::new();
    for record in roster.records() {
        let Record::Membership(member) = record else { continue };
        let is_staff = *profiles[&member.person] == Profile::Staff;
        assert_eq!(is_staff, member.role != Role::Learner);
        if is_staff {
            leaders.insert(&member.group, member.role);
        }
    }
    for record in roster.records() {
        match record {
            Record::Group(group) if group.level == 2 => assert_eq!(leaders[&group.key], Role::Mentor),
            Record::Course(course) => assert_eq!(leaders[&course.key], Role::Instructor),
            _ => {}
        }
    }
}

#[test]
fn a_large_one_has_about_so_many_persons() {
    for persons in [1, 300, 5_000, 20_000] {
        let counts = Municipality::new(&Invention::large(1, persons)).roster().counts();
        let off = counts.person.abs_diff(persons as u64);
        assert!(off <= 80 || off * 20 <= persons as u64, "{} for {persons}", counts.person);
    }
}

// DOMAIN F1
#[test]
fn the_turn_of_the_school_year_breaks_the_filter() {
    for seed in 0..10 {
        let mut municipality = small(seed);
        let old = municipality.roster();
        municipality.turn_school_year();
        let new = municipality.roster();
        let turned = changes(&old, &new);
        assert!(breaks(&old, &turned, Kind::Membership, Action::Delete), "seed {seed}");
        assert!(breaks(&old, &turned, Kind::Course, Action::Delete), "seed {seed}");
        assert!(keys(&old, Kind::Course).is_disjoint(&keys(&new, Kind::Course)), "courses of another year");
        let stayed = keys(&old, Kind::Person).intersection(&keys(&new, Kind::Person)).count() as u64;
        let (left, all) = (old.counts().person - stayed, old.counts().person);
        assert!(left > 20 && left * 4 < all, "the last grade and a few teachers leave: {left} of {all}");
        assert_eq!(new.counts().person, all, "as many come");
    }
}

#[test]
fn a_new_school_year_changes_no_record_of_a_person_who_stays() {
    let mut municipality = small(4);
    let old = municipality.roster();
    municipality.turn_school_year();
    let counts = ChangeCounts::of(&changes(&old, &municipality.roster()));
    assert_eq!(counts.person.update, 0);
}

// DOMAIN F1, F2
#[test]
fn a_lost_school_breaks_the_filter_and_comes_back_as_it_was() {
    for seed in 0..10 {
        let mut municipality = small(seed);
        let old = municipality.roster();
        municipality.lose_school();
        let without = municipality.roster();
        let lost = changes(&old, &without);
        assert!(breaks(&old, &lost, Kind::Person, Action::Delete), "seed {seed}");
        assert!(lost.iter().all(|change| change.action() == Action::Delete), "it is a loss and nothing else");
        assert_whole(&without);
        municipality.find_school_again();
        assert_eq!(municipality.roster(), old);
    }
}

#[test]
fn small_changes_pass_the_filter_night_after_night() {
    for seed in 0..4 {
        for schools in 1..=3 {
            let mut municipality = Municipality::new(&Invention { schools, ..Invention::small(seed) });
            municipality.new_courses_early();
            municipality.add_summer_school();
            let mut before = municipality.roster();
            let mut seen = ChangeCounts::default();
            for night in 0..20 {
                // Asking for far too many does no harm.
                municipality.small_changes(if night % 2 == 0 { 2 } else { 500 });
                let after = municipality.roster();
                let changes = changes(&before, &after);
                assert_eq!(verdict(&before, &changes), Verdict::Pass, "seed {seed}, night {night}");
                changes.iter().for_each(|change| seen.add(change));
                before = after;
            }
            let person = seen.person;
            assert!(
                person.create > 0 && person.update > 0 && person.delete > 0,
                "all sorts come: {person:?}"
            );
            assert_eq!((seen.group, seen.course), (<_>::default(), <_>::default()), "no class and no course");
        }
    }
}

// DOMAIN C1
#[test]
fn early_courses_are_pure_creates_and_become_the_ordinary_ones() {
    let mut municipality = small(8);
    let old = municipality.roster();
    municipality.new_courses_early();
    let early = municipality.roster();
    let added = changes(&old, &early);
    assert!(added.iter().all(|change| change.action() == Action::Create));
    let courses: BTreeSet<RecordKey> =
        added.iter().filter(|c| c.kind() == Kind::Course).map(|c| c.record().key()).collect();
    assert_eq!(courses.len() as u64, old.counts().course, "a course of the new year for each of the old");
    for change in &added {
        match change.record() {
            Record::Course(_) => {}
            Record::Membership(member) => assert!(
                courses.contains(&RecordKey { kind: Kind::Course, key: member.group.clone(), person: None }),
                "memberships in new courses only"
            ),
            other => panic!("a {} came with the courses", other.kind()),
        }
    }
    municipality.turn_school_year();
    assert_eq!(keys(&municipality.roster(), Kind::Course), courses);
}

#[test]
fn students_of_early_courses_are_in_them_after_the_turn() {
    let mut municipality = small(9);
    municipality.new_courses_early();
    let early = municipality.roster();
    municipality.turn_school_year();
    let learners = |roster: &Roster| -> BTreeSet<RecordKey> {
        let courses = keys(&municipality.roster(), Kind::Course);
        let is_course = |key: &SyncKey| {
            courses.contains(&RecordKey { kind: Kind::Course, key: key.clone(), person: None })
        };
        let members = roster.records().iter();
        members
            .filter(|r| matches!(r, Record::Membership(m) if m.role == Role::Learner && is_course(&m.group)))
            .map(Record::key)
            .collect()
    };
    let (before, after) = (learners(&early), learners(&municipality.roster()));
    assert!(!before.is_empty() && before.is_subset(&after));
}

// DOMAIN P5
#[test]
fn summer_school_adds_courses_with_its_prefix_and_takes_them_away_again() {
    let mut municipality = small(3);
    let old = municipality.roster();
    municipality.add_summer_school();
    let summer = municipality.roster();
    let added = changes(&old, &summer);
    assert!(added.iter().all(|change| change.action() == Action::Create));
    let mut courses = HashSet::new();
    for change in &added {
        if let Record::Course(course) = change.record() {
            assert!(course.code.as_deref().unwrap().starts_with("SUMMER"));
            courses.insert(&course.key);
        }
    }
    assert_eq!(courses.len(), usize::from(SUMMER_COURSES));
    for role in [Role::Learner, Role::Instructor] {
        let has = |c: &Change| matches!(c.record(), Record::Membership(m) if m.role == role && courses.contains(&m.group));
        assert!(added.iter().any(has), "a {} in summer school", role.as_str());
    }
    assert_whole(&summer);
    municipality.end_summer_school();
    assert_eq!(municipality.roster(), old);
}
