//! The guard on courses of the new school year: none of them before its start date (DOMAIN C1).

use crate::{
    diff::{Action, Change},
    model::{Course, Record, SyncKey},
};
use chrono::NaiveDate;
use std::collections::HashSet;

/// Whether a new course flows or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CourseVerdict {
    Flows,
    HeldBack,
}

/// C1: before the start date a new course waits; on the day itself it flows.
pub fn decide_hold_back(today: NaiveDate, opens: NaiveDate) -> CourseVerdict {
    if today < opens { CourseVerdict::HeldBack } else { CourseVerdict::Flows }
}

/// Parts changes into what flows now, and new courses with the memberships in them, which wait; so does the
/// delete of a group that becomes such a course.
/// A course that exists is not held back: only its creation is of the new year. A course whose code begins with
/// `summer_prefix` is of the summer school and flows (P5).
pub fn hold_back_courses(
    changes: Vec<Change>,
    today: NaiveDate,
    opens: NaiveDate,
    summer_prefix: Option<&str>,
) -> (Vec<Change>, Vec<Change>) {
    if decide_hold_back(today, opens) == CourseVerdict::Flows {
        return (changes, Vec::new());
    }
    let held: HashSet<SyncKey> = changes
        .iter()
        .filter(|change| change.action() == Action::Create)
        .filter_map(|change| match change.record() {
            Record::Course(course) if !is_summer_school(course, summer_prefix) => Some(course.key.clone()),
            _ => None,
        })
        .collect();
    changes.into_iter().partition(|change| match change.record() {
        Record::Course(course) => !held.contains(&course.key),
        Record::Membership(member) => !held.contains(&member.group),
        // The group of that key goes when its course comes: its members are that course's participants.
        Record::Group(group) => change.action() != Action::Delete || !held.contains(&group.key),
        Record::Person(_) => true,
    })
}

fn is_summer_school(course: &Course, prefix: Option<&str>) -> bool {
    prefix.is_some_and(|prefix| course.code.as_deref().is_some_and(|code| code.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Details, Group, Membership, Role};

    // DOMAIN C1
    #[test]
    fn a_group_that_becomes_a_course_stays_until_its_course_comes() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let key = |id: &str| SyncKey { source: "sas".to_owned(), id: id.to_owned() };
        let group = |id: &str| {
            let (group_type, name) = ("Class".to_owned(), "8A".to_owned());
            Record::Group(Group {
                key: key(id),
                group_type,
                level: 2,
                name,
                parent: None,
                details: Details::default(),
            })
        };
        let course = Record::Course(Course {
            key: key("8a"),
            title: "8A".to_owned(),
            code: None,
            template: None,
            parent: None,
            details: Details::default(),
        });
        let member = Record::Membership(Membership {
            group: key("8a"),
            person: key("p"),
            role: Role::Learner,
            begin: None,
            end: None,
            details: Details::default(),
        });
        let changes = vec![
            Change::Create(course),
            Change::Delete(group("8a")),
            Change::Delete(member),
            Change::Delete(group("8b")),
        ];
        let opens = day("2024-08-19");
        let (flowing, held) = hold_back_courses(changes.clone(), day("2024-08-18"), opens, None);
        assert_eq!((flowing, held.len()), (vec![Change::Delete(group("8b"))], 3));
        assert_eq!(hold_back_courses(changes.clone(), opens, opens, None), (changes, Vec::new()));
    }

    // DOMAIN C1
    #[test]
    fn the_start_date_itself_opens_the_guard() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let opens = day("2024-08-19");
        let cases = [
            ("2024-08-18", CourseVerdict::HeldBack),
            ("2024-08-19", CourseVerdict::Flows),
            ("2024-08-20", CourseVerdict::Flows),
        ];
        for (today, expected) in cases {
            assert_eq!(decide_hold_back(day(today), opens), expected, "{today}");
        }
    }
}
