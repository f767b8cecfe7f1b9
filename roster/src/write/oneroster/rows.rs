//! The rows of each file of a bundle, from the records of a roster.

use super::Sender;
use crate::{
    model::{Course, Group, Membership, Person, Profile, Record, Role, Roster, SyncKey},
    read::oneroster::{NONE_ID, SITE_ID, Table, Version},
};
use chrono::NaiveDate;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{self, Write},
};

/// Groups inside groups; a circle ends here.
const DEEPEST: usize = 32;
const CLASS_LEVEL: u8 = 2;

type Out<'a> = csv::Writer<&'a mut dyn Write>;

/// A roster seen as OneRoster sees it: orgs, and classes in them.
pub(super) struct Rows<'a> {
    roster: &'a Roster,
    sender: &'a Sender,
    groups: HashMap<&'a SyncKey, &'a Group>,
    courses: HashMap<&'a SyncKey, &'a Course>,
    /// Where those stand that are in no org.
    site: Option<&'a SyncKey>,
    /// The memberships of each person in orgs, in the order of the roster.
    held: HashMap<&'a SyncKey, Vec<&'a Membership>>,
}

fn is_org(group: &Group) -> bool {
    group.level < CLASS_LEVEL || group.group_type == "Department"
}

fn is_made(key: &SyncKey) -> bool {
    key.id == SITE_ID
}

impl<'a> Rows<'a> {
    pub fn of(roster: &'a Roster, sender: &'a Sender) -> Self {
        let (mut groups, mut courses) = (HashMap::new(), HashMap::new());
        for record in roster.records() {
            match record {
                Record::Group(group) => drop(groups.insert(&group.key, group)),
                Record::Course(course) => drop(courses.insert(&course.key, course)),
                Record::Person(_) | Record::Membership(_) => {}
            }
        }
        let orgs = || groups.values().filter(|group| is_org(group) && !is_made(&group.key));
        let site = orgs().min_by_key(|group| (group.level, &group.key)).map(|group| &group.key);
        let mut held: HashMap<_, Vec<_>> = HashMap::new();
        for record in roster.records() {
            let Record::Membership(member) = record else { continue };
            if groups.get(&member.group).is_some_and(|group| is_org(group) && !is_made(&group.key)) {
                held.entry(&member.person).or_default().push(member);
            }
        }
        Self { roster, sender, groups, courses, site, held }
    }

    pub fn write(&self, table: Table, out: &mut Out<'_>) -> io::Result<()> {
        match table {
            Table::AcademicSessions => self.sessions(out),
            Table::Orgs => self.orgs(out),
            Table::Courses => self.catalog(out),
            Table::Classes => self.classes(out),
            Table::Users => self.users(out),
            Table::Roles => self.roles(out),
            Table::Demographics => self.demographics(out),
            Table::Enrollments => self.enrollments(out),
        }
    }

    /// The org that a group lies in, itself or the nearest above it.
    fn org_of(&self, key: Option<&'a SyncKey>) -> io::Result<&'a SyncKey> {
        let mut at = key;
        for _ in 0..DEEPEST {
            let Some(group) = at.and_then(|key| self.groups.get(key)) else { break };
            if is_org(group) && !is_made(&group.key) {
                return Ok(&group.key);
            }
            at = group.parent.as_ref();
        }
        self.site.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a roster without an org"))
    }

    fn sessions(&self, out: &mut Out<'_>) -> io::Result<()> {
        let (begin, end) = (self.sender.year_begin.to_string(), self.sender.year_end.to_string());
        let year = end[..4].to_owned();
        let terms: BTreeSet<&str> = self
            .courses
            .values()
            .flat_map(|course| &course.details.terms)
            .map(|term| term.id.as_str())
            .collect();
        for term in terms.into_iter().chain([NONE_ID]) {
            row(out, &[term, "", "", term, "term", &begin, &end, "", &year])?;
        }
        Ok(())
    }

    fn orgs(&self, out: &mut Out<'_>) -> io::Result<()> {
        for record in self.roster.records() {
            let Record::Group(group) = record else { continue };
            if !is_org(group) || is_made(&group.key) {
                continue;
            }
            let parent = group.parent.as_ref().filter(|parent| !is_made(parent));
            let parent = parent.map_or("", |parent| &parent.id);
            row(out, &[&group.key.id, "", "", &group.name, org_type(group), "", parent])?;
        }
        Ok(())
    }

    /// One course for each template, and one for all classes without.
    fn catalog(&self, out: &mut Out<'_>) -> io::Result<()> {
        let templates = self.courses.values().filter_map(|course| course.template.as_ref());
        let mut templates: BTreeSet<&str> = templates.map(|template| template.id.as_str()).collect();
        templates.insert(NONE_ID);
        let Some(site) = self.site else { return Ok(()) };
        for template in templates {
            row(out, &[template, "", "", "", template, "", "", &site.id, "", ""])?;
        }
        Ok(())
    }

    fn classes(&self, out: &mut Out<'_>) -> io::Result<()> {
        for record in self.roster.records() {
            match record {
                Record::Group(group) if !is_org(group) => {
                    let school = &self.org_of(group.parent.as_ref())?.id;
                    class(out, &group.key, &group.name, [NONE_ID, "", "homeroom", school, NONE_ID])?;
                }
                Record::Course(course) => {
                    let school = &self.org_of(course.parent.as_ref())?.id;
                    let template = course.template.as_ref().map_or(NONE_ID, |template| &template.id);
                    let code = course.code.as_deref().unwrap_or_default();
                    let terms: Vec<&str> = course.details.terms.iter().map(|term| term.id.as_str()).collect();
                    let terms = if terms.is_empty() { NONE_ID.to_owned() } else { terms.join(",") };
                    class(out, &course.key, &course.title, [template, code, "scheduled", school, &terms])?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn persons(&self) -> impl Iterator<Item = &'a Person> {
        self.roster.records().iter().filter_map(|record| match record {
            Record::Person(person) => Some(person),
            _ => None,
        })
    }

    /// The orgs of a person with what it is there; the site where it is in none.
    fn held_by(&self, person: &Person) -> io::Result<Vec<(&'a SyncKey, Option<&'a Membership>)>> {
        match self.held.get(&person.key) {
            Some(held) => Ok(held.iter().map(|member| (&member.group, Some(*member))).collect()),
            None => Ok(vec![(self.org_of(None)?, None)]),
        }
    }

    fn users(&self, out: &mut Out<'_>) -> io::Result<()> {
        for person in self.persons() {
            let held = self.held_by(person)?;
            let details = &person.details;
            let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
            let agents: Vec<&str> =
                details.relatives.iter().map(|relative| relative.person.id.as_str()).collect();
            let mut fields = vec![person.key.id.as_str(), "", "", "true"];
            let orgs = held.iter().map(|(org, _)| org.id.as_str()).collect::<Vec<_>>().join(",");
            if self.sender.version == Version::V1_1 {
                let role = held.first().and_then(|(_, member)| *member).map(|member| member.role);
                fields.extend([orgs.as_str(), word_1_1(&person.profile, role)]);
            }
            let agents = agents.join(",");
            fields.extend([text(&person.userid), "", &person.given, &person.family]);
            fields.extend([details.middle_name.as_deref().unwrap_or_default(), "", text(&person.email)]);
            fields
                .extend([details.mobile.as_deref(), details.phone.as_deref()].map(Option::unwrap_or_default));
            fields.extend([agents.as_str(), "", ""]);
            if self.sender.version == Version::V1_2 {
                fields.extend(["", details.nickname.as_deref().unwrap_or_default(), "", "", "", ""]);
            }
            row(out, &fields)?;
        }
        Ok(())
    }

    fn roles(&self, out: &mut Out<'_>) -> io::Result<()> {
        for person in self.persons() {
            for (org, member) in self.held_by(person)? {
                let word = word_1_2(&person.profile, member.map(|member| member.role));
                let date = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
                let begin = date(member.and_then(|member| member.begin));
                let end = date(member.and_then(|member| member.end));
                let id = pair_id(org, &person.key);
                row(out, &[&id, "", "", &person.key.id, "primary", &word, &begin, &end, &org.id, ""])?;
            }
        }
        Ok(())
    }

    fn demographics(&self, out: &mut Out<'_>) -> io::Result<()> {
        const AFTER_BIRTH: usize = 12;
        for person in self.persons() {
            let Some(date) = person.birth_date else { continue };
            let date = date.to_string();
            let mut fields = vec![person.key.id.as_str(), "", "", &date];
            fields.extend([""; AFTER_BIRTH]);
            row(out, &fields)?;
        }
        Ok(())
    }

    fn enrollments(&self, out: &mut Out<'_>) -> io::Result<()> {
        let mut dates: BTreeMap<NaiveDate, String> = BTreeMap::new();
        for record in self.roster.records() {
            let Record::Membership(member) = record else { continue };
            let group = self.groups.get(&member.group);
            if group.is_some_and(|group| is_org(group)) {
                continue;
            }
            let parent = match group {
                Some(group) => group.parent.as_ref(),
                None => self.courses.get(&member.group).and_then(|course| course.parent.as_ref()),
            };
            let school = &self.org_of(parent)?.id;
            for date in member.begin.iter().chain(&member.end) {
                dates.entry(*date).or_insert_with(|| date.to_string());
            }
            let date = |date: Option<NaiveDate>| date.map_or("", |date| dates[&date].as_str());
            let (role, primary) = enrolled(member.role);
            let (class, user) = (&member.group.id, &member.person.id);
            let id = pair_id(&member.group, &member.person);
            let fields =
                [&id, "", "", class, school, user, role, primary, date(member.begin), date(member.end)];
            row(out, &fields)?;
        }
        Ok(())
    }
}

/// The columns that classes of both sorts fill: course, code, sort, school, terms.
fn class(out: &mut Out<'_>, key: &SyncKey, title: &str, filled: [&str; 5]) -> io::Result<()> {
    let [course, code, kind, school, terms] = filled;
    row(out, &[&key.id, "", "", title, "", course, code, kind, "", school, terms, "", "", ""])
}

/// The format has no line breaks in fields.
fn row(out: &mut Out<'_>, fields: &[&str]) -> io::Result<()> {
    if fields.iter().any(|field| field.contains(['\n', '\r'])) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a field holds a line break; leave it out"));
    }
    out.write_record(fields).map_err(io::Error::from)
}

/// The same for the same two, in each bundle.
fn pair_id(group: &SyncKey, person: &SyncKey) -> String {
    let digest = blake3::hash(format!("{}\0{}", group.id, person.id).as_bytes()).to_hex();
    digest[..32].to_owned()
}

fn org_type(group: &Group) -> &'static str {
    match (group.level, group.group_type.as_str()) {
        (0, "Local") => "local",
        (0, "State") => "state",
        (0, "National") => "national",
        (0, _) => "district",
        (1, _) => "school",
        _ => "department",
    }
}

/// The nearest word of version 1.1, which has no administrator of the site and no guest.
fn word_1_1(profile: &Profile, role: Option<Role>) -> &'static str {
    match (profile, role) {
        (Profile::Student, _) => "student",
        (Profile::Parent, _) => "guardian",
        (Profile::Administrator, _) | (_, Some(Role::Manager | Role::Administrator)) => "administrator",
        (_, Some(Role::Instructor)) => "teacher",
        (_, Some(Role::Assistant)) => "aide",
        _ => "proctor",
    }
}

fn word_1_2(profile: &Profile, role: Option<Role>) -> String {
    match (profile, role) {
        (Profile::Student, _) => "student",
        (Profile::Parent, _) => "guardian",
        (Profile::Administrator, _) => "systemAdministrator",
        (Profile::Guest | Profile::Aicc | Profile::Custom(_), _) => {
            return format!("ext:{}", profile.as_str());
        }
        (Profile::Staff, Some(Role::Manager | Role::Administrator)) => "principal",
        (Profile::Staff, Some(Role::Instructor)) => "teacher",
        (Profile::Staff, Some(Role::Assistant)) => "aide",
        (Profile::Staff, _) => "counselor",
    }
    .to_owned()
}

/// Role and `primary`; a mentor is the primary teacher of its class.
const fn enrolled(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Learner => ("student", ""),
        Role::Mentor => ("teacher", "true"),
        Role::Instructor | Role::ContentDeveloper => ("teacher", "false"),
        Role::Manager | Role::Administrator => ("administrator", ""),
        Role::Assistant | Role::Member => ("proctor", ""),
    }
}
