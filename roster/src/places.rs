//! Where in the hierarchy a record belongs: its school and its class, by name.

use crate::{
    diff::{Action, Change},
    likeness::{Likeness, folded},
    model::{Group, KindCounts, Membership, Profile, Record, Role, SyncKey},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The level of a school in the hierarchy.
pub const SCHOOL: u8 = 1;
/// What is said of a record that belongs to no school.
pub const OUTSIDE: &str = "outside any school";
/// No hierarchy is deeper; a file in which groups are each other's parents ends here.
const DEEPEST: usize = 32;

/// A school and a class, as far as there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    pub school: Option<&'a str>,
    /// The nearest group below the school.
    pub class: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub fn school_name(&self) -> &'a str {
        self.school.unwrap_or(OUTSIDE)
    }
}

/// What a person is, or is in a group or course.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    Profile(Profile),
    InGroups(Role),
    InCourses(Role),
}

/// The hierarchy of one roster. It learns the records in their order: groups, persons, courses, memberships.
/// In memory are the names of groups, and digests, no names, of persons.
#[derive(Default)]
pub struct Places {
    nodes: HashMap<Likeness, Node>,
    /// The group of each person by which its place is told.
    groups: HashMap<Likeness, Likeness>,
    sorts: BTreeMap<Sort, u64>,
    counts: KindCounts,
}

struct Node {
    name: Box<str>,
    parent: Option<Likeness>,
    level: u8,
    is_course: bool,
}

impl Places {
    pub fn learn(&mut self, record: &Record) {
        self.counts.add(record.kind());
        match record {
            Record::Group(group) => {
                self.node(&group.key, &group.name, group.parent.as_ref(), group.level, false)
            }
            Record::Course(course) => {
                self.node(&course.key, &course.title, course.parent.as_ref(), u8::MAX, true)
            }
            Record::Membership(member) => self.learn_member(member),
            Record::Person(_) => {}
        }
        if let Some(sort) = self.sort(record) {
            *self.sorts.entry(sort).or_default() += 1;
        }
    }

    fn node(&mut self, key: &SyncKey, name: &str, parent: Option<&SyncKey>, level: u8, is_course: bool) {
        let parent = parent.map(Likeness::of_key);
        self.nodes.insert(Likeness::of_key(key), Node { name: name.into(), parent, level, is_course });
    }

    /// A person is where it has a class; of several places it is at the one that comes first by name, so that the
    /// answer does not hang on keys.
    fn learn_member(&mut self, member: &Membership) {
        let (person, group) = (Likeness::of_key(&member.person), Likeness::of_key(&member.group));
        let rank = |group: &Likeness| {
            let place = self.place_of_node(*group);
            (place.class.is_none(), place.school.is_none(), place)
        };
        let better = self.groups.get(&person).is_none_or(|held| rank(&group) < rank(held));
        if better {
            self.groups.insert(person, group);
        }
    }

    pub const fn counts(&self) -> &KindCounts {
        &self.counts
    }

    pub fn is_course(&self, key: &SyncKey) -> bool {
        self.nodes.get(&Likeness::of_key(key)).is_some_and(|node| node.is_course)
    }

    pub fn place(&self, record: &Record) -> Place<'_> {
        match record {
            Record::Group(group) => self.place_of_node(Likeness::of_key(&group.key)),
            Record::Course(course) => self.place_of_node(Likeness::of_key(&course.key)),
            Record::Membership(member) => self.place_of_node(Likeness::of_key(&member.group)),
            Record::Person(person) => {
                let group = self.groups.get(&Likeness::of_key(&person.key));
                group.map(|group| self.place_of_node(*group)).unwrap_or_default()
            }
        }
    }

    fn place_of_node(&self, at: Likeness) -> Place<'_> {
        let mut place = Place::default();
        for node in self.upwards(Some(at)) {
            if node.level == SCHOOL && !node.is_course {
                return Place { school: Some(&node.name), ..place };
            }
            if node.level > SCHOOL && !node.is_course && place.class.is_none() {
                place.class = Some(&node.name);
            }
        }
        place
    }

    /// A node and what it lies in.
    fn upwards(&self, at: Option<Likeness>) -> impl Iterator<Item = &Node> {
        let start = at.and_then(|at| self.nodes.get(&at));
        let parent = |node: &&Node| node.parent.and_then(|parent| self.nodes.get(&parent));
        std::iter::successors(start, parent).take(DEEPEST)
    }

    /// What two groups have in common that are one group under two keys: name, type, level and what they lie in.
    pub fn group_likeness(&self, group: &Group) -> Likeness {
        let mut parts = vec![folded(&group.name), folded(&group.group_type), group.level.to_string()];
        parts
            .extend(self.upwards(group.parent.as_ref().map(Likeness::of_key)).map(|node| folded(&node.name)));
        Likeness::of(parts.iter().map(String::as_str))
    }

    /// The names of all schools.
    pub fn schools(&self) -> BTreeSet<&str> {
        let schools = self.nodes.values().filter(|node| node.level == SCHOOL && !node.is_course);
        schools.map(|node| &*node.name).collect()
    }

    pub fn sort(&self, record: &Record) -> Option<Sort> {
        match record {
            Record::Person(person) => Some(Sort::Profile(person.profile.clone())),
            Record::Membership(member) if self.is_course(&member.group) => Some(Sort::InCourses(member.role)),
            Record::Membership(member) => Some(Sort::InGroups(member.role)),
            Record::Group(_) | Record::Course(_) => None,
        }
    }

    /// How many records of the roster are of a sort.
    pub fn count_of_sort(&self, sort: &Sort) -> u64 {
        self.sorts.get(sort).copied().unwrap_or_default()
    }
}

/// The hierarchies that a difference is between: what goes is found in the mirror, all else in the roster.
#[derive(Default)]
pub struct Sides {
    pub roster: Places,
    pub mirror: Places,
}

impl Sides {
    pub const fn side(&self, action: Action) -> &Places {
        match action {
            Action::Delete => &self.mirror,
            Action::Create | Action::Update => &self.roster,
        }
    }

    pub fn place(&self, change: &Change) -> Place<'_> {
        self.side(change.action()).place(change.record())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{course, group, key, member, person, school};

    fn places() -> Places {
        let mut places = Places::default();
        for record in [
            group("site", "Nes kommune", 0, None),
            school("s-1", "Nes skole"),
            school("s-2", "Vik skole"),
            group("c-1", "8A", 2, Some("s-1")),
            group("c-2", "7B", 2, Some("s-2")),
            group("loop", "Loop", 2, Some("loop")),
            person("p-1", "Kari", "Berg", None),
            person("p-2", "Ola", "Moe", None),
            person("p-3", "Per", "Li", None),
            course("m-1", "Maths 8A", Some("c-1")),
            course("m-2", "Choir", Some("s-2")),
            member("c-1", "p-1"),
            member("m-2", "p-1"),
            member("s-2", "p-2"),
            member("loop", "p-3"),
        ] {
            places.learn(&record);
        }
        places
    }

    // DOMAIN F2
    #[test]
    fn a_record_is_at_its_school_and_in_its_class() {
        let places = places();
        let cases = [
            (group("site", "Nes kommune", 0, None), None, None),
            (school("s-1", "Nes skole"), Some("Nes skole"), None),
            (group("c-1", "8A", 2, Some("s-1")), Some("Nes skole"), Some("8A")),
            (course("m-1", "Maths 8A", Some("c-1")), Some("Nes skole"), Some("8A")),
            (course("m-2", "Choir", Some("s-2")), Some("Vik skole"), None),
            (member("m-1", "p-2"), Some("Nes skole"), Some("8A")),
            (person("p-1", "Kari", "Berg", None), Some("Nes skole"), Some("8A")),
            (person("p-2", "Ola", "Moe", None), Some("Vik skole"), None),
            (person("p-3", "Per", "Li", None), None, Some("Loop")),
            (person("p-4", "Unn", "Ek", None), None, None),
        ];
        for (record, school, class) in cases {
            assert_eq!(places.place(&record), Place { school, class }, "{record:?}");
        }
        assert!(places.is_course(&key("m-1")) && !places.is_course(&key("c-1")));
        assert_eq!(places.schools(), ["Nes skole", "Vik skole"].into());
    }
}
