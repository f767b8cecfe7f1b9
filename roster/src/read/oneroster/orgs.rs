//! Takes up academicSessions.csv, orgs.csv, courses.csv and classes.csv.

use super::{
    fields::Words,
    manifest::Mode,
    report::Reading,
    rows::Rows,
    tables::{CatalogCourse, Class, Org, OrgKind, Session, Tables, define},
};

const ORG_KINDS: Words<OrgKind> = &[
    ("department", OrgKind::Department),
    ("school", OrgKind::School),
    ("district", OrgKind::District),
    ("local", OrgKind::Local),
    ("state", OrgKind::State),
    ("national", OrgKind::National),
];
const SESSION_KINDS: Words<()> = &[("gradingPeriod", ()), ("semester", ()), ("schoolYear", ()), ("term", ())];
const CLASS_KINDS: Words<bool> = &[("homeroom", true), ("scheduled", false)];

impl Tables {
    /// The roster holds the ids of terms alone; the rest is checked.
    pub fn take_sessions(&mut self, rows: &mut Rows<'_>, mode: Mode, reading: &mut Reading<'_>) {
        let [id, status, modified, title, kind, start, end, parent] = rows.cells([
            "sourcedId",
            "status",
            "dateLastModified",
            "title",
            "type",
            "startDate",
            "endDate",
            "parentSourcedId",
        ]);
        while let Some(row) = rows.next(reading) {
            let state = reading.status(&row, status, modified, mode);
            define(&mut self.sessions, &row, id, state, reading);
            reading.wanted(&row, title);
            reading.word(&row, kind, SESSION_KINDS);
            for cell in [start, end] {
                reading.wanted(&row, cell);
                reading.date(&row, cell);
            }
            let parent = reading.text(&row, parent);
            let parent = (!parent.is_empty()).then(|| self.sessions.mention(parent));
            self.session_rows.push(Session { line: row.line, parent });
        }
    }

    pub fn take_orgs(&mut self, rows: &mut Rows<'_>, mode: Mode, reading: &mut Reading<'_>) {
        let [id, status, modified, name, kind, parent] =
            rows.cells(["sourcedId", "status", "dateLastModified", "name", "type", "parentSourcedId"]);
        while let Some(row) = rows.next(reading) {
            let state = reading.status(&row, status, modified, mode);
            let id = define(&mut self.groups, &row, id, state, reading);
            let name = reading.needed(&row, name).to_owned();
            let kind = reading.word(&row, kind, ORG_KINDS);
            let parent = reading.text(&row, parent);
            let parent = (!parent.is_empty()).then(|| self.groups.mention(parent));
            if let Some((id, kind)) = id.zip(kind) {
                // An org that names itself is the root.
                let parent = parent.filter(|parent| *parent != id);
                self.orgs.push(Org { id, line: row.line, kind, name, parent });
            }
        }
    }

    pub fn take_courses(&mut self, rows: &mut Rows<'_>, mode: Mode, reading: &mut Reading<'_>) {
        let [id, status, modified, title, code, org] =
            rows.cells(["sourcedId", "status", "dateLastModified", "title", "courseCode", "orgSourcedId"]);
        while let Some(row) = rows.next(reading) {
            let state = reading.status(&row, status, modified, mode);
            let id = define(&mut self.courses, &row, id, state, reading);
            reading.wanted(&row, title);
            let code = reading.optional(&row, code);
            let org = reading.wanted(&row, org);
            let org = (!org.is_empty()).then(|| self.groups.mention(org));
            if let Some(id) = id {
                self.course_rows.push(CatalogCourse { id, line: row.line, code, org });
            }
        }
    }

    pub fn take_classes(&mut self, rows: &mut Rows<'_>, mode: Mode, reading: &mut Reading<'_>) {
        let [id, status, modified, title, course, code, kind, school, terms] = rows.cells([
            "sourcedId",
            "status",
            "dateLastModified",
            "title",
            "courseSourcedId",
            "classCode",
            "classType",
            "schoolSourcedId",
            "termSourcedIds",
        ]);
        while let Some(row) = rows.next(reading) {
            let state = reading.status(&row, status, modified, mode);
            let id = define(&mut self.groups, &row, id, state, reading);
            let title = reading.needed(&row, title).to_owned();
            let is_homeroom = reading.word(&row, kind, CLASS_KINDS);
            let course = reading.wanted(&row, course);
            let course = (!course.is_empty()).then(|| self.courses.mention(course));
            let school = reading.needed(&row, school);
            let school = (!school.is_empty()).then(|| self.groups.mention(school));
            reading.wanted(&row, terms);
            let terms = reading.ids(&row, terms).map(|term| self.sessions.mention(term)).collect();
            let code = reading.optional(&row, code);
            if let Some((id, is_homeroom)) = id.zip(is_homeroom) {
                self.classes.push(Class {
                    id,
                    line: row.line,
                    title,
                    is_homeroom,
                    code,
                    course,
                    school,
                    terms,
                });
            }
        }
    }
}
