//! Applying a difference gives the roster; what waits comes again; courses of the new year are held back.

use crate::generate;
use chrono::NaiveDate;
use proptest::{prelude::*, sample::Index};
use rollover_roster::{
    diff::{Action, Change, ChangeCounts, diff, diff_rosters},
    invent::{Invention, Municipality},
    mirror::mirror_after,
    model::{Course, Details, Group, Kind, Membership, Record, Role, Roster, SyncKey},
    timing::{Holds, NewCourses, Timing},
};
use std::convert::Infallible;

pub fn difference(roster: &Roster, mirror: &Roster) -> Vec<Change> {
    let stream = |roster: &Roster| roster.records().to_vec().into_iter().map(Ok::<_, Infallible>);
    let changes: Vec<Change> = diff(stream(roster), stream(mirror)).map(|change| change.unwrap()).collect();
    let in_memory: Vec<Change> = diff_rosters(roster, mirror).collect();
    assert_eq!(in_memory, changes, "streams and rosters in memory differ in the same way");
    changes
}

/// A roster once changes, in any order, are applied to it.
pub fn after(mirror: &Roster, applied: &[Change]) -> Roster {
    let mut applied = applied.to_vec();
    applied.sort_by(|one, other| one.record().by_key(other.record()));
    let mirror = mirror.records().iter().map(|record| Ok::<_, Infallible>((record.clone(), record.hash())));
    let after = mirror_after(mirror, applied.into_iter().map(Ok));
    Roster::from_records(after.map(|after| after.unwrap().0).collect())
}

pub fn holds(changes: &[Change], guard: Option<&NewCourses<'_>>, delays: bool) -> Holds {
    let of = |kind| {
        let of_kind = changes.iter().filter(move |change| change.kind() == kind);
        of_kind.cloned().map(Ok::<_, Infallible>)
    };
    Holds::of(|| of(Kind::Group), || of(Kind::Course), guard, delays).unwrap()
}

/// What flows in the window, and what waits.
pub fn postpone(changes: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
    let holds = holds(&changes, None, true);
    changes.into_iter().partition(|change| holds.timing(change) == Timing::Now)
}

fn hold_back_courses(
    changes: Vec<Change>,
    today: NaiveDate,
    opens: NaiveDate,
    summer_prefix: Option<&str>,
) -> (Vec<Change>, Vec<Change>) {
    let holds = holds(&changes, Some(&NewCourses { today, opens, summer_prefix }), false);
    changes.into_iter().partition(|change| holds.timing(change) == Timing::Now)
}

/// Two rosters that have records in common: some stay, some change, some go, some come.
fn two_rosters() -> impl Strategy<Value = (Roster, Roster)> {
    (generate::roster(), generate::roster(), prop::collection::vec(any::<Index>(), 0..10)).prop_map(
        |(one, other, kept)| {
            let mut records = other.records().to_vec();
            records.extend(kept.iter().map(|at| at.get(one.records()).clone()));
            (one, Roster::from_records(records))
        },
    )
}

proptest! {
    #[test]
    fn the_changes_applied_to_the_mirror_give_the_roster((roster, mirror) in two_rosters()) {
        let changes = difference(&roster, &mirror);
        prop_assert!(after(&mirror, &changes) == roster);
        prop_assert!(difference(&roster, &roster).is_empty(), "what is unchanged is not written");
    }

    #[test]
    fn every_change_is_needed_and_in_order((roster, mirror) in two_rosters()) {
        let changes = difference(&roster, &mirror);
        let keys: Vec<_> = changes.iter().map(|change| change.record().key()).collect();
        prop_assert!(keys.is_sorted_by(|a, b| a < b), "sorted, no key twice");
        for change in &changes {
            let (has, had) = (roster.records().contains(change.record()), mirror.records().contains(change.record()));
            match change {
                Change::Create(_) => prop_assert!(has && !had),
                Change::Delete(_) => prop_assert!(had && !has),
                Change::Update { from, to, fields } => {
                    prop_assert!(has && **from != *to && from.key() == to.key() && !fields.is_empty());
                    prop_assert_eq!(fields, &from.changed_fields(to));
                }
            }
        }
        prop_assert_eq!(ChangeCounts::of(&changes).total(), changes.len() as u64);
    }

    // DOMAIN P2, P3
    #[test]
    fn postponed_deletes_come_again_until_the_object_is_back((roster, mirror) in two_rosters()) {
        let (now, waiting) = postpone(difference(&roster, &mirror));
        prop_assert!(now.iter().all(|change| change.action() != Action::Delete));
        prop_assert!(waiting.iter().all(|change| change.action() == Action::Delete));
        let in_window = after(&mirror, &now);
        prop_assert!(difference(&roster, &in_window) == waiting, "the same deletes, and nothing else");
        // Everything that waits comes back: nothing is left to delete.
        let returned = roster.records().iter().chain(waiting.iter().map(Change::record)).cloned().collect();
        prop_assert!(difference(&Roster::from_records(returned), &in_window).is_empty());
    }

    // DOMAIN P2, P3
    #[test]
    fn a_window_that_ends_is_as_no_window(nights in prop::collection::vec((two_rosters(), any::<bool>()), 1..3)) {
        let rosters: Vec<&Roster> = nights.iter().flat_map(|((one, other), _)| [one, other]).collect();
        let (mut delayed, mut prompt) = (rosters[0].clone(), rosters[0].clone());
        for (roster, in_window) in rosters.iter().zip(nights.iter().flat_map(|(_, open)| [*open, true])) {
            let changes = difference(roster, &delayed);
            delayed = after(&delayed, &if in_window { postpone(changes).0 } else { changes });
            prompt = after(&prompt, &difference(roster, &prompt));
            prop_assert!(roster.records().iter().all(|record| delayed.records().contains(record)), "creates and updates flow");
        }
        let last = rosters[rosters.len() - 1];
        let at_the_end = after(&delayed, &difference(last, &delayed));
        prop_assert!(at_the_end == prompt && at_the_end == *last);
    }

    #[test]
    fn the_order_in_which_records_came_is_nothing((roster, mirror) in two_rosters(), turn: Index) {
        let turned = |roster: &Roster| {
            let mut records = roster.records().to_vec();
            let at = turn.index(records.len() + 1);
            records.rotate_left(at);
            records.reverse();
            Roster::from_records(records)
        };
        prop_assert!(difference(&turned(&roster), &turned(&mirror)) == difference(&roster, &mirror));
        let mut changes = difference(&roster, &mirror);
        changes.reverse();
        prop_assert!(after(&mirror, &changes) == roster);
    }

    // DOMAIN P3, C2
    #[test]
    fn while_a_group_waits_to_go_its_course_and_participants_stay((roster, mirror) in two_rosters()) {
        let (now, waiting) = postpone(difference(&roster, &mirror));
        let in_window = after(&mirror, &now);
        for course in mirror.records().iter().filter(|record| record.kind() == Kind::Course) {
            let gone = waiting.iter().any(|change| change.record().key() == course.key());
            prop_assert_eq!(gone, !roster.records().iter().any(|record| record.key() == course.key()));
            prop_assert!(!gone || in_window.records().contains(course), "it is not archived yet");
        }
    }

    // DOMAIN C1
    #[test]
    fn held_courses_come_again_and_flow_on_the_day((roster, mirror) in two_rosters()) {
        let (now, held) = hold_back_courses(difference(&roster, &mirror), day(18), day(19), None);
        prop_assert!(held.iter().all(|change| matches!(change.kind(), Kind::Course | Kind::Membership)));
        prop_assert!(!now.iter().any(|c| c.kind() == Kind::Course && c.action() == Action::Create));
        let before = after(&mirror, &now);
        let (flows, still_held) = hold_back_courses(difference(&roster, &before), day(19), day(19), None);
        prop_assert!(still_held.is_empty());
        prop_assert!(flows == held && after(&before, &flows) == roster);
    }
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 8, day).unwrap()
}

fn course(id: &str, code: Option<&str>) -> Record {
    Record::Course(Course {
        key: SyncKey::new("sas", id),
        title: "Matematikk".to_owned(),
        code: code.map(str::to_owned),
        template: None,
        parent: None,
        details: Details::default(),
    })
}

fn member(group: &str) -> Record {
    Record::Membership(Membership {
        group: SyncKey::new("sas", group),
        person: SyncKey::new("sas", "p"),
        role: Role::Learner,
        begin: None,
        end: None,
        details: Details::default(),
    })
}

fn group(id: &str) -> Record {
    Record::Group(Group {
        key: SyncKey::new("sas", id),
        group_type: "Klasse".to_owned(),
        level: 2,
        name: id.to_owned(),
        parent: None,
        details: Details::default(),
    })
}

fn update(record: Record) -> Change {
    Change::Update { from: Box::new(record.clone()), to: record, fields: vec!["title"] }
}

// DOMAIN C1, P5
#[test]
fn only_new_courses_and_their_members_are_held_back() {
    // (change, beside the creation of, prefix of summer school, held back)
    let cases = [
        (Change::Create(course("c", Some("MAT"))), None, None, true),
        (Change::Create(course("c", None)), None, Some("SUMMER"), true),
        (Change::Create(course("c", Some("SUMMER-MAT"))), None, Some("SUMMER"), false),
        (Change::Create(course("c", Some("SUMMER-MAT"))), None, None, true),
        (Change::Create(course("c", Some("MAT-SUMMER"))), None, Some("SUMMER"), true),
        (update(course("c", Some("MAT"))), None, None, false),
        (Change::Delete(course("c", Some("MAT"))), None, None, false),
        (Change::Create(group("c")), None, None, false),
        (Change::Create(member("c")), None, None, false),
        (Change::Create(member("c")), Some(course("c", None)), None, true),
        (Change::Create(member("c")), Some(course("d", None)), None, false),
        (Change::Create(member("c")), Some(course("c", Some("SUMMER"))), Some("SUMMER"), false),
    ];
    for (change, beside, prefix, expected) in cases {
        let changes = beside.map(Change::Create).into_iter().chain([change.clone()]).collect();
        let (_, held) = hold_back_courses(changes, day(18), day(19), prefix);
        assert_eq!(held.contains(&change), expected, "{change:?}, {prefix:?}");
        let (now, held) = hold_back_courses(vec![change], day(19), day(19), prefix);
        assert!(now.len() == 1 && held.is_empty(), "on the day all flows");
    }
}

// DOMAIN P2
#[test]
fn deletes_wait_and_nothing_else_does() {
    let cases = [
        (Change::Create(group("g")), false),
        (update(group("g")), false),
        (Change::Delete(group("g")), true),
        (Change::Create(member("g")), false),
        (Change::Delete(member("g")), true),
        (Change::Delete(course("c", None)), true),
    ];
    for (change, waits) in cases {
        let (now, waiting) = postpone(vec![change.clone()]);
        assert_eq!((now.len(), waiting.len()), (usize::from(!waits), usize::from(waits)), "{change:?}");
    }
}

// DOMAIN C1
#[test]
fn early_courses_of_a_municipality_wait_and_its_summer_school_does_not() {
    let mut municipality = Municipality::new(&Invention::small(12));
    let mirror = municipality.roster();
    municipality.add_summer_school();
    let summer = municipality.roster();
    municipality.new_courses_early();
    let changes = difference(&municipality.roster(), &mirror);
    let (now, held) = hold_back_courses(changes, day(18), day(19), Some("SUMMER"));
    assert!(!held.is_empty());
    assert!(after(&mirror, &now) == summer, "the summer school is there, and nothing of the new year");
}

#[test]
fn an_error_of_either_stream_is_passed_on() {
    let good = || [Ok(group("a")), Ok(group("c"))].into_iter();
    let bad = || [Ok(group("a")), Err("broken off")].into_iter();
    assert_eq!(diff(good(), bad()).find_map(Result::err), Some("broken off"));
    assert_eq!(diff(bad(), good()).find_map(Result::err), Some("broken off"));
    assert_eq!(diff(bad(), bad()).find_map(Result::err), Some("broken off"));
}
