//! Writes IMS Enterprise 1.1 in the dialect that the reader reads: one record per line, members by their group.

use super::element::Elements;
use crate::model::{Course, Group, Membership, Person, Record, Roster, SyncKey};
use chrono::NaiveDate;
use std::{
    collections::HashMap,
    io::{self, Write},
};

/// A name that is longer goes into `long`.
const SHORT: usize = 60;
/// The level of groups that nothing else is said of.
const GROUP_LEVEL: u8 = 2;

/// Writes a whole file. `source` is the system that sends it, `datetime` when it did, in ISO 8601.
///
/// Of a template only the id is written: the dialect has no more, and a reader takes the course's own source.
///
/// # Errors
/// Those of `out`, and `InvalidData` for a character that XML cannot hold.
pub fn write_imse(out: &mut impl Write, roster: &Roster, source: &str, datetime: &str) -> io::Result<()> {
    let mut out = Elements::new(out)?;
    let parents = Parents::of(roster);
    out.line()?;
    out.open("enterprise", &[])?;
    out.line()?;
    out.element("properties", &[], |out| {
        out.text("datasource", source)?;
        out.text("datetime", datetime)
    })?;
    for record in roster.records() {
        if let Record::Person(person) = record {
            write_person(&mut out, person)?;
        }
    }
    for record in roster.records() {
        match record {
            Record::Group(group) => write_group(&mut out, group, &parents)?,
            Record::Course(course) => write_course(&mut out, course, &parents)?,
            Record::Person(_) | Record::Membership(_) => {}
        }
    }
    write_memberships(&mut out, roster)?;
    out.line()?;
    out.close("enterprise")?;
    out.line()
}

/// Type and level of every group, to label those in it.
struct Parents<'a>(HashMap<&'a SyncKey, &'a Group>);

impl<'a> Parents<'a> {
    fn of(roster: &'a Roster) -> Self {
        let group = |record: &'a Record| match record {
            Record::Group(group) => Some((&group.key, group)),
            _ => None,
        };
        Self(roster.records().iter().filter_map(group).collect())
    }

    fn label(&self, key: &SyncKey) -> &str {
        self.0.get(key).map_or("Group", |group| &group.group_type)
    }

    fn level_inside(&self, key: Option<&SyncKey>) -> u8 {
        let parent = key.and_then(|key| self.0.get(key));
        parent.map_or(GROUP_LEVEL, |group| group.level.saturating_add(1))
    }
}

fn write_person<W: Write>(out: &mut Elements<W>, person: &Person) -> io::Result<()> {
    out.line()?;
    out.element("person", &[], |out| {
        write_key(out, &person.key)?;
        out.text("userid", person.userid.as_deref().unwrap_or_default())?;
        out.element("name", &[], |out| {
            out.element("n", &[], |out| {
                out.text("family", &person.family)?;
                out.text("given", &person.given)
            })
        })?;
        if let Some(date) = person.birth_date {
            out.element("demographics", &[], |out| out.text("bday", &date.to_string()))?;
        }
        out.text("email", person.email.as_deref().unwrap_or_default())?;
        let profile = person.profile.as_str();
        out.mark("institutionrole", &[("primaryrole", "Yes"), ("institutionroletype", profile)])
    })
}

fn write_group<W: Write>(out: &mut Elements<W>, group: &Group, parents: &Parents<'_>) -> io::Result<()> {
    out.line()?;
    out.element("group", &[], |out| {
        write_key(out, &group.key)?;
        write_type(out, &group.key, group.level, &group.group_type)?;
        write_name(out, &group.name)?;
        write_parent(out, group.parent.as_ref(), parents)
    })
}

fn write_course<W: Write>(out: &mut Elements<W>, course: &Course, parents: &Parents<'_>) -> io::Result<()> {
    out.line()?;
    out.element("group", &[], |out| {
        write_key(out, &course.key)?;
        write_type(out, &course.key, parents.level_inside(course.parent.as_ref()), "Course")?;
        write_name(out, &course.title)?;
        write_parent(out, course.parent.as_ref(), parents)?;
        out.element("extension", &[], |out| out.element("course", &[], |out| write_course_data(out, course)))
    })
}

fn write_course_data<W: Write>(out: &mut Elements<W>, course: &Course) -> io::Result<()> {
    let code = course.code.as_deref().unwrap_or_default().trim();
    if code.is_empty() && course.template.is_none() {
        // The element alone makes a course of the group; filled, so that nobody drops it as empty.
        return out.text("title", &course.title);
    }
    out.text("code", code)?;
    match &course.template {
        Some(template) => out.element("template", &[], |out| out.text("synckey", &template.id)),
        None => Ok(()),
    }
}

/// Members of one group stand beside each other, since a roster is sorted.
fn write_memberships<W: Write>(out: &mut Elements<W>, roster: &Roster) -> io::Result<()> {
    let mut open: Option<&SyncKey> = None;
    for record in roster.records() {
        let Record::Membership(membership) = record else { continue };
        if open != Some(&membership.group) {
            if open.is_some() {
                out.close("membership")?;
            }
            out.line()?;
            out.open("membership", &[])?;
            write_key(out, &membership.group)?;
            open = Some(&membership.group);
        }
        out.line()?;
        write_member(out, membership)?;
    }
    if open.is_some() { out.close("membership") } else { Ok(()) }
}

fn write_member<W: Write>(out: &mut Elements<W>, membership: &Membership) -> io::Result<()> {
    out.element("member", &[], |out| {
        write_key(out, &membership.person)?;
        out.text("idtype", "1")?;
        out.element("role", &[("roletype", membership.role.code())], |out| {
            out.text("status", "1")?;
            if membership.begin.is_none() && membership.end.is_none() {
                return Ok(());
            }
            out.element("timeframe", &[], |out| {
                write_bound(out, "begin", membership.begin)?;
                write_bound(out, "end", membership.end)
            })
        })
    })
}

fn write_bound<W: Write>(out: &mut Elements<W>, name: &str, date: Option<NaiveDate>) -> io::Result<()> {
    match date {
        Some(date) => out.text_with(name, &[("restrict", "1")], &date.to_string()),
        None => Ok(()),
    }
}

fn write_key<W: Write>(out: &mut Elements<W>, key: &SyncKey) -> io::Result<()> {
    out.element("sourcedid", &[], |out| {
        out.text("source", &key.source)?;
        out.text("id", &key.id)
    })
}

fn write_type<W: Write>(out: &mut Elements<W>, key: &SyncKey, level: u8, name: &str) -> io::Result<()> {
    out.element("grouptype", &[], |out| {
        out.text("scheme", &key.source)?;
        out.text_with("typevalue", &[("level", &level.to_string())], name)
    })
}

fn write_name<W: Write>(out: &mut Elements<W>, name: &str) -> io::Result<()> {
    let length = if name.trim().chars().count() > SHORT { "long" } else { "short" };
    out.element("description", &[], |out| out.text(length, name))
}

fn write_parent<W: Write>(
    out: &mut Elements<W>,
    parent: Option<&SyncKey>,
    parents: &Parents<'_>,
) -> io::Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    out.element("relationship", &[("relation", "1")], |out| {
        write_key(out, parent)?;
        out.text("label", parents.label(parent))
    })
}
