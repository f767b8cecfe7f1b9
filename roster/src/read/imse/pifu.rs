//! What the Norwegian profile PIFU-IMS says otherwise: logins, telephones, guardians, sorts of groups, profiles.

use super::{
    convert::Placed,
    field::{Field, LONG},
};
use crate::{
    model::{PersonDetails, Profile, Record, Relation, Relative, Role, SyncKey},
    read::tree::Element,
};
use std::collections::HashSet;

const NAMESPACE: &str = "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-v1";
const ORGANISATIONS: &str = "pifu-ims-go-org";
const GROUPS: &str = "pifu-ims-go-grp";

/// Which vocabulary a file is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    #[default]
    Platform,
    Pifu,
}

impl Dialect {
    pub fn of_namespace(namespace: Option<&str>) -> Self {
        if namespace == Some(NAMESPACE) { Self::Pifu } else { Self::Platform }
    }

    /// Which line a `teltype` is. The platforms' dialect numbers voice and mobile, the standard has fax between.
    pub const fn line_of(self, teltype: &str) -> Option<Line> {
        match (self, teltype.as_bytes()) {
            (_, b"" | b"1" | b"Voice") => Some(Line::Phone),
            (_, b"3" | b"Mobile") | (Self::Platform, b"2") => Some(Line::Mobile),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Phone,
    Mobile,
}

/// How well an identifier of this `useridtype` serves as login, the least first; `None`: never, since it is a
/// national id or the number of another system.
pub(super) fn rank_of_login(useridtype: Option<&str>) -> Option<u8> {
    match useridtype {
        Some("username") => Some(0),
        None | Some("") => Some(1),
        Some("feideID") => Some(2),
        Some("microsoftUPN") => Some(3),
        Some(
            "personNIN" | "personNINencrypted" | "personLIN" | "personFIN" | "studentID" | "workforceID"
            | "sisID",
        ) => None,
        Some(_) => Some(4),
    }
}

/// The level that a type of this scheme has at a site: there `level` numbers the types, it says no depth.
pub(super) fn level_of(scheme: Option<&str>, group_type: &str) -> Option<u8> {
    match (scheme?, group_type) {
        (ORGANISATIONS, "skoleeier") => Some(0),
        (ORGANISATIONS, _) => Some(1),
        (GROUPS, _) => Some(2),
        _ => None,
    }
}

/// Private telephones and guardians stand in extensions.
pub(super) fn extend(field: &mut Field<'_, '_>, extension: Element<'_>, details: &mut PersonDetails) {
    for tel in extension.all("pifu_tel") {
        let line = match tel.attribute("type") {
            Some("personTelephonePrivate") => &mut details.phone,
            Some("personMobilePrivate") => &mut details.mobile,
            _ => continue,
        };
        if line.is_none() {
            *line = field.inside("pifu_tel", |field| field.text(tel, &[], LONG));
        }
    }
    for contact in extension.all("pifu_hasContactPerson") {
        if contact.attribute("type") == Some("guardian") {
            let person = field.inside("pifu_hasContactPerson", |field| field.key(contact)).key();
            details.relatives.extend(person.map(|person| Relative { relation: Relation::Parent, person }));
        }
    }
}

/// The profile has no roles of an institution as a rule: what a person is there follows from their roles in groups.
pub(super) fn give_profiles(records: &mut [Placed]) {
    let (mut students, mut staff, mut guardians) = (HashSet::new(), HashSet::new(), HashSet::new());
    for placed in records.iter() {
        match &placed.record {
            Record::Membership(member) if member.role == Role::Learner => {
                students.insert(member.person.clone());
            }
            Record::Membership(member) => {
                staff.insert(member.person.clone());
            }
            Record::Person(person) => {
                guardians.extend(person.details.relatives.iter().map(|relative| relative.person.clone()));
            }
            Record::Group(_) | Record::Course(_) => {}
        }
    }
    for placed in records.iter_mut().filter(|placed| placed.lacks_profile) {
        if let Record::Person(person) = &mut placed.record {
            let has = |set: &HashSet<SyncKey>| set.contains(&person.key);
            person.profile = decide_profile(has(&students), has(&staff), has(&guardians));
        }
    }
}

/// A pupil who also assists is a student; somebody who is named by nobody is a guest.
const fn decide_profile(is_student: bool, is_staff: bool, is_guardian: bool) -> Profile {
    match (is_student, is_staff, is_guardian) {
        (true, _, _) => Profile::Student,
        (_, true, _) => Profile::Staff,
        (_, _, true) => Profile::Parent,
        (false, false, false) => Profile::Guest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_follows_from_roles() {
        let cases = [
            ((true, true, true), Profile::Student),
            ((true, false, false), Profile::Student),
            ((false, true, true), Profile::Staff),
            ((false, false, true), Profile::Parent),
            ((false, false, false), Profile::Guest),
        ];
        for ((student, staff, guardian), expected) in cases {
            assert_eq!(decide_profile(student, staff, guardian), expected);
        }
    }

    #[test]
    fn a_national_id_is_never_a_login() {
        assert_eq!(rank_of_login(Some("personNIN")), None);
        assert!(rank_of_login(Some("username")) < rank_of_login(None));
        assert!(rank_of_login(None) < rank_of_login(Some("feideID")));
    }

    #[test]
    fn the_number_of_a_telephone_is_another_in_each_vocabulary() {
        let cases = [
            ("1", Some(Line::Phone), Some(Line::Phone)),
            ("2", Some(Line::Mobile), None),
            ("3", Some(Line::Mobile), Some(Line::Mobile)),
            ("Voice", Some(Line::Phone), Some(Line::Phone)),
            ("Mobile", Some(Line::Mobile), Some(Line::Mobile)),
            ("Fax", None, None),
        ];
        for (teltype, platform, pifu) in cases {
            assert_eq!(Dialect::Platform.line_of(teltype), platform, "{teltype}");
            assert_eq!(Dialect::Pifu.line_of(teltype), pifu, "{teltype}");
        }
    }
}
