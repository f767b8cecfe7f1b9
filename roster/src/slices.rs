//! Releasing a difference in slices: a part flows, the rest stays held, and neither breaks what belongs together.
//!
//! What is held is not applied, so the mirror lacks it and the next difference brings it again.

use crate::{
    diff::{Action, Change, ChangeCounts},
    filter::{Limits, Verdict, decide_abort},
    model::{Course, Kind, KindCounts, Record, SyncKey},
    places::Sides,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

/// The part of a difference that a person releases; an empty list names everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slice {
    pub kinds: BTreeSet<Kind>,
    /// By the names that a breach gives them; [`crate::places::OUTSIDE`] for what is at no school.
    pub schools: BTreeSet<String>,
    pub actions: BTreeSet<Action>,
}

impl Slice {
    fn names(&self, change: &Change, sides: &Sides) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&change.kind()))
            && (self.actions.is_empty() || self.actions.contains(&change.action()))
            && (self.schools.is_empty() || self.schools.contains(sides.place(change).school_name()))
    }
}

/// As it is chosen: `Nes skole, membership, create`.
impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds.iter().map(|kind| kind.as_str());
        let actions = self.actions.iter().map(|action| action.as_str());
        let names: Vec<&str> = self.schools.iter().map(String::as_str).chain(kinds).chain(actions).collect();
        f.write_str(&names.join(", "))
    }
}

/// A difference in two parts, each in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    pub released: Vec<Change>,
    pub held: Vec<Change>,
}

/// Holds what the slice does not name, and what cannot flow without it: a change is never applied before one that it
/// needs. A person holds what a slice should bring by naming more, never less.
pub fn release(changes: Vec<Change>, slice: &Slice, sides: &Sides) -> Release {
    let mut held: Vec<bool> = changes.iter().map(|change| !slice.names(change, sides)).collect();
    let dependents = Dependents::of(&changes);
    let mut open: Vec<usize> = (0..changes.len()).filter(|at| held[*at]).collect();
    while let Some(at) = open.pop() {
        for dependent in dependents.on(&changes[at]) {
            if !std::mem::replace(&mut held[*dependent], true) {
                open.push(*dependent);
            }
        }
    }
    drop(dependents);
    let mut release = Release::default();
    for (change, held) in changes.into_iter().zip(held) {
        if held { &mut release.held } else { &mut release.released }.push(change);
    }
    release
}

/// What is released still keeps the limits that the decision gives, of a mirror of that size.
pub fn decide_release(
    release: &Release,
    limits: Option<&Limits>,
    mirror: &KindCounts,
    first_import: bool,
) -> Verdict {
    decide_abort(limits, mirror, &ChangeCounts::of(&release.released), first_import)
}

/// What a change can bring about that others need.
#[derive(PartialEq, Eq, Hash)]
enum Step<'a> {
    /// The group or course is there.
    GroupIs(&'a SyncKey),
    PersonIs(&'a SyncKey),
    /// Nothing is in the group or course any more.
    GroupFree(&'a SyncKey),
    /// The group or course of that key is gone, or about to be.
    KeyFree(&'a SyncKey),
    PersonFree(&'a SyncKey),
    /// The course is gone.
    CourseGone(&'a SyncKey),
}

/// Which changes need a step, by place in the difference.
struct Dependents<'a> {
    needs: HashMap<Step<'a>, Vec<usize>>,
}

impl<'a> Dependents<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut needs: HashMap<Step<'a>, Vec<usize>> = HashMap::new();
        for (at, change) in changes.iter().enumerate() {
            each_need(change, |step| needs.entry(step).or_default().push(at));
        }
        Self { needs }
    }

    /// The changes that cannot flow while this one is held.
    fn on(&self, change: &'a Change) -> impl Iterator<Item = &usize> {
        let mut dependents: Vec<&Vec<usize>> = Vec::new();
        each_gift(change, |step| dependents.extend(self.needs.get(&step)));
        dependents.into_iter().flatten()
    }
}

/// The steps without which a change cannot be applied. A group and a course of one key are one thing that becomes the
/// other: neither goes without the other's coming. A membership goes with its course, never before it: the site keeps the
/// participants of a course that goes (C3), and would not know them for such.
fn each_need<'a>(change: &'a Change, mut need: impl FnMut(Step<'a>)) {
    match (change, change.record()) {
        (Change::Delete(_), Record::Person(person)) => need(Step::PersonFree(&person.key)),
        (Change::Delete(_), Record::Membership(member)) => need(Step::CourseGone(&member.group)),
        (Change::Delete(record), _) => {
            group_key(record).into_iter().for_each(|key| need(Step::GroupFree(key)))
        }
        (Change::Create(_) | Change::Update { .. }, Record::Membership(member)) => {
            need(Step::GroupIs(&member.group));
            need(Step::PersonIs(&member.person));
        }
        (Change::Create(_) | Change::Update { .. }, record) => {
            if let Record::Course(Course { details, .. }) = record {
                details.creator.iter().for_each(|person| need(Step::PersonIs(person)));
            }
            parents(record).for_each(|parent| need(Step::GroupIs(parent)));
            if change.action() == Action::Create {
                group_key(record).into_iter().for_each(|key| need(Step::KeyFree(key)));
            }
        }
    }
}

/// The steps that wait for a change.
fn each_gift<'a>(change: &'a Change, mut gift: impl FnMut(Step<'a>)) {
    match (change, change.record()) {
        (Change::Create(_), Record::Person(person)) => gift(Step::PersonIs(&person.key)),
        (Change::Create(_), record) => group_key(record).into_iter().for_each(|key| {
            gift(Step::GroupIs(key));
            gift(Step::GroupFree(key));
        }),
        (Change::Delete(_), Record::Membership(member)) => {
            gift(Step::GroupFree(&member.group));
            gift(Step::PersonFree(&member.person));
        }
        (Change::Delete(record), _) => {
            group_key(record).into_iter().for_each(|key| gift(Step::KeyFree(key)));
            if let Record::Course(course) = record {
                gift(Step::CourseGone(&course.key));
            }
            parents(record).for_each(|parent| gift(Step::GroupFree(parent)));
        }
        (Change::Update { from, .. }, _) => parents(from).for_each(|parent| gift(Step::GroupFree(parent))),
    }
}

const fn group_key(record: &Record) -> Option<&SyncKey> {
    match record {
        Record::Group(group) => Some(&group.key),
        Record::Course(course) => Some(&course.key),
        Record::Person(_) | Record::Membership(_) => None,
    }
}

/// What a group or course lies in or is made from.
fn parents(record: &Record) -> impl Iterator<Item = &SyncKey> {
    let (parent, template) = match record {
        Record::Group(group) => (group.parent.as_ref(), None),
        Record::Course(course) => (course.parent.as_ref(), course.template.as_ref()),
        Record::Person(_) | Record::Membership(_) => (None, None),
    };
    parent.into_iter().chain(template)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        filter::Limit,
        places::OUTSIDE,
        samples::{course, group, member, person, school},
    };

    fn sides(roster: &[Record], mirror: &[Record]) -> Sides {
        let mut sides = Sides::default();
        roster.iter().for_each(|record| sides.roster.learn(record));
        mirror.iter().for_each(|record| sides.mirror.learn(record));
        sides
    }

    fn slice(kinds: &[Kind], schools: &[&str], actions: &[Action]) -> Slice {
        Slice {
            kinds: kinds.iter().copied().collect(),
            schools: schools.iter().map(|school| (*school).to_owned()).collect(),
            actions: actions.iter().copied().collect(),
        }
    }

    type Case = (&'static [Kind], &'static [&'static str], &'static [Action], &'static [usize]);

    // DOMAIN F2, F3
    #[test]
    fn a_slice_is_by_kind_school_and_action() {
        let new = [
            school("s-1", "Nes"),
            school("s-2", "Vik"),
            person("a", "Kari", "Berg", None),
            person("b", "Ola", "Moe", None),
            person("c", "Per", "Li", None),
            member("s-1", "a"),
            member("s-2", "b"),
        ];
        let old =
            [person("d", "Unn", "Ek", None), member("s-1", "d"), school("s-1", "Nes"), school("s-2", "Vik")];
        let sides = sides(&new, &old);
        let creates = new[2..].iter().cloned().map(Change::Create);
        let changes: Vec<Change> = creates.chain(old[..2].iter().cloned().map(Change::Delete)).collect();
        use {Action::*, Kind::*};
        // (kinds, schools, actions, places of what is released)
        let cases: [Case; 9] = [
            (&[], &[], &[], &[0, 1, 2, 3, 4, 5, 6]),
            (&[Person], &[], &[Create], &[0, 1, 2]),
            (&[], &["Nes"], &[], &[0, 3, 5, 6]),
            (&[], &["Vik"], &[], &[1, 4]),
            (&[], &[OUTSIDE], &[], &[2]),
            (&[], &["Nes", "Vik"], &[Create], &[0, 1, 3, 4]),
            (&[], &[], &[Delete], &[5, 6]),
            // The person stays while its membership does; a membership waits for its person.
            (&[Person], &[], &[Delete], &[]),
            (&[Membership], &[], &[], &[6]),
        ];
        for (kinds, schools, actions, expected) in cases {
            let found = release(changes.clone(), &slice(kinds, schools, actions), &sides);
            let expected: Vec<Change> = expected.iter().map(|at| changes[*at].clone()).collect();
            assert_eq!(found.released, expected, "{kinds:?} {schools:?} {actions:?}");
            assert_eq!(found.released.len() + found.held.len(), changes.len());
        }
    }

    // DOMAIN F2, F3
    #[test]
    fn nothing_flows_before_what_it_needs() {
        let create = |record: &Record| Change::Create(record.clone());
        let delete = |record: &Record| Change::Delete(record.clone());
        let class = group("c", "8A", 2, Some("s"));
        let moved = Change::Update {
            from: Box::new(class.clone()),
            to: group("c", "8A", 2, Some("t")),
            fields: vec!["parent"],
        };
        let (nes, kari) = (school("s", "Nes"), person("a", "Kari", "Berg", None));
        let (maths, participant) = (course("m", "Maths", Some("c")), member("m", "a"));
        use {Action::*, Kind::*};
        // (what, changes, slice, places of what is held)
        let cases: [(&str, Vec<Change>, Slice, &[usize]); 9] = [
            (
                "a membership waits for its course, that for its class, that for its school",
                vec![create(&nes), create(&class), create(&kari), create(&maths), create(&participant)],
                slice(&[Person, Course, Membership], &[], &[]),
                &[0, 1, 3, 4],
            ),
            (
                "a school goes after its class, that after its course, that after its participants",
                vec![delete(&nes), delete(&class), delete(&kari), delete(&maths), delete(&participant)],
                slice(&[Group, Person, Course], &[], &[]),
                &[0, 1, 2, 3, 4],
            ),
            (
                "a school goes after its class has left it",
                vec![delete(&nes), moved.clone()],
                slice(&[], &[], &[Delete]),
                &[0, 1],
            ),
            (
                "a class moves after its new school came",
                vec![create(&school("t", "Vik")), moved],
                slice(&[], &[], &[Update]),
                &[0, 1],
            ),
            (
                "a group becomes a course whole",
                vec![delete(&class), create(&course("c", "8A", Some("s")))],
                slice(&[], &[], &[Create]),
                &[0, 1],
            ),
            (
                "or not at all",
                vec![delete(&class), create(&course("c", "8A", Some("s")))],
                slice(&[], &[], &[Delete]),
                &[0, 1],
            ),
            (
                "a participant stays until its course goes",
                vec![delete(&maths), delete(&participant)],
                slice(&[Membership], &[], &[]),
                &[0, 1],
            ),
            (
                "a member goes before its class",
                vec![delete(&class), delete(&member("c", "a"))],
                slice(&[Membership], &[], &[]),
                &[0],
            ),
            ("what is not tied flows", vec![create(&nes), create(&kari)], slice(&[Person], &[], &[]), &[0]),
        ];
        for (what, changes, slice, expected) in cases {
            let expected: Vec<Change> = expected.iter().map(|at| changes[*at].clone()).collect();
            assert_eq!(release(changes, &slice, &Sides::default()).held, expected, "{what}");
        }
    }

    // DOMAIN F3
    #[test]
    fn what_is_released_keeps_the_limits_of_the_decision() {
        let mut limits = Limits::default();
        limits.person.delete = Limit { max_abs: Some(2), max_pct: None };
        let mirror = KindCounts { person: 10, ..KindCounts::default() };
        let released = |count| Release {
            released: vec![Change::Delete(person("a", "Kari", "Berg", None)); count],
            held: vec![Change::Delete(person("b", "Ola", "Moe", None)); 5],
        };
        for (count, passes) in [(1, true), (2, true), (3, false)] {
            let verdict = decide_release(&released(count), Some(&limits), &mirror, false);
            assert_eq!(verdict == Verdict::Pass, passes, "{count} deletes");
        }
        assert_eq!(decide_release(&released(3), None, &mirror, false), Verdict::Pass);
    }
}
