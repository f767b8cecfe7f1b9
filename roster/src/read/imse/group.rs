//! A group of a file, or the course that it is.

use super::{
    field::{FULL, Field, ID, LONG, Named, SHORT, shown_of},
    pifu,
};
use crate::{
    model::{Course, CourseDetails, Group, GroupDetails, Record, SyncKey},
    read::{Becomes, Leniency, tree::Element},
};

/// The level of groups that nothing is said of.
const LEVEL: u8 = 2;

/// What an element and the mapping come to.
pub(super) enum Made {
    Record(Record),
    /// The mapping leaves the group out; what is in it goes into its parent.
    Ignored {
        parent: Option<SyncKey>,
    },
}

/// `None` when something that every group has is missing.
pub(super) fn group_of(field: &mut Field<'_, '_>, element: Element<'_>, key: SyncKey) -> Option<Made> {
    let sort = sort_of(field, element);
    let name = name_of(field, element);
    let parent = parent_of(field, element, &key);
    let [long, full, org] = descriptions(field, element);
    let data = element.at(&["extension", "course"]);
    let (sort, name, parent) = (sort?, name?, parent?);
    match field.judge.options.mapping.decide_group(&sort.group_type, sort.said_level, &name) {
        Some(Becomes::Ignored) => Some(Made::Ignored { parent }),
        becomes if data.is_some() || becomes == Some(Becomes::Course) => {
            let details = CourseDetails { long, full, org, ..CourseDetails::default() };
            let mut course =
                Course { key, title: name, code: None, template: None, parent, details: details.into() };
            if let Some(data) = data {
                field.inside("extension", |field| {
                    field.inside("course", |field| add_course_data(field, data, &mut course));
                });
            }
            Some(Made::Record(Record::Course(course)))
        }
        becomes => {
            let level = if let Some(Becomes::Level(level)) = becomes { level } else { sort.level };
            let details = GroupDetails { long, full, org }.into();
            let group_type = sort.group_type;
            Some(Made::Record(Record::Group(Group { key, group_type, level, name, parent, details })))
        }
    }
}

struct Sort {
    group_type: String,
    /// The level as the file says it.
    said_level: u8,
    /// The level at the site.
    level: u8,
}

fn sort_of(field: &mut Field<'_, '_>, element: Element<'_>) -> Option<Sort> {
    let kind = element.child("grouptype");
    let (value, scheme) =
        (kind.and_then(|kind| kind.child("typevalue")), kind.and_then(|k| k.child("scheme")));
    let said = value
        .and_then(|value| value.attribute("level"))
        .or_else(|| scheme.and_then(|scheme| scheme.attribute("level")));
    let level = said.map_or(Ok(LEVEL), str::parse);
    if level.is_err() {
        let place = kind.map_or(element.place, |kind| kind.place);
        let what = format!("{:?} is no level", shown_of(said.unwrap_or_default()));
        let fix = "expected 0 for the site, 1 for a school, 2 and more";
        if !field.concede(Leniency::BadLevels, place, "grouptype/typevalue@level", what, fix) {
            return None;
        }
    }
    let said_level = level.unwrap_or(LEVEL);
    let group_type = match kind {
        Some(kind) => field.text(kind, &["typevalue"], LONG),
        None => None,
    };
    let group_type = group_type.unwrap_or_else(|| "Group".to_owned());
    let level = pifu::level_of(scheme.and_then(|scheme| scheme.text_at(&[])), &group_type);
    Some(Sort { group_type, said_level, level: level.unwrap_or(said_level) })
}

fn name_of(field: &mut Field<'_, '_>, element: Element<'_>) -> Option<String> {
    // Some systems put names of any length there, so it may be as long as `long`.
    if element.text_at(&["description", "short"]).is_some() {
        return field.text(element, &["description", "short"], LONG);
    }
    field.needed(element, &["description", "long"], LONG)
}

/// The long and the full description, where `short` is the name, and the organisation.
fn descriptions(field: &mut Field<'_, '_>, element: Element<'_>) -> [Option<String>; 3] {
    let has_short = element.text_at(&["description", "short"]).is_some();
    let long = if has_short { field.text(element, &["description", "long"], LONG) } else { None };
    let full = field.text(element, &["description", "full"], FULL);
    [long, full, field.text(element, &["org", "orgname"], LONG)]
}

/// The group that this one is in; one that points at itself is the root. The outer `None` is an error.
fn parent_of(field: &mut Field<'_, '_>, element: Element<'_>, key: &SyncKey) -> Option<Option<SyncKey>> {
    let is_parent = |relationship: &Element<'_>| {
        matches!(relationship.attribute("relation"), None | Some("" | "1" | "Parent"))
    };
    let Some(relation) = element.all("relationship").find(is_parent) else { return Some(None) };
    match field.inside("relationship", |field| field.key(relation)) {
        Named::Key(parent) => Some(Some(parent).filter(|parent| parent != key)),
        Named::Ignored => Some(None),
        Named::Bad => None,
    }
}

fn add_course_data(field: &mut Field<'_, '_>, data: Element<'_>, course: &mut Course) {
    // The dialect gives ids alone, so they are of the course's own source.
    let source = course.key.source.clone();
    let of_source = |id: String| SyncKey::new(&source, &id);
    let mut details = std::mem::take(&mut course.details).into_fields();
    course.code = field.text(data, &["code"], SHORT);
    details.credits = field.text(data, &["credits"], SHORT).or_else(|| field.text(data, &["credit"], SHORT));
    course.template = field.id(data, &["template", "synckey"], ID).map(of_source);
    details.creator = field.id(data, &["template", "coursecreatorsynckey"], ID).map(of_source);
    if let Some(terms) = data.at(&["template", "terms"]) {
        // Each term has an element of its own, whose name is its number.
        field.inside("terms", |field| {
            for term in terms.children() {
                details.terms.extend(field.id(term, &["sourcetermsynckey"], ID).map(of_source));
            }
        });
    }
    course.details = details.into();
}
