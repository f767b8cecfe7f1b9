//! Records in one line each, for the tests of this package.

use crate::model::{Course, Details, Group, Membership, Person, Profile, Record, Role, SyncKey};

pub fn key(id: &str) -> SyncKey {
    SyncKey::new("sas", id)
}

pub fn group(id: &str, name: &str, level: u8, parent: Option<&str>) -> Record {
    Record::Group(Group {
        key: key(id),
        group_type: if level == 1 { "School" } else { "Class" }.to_owned(),
        level,
        name: name.to_owned(),
        parent: parent.map(key),
        details: Details::default(),
    })
}

/// A school in the group `site`.
pub fn school(id: &str, name: &str) -> Record {
    group(id, name, 1, Some("site"))
}

pub fn course(id: &str, title: &str, parent: Option<&str>) -> Record {
    Record::Course(Course {
        key: key(id),
        title: title.to_owned(),
        code: None,
        template: None,
        parent: parent.map(key),
        details: Details::default(),
    })
}

/// A student; `born` as 2014-02-28.
pub fn person(id: &str, given: &str, family: &str, born: Option<&str>) -> Record {
    person_as(Profile::Student, id, given, family, born)
}

pub fn person_as(profile: Profile, id: &str, given: &str, family: &str, born: Option<&str>) -> Record {
    Record::Person(Person {
        key: key(id),
        userid: None,
        given: given.to_owned(),
        family: family.to_owned(),
        email: None,
        birth_date: born.map(|date| date.parse().unwrap()),
        profile,
        details: Details::default(),
    })
}

pub fn member(group: &str, person: &str) -> Record {
    member_as(Role::Learner, group, person)
}

pub fn member_as(role: Role, group: &str, person: &str) -> Record {
    Record::Membership(Membership {
        group: key(group),
        person: key(person),
        role,
        begin: None,
        end: None,
        details: Details::default(),
    })
}
