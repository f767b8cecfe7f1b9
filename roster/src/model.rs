//! What a roster is made of: persons, groups, courses and memberships, each known by its sync key.

mod details;
mod hash;
mod member;

pub use details::{
    CourseDetails, Details, GroupDetails, MembershipDetails, PersonDetails, Relation, Relative, Sparse,
};
pub use hash::{RecordHash, RecordHasher, Value};
pub use member::Member;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt};

/// The MIS's unique id of a person or group, with the system that gave it. Never shown: its `Debug` is a digest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SyncKey {
    pub source: String,
    pub id: String,
}

impl SyncKey {
    /// Both parts trimmed.
    pub fn new(source: &str, id: &str) -> Self {
        Self { source: source.trim().to_owned(), id: id.trim().to_owned() }
    }
}

impl fmt::Debug for SyncKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = blake3::hash(format!("{}\0{}", self.source, self.id).as_bytes()).to_hex();
        write!(f, "SyncKey(#{})", &digest[..6])
    }
}

/// The four kinds of records, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Group,
    Person,
    Course,
    Membership,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Group, Self::Person, Self::Course, Self::Membership];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Person => "person",
            Self::Course => "course",
            Self::Membership => "membership",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a person is at the site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Profile {
    Student,
    Staff,
    Administrator,
    Guest,
    Parent,
    Aicc,
    Custom(String),
}

impl Profile {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Student => "Student",
            Self::Staff => "Staff",
            Self::Administrator => "Administrator",
            Self::Guest => "Guest",
            Self::Parent => "Parent",
            Self::Aicc => "AICC",
            Self::Custom(name) => name,
        }
    }
}

impl From<String> for Profile {
    fn from(name: String) -> Self {
        match name.as_str() {
            "Student" => Self::Student,
            "Staff" => Self::Staff,
            "Administrator" => Self::Administrator,
            "Guest" => Self::Guest,
            "Parent" => Self::Parent,
            "AICC" => Self::Aicc,
            _ => Self::Custom(name),
        }
    }
}

impl From<Profile> for String {
    fn from(profile: Profile) -> Self {
        profile.as_str().to_owned()
    }
}

/// What a person is in a group or course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Learner,
    Instructor,
    ContentDeveloper,
    Member,
    Manager,
    Mentor,
    Administrator,
    Assistant,
}

impl Role {
    pub const ALL: [Self; 8] = [
        Self::Learner,
        Self::Instructor,
        Self::ContentDeveloper,
        Self::Member,
        Self::Manager,
        Self::Mentor,
        Self::Administrator,
        Self::Assistant,
    ];

    /// The two digits of IMS Enterprise.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Learner => "01",
            Self::Instructor => "02",
            Self::ContentDeveloper => "03",
            Self::Member => "04",
            Self::Manager => "05",
            Self::Mentor => "06",
            Self::Administrator => "07",
            Self::Assistant => "08",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learner => "learner",
            Self::Instructor => "instructor",
            Self::ContentDeveloper => "content_developer",
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Mentor => "mentor",
            Self::Administrator => "administrator",
            Self::Assistant => "assistant",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub key: SyncKey,
    pub userid: Option<String>,
    pub given: String,
    pub family: String,
    pub email: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub profile: Profile,
    #[serde(default)]
    pub details: Details<PersonDetails>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({:?}, {})", self.key, self.profile.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub key: SyncKey,
    /// What the MIS calls this sort of group, as `School`.
    pub group_type: String,
    /// 0 the site, 1 a school, 2 and more the groups in it.
    pub level: u8,
    pub name: String,
    pub parent: Option<SyncKey>,
    #[serde(default)]
    pub details: Details<GroupDetails>,
}

/// A group with course data; its key is the group's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    pub key: SyncKey,
    pub title: String,
    pub code: Option<String>,
    pub template: Option<SyncKey>,
    pub parent: Option<SyncKey>,
    #[serde(default)]
    pub details: Details<CourseDetails>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// A group or a course.
    pub group: SyncKey,
    pub person: SyncKey,
    pub role: Role,
    pub begin: Option<NaiveDate>,
    pub end: Option<NaiveDate>,
    #[serde(default)]
    pub details: Details<MembershipDetails>,
}

/// One record of a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    Group(Group),
    Person(Person),
    Course(Course),
    Membership(Membership),
}

/// What a record is known by, and sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    pub kind: Kind,
    pub key: SyncKey,
    /// The person of a membership.
    pub person: Option<SyncKey>,
}

impl Record {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Group(_) => Kind::Group,
            Self::Person(_) => Kind::Person,
            Self::Course(_) => Kind::Course,
            Self::Membership(_) => Kind::Membership,
        }
    }

    pub fn key(&self) -> RecordKey {
        let (key, person) = self.borrowed_key();
        RecordKey { kind: self.kind(), key: key.clone(), person: person.cloned() }
    }

    /// The order of [`Record::key`], without making the keys.
    pub fn by_key(&self, other: &Self) -> Ordering {
        self.kind().cmp(&other.kind()).then_with(|| self.borrowed_key().cmp(&other.borrowed_key()))
    }

    const fn borrowed_key(&self) -> (&SyncKey, Option<&SyncKey>) {
        match self {
            Self::Group(group) => (&group.key, None),
            Self::Person(person) => (&person.key, None),
            Self::Course(course) => (&course.key, None),
            Self::Membership(member) => (&member.group, Some(&member.person)),
        }
    }
}

/// How many records of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCounts {
    pub group: u64,
    pub person: u64,
    pub course: u64,
    pub membership: u64,
}

impl KindCounts {
    pub const fn get(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Group => self.group,
            Kind::Person => self.person,
            Kind::Course => self.course,
            Kind::Membership => self.membership,
        }
    }

    pub const fn add(&mut self, kind: Kind) {
        self.add_many(kind, 1);
    }

    pub const fn add_many(&mut self, kind: Kind, count: u64) {
        match kind {
            Kind::Group => self.group += count,
            Kind::Person => self.person += count,
            Kind::Course => self.course += count,
            Kind::Membership => self.membership += count,
        }
    }
}

/// Records sorted by kind and key, each key once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    records: Vec<Record>,
}

impl Roster {
    /// Sorts; of records with one key the last stays. A reader has refused conflicting ones before.
    pub fn from_records(mut records: Vec<Record>) -> Self {
        records.sort_by(Record::by_key);
        records.dedup_by(|later, kept| {
            let same = later.by_key(kept).is_eq();
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        Self { records }
    }

    pub fn records(&self) -> &[Record] {
        &self.records
    }

    pub fn counts(&self) -> KindCounts {
        let mut counts = KindCounts::default();
        self.records.iter().for_each(|record| counts.add(record.kind()));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(given: &str) -> Record {
        Record::Person(Person {
            key: SyncKey::new("sas", "p-1"),
            userid: None,
            given: given.to_owned(),
            family: "Berg".to_owned(),
            email: None,
            birth_date: None,
            profile: Profile::Student,
            details: Details::default(),
        })
    }

    #[test]
    fn nothing_personal_is_seen_in_debug() {
        let text = format!("{:?}", person("Kari"));
        assert!(!text.contains("Kari") && !text.contains("Berg") && !text.contains("p-1"), "{text}");
    }

    #[test]
    fn a_record_changes_its_hash_with_any_field_and_says_which() {
        assert_eq!(person("Kari").hash(), person("Kari").hash());
        assert_ne!(person("Kari").hash(), person("Karin").hash());
        assert_eq!(person("Kari").changed_fields(&person("Karin")), ["given"]);
    }

    #[test]
    fn a_detail_is_a_field_like_others() {
        let with = |phone: &str| {
            let Record::Person(mut person) = person("Kari") else { unreachable!() };
            person.details = PersonDetails { phone: Some(phone.to_owned()), ..Default::default() }.into();
            Record::Person(person)
        };
        assert_eq!(with("1").changed_fields(&with("2")), ["phone"]);
        assert_ne!(with("1").hash(), with("2").hash());
        assert_ne!(with("1").hash(), person("Kari").hash());
        assert_eq!(person("Kari").changed_fields(&with("2")), ["phone"]);
    }

    #[test]
    fn one_text_in_another_field_is_another_digest() {
        let hash = |name: &'static str, texts: [Option<&str>; 2]| {
            let mut hasher = RecordHasher::new(Kind::Person);
            hasher.field(name, Value::Text(texts[0]));
            hasher.field("email", Value::Text(texts[1]));
            hasher.finish()
        };
        let cases = [
            hash("url", [Some("ab"), None]),
            hash("url", [None, Some("ab")]),
            hash("url", [Some("a"), Some("b")]),
        ];
        assert!(cases[0] != cases[1] && cases[1] != cases[2] && cases[0] != cases[2]);
        assert_ne!(hash("url", [Some("a"), None]), hash("phone", [Some("a"), None]));
    }

    #[test]
    fn a_roster_is_sorted_and_keeps_the_last_of_one_key() {
        let group = Record::Group(Group {
            key: SyncKey::new("sas", "z"),
            group_type: "School".to_owned(),
            level: 1,
            name: "Nes skole".to_owned(),
            parent: None,
            details: Details::default(),
        });
        let roster =
            Roster::from_records(vec![person("Kari"), group.clone(), person("Karin"), person("Kaja")]);
        assert_eq!(roster.records(), [group, person("Kaja")]);
    }
}
