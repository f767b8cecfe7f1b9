//! Writes IMS Enterprise 1.1 in the dialect that the reader reads: one record per line, members by their group.

use super::element::Elements;
use crate::model::{
    Course, CourseDetails, Group, GroupDetails, Membership, Person, PersonDetails, Record, Relative, Roster,
    SyncKey,
};
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
/// Of a template, a course creator and a term only the id is written: the dialect has no more, and a reader takes the
/// course's own source. A custom role is not written: it comes from the customer's mapping.
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
        out.maybe("userid", person.userid.as_deref())?;
        out.element("name", &[], |out| {
            out.maybe("nickname", person.details.nickname.as_deref())?;
            out.element("n", &[], |out| {
                out.text("family", &person.family)?;
                out.text("given", &person.given)?;
                out.maybe("other", person.details.middle_name.as_deref())
            })
        })?;
        if let Some(date) = person.birth_date {
            out.element("demographics", &[], |out| out.text("bday", &date.to_string()))?;
        }
        out.maybe("email", person.email.as_deref())?;
        write_contact(out, &person.details)?;
        let profile = person.profile.as_str();
        out.mark("institutionrole", &[("primaryrole", "Yes"), ("institutionroletype", profile)])?;
        write_relatives(out, &person.details.relatives)
    })
}

fn write_contact<W: Write>(out: &mut Elements<W>, details: &PersonDetails) -> io::Result<()> {
    out.maybe("url", details.url.as_deref())?;
    for (kind, number) in [("Voice", &details.phone), ("Mobile", &details.mobile)] {
        out.text_with("tel", &[("teltype", kind)], number.as_deref().unwrap_or_default())?;
    }
    let address = [
        ("street", &details.street),
        ("extadd", &details.extended),
        ("locality", &details.locality),
        ("pcode", &details.postcode),
    ];
    if address.iter().all(|(_, line)| line.as_deref().is_none_or(|line| line.trim().is_empty())) {
        return Ok(());
    }
    out.element("adr", &[], |out| {
        address.iter().try_for_each(|(name, line)| out.maybe(name, line.as_deref()))
    })
}

fn write_relatives<W: Write>(out: &mut Elements<W>, relatives: &[Relative]) -> io::Result<()> {
    if relatives.is_empty() {
        return Ok(());
    }
    out.element("extension", &[], |out| {
        relatives.iter().try_for_each(|relative| {
            out.element("relationship", &[], |out| {
                out.text("relationshiptype", relative.relation.as_str())?;
                write_key(out, &relative.person)
            })
        })
    })
}

fn write_group<W: Write>(out: &mut Elements<W>, group: &Group, parents: &Parents<'_>) -> io::Result<()> {
    out.line()?;
    out.element("group", &[], |out| {
        write_key(out, &group.key)?;
        write_type(out, &group.key, group.level, &group.group_type)?;
        let details: &GroupDetails = &group.details;
        write_description(out, &group.name, details.long.as_deref(), details.full.as_deref())?;
        write_org(out, details.org.as_deref())?;
        write_parent(out, group.parent.as_ref(), parents)
    })
}

fn write_course<W: Write>(out: &mut Elements<W>, course: &Course, parents: &Parents<'_>) -> io::Result<()> {
    out.line()?;
    out.element("group", &[], |out| {
        write_key(out, &course.key)?;
        write_type(out, &course.key, parents.level_inside(course.parent.as_ref()), "Course")?;
        let details: &CourseDetails = &course.details;
        write_description(out, &course.title, details.long.as_deref(), details.full.as_deref())?;
        write_org(out, details.org.as_deref())?;
        write_parent(out, course.parent.as_ref(), parents)?;
        out.element("extension", &[], |out| out.element("course", &[], |out| write_course_data(out, course)))
    })
}

fn write_course_data<W: Write>(out: &mut Elements<W>, course: &Course) -> io::Result<()> {
    let details: &CourseDetails = &course.details;
    // The element alone makes a course of the group; filled, so that nobody drops it as empty.
    out.text("title", &course.title)?;
    out.maybe("code", course.code.as_deref())?;
    out.maybe("credits", details.credits.as_deref())?;
    if course.template.is_none() && details.creator.is_none() && details.terms.is_empty() {
        return Ok(());
    }
    out.element("template", &[], |out| {
        out.maybe("synckey", course.template.as_ref().map(|template| template.id.as_str()))?;
        out.maybe("coursecreatorsynckey", details.creator.as_ref().map(|creator| creator.id.as_str()))?;
        if details.terms.is_empty() {
            return Ok(());
        }
        out.element("terms", &[], |out| {
            details
                .terms
                .iter()
                .try_for_each(|term| out.element("term", &[], |out| out.text("sourcetermsynckey", &term.id)))
        })
    })
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
            out.maybe("subrole", membership.details.subrole.as_deref())?;
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

/// A name alone goes where its length belongs; beside a longer one it is the short one.
fn write_description<W: Write>(
    out: &mut Elements<W>,
    name: &str,
    long: Option<&str>,
    full: Option<&str>,
) -> io::Result<()> {
    let is_long = long.is_none() && name.trim().chars().count() > SHORT;
    out.element("description", &[], |out| {
        out.text(if is_long { "long" } else { "short" }, name)?;
        out.maybe("long", long)?;
        out.maybe("full", full)
    })
}

fn write_org<W: Write>(out: &mut Elements<W>, org: Option<&str>) -> io::Result<()> {
    match org {
        Some(org) => out.element("org", &[], |out| out.text("orgname", org)),
        None => Ok(()),
    }
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
