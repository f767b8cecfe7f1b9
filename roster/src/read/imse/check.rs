//! Checks that need the whole file: keys that come twice, logins that two persons share, members of nothing.

use super::convert::Placed;
use crate::{
    model::{Kind, Record, RecordKey, SyncKey},
    read::{report::ReadError, tree::Place},
};
use std::collections::{HashMap, HashSet};

/// Errors between records.
#[derive(Default)]
pub(super) struct Checks {
    errors: Vec<ReadError>,
}

impl Checks {
    fn error(&mut self, placed: &Placed, field: &str, what: String, fix: &str) {
        self.errors.push(ReadError {
            file: String::new(),
            line: placed.place.line,
            column: placed.place.column,
            record: placed.label.clone(),
            field: field.to_owned(),
            what,
            fix: fix.to_owned(),
        });
    }

    pub(super) fn look_at(&mut self, records: &[Placed]) {
        self.conflicts(records);
        self.shared_logins(records);
        self.dangling(records);
    }

    pub(super) fn finish(self) -> Vec<ReadError> {
        self.errors
    }

    /// Identical records count as one; different ones of one key are an error at both places.
    fn conflicts(&mut self, records: &[Placed]) {
        let mut first: HashMap<RecordKey, &Placed> = HashMap::with_capacity(records.len());
        // A group and a course share the keys of groups.
        let mut groups: HashMap<&SyncKey, (Kind, Place)> = HashMap::new();
        for placed in records {
            match first.entry(placed.record.key()) {
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(placed);
                }
                std::collections::hash_map::Entry::Occupied(entry) => {
                    let before = *entry.get();
                    if before.record != placed.record {
                        let fields = before.record.changed_fields(&placed.record).join(", ");
                        let what =
                            format!("the same key as at line {}, with another {fields}", before.place.line);
                        self.error(placed, "sourcedid", what, "send each record once");
                    }
                }
            }
            let (Record::Group(_) | Record::Course(_)) = &placed.record else { continue };
            let key = group_key(&placed.record).expect("groups and courses have one");
            match groups.insert(key, (placed.record.kind(), placed.place)) {
                Some((kind, place)) if kind != placed.record.kind() => {
                    let what = format!("a {} here, a {kind} at line {}", placed.record.kind(), place.line);
                    self.error(placed, "sourcedid", what, "send each record once");
                }
                _ => {}
            }
        }
    }

    fn shared_logins(&mut self, records: &[Placed]) {
        let mut first: HashMap<&str, &Placed> = HashMap::new();
        for placed in records {
            let Record::Person(person) = &placed.record else { continue };
            let Some(userid) = person.userid.as_deref() else { continue };
            match first.get(userid) {
                Some(before) if before.record.key() != placed.record.key() => {
                    let what = format!("the same login as the person at line {}", before.place.line);
                    self.error(placed, "userid", what, "give each person a login of their own");
                }
                Some(_) => {}
                None => {
                    first.insert(userid, placed);
                }
            }
        }
    }

    /// Memberships of persons or groups that the file does not hold.
    fn dangling(&mut self, records: &[Placed]) {
        let groups: HashSet<&SyncKey> =
            records.iter().filter_map(|placed| group_key(&placed.record)).collect();
        let persons: HashSet<&SyncKey> = records
            .iter()
            .filter_map(|placed| match &placed.record {
                Record::Person(person) => Some(&person.key),
                _ => None,
            })
            .collect();
        for placed in records {
            match &placed.record {
                Record::Membership(member) => {
                    if !groups.contains(&member.group) {
                        let what = "its group is not in the file".to_owned();
                        self.error(placed, "sourcedid", what, "send the group, or leave the membership out");
                    }
                    if !persons.contains(&member.person) {
                        let what = "its person is not in the file".to_owned();
                        self.error(
                            placed,
                            "member/sourcedid",
                            what,
                            "send the person, or leave the member out",
                        );
                    }
                }
                record => {
                    if parent(record).is_some_and(|parent| !groups.contains(parent)) {
                        let what = "its parent is not in the file".to_owned();
                        self.error(
                            placed,
                            "relationship",
                            what,
                            "send the parent, or leave the relationship out",
                        );
                    }
                }
            }
        }
    }
}

const fn group_key(record: &Record) -> Option<&SyncKey> {
    match record {
        Record::Group(group) => Some(&group.key),
        Record::Course(course) => Some(&course.key),
        Record::Person(_) | Record::Membership(_) => None,
    }
}

const fn parent(record: &Record) -> Option<&SyncKey> {
    match record {
        Record::Group(group) => group.parent.as_ref(),
        Record::Course(course) => course.parent.as_ref(),
        Record::Person(_) | Record::Membership(_) => None,
    }
}
