//! Checks that need the whole file: keys that come twice, logins that two persons share, members of nothing.

use super::{
    convert::{Facts, Placed},
    field::{At, Judge},
    pifu::{self, Dialect},
    references,
};
use crate::{
    model::{Kind, Record, SyncKey},
    read::Leniency,
};
use std::collections::{HashMap, hash_map::Entry};

/// Looks at all records together; those that are let go are taken out.
pub(super) fn look_at(judge: &mut Judge<'_>, records: &mut Vec<Placed>, facts: &mut Facts) {
    conflicts(judge, records);
    references::follow_changes(judge, records, facts);
    references::leave_out_ignored(records, facts);
    references::nest(judge, records, facts);
    shared_logins(judge, records);
    references::dangling(judge, records, facts);
    references::circles(judge, records);
    if judge.dialect == Dialect::Pifu {
        pifu::give_profiles(records);
    }
    special_courses(judge, records);
}

/// Identical records count as one; different ones of one key are an error at both places.
fn conflicts(judge: &mut Judge<'_>, records: &mut Vec<Placed>) {
    let mut dropped = vec![false; records.len()];
    let mut first: HashMap<(bool, &SyncKey, Option<&SyncKey>), usize> = HashMap::with_capacity(records.len());
    for (index, placed) in records.iter().enumerate() {
        let before = match first.entry(space_of(&placed.record)) {
            Entry::Vacant(entry) => {
                entry.insert(index);
                continue;
            }
            Entry::Occupied(mut entry) => entry.insert(index),
        };
        let other = &records[before];
        if other.record == placed.record {
            dropped[before] = true;
            continue;
        }
        dropped[before] = judge.concede(Leniency::ConflictingRecords, conflict(other, placed));
    }
    let mut dropped = dropped.into_iter();
    records.retain(|_| !dropped.next().unwrap_or_default());
}

/// What two records must not share: persons have keys of their own, groups and courses share theirs.
fn space_of(record: &Record) -> (bool, &SyncKey, Option<&SyncKey>) {
    match record {
        Record::Person(person) => (true, &person.key, None),
        Record::Group(group) => (false, &group.key, None),
        Record::Course(course) => (false, &course.key, None),
        Record::Membership(member) => (false, &member.group, Some(&member.person)),
    }
}

fn conflict(before: &Placed, placed: &Placed) -> crate::read::ReadError {
    let (kind, other, line) = (placed.record.kind(), before.record.kind(), before.at.place.line);
    let what = if kind == other {
        let fields = before.record.changed_fields(&placed.record).join(", ");
        format!("the same key as at line {line}, with another {fields}")
    } else {
        format!("a {kind} here, a {other} at line {line}")
    };
    placed.at.error("sourcedid", what, "send each record once")
}

fn shared_logins(judge: &mut Judge<'_>, records: &mut [Placed]) {
    let mut first: HashMap<String, At> = HashMap::new();
    for placed in records.iter_mut() {
        let Record::Person(person) = &mut placed.record else { continue };
        let Some(userid) = &person.userid else { continue };
        match first.entry(userid.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(placed.at);
            }
            Entry::Occupied(entry) => {
                let what = format!("the same login as the person at line {}", entry.get().place.line);
                let error = placed.at.error("userid", what, "give each person a login of their own");
                if judge.concede(Leniency::SharedLogins, error) {
                    person.userid = None;
                }
            }
        }
    }
}

/// C7: courses that the mapping makes of groups.
fn special_courses(judge: &mut Judge<'_>, records: &mut Vec<Placed>) {
    let mapping = &judge.options.mapping;
    if mapping.special_courses.is_empty() {
        return;
    }
    let made = mapping.special_courses_of(records.iter().map(|placed| &placed.record));
    let groups: HashMap<&SyncKey, At> = records
        .iter()
        .filter(|placed| matches!(placed.record.kind(), Kind::Group | Kind::Course))
        .map(|placed| (space_of(&placed.record).1, placed.at))
        .collect();
    let taken = made.iter().filter(|record| record.kind() == Kind::Course);
    let errors: Vec<_> = taken
        .filter_map(|course| groups.get(space_of(course).1))
        .map(|at| at.error("sourcedid", "a special course has this key", "rename the rule of the mapping"))
        .collect();
    errors.into_iter().for_each(|error| judge.error(error));
    // They are at no place of the file.
    let at = At::nowhere();
    records.extend(made.into_iter().map(|record| Placed { record, at, lacks_profile: false }));
}
