//! Turns elements into records; every field is checked for form and length.

use super::check::Checks;
use crate::{
    model::{
        Course, CourseDetails, Group, GroupDetails, Membership, MembershipDetails, Person, PersonDetails,
        Profile, Record, Relation, Relative, Role, SyncKey,
    },
    read::{
        report::ReadError,
        tree::{Element, Place},
    },
};
use chrono::NaiveDate;

const SOURCE: usize = 32;
const ID: usize = 256;
const SHORT: usize = 60;
const LONG: usize = 256;
const FULL: usize = 2048;
/// Characters of a wrong value that an error repeats.
const SHOWN: usize = 40;

/// A record with the place it was read at and its number among its kind.
pub(super) struct Placed {
    pub record: Record,
    pub place: Place,
    pub label: String,
}

/// Collects records as they come.
#[derive(Default)]
pub(super) struct Converter {
    records: Vec<Placed>,
    persons: u64,
    groups: u64,
    members: u64,
    groups_without_id: u64,
}

/// What one element gave so far: its label, and its errors.
struct Field<'a> {
    label: &'a str,
    /// The elements around the fields that are read, each with a slash.
    within: String,
    errors: Vec<ReadError>,
}

impl<'a> Field<'a> {
    const fn new(label: &'a str) -> Self {
        Self { label, within: String::new(), errors: Vec::new() }
    }

    /// Reads fields that errors show inside `name`.
    fn inside<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.within.len();
        self.within.extend([name, "/"]);
        let value = read(self);
        self.within.truncate(length);
        value
    }

    fn error(&mut self, place: Place, field: &str, what: impl Into<String>, fix: &str) {
        self.errors.push(ReadError {
            file: String::new(),
            line: place.line,
            column: place.column,
            record: self.label.to_owned(),
            field: format!("{}{field}", self.within).trim_end_matches('/').to_owned(),
            what: what.into(),
            fix: fix.to_owned(),
        });
    }

    /// The text at a path, no longer than `max` characters. Its value is personal and never repeated.
    fn text(&mut self, element: Element<'_>, path: &[&str], max: usize) -> Option<String> {
        let text = element.text_at(path)?;
        let length = text.chars().count();
        if length > max {
            let place = element.at(path).map_or(element.place, |found| found.place);
            self.error(
                place,
                &path.join("/"),
                format!("{length} characters"),
                &format!("expected {max} at most"),
            );
            return None;
        }
        Some(text.to_owned())
    }

    fn needed(&mut self, element: Element<'_>, path: &[&str], max: usize) -> Option<String> {
        if element.text_at(path).is_none() {
            let place = element.at(path).map_or(element.place, |found| found.place);
            self.error(place, &path.join("/"), "it is missing or empty", "every such record has one");
            return None;
        }
        self.text(element, path, max)
    }

    /// A date that is not personal.
    fn date(&mut self, element: Element<'_>, path: &[&str]) -> Option<NaiveDate> {
        self.date_shown(element, path, |text| format!("{text:?} is no date"))
    }

    /// A date of which an error tells the form alone.
    fn personal_date(&mut self, element: Element<'_>, path: &[&str]) -> Option<NaiveDate> {
        self.date_shown(element, path, |text| format!("a text of the form {:?} is no date", form_of(text)))
    }

    fn date_shown(
        &mut self,
        element: Element<'_>,
        path: &[&str],
        what: impl Fn(&str) -> String,
    ) -> Option<NaiveDate> {
        let found = element.at(path)?;
        let text = element.text_at(path)?;
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if date.is_none() {
            let shown: String = text.chars().take(SHOWN).collect();
            self.error(found.place, &path.join("/"), what(&shown), "expected YYYY-MM-DD");
        }
        date
    }

    /// The pair in `sourcedid`. After a change of ids the old one may stand beside the new one.
    fn key(&mut self, element: Element<'_>) -> Option<SyncKey> {
        let mut old = 0;
        let current = element.all("sourcedid").find(|sourcedid| {
            let is_current = !matches!(sourcedid.attribute("sourcedidtype"), Some("Old" | "Duplicate"));
            old += usize::from(!is_current);
            is_current
        });
        let Some(sourcedid) = current else {
            let what = if old == 0 { "it is missing" } else { "only an old one is there" };
            self.error(element.place, "sourcedid", what, "every such record has one");
            return None;
        };
        self.inside("sourcedid", |field| {
            let source = field.text(sourcedid, &["source"], SOURCE).unwrap_or_default();
            let id = field.needed(sourcedid, &["id"], ID)?;
            Some(SyncKey::new(&source, &id))
        })
    }
}

/// Digits as 9 and letters as a: `1/05/2023` has the form `9/99/9999`.
fn form_of(text: &str) -> String {
    let form = |character: char| match character {
        c if c.is_numeric() => '9',
        c if c.is_alphabetic() => 'a',
        c => c,
    };
    text.chars().map(form).collect()
}

/// A code as it stands where it is one; a longer text may be a name in the wrong place, and is shown by its form.
fn shown_of(code: &str) -> String {
    if code.chars().count() <= LONGEST_CODE {
        return code.to_owned();
    }
    form_of(&code.chars().take(SHOWN).collect::<String>())
}

/// Signs of a role or a level.
const LONGEST_CODE: usize = 3;

/// `recstatus` 3 says that the record is no longer there; in a full file that is the same as its absence.
fn is_deleted(element: Element<'_>) -> bool {
    element.attribute("recstatus") == Some("3")
}

impl Converter {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Takes up one child of the root; gives its errors.
    pub(super) fn take(&mut self, element: Element<'_>) -> Vec<ReadError> {
        match element.name {
            "person" => self.person(element),
            "group" => self.group(element),
            _ => self.membership(element),
        }
    }

    fn keep(&mut self, record: Option<Record>, place: Place, label: &str) {
        if let Some(record) = record {
            self.records.push(Placed { record, place, label: label.to_owned() });
        }
    }

    fn person(&mut self, element: Element<'_>) -> Vec<ReadError> {
        self.persons += 1;
        if is_deleted(element) {
            return Vec::new();
        }
        let label = format!("person {}", self.persons);
        let mut field = Field::new(&label);
        let key = field.key(element);
        let given = field.needed(element, &["name", "n", "given"], LONG);
        let family = field.needed(element, &["name", "n", "family"], LONG);
        let userid = field.text(element, &["userid"], ID);
        let email = field.text(element, &["email"], LONG);
        // Some systems misspell the element; both are read.
        let birth_date = field
            .personal_date(element, &["demographics", "bday"])
            .or_else(|| field.personal_date(element, &["demogaphics", "bday"]));
        let profile = element.child("institutionrole").map_or(Profile::Student, profile_of);
        let details = person_details(&mut field, element).into();
        let record = key.zip(given).zip(family).map(|((key, given), family)| {
            Record::Person(Person { key, userid, given, family, email, birth_date, profile, details })
        });
        let errors = field.errors;
        self.keep(record, element.place, &label);
        errors
    }

    fn group(&mut self, element: Element<'_>) -> Vec<ReadError> {
        self.groups += 1;
        if is_deleted(element) {
            return Vec::new();
        }
        if element.all("sourcedid").all(|sourcedid| sourcedid.text_at(&["id"]).is_none()) {
            self.groups_without_id += 1;
            return Vec::new();
        }
        let label = format!("group {}", self.groups);
        let mut field = Field::new(&label);
        let record = match element.at(&["extension", "course"]) {
            Some(course) => course_of(&mut field, element, course),
            None => group_of(&mut field, element),
        };
        let errors = field.errors;
        self.keep(record, element.place, &label);
        errors
    }

    fn membership(&mut self, element: Element<'_>) -> Vec<ReadError> {
        let mut errors = Vec::new();
        let label = format!("membership of group {}", self.members + 1);
        let mut field = Field::new(&label);
        let group = field.key(element);
        errors.append(&mut field.errors);
        let Some(group) = group else { return errors };
        for member in element.all("member") {
            self.members += 1;
            let label = format!("member {}", self.members);
            let mut field = Field::new(&label);
            let record = member_of(&mut field, &group, member);
            errors.append(&mut field.errors);
            self.keep(record, member.place, &label);
        }
        errors
    }

    /// Checks the records against each other and gives them out.
    pub(super) fn finish(self, checks: &mut Checks) -> (Vec<Record>, u64) {
        checks.look_at(&self.records);
        (self.records.into_iter().map(|placed| placed.record).collect(), self.groups_without_id)
    }
}

fn person_details(field: &mut Field<'_>, element: Element<'_>) -> PersonDetails {
    let mut details = PersonDetails {
        nickname: field.text(element, &["name", "nickname"], LONG),
        middle_name: field.text(element, &["name", "n", "other"], LONG),
        url: field.text(element, &["url"], LONG),
        street: field.text(element, &["adr", "street"], LONG),
        extended: field.text(element, &["adr", "extadd"], LONG),
        postcode: field.text(element, &["adr", "pcode"], LONG),
        locality: field.text(element, &["adr", "locality"], LONG),
        ..PersonDetails::default()
    };
    for tel in element.all("tel") {
        let line = match tel.attribute("teltype").unwrap_or("Voice") {
            "Voice" | "1" => &mut details.phone,
            "Mobile" | "2" => &mut details.mobile,
            _ => continue,
        };
        let number = field.inside("tel", |field| field.text(tel, &[], LONG));
        *line = line.take().or(number);
    }
    details.relatives = field.inside("extension", |field| relatives(field, element));
    details
}

fn relatives(field: &mut Field<'_>, element: Element<'_>) -> Vec<Relative> {
    let Some(extension) = element.child("extension") else { return Vec::new() };
    let mut relatives: Vec<Relative> = extension
        .all("relationship")
        .filter_map(|relationship| field.inside("relationship", |field| relative(field, relationship)))
        .collect();
    relatives.sort();
    relatives.dedup();
    relatives
}

fn relative(field: &mut Field<'_>, relationship: Element<'_>) -> Option<Relative> {
    let kind = relationship.text_at(&["relationshiptype"]).unwrap_or_default();
    let Some(relation) = Relation::parse(kind) else {
        let what = format!("{:?} is no relationship", shown_of(kind));
        field.error(relationship.place, "relationshiptype", what, "expected child or parent");
        return None;
    };
    Some(Relative { relation, person: field.key(relationship)? })
}

/// The long and the full description, where `short` is the name, and the organisation.
fn descriptions(field: &mut Field<'_>, element: Element<'_>) -> [Option<String>; 3] {
    let has_short = element.text_at(&["description", "short"]).is_some();
    let long = if has_short { field.text(element, &["description", "long"], LONG) } else { None };
    let full = field.text(element, &["description", "full"], FULL);
    [long, full, field.text(element, &["org", "orgname"], LONG)]
}

fn course_details(
    field: &mut Field<'_>,
    element: Element<'_>,
    course: Element<'_>,
    key: &SyncKey,
) -> CourseDetails {
    let [long, full, org] = descriptions(field, element);
    field.inside("extension/course", |field| {
        let credits =
            field.text(course, &["credits"], SHORT).or_else(|| field.text(course, &["credit"], SHORT));
        let creator = field.text(course, &["template", "coursecreatorsynckey"], ID);
        let of_source = |id: String| SyncKey::new(&key.source, &id);
        // Each term has an element of its own, whose name is its number.
        let terms = course.at(&["template", "terms"]);
        let terms = field.inside("template/terms", |field| {
            let keys = terms.into_iter().flat_map(Element::children);
            keys.filter_map(|term| field.text(term, &["sourcetermsynckey"], ID)).map(of_source).collect()
        });
        CourseDetails { long, full, org, credits, creator: creator.map(of_source), terms }
    })
}

fn profile_of(element: Element<'_>) -> Profile {
    match element.attribute("institutionroletype") {
        None | Some("") => Profile::Student,
        Some("Faculty") => Profile::Staff,
        Some(name) => Profile::from(name.to_owned()),
    }
}

/// The group that this one is in; one that points at itself is the root.
fn parent_of(field: &mut Field<'_>, element: Element<'_>, key: &SyncKey) -> Option<SyncKey> {
    let relation =
        element.all("relationship").find(|r| r.attribute("relation").is_none_or(|kind| kind == "1"))?;
    let parent = field.inside("relationship", |field| field.key(relation))?;
    (parent != *key).then_some(parent)
}

fn name_of(field: &mut Field<'_>, element: Element<'_>) -> Option<String> {
    // Some systems put names of any length there, so it may be as long as `long`.
    if element.text_at(&["description", "short"]).is_some() {
        return field.text(element, &["description", "short"], LONG);
    }
    field.needed(element, &["description", "long"], LONG)
}

fn group_of(field: &mut Field<'_>, element: Element<'_>) -> Option<Record> {
    let key = field.key(element)?;
    let kind = element.child("grouptype");
    let value = kind.and_then(|kind| kind.child("typevalue"));
    let level = value
        .and_then(|value| value.attribute("level"))
        .or_else(|| kind.and_then(|kind| kind.child("scheme")).and_then(|scheme| scheme.attribute("level")));
    let level = level.unwrap_or("2");
    let Ok(level) = level.parse::<u8>() else {
        let place = kind.map_or(element.place, |kind| kind.place);
        let shown = shown_of(level);
        let fix = "expected 0 for the site, 1 for a school, 2 and more";
        field.error(place, "grouptype/typevalue@level", format!("{shown:?} is no level"), fix);
        return None;
    };
    let group_type = value.map(|value| value.text.trim()).filter(|text| !text.is_empty()).unwrap_or("Group");
    let group_type = group_type.chars().take(LONG).collect();
    let name = name_of(field, element)?;
    let parent = parent_of(field, element, &key);
    let [long, full, org] = descriptions(field, element);
    let details = GroupDetails { long, full, org }.into();
    Some(Record::Group(Group { key, group_type, level, name, parent, details }))
}

fn course_of(field: &mut Field<'_>, element: Element<'_>, course: Element<'_>) -> Option<Record> {
    let key = field.key(element)?;
    let title = name_of(field, element)?;
    let (code, template) = field.inside("extension/course", |field| {
        (field.text(course, &["code"], SHORT), field.text(course, &["template", "synckey"], ID))
    });
    // The dialect gives its id alone, so it is of the course's own source.
    let template = template.map(|id| SyncKey::new(&key.source, &id));
    let parent = parent_of(field, element, &key);
    let details = course_details(field, element, course, &key).into();
    Some(Record::Course(Course { key, title, code, template, parent, details }))
}

fn member_of(field: &mut Field<'_>, group: &SyncKey, member: Element<'_>) -> Option<Record> {
    let person = field.key(member)?;
    // A member may be a group (idtype 2): the hierarchy says so already.
    if member.text_at(&["idtype"]) == Some("2") {
        return None;
    }
    if member.child("role").is_none() {
        field.error(member.place, "role", "it is missing", "every member has one");
        return None;
    }
    // A role that ended may stand beside the one that took its place.
    let role = member.all("role").find(|role| is_active(*role)).filter(|_| !is_deleted(member))?;
    let code = role.attribute("roletype").unwrap_or("01");
    let padded = format!("{code:0>2}");
    let Some(known) = Role::from_code(&padded) else {
        let shown = shown_of(code);
        field.error(role.place, "role@roletype", format!("{shown:?} is no role"), "expected 01 to 08");
        return None;
    };
    let begin = binding_date(field, role, &["timeframe", "begin"]);
    let end = binding_date(field, role, &["timeframe", "end"]);
    let details =
        MembershipDetails { subrole: field.text(role, &["subrole"], LONG), custom_role: None }.into();
    Some(Record::Membership(Membership { group: group.clone(), person, role: known, begin, end, details }))
}

/// Inactive is the same as deleted.
fn is_active(role: Element<'_>) -> bool {
    !is_deleted(role) && role.text_at(&["status"]) != Some("0")
}

/// A date of a timeframe says something only if it restricts.
fn binding_date(field: &mut Field<'_>, role: Element<'_>, path: &[&str]) -> Option<NaiveDate> {
    let date = field.date(role, path)?;
    (role.at(path)?.attribute("restrict") == Some("1")).then_some(date)
}
