//! The files of a bundle and their columns, by version of the standard.

/// The versions that are read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V1_1,
    V1_2,
}

impl Version {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::V1_1, Self::V1_2].into_iter().find(|version| version.as_str() == text)
    }
}

/// The files that a roster is made of, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    AcademicSessions,
    Orgs,
    Courses,
    Classes,
    Users,
    Roles,
    Demographics,
    Enrollments,
}

/// Files of the standard that hold nothing of a roster: known, and not opened.
pub(super) const UNREAD: [&str; 14] = [
    "categories",
    "classResources",
    "courseResources",
    "lineItemLearningObjectiveIds",
    "lineItemScoreScales",
    "lineItems",
    "resources",
    "resultLearningObjectiveIds",
    "resultScoreScales",
    "results",
    "scoreScales",
    "userProfiles",
    "userResources",
    "manifest",
];

/// A column, and whether each row must fill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub required: bool,
}

const fn must(name: &'static str) -> Column {
    Column { name, required: true }
}

const fn may(name: &'static str) -> Column {
    Column { name, required: false }
}

impl Table {
    pub const ALL: [Self; 8] = [
        Self::AcademicSessions,
        Self::Orgs,
        Self::Courses,
        Self::Classes,
        Self::Users,
        Self::Roles,
        Self::Demographics,
        Self::Enrollments,
    ];

    /// As the manifest names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcademicSessions => "academicSessions",
            Self::Orgs => "orgs",
            Self::Courses => "courses",
            Self::Classes => "classes",
            Self::Users => "users",
            Self::Roles => "roles",
            Self::Demographics => "demographics",
            Self::Enrollments => "enrollments",
        }
    }

    pub const fn file(self) -> &'static str {
        match self {
            Self::AcademicSessions => "academicSessions.csv",
            Self::Orgs => "orgs.csv",
            Self::Courses => "courses.csv",
            Self::Classes => "classes.csv",
            Self::Users => "users.csv",
            Self::Roles => "roles.csv",
            Self::Demographics => "demographics.csv",
            Self::Enrollments => "enrollments.csv",
        }
    }

    /// What one row is called in an error.
    pub const fn row_name(self) -> &'static str {
        match self {
            Self::AcademicSessions => "session",
            Self::Orgs => "org",
            Self::Courses => "course",
            Self::Classes => "class",
            Self::Users => "user",
            Self::Roles => "role",
            Self::Demographics => "demographics",
            Self::Enrollments => "enrollment",
        }
    }

    /// Without these a roster would mean to delete nearly everything.
    pub const fn is_needed(self, version: Version) -> bool {
        match self {
            Self::Orgs | Self::Users | Self::Classes | Self::Enrollments => true,
            Self::Roles => matches!(version, Version::V1_2),
            Self::AcademicSessions | Self::Courses | Self::Demographics => false,
        }
    }

    pub const fn is_in(self, version: Version) -> bool {
        !matches!((self, version), (Self::Roles, Version::V1_1))
    }

    pub const fn columns(self, version: Version) -> &'static [Column] {
        match (self, version) {
            (Self::AcademicSessions, _) => ACADEMIC_SESSIONS,
            (Self::Orgs, _) => ORGS,
            (Self::Courses, _) => COURSES,
            (Self::Classes, _) => CLASSES,
            (Self::Users, Version::V1_1) => USERS_1_1,
            (Self::Users, Version::V1_2) => USERS_1_2,
            (Self::Roles, _) => ROLES,
            (Self::Demographics, _) => DEMOGRAPHICS,
            (Self::Enrollments, _) => ENROLLMENTS,
        }
    }
}

const ID: Column = must("sourcedId");
/// Required in a delta, blank in a bulk file.
const STATUS: Column = may("status");
const MODIFIED: Column = may("dateLastModified");

const ACADEMIC_SESSIONS: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    must("title"),
    must("type"),
    must("startDate"),
    must("endDate"),
    may("parentSourcedId"),
    must("schoolYear"),
];
const ORGS: &[Column] =
    &[ID, STATUS, MODIFIED, must("name"), must("type"), may("identifier"), may("parentSourcedId")];
const COURSES: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    may("schoolYearSourcedId"),
    must("title"),
    may("courseCode"),
    may("grades"),
    must("orgSourcedId"),
    may("subjects"),
    may("subjectCodes"),
];
const CLASSES: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    must("title"),
    may("grades"),
    must("courseSourcedId"),
    may("classCode"),
    must("classType"),
    may("location"),
    must("schoolSourcedId"),
    must("termSourcedIds"),
    may("subjects"),
    may("subjectCodes"),
    may("periods"),
];
const USERS_1_1: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    must("enabledUser"),
    must("orgSourcedIds"),
    must("role"),
    must("username"),
    may("userIds"),
    must("givenName"),
    must("familyName"),
    may("middleName"),
    may("identifier"),
    may("email"),
    may("sms"),
    may("phone"),
    may("agentSourcedIds"),
    may("grades"),
    may("password"),
];
const USERS_1_2: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    must("enabledUser"),
    must("username"),
    may("userIds"),
    must("givenName"),
    must("familyName"),
    may("middleName"),
    may("identifier"),
    may("email"),
    may("sms"),
    may("phone"),
    may("agentSourcedIds"),
    may("grades"),
    may("password"),
    may("userMasterIdentifier"),
    may("preferredGivenName"),
    may("preferredMiddleName"),
    may("preferredFamilyName"),
    may("primaryOrgSourcedId"),
    may("pronouns"),
];
const ROLES: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    must("userSourcedId"),
    must("roleType"),
    must("role"),
    may("beginDate"),
    may("endDate"),
    must("orgSourcedId"),
    may("userProfileSourcedId"),
];
const ENROLLMENTS: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    must("classSourcedId"),
    must("schoolSourcedId"),
    must("userSourcedId"),
    must("role"),
    may("primary"),
    may("beginDate"),
    may("endDate"),
];
const DEMOGRAPHICS: &[Column] = &[
    ID,
    STATUS,
    MODIFIED,
    may("birthDate"),
    may("sex"),
    may("americanIndianOrAlaskaNative"),
    may("asian"),
    may("blackOrAfricanAmerican"),
    may("nativeHawaiianOrOtherPacificIslander"),
    may("white"),
    may("demographicRaceTwoOrMoreRaces"),
    may("hispanicOrLatinoEthnicity"),
    may("countryOfBirthCode"),
    may("stateOfBirthAbbreviation"),
    may("cityOfBirth"),
    may("publicSchoolResidenceStatus"),
];
