//! When each change of a difference may flow: now, after the window of delay delete, with the new school year, or once
//! a person releases it.

use crate::{
    courses::{CourseVerdict, decide_hold_back, is_summer_school},
    diff::{Action, Change},
    model::{Record, RecordKey, SyncKey},
};
use chrono::NaiveDate;
use std::collections::HashSet;

/// When a change may flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    Now,
    /// P2: once the window has ended.
    Postponed,
    /// C1: once the school year has begun.
    HeldBack,
    /// F3: once it is released, or the Filter lets it pass.
    NotReleased,
}

/// The guard on new courses, as it stands on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCourses<'a> {
    pub today: NaiveDate,
    pub opens: NaiveDate,
    /// A course whose code begins so is of the summer school and flows (P5).
    pub summer_prefix: Option<&'a str>,
}

/// What of one difference waits. In memory are the keys of courses that wait and of what is not released, no records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds {
    /// New courses that wait for their year.
    courses: HashSet<SyncKey>,
    /// P2: deletes wait.
    delays: bool,
    /// Groups that become courses while their deletes wait.
    becoming: HashSet<SyncKey>,
    /// What a person did not release.
    not_released: HashSet<RecordKey>,
}

impl Holds {
    /// `groups` gives the deletes of groups, `courses` the creates of courses, both of the same difference; either is
    /// read only where it matters.
    ///
    /// # Errors
    /// What the streams give.
    pub fn of<E, G, C>(
        groups: impl FnOnce() -> G,
        courses: impl FnOnce() -> C,
        guard: Option<&NewCourses<'_>>,
        delays: bool,
    ) -> Result<Self, E>
    where
        G: Iterator<Item = Result<Change, E>>,
        C: Iterator<Item = Result<Change, E>>,
    {
        let guard =
            guard.filter(|guard| decide_hold_back(guard.today, guard.opens) == CourseVerdict::HeldBack);
        let mut holds = Self { delays, ..Self::default() };
        if guard.is_none() && !delays {
            return Ok(holds);
        }
        let going: HashSet<SyncKey> = if delays { keys(groups(), Action::Delete)? } else { HashSet::new() };
        for change in courses() {
            let Change::Create(Record::Course(course)) = change? else { continue };
            if guard.is_some_and(|guard| !is_summer_school(&course, guard.summer_prefix)) {
                holds.courses.insert(course.key);
            } else if going.contains(&course.key) {
                holds.becoming.insert(course.key);
            }
        }
        Ok(holds)
    }

    /// Holds what a person did not release of what would flow.
    pub fn hold<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>) {
        self.not_released.extend(changes.into_iter().map(|change| change.record().key()));
    }

    /// Whether everything flows.
    pub fn is_none(&self) -> bool {
        !self.delays && self.courses.is_empty() && self.not_released.is_empty()
    }

    /// P2: whether deletes wait.
    pub const fn delays(&self) -> bool {
        self.delays
    }

    /// New courses that are held back.
    pub fn courses(&self) -> u64 {
        self.courses.len() as u64
    }

    /// A new course waits with the memberships in it and with the delete of the group that becomes it. A course that
    /// exists is not held back: only its creation is of the new year. In the window of delay delete deletes wait, and
    /// so does the course that a group becomes, which can come only as the group goes (P3).
    pub fn timing(&self, change: &Change) -> Timing {
        let is_delete = change.action() == Action::Delete;
        let is_of = |keys: &HashSet<SyncKey>| match change.record() {
            Record::Course(course) => keys.contains(&course.key),
            Record::Membership(member) => keys.contains(&member.group),
            // Its members are the participants of the course.
            Record::Group(group) => is_delete && keys.contains(&group.key),
            Record::Person(_) => false,
        };
        if is_of(&self.courses) {
            Timing::HeldBack
        } else if self.delays && (is_delete || is_of(&self.becoming)) {
            Timing::Postponed
        } else if !self.not_released.is_empty() && self.not_released.contains(&change.record().key()) {
            Timing::NotReleased
        } else {
            Timing::Now
        }
    }
}

fn keys<E>(changes: impl Iterator<Item = Result<Change, E>>, action: Action) -> Result<HashSet<SyncKey>, E> {
    let mut keys = HashSet::new();
    for change in changes {
        let change = change?;
        if change.action() == action {
            keys.insert(change.record().key().key);
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{course, group, key, member, person};
    use Timing::{HeldBack, Now, Postponed};
    use std::convert::Infallible;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn holds(changes: &[Change], guard: Option<&NewCourses<'_>>, delays: bool) -> Holds {
        let stream = || changes.iter().cloned().map(Ok::<_, Infallible>);
        let of = |kind| move |change: &Result<Change, Infallible>| change.as_ref().unwrap().kind() == kind;
        let groups = || stream().filter(of(crate::model::Kind::Group));
        Holds::of(groups, || stream().filter(of(crate::model::Kind::Course)), guard, delays).unwrap()
    }

    fn becomes_a_course() -> Vec<Change> {
        vec![
            Change::Delete(group("8a", "8A", 2, None)),
            Change::Delete(group("8b", "8B", 2, None)),
            Change::Create(person("p-1", "Kari", "Berg", None)),
            Change::Create(course("8a", "8A", None)),
            Change::Create(course("latin", "Latin", None)),
            Change::Create(member("8a", "p-1")),
            Change::Delete(member("8b", "p-1")),
            Change::Create(member("latin", "p-1")),
        ]
    }

    fn timings(changes: &[Change], holds: &Holds) -> Vec<Timing> {
        changes.iter().map(|change| holds.timing(change)).collect()
    }

    // DOMAIN C1
    #[test]
    fn a_group_that_becomes_a_course_stays_until_its_course_comes() {
        let changes = becomes_a_course();
        let guard = |today| NewCourses { today: day(today), opens: day("2024-08-19"), summer_prefix: None };
        let found = timings(&changes, &holds(&changes, Some(&guard("2024-08-18")), false));
        assert_eq!(found, [HeldBack, Now, Now, HeldBack, HeldBack, HeldBack, Now, HeldBack]);
        let open = holds(&changes, Some(&guard("2024-08-19")), false);
        assert!(open.is_none() && timings(&changes, &open).iter().all(|timing| *timing == Now));
    }

    // DOMAIN P2, P3
    #[test]
    fn in_the_window_a_course_waits_for_the_group_that_it_was() {
        let changes = becomes_a_course();
        let found = timings(&changes, &holds(&changes, None, true));
        assert_eq!(found, [Postponed, Postponed, Now, Postponed, Now, Postponed, Postponed, Now]);
        let update = Change::Update {
            from: Box::new(course("8a", "8a", None)),
            to: course("8a", "8A", None),
            fields: vec!["title"],
        };
        assert_eq!(holds(&[], None, true).timing(&update), Now, "a course that exists goes on");
    }

    // DOMAIN F3
    #[test]
    fn what_is_not_released_waits() {
        let changes = becomes_a_course();
        let mut some = holds(&changes, None, false);
        some.hold(&changes[..1]);
        assert!(!some.is_none());
        let found = timings(&changes, &some);
        assert_eq!(
            found[..2],
            [Timing::NotReleased, Now],
            "of the group and the course of one key only the group"
        );
        assert!(found[2..].iter().all(|timing| *timing == Now));
    }

    // DOMAIN C1, P2
    #[test]
    fn the_guard_comes_before_the_window() {
        let changes = becomes_a_course();
        let guard = NewCourses { today: day("2024-08-18"), opens: day("2024-08-19"), summer_prefix: None };
        let both = holds(&changes, Some(&guard), true);
        assert_eq!(both.courses(), 2);
        let found = timings(&changes, &both);
        assert_eq!(found, [HeldBack, Postponed, Now, HeldBack, HeldBack, HeldBack, Postponed, HeldBack]);
        assert!(both.courses.contains(&key("8a")) && both.becoming.is_empty());
    }
}
