//! The rows of a bundle as they were read, with numbers for sourcedIds and the lines they stood at.

use super::{
    fields::Status,
    ids::{Definition, Id, Ids},
    report::Reading,
    rows::{Cell, Row},
};
use chrono::NaiveDate;

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub sessions: Ids,
    /// Orgs and classes: both become groups of the site, so their sourcedIds may not clash.
    pub groups: Ids,
    pub courses: Ids,
    pub users: Ids,
    pub session_rows: Vec<Session>,
    pub orgs: Vec<Org>,
    pub course_rows: Vec<CatalogCourse>,
    pub classes: Vec<Class>,
    pub people: Vec<User>,
    pub roles: Vec<HeldRole>,
    pub births: Vec<Birth>,
    pub enrollments: Vec<Enrollment>,
}

#[derive(Debug)]
pub(super) struct Session {
    pub line: u32,
    pub parent: Option<Id>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrgKind {
    Department,
    School,
    District,
    Local,
    State,
    National,
}

#[derive(Debug)]
pub(super) struct Org {
    pub id: Id,
    pub line: u32,
    pub kind: OrgKind,
    pub name: String,
    pub parent: Option<Id>,
}

/// A course of the catalog; classes are what is taught of it.
#[derive(Debug)]
pub(super) struct CatalogCourse {
    pub id: Id,
    pub line: u32,
    pub code: Option<String>,
    pub org: Option<Id>,
}

#[derive(Debug)]
pub(super) struct Class {
    pub id: Id,
    pub line: u32,
    pub title: String,
    pub is_homeroom: bool,
    pub code: Option<String>,
    pub course: Option<Id>,
    pub school: Option<Id>,
    pub terms: Vec<Id>,
}

/// What somebody is at an org, in the words of both versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UserRole {
    Administrator,
    Aide,
    Counselor,
    DistrictAdministrator,
    Guardian,
    Parent,
    Principal,
    Proctor,
    Relative,
    SiteAdministrator,
    Student,
    SystemAdministrator,
    Teacher,
    /// A role of the customer's own, `ext:…`.
    Custom(String),
}

#[derive(Debug)]
pub(super) struct User {
    pub id: Id,
    pub line: u32,
    pub userid: Option<String>,
    pub given: String,
    pub family: String,
    pub nickname: Option<String>,
    pub middle: Option<String>,
    pub email: Option<String>,
    pub mobile: Option<String>,
    pub phone: Option<String>,
    /// In version 1.1 alone; 1.2 has a file of roles.
    pub role: Option<UserRole>,
    pub orgs: Vec<Id>,
    pub agents: Vec<Id>,
    pub primary_org: Option<Id>,
}

/// A row of roles.csv.
#[derive(Debug)]
pub(super) struct HeldRole {
    pub line: u32,
    pub user: Id,
    pub org: Id,
    pub role: UserRole,
    pub is_primary: bool,
    pub begin: Option<NaiveDate>,
    pub end: Option<NaiveDate>,
    pub gone: bool,
}

/// A row of demographics.csv.
#[derive(Debug)]
pub(super) struct Birth {
    pub line: u32,
    pub user: Id,
    pub date: Option<NaiveDate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnrollmentRole {
    Student,
    Teacher,
    Administrator,
    Proctor,
}

/// Small, as there are a million of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Enrollment {
    pub class: Id,
    pub user: Id,
    pub school: Id,
    pub line: u32,
    pub begin: Option<NaiveDate>,
    pub end: Option<NaiveDate>,
    pub role: EnrollmentRole,
    pub is_primary: bool,
    pub gone: bool,
}

/// Defines the sourcedId of a row; a second row of one sourcedId is an error.
pub(super) fn define(
    ids: &mut Ids,
    row: &Row<'_>,
    cell: Cell,
    status: Status,
    reading: &mut Reading<'_>,
) -> Option<Id> {
    let text = reading.id(row, cell)?;
    let definition = Definition { table: row.table, line: row.line, gone: status == Status::Gone };
    match ids.define(text, definition) {
        Ok(id) => Some(id),
        Err(before) => {
            let place = format!("the same sourcedId as at line {} of {}", before.line, before.table.file());
            reading.field(row, cell, place, "each sourcedId stands for one thing and comes once");
            None
        }
    }
}
