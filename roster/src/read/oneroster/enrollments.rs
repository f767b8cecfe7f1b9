//! Takes up enrollments.csv, the file of a million rows: nothing is allocated for one.

use super::{
    fields::{Status, Words},
    ids::{Id, Ids},
    manifest::Mode,
    report::Reading,
    rows::Rows,
    schema::Table,
    seen::Seen,
    tables::{Enrollment, EnrollmentRole, Tables},
};

const ROLES: Words<EnrollmentRole> = &[
    ("student", EnrollmentRole::Student),
    ("teacher", EnrollmentRole::Teacher),
    ("administrator", EnrollmentRole::Administrator),
    ("proctor", EnrollmentRole::Proctor),
];

impl Tables {
    pub fn take_enrollments(&mut self, rows: &mut Rows<'_>, mode: Mode, reading: &mut Reading<'_>) {
        let [id, status, modified, class, school, user, role, primary, begin, end] = rows.cells([
            "sourcedId",
            "status",
            "dateLastModified",
            "classSourcedId",
            "schoolSourcedId",
            "userSourcedId",
            "role",
            "primary",
            "beginDate",
            "endDate",
        ]);
        let mut seen = Seen::default();
        let (mut last_class, mut last_school) = (Last::default(), Last::default());
        while let Some(row) = rows.next(reading) {
            let state = reading.status(&row, status, modified, mode);
            if let Some(id) = reading.id(&row, id) {
                seen.add(id, row.line);
            }
            let Some(role) = reading.word(&row, role, ROLES) else { continue };
            let enrollment = Enrollment {
                class: last_class.mention(&mut self.groups, reading.needed(&row, class)),
                school: last_school.mention(&mut self.groups, reading.needed(&row, school)),
                user: self.users.mention(reading.needed(&row, user)),
                line: row.line,
                begin: reading.date(&row, begin),
                end: reading.date(&row, end),
                role,
                is_primary: reading.boolean(&row, primary),
                gone: state == Status::Gone,
            };
            self.enrollments.push(enrollment);
        }
        seen.report(Table::Enrollments, reading);
    }
}

/// The sourcedId before: rows of one class or school stand beside each other in most files.
#[derive(Default)]
struct Last {
    text: String,
    id: Id,
}

impl Last {
    fn mention(&mut self, ids: &mut Ids, text: &str) -> Id {
        if self.text != text || text.is_empty() {
            self.id = ids.mention(text);
            text.clone_into(&mut self.text);
        }
        self.id
    }
}
