//! Whether every sourcedId that a row names stands for something of the right kind.

use super::{
    ids::{Id, Ids},
    manifest::{Manifest, Mode},
    report::{Reading, error_at},
    schema::Table,
    tables::Tables,
};
use crate::read::Leniency;

const FIX: &str = "send what it names, or leave the reference out";

/// What a reference comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    There,
    /// Deleted, or an account that is switched off.
    Gone,
    Nowhere,
}

fn target(ids: &Ids, id: Id, table: Table) -> Target {
    match ids.definition(id) {
        Some(definition) if definition.table != table => Target::Nowhere,
        Some(definition) if definition.gone => Target::Gone,
        Some(_) => Target::There,
        None => Target::Nowhere,
    }
}

/// A reference of one row.
#[derive(Clone, Copy)]
struct Place {
    table: Table,
    line: u32,
    field: &'static str,
}

struct Checks<'a, 'o> {
    reading: &'a mut Reading<'o>,
}

impl Checks<'_, '_> {
    /// Whether the row keeps the reference. One that names nothing is an error, unless it may be left out.
    fn keeps(&mut self, ids: &Ids, id: Id, wanted: Table, place: Place) -> bool {
        let target = target(ids, id, wanted);
        // An empty one has been reported as such.
        if target == Target::Nowhere && !ids.text(id).is_empty() {
            let what = format!("it names no {} of the roster", wanted.row_name());
            let error = error_at(place.table, place.line, place.field, what, FIX);
            self.reading.lets_pass(Leniency::DanglingReferences, error);
        }
        target == Target::There
    }

    /// The org that a row lies in: what is deleted may not have something in it still.
    fn keeps_parent(&mut self, ids: &Ids, id: Id, place: Place) -> bool {
        let what = match target(ids, id, Table::Orgs) {
            Target::There => return true,
            Target::Gone => "it names a deleted org",
            Target::Nowhere => "it names no org of the roster",
        };
        let fix = "send the org, or move the row to another";
        let error = error_at(place.table, place.line, place.field, what, fix);
        self.reading.lets_pass(Leniency::UnknownParent, error);
        false
    }

    fn retain(&mut self, ids: &Ids, list: &mut Vec<Id>, wanted: Table, place: Place) {
        list.retain(|id| self.keeps(ids, *id, wanted, place));
    }
}

/// Reports references to nothing, and takes out of the rows those to what is left out.
pub(super) fn check(tables: &mut Tables, manifest: &Manifest, reading: &mut Reading<'_>) {
    let mut checks = Checks { reading };
    sessions_and_courses(tables, manifest, &mut checks);
    orgs_and_classes(tables, manifest, &mut checks);
    users(tables, &mut checks);
    enrollments(tables, &mut checks);
}

fn sessions_and_courses(tables: &mut Tables, manifest: &Manifest, checks: &mut Checks<'_, '_>) {
    // Terms are no records of a roster, so a delta cannot be checked against an earlier one.
    if manifest.mode(Table::AcademicSessions) == Mode::Bulk {
        for session in &tables.session_rows {
            let place =
                Place { table: Table::AcademicSessions, line: session.line, field: "parentSourcedId" };
            if let Some(parent) = session.parent {
                checks.keeps(&tables.sessions, parent, Table::AcademicSessions, place);
            }
        }
    }
    for course in &mut tables.course_rows {
        let place = Place { table: Table::Courses, line: course.line, field: "orgSourcedId" };
        course.org = course.org.filter(|org| checks.keeps(&tables.groups, *org, Table::Orgs, place));
    }
}

fn orgs_and_classes(tables: &mut Tables, manifest: &Manifest, checks: &mut Checks<'_, '_>) {
    let groups = &tables.groups;
    for org in tables.orgs.iter_mut().filter(|org| groups.is_there(org.id)) {
        let place = Place { table: Table::Orgs, line: org.line, field: "parentSourcedId" };
        org.parent = org.parent.filter(|parent| checks.keeps_parent(groups, *parent, place));
    }
    for class in tables.classes.iter_mut().filter(|class| groups.is_there(class.id)) {
        let place = |field| Place { table: Table::Classes, line: class.line, field };
        let (school, course, term) =
            (place("schoolSourcedId"), place("courseSourcedId"), place("termSourcedIds"));
        class.school = class.school.filter(|id| checks.keeps_parent(groups, *id, school));
        if manifest.mode(Table::Courses) == Mode::Bulk {
            class.course =
                class.course.filter(|id| checks.keeps(&tables.courses, *id, Table::Courses, course));
        }
        if manifest.mode(Table::AcademicSessions) == Mode::Bulk {
            checks.retain(&tables.sessions, &mut class.terms, Table::AcademicSessions, term);
        }
    }
}

fn users(tables: &mut Tables, checks: &mut Checks<'_, '_>) {
    let (users, groups) = (&tables.users, &tables.groups);
    for user in tables.people.iter_mut().filter(|user| users.is_there(user.id)) {
        let place = |field| Place { table: Table::Users, line: user.line, field };
        let (orgs, agents, primary) =
            (place("orgSourcedIds"), place("agentSourcedIds"), place("primaryOrgSourcedId"));
        checks.retain(groups, &mut user.orgs, Table::Orgs, orgs);
        checks.retain(users, &mut user.agents, Table::Users, agents);
        user.primary_org = user.primary_org.filter(|org| checks.keeps(groups, *org, Table::Orgs, primary));
    }
    tables.roles.retain(|role| {
        let place = |field| Place { table: Table::Roles, line: role.line, field };
        role.gone
            || checks.keeps(users, role.user, Table::Users, place("userSourcedId"))
                & checks.keeps(groups, role.org, Table::Orgs, place("orgSourcedId"))
    });
    tables.births.retain(|birth| {
        let place = Place { table: Table::Demographics, line: birth.line, field: "sourcedId" };
        checks.keeps(users, birth.user, Table::Users, place)
    });
}

/// One that is deleted may name what is no longer there.
fn enrollments(tables: &mut Tables, checks: &mut Checks<'_, '_>) {
    let (users, groups) = (&tables.users, &tables.groups);
    tables.enrollments.retain(|row| {
        let place = |field| Place { table: Table::Enrollments, line: row.line, field };
        if row.gone {
            return true;
        }
        checks.keeps(groups, row.school, Table::Orgs, place("schoolSourcedId"));
        checks.keeps(groups, row.class, Table::Classes, place("classSourcedId"))
            & checks.keeps(users, row.user, Table::Users, place("userSourcedId"))
    });
}
