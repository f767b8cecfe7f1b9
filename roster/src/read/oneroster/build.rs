//! Turns checked rows into the records of a roster.

use super::{
    ids::Id,
    manifest::Manifest,
    meaning::{Meaning, enrolled, held, profile},
    report::Reading,
    root::NONE_ID,
    schema::{Table, Version},
    tables::{Class, HeldRole, Tables, User},
};
use crate::{
    model::{
        Course, CourseDetails, Details, Group, Membership, MembershipDetails, Person, PersonDetails, Profile,
        Record, Relation, Relative, SyncKey,
    },
    read::Mapping,
};
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};

/// What groups of homerooms are called.
pub(super) const CLASS_TYPE: &str = "Class";
const CLASS_LEVEL: u8 = 2;

/// A membership that is still made of numbers.
#[derive(Clone, Copy)]
struct Member<'a> {
    table: Table,
    line: u32,
    group: Id,
    user: Id,
    meaning: Meaning<'a>,
    begin: Option<NaiveDate>,
    end: Option<NaiveDate>,
}

/// Builds records from the rows of one bundle; `before` holds persons of the roster that a delta changes.
pub(super) struct Builder<'a> {
    pub tables: &'a Tables,
    pub manifest: &'a Manifest,
    pub source: &'a str,
    pub mapping: &'a Mapping,
    pub before: HashMap<Id, Person>,
    /// Classes of the roster before that are groups.
    pub homerooms_before: HashSet<Id>,
}

impl Builder<'_> {
    pub fn build(mut self, reading: &mut Reading<'_>) -> Vec<Record> {
        let mut records = Vec::with_capacity(self.tables.enrollments.len() + 3 * self.tables.people.len());
        self.groups(&mut records);
        self.persons(&mut records, reading);
        self.courses(&mut records);
        self.memberships(&mut records, reading);
        records
    }

    fn key(&self, id: &str) -> SyncKey {
        SyncKey { source: self.source.to_owned(), id: id.to_owned() }
    }

    fn group_key(&self, id: Id) -> SyncKey {
        self.key(self.tables.groups.text(id))
    }

    fn user_key(&self, id: Id) -> SyncKey {
        self.key(self.tables.users.text(id))
    }

    fn groups(&self, records: &mut Vec<Record>) {
        let groups = &self.tables.groups;
        for org in self.tables.orgs.iter().filter(|org| groups.is_there(org.id)) {
            records.push(Record::Group(Group {
                key: self.group_key(org.id),
                group_type: org.kind.group_type().to_owned(),
                level: org.kind.level(),
                name: org.name.clone(),
                parent: org.parent.map(|parent| self.group_key(parent)),
                details: Details::default(),
            }));
        }
        for class in self.classes().filter(|class| class.is_homeroom) {
            records.push(Record::Group(Group {
                key: self.group_key(class.id),
                group_type: CLASS_TYPE.to_owned(),
                level: CLASS_LEVEL,
                name: class.title.clone(),
                parent: class.school.map(|school| self.group_key(school)),
                details: Details::default(),
            }));
        }
    }

    fn classes(&self) -> impl Iterator<Item = &Class> {
        self.tables.classes.iter().filter(|class| self.tables.groups.is_there(class.id))
    }

    fn courses(&self, records: &mut Vec<Record>) {
        let codes: HashMap<Id, &str> = self
            .tables
            .course_rows
            .iter()
            .filter_map(|course| Some((course.id, course.code.as_deref()?)))
            .collect();
        for class in self.classes().filter(|class| !class.is_homeroom) {
            let code = class.code.as_deref().or_else(|| codes.get(&class.course?).copied());
            let is_some = |id: &&str| *id != NONE_ID;
            let terms = class.terms.iter().map(|term| self.tables.sessions.text(*term)).filter(is_some);
            let terms = terms.map(|term| self.key(term)).collect();
            let course = class.course.map(|course| self.tables.courses.text(course)).filter(is_some);
            records.push(Record::Course(Course {
                key: self.group_key(class.id),
                title: class.title.clone(),
                code: code.map(str::to_owned),
                // A class is taught of a course as a course of the site is made from its template.
                template: course.map(|course| self.key(course)),
                parent: class.school.map(|school| self.group_key(school)),
                details: Details::new(CourseDetails { terms, ..CourseDetails::default() }),
            }));
        }
    }

    fn persons(&mut self, records: &mut Vec<Record>, reading: &mut Reading<'_>) {
        let mut births: HashMap<Id, Option<NaiveDate>> =
            self.tables.births.iter().map(|birth| (birth.user, birth.date)).collect();
        let profiles = self.profiles();
        let users = &self.tables.users;
        for user in self.tables.people.iter().filter(|user| users.is_there(user.id)) {
            let before = self.before.remove(&user.id);
            let profile = match &user.role {
                Some(role) => Some(profile(role, self.mapping)),
                None => {
                    profiles.get(&user.id).cloned().or_else(|| before.as_ref().map(|p| p.profile.clone()))
                }
            };
            let Some(profile) = profile else {
                if self.manifest.version == Version::V1_1 {
                    continue;
                }
                let fix = "give each user a row in roles.csv";
                reading.at(Table::Users, user.line, "sourcedId", "the user has no role", fix);
                continue;
            };
            let birth_date =
                births.remove(&user.id).unwrap_or_else(|| before.and_then(|person| person.birth_date));
            records.push(Record::Person(self.person(user, profile, birth_date)));
        }
        // Those of the roster before that only a row beside their own changes.
        for (id, mut person) in std::mem::take(&mut self.before) {
            person.birth_date = births.remove(&id).unwrap_or(person.birth_date);
            person.profile = profiles.get(&id).cloned().unwrap_or(person.profile);
            records.push(Record::Person(person));
        }
    }

    fn person(&self, user: &User, profile: Profile, birth_date: Option<NaiveDate>) -> Person {
        // The agents of a student are its guardians; those of a guardian are its children.
        let relation = match profile {
            Profile::Student => Some(Relation::Parent),
            Profile::Parent => Some(Relation::Child),
            _ => None,
        };
        let relative = |id: &Id| Some(Relative { relation: relation?, person: self.user_key(*id) });
        let mut relatives: Vec<Relative> = user.agents.iter().filter_map(relative).collect();
        relatives.sort_unstable();
        relatives.dedup();
        Person {
            key: self.user_key(user.id),
            userid: user.userid.clone(),
            given: user.given.clone(),
            family: user.family.clone(),
            email: user.email.clone(),
            birth_date,
            profile,
            details: Details::new(PersonDetails {
                nickname: user.nickname.clone(),
                middle_name: user.middle.clone(),
                phone: user.phone.clone(),
                mobile: user.mobile.clone(),
                relatives,
                ..PersonDetails::default()
            }),
        }
    }

    /// By version 1.2: the primary role at the primary org, else the first primary one, else the first.
    fn profiles(&self) -> HashMap<Id, Profile> {
        let mut primary_orgs = HashMap::new();
        for user in &self.tables.people {
            primary_orgs.insert(user.id, user.primary_org);
        }
        let rank = |role: &HeldRole| match (role.is_primary, primary_orgs.get(&role.user)) {
            (true, Some(Some(org))) if *org == role.org => 2,
            (true, _) => 1,
            (false, _) => 0,
        };
        let mut best: HashMap<Id, (u8, &HeldRole)> = HashMap::new();
        for role in self.tables.roles.iter().filter(|role| !role.gone) {
            let (rank, best) = (rank(role), best.entry(role.user).or_insert((0, role)));
            if rank > best.0 {
                *best = (rank, role);
            }
        }
        best.into_iter().map(|(user, (_, role))| (user, profile(&role.role, self.mapping))).collect()
    }

    fn memberships(&self, records: &mut Vec<Record>, reading: &mut Reading<'_>) {
        let mut members = self.org_members();
        let homerooms: Vec<bool> = self.homerooms();
        let enrolled = enrolled(self.mapping);
        members.extend(self.tables.enrollments.iter().filter(|row| !row.gone).map(|row| Member {
            table: Table::Enrollments,
            line: row.line,
            group: row.class,
            user: row.user,
            meaning: enrolled(row.role, row.is_primary, homerooms[row.class as usize]),
            begin: row.begin,
            end: row.end,
        }));
        // In the order of a roster, so that nothing has to be sorted by its texts.
        let (groups, users) = (self.tables.groups.ranks(), self.tables.users.ranks());
        let rank = |member: &Member<'_>| {
            (u64::from(groups[member.group as usize]) << 32) | u64::from(users[member.user as usize])
        };
        // Stable: of several roles at one org the primary one stands first.
        members.sort_by_cached_key(rank);
        let mut last: Option<Member<'_>> = None;
        for member in members {
            if let Some(before) = last.filter(|last| (last.group, last.user) == (member.group, member.user)) {
                self.twice(&before, &member, reading);
                continue;
            }
            last = Some(member);
            records.push(Record::Membership(Membership {
                group: self.group_key(member.group),
                person: self.user_key(member.user),
                role: member.meaning.role,
                begin: member.begin,
                end: member.end,
                details: Details::new(MembershipDetails {
                    custom_role: member.meaning.custom_role.map(str::to_owned),
                    ..MembershipDetails::default()
                }),
            }));
        }
    }

    /// One person has one role in a group: two different ones cannot both be kept.
    fn twice(&self, before: &Member<'_>, member: &Member<'_>, reading: &mut Reading<'_>) {
        let is_same =
            (before.meaning, before.begin, before.end) == (member.meaning, member.begin, member.end);
        if !is_same && member.table == Table::Enrollments {
            let what =
                format!("the same user and class as at line {}, with another role or dates", before.line);
            reading.at(member.table, member.line, "userSourcedId", what, "send one enrollment for the two");
        }
    }

    fn homerooms(&self) -> Vec<bool> {
        let mut homerooms = vec![false; self.tables.groups.len()];
        for class in &self.homerooms_before {
            homerooms[*class as usize] = true;
        }
        for class in &self.tables.classes {
            homerooms[class.id as usize] = class.is_homeroom;
        }
        homerooms
    }

    /// At each org once; of several roles there the primary one counts.
    fn org_members(&self) -> Vec<Member<'_>> {
        if self.manifest.version == Version::V1_2 {
            let roles = self.tables.roles.iter().filter(|role| !role.gone);
            let (primary, others): (Vec<_>, Vec<_>) = roles.partition(|role| role.is_primary);
            let member = |role: &HeldRole| Member {
                table: Table::Roles,
                line: role.line,
                group: role.org,
                user: role.user,
                meaning: held(&role.role, self.mapping),
                begin: role.begin,
                end: role.end,
            };
            return primary.into_iter().chain(others).map(member).collect();
        }
        let users = &self.tables.users;
        let people = self.tables.people.iter().filter(|user| users.is_there(user.id));
        people
            .flat_map(|user| user.orgs.iter().map(move |org| (user, *org)))
            .map(|(user, org)| Member {
                table: Table::Users,
                line: user.line,
                group: org,
                user: user.id,
                meaning: user.role.as_ref().map_or(Meaning::MEMBER, |role| held(role, self.mapping)),
                begin: None,
                end: None,
            })
            .collect()
    }
}
