//! What records of a file say of each other: keys that changed, parents, members, relatives.

use super::{
    convert::{Broken, Facts, Placed},
    field::{At, Judge},
};
use crate::{
    model::{Kind, Record, SyncKey},
    read::Leniency,
};
use std::collections::{HashMap, HashSet};

const SITE_LEVEL: u8 = 0;
/// Parents above a group that the mapping leaves out.
const HIGHEST: usize = 32;

pub(super) const fn group_key(record: &Record) -> Option<&SyncKey> {
    match record {
        Record::Group(group) => Some(&group.key),
        Record::Course(course) => Some(&course.key),
        Record::Person(_) | Record::Membership(_) => None,
    }
}

const fn parent_of(record: &mut Record) -> Option<&mut Option<SyncKey>> {
    match record {
        Record::Group(group) => Some(&mut group.parent),
        Record::Course(course) => Some(&mut course.parent),
        Record::Person(_) | Record::Membership(_) => None,
    }
}

/// Keys of the file's own records.
struct Known {
    groups: HashSet<SyncKey>,
    persons: HashSet<SyncKey>,
}

impl Known {
    fn of(records: &[Placed]) -> Self {
        let groups = records.iter().filter_map(|placed| group_key(&placed.record)).cloned().collect();
        let person = |placed: &Placed| match &placed.record {
            Record::Person(person) => Some(person.key.clone()),
            _ => None,
        };
        Self { groups, persons: records.iter().filter_map(person).collect() }
    }
}

/// What is named by its former key is meant by its new one. A key that somebody else has now cannot be a former one.
pub(super) fn follow_changes(judge: &mut Judge<'_>, records: &mut [Placed], facts: &Facts) {
    if facts.key_changes.is_empty() {
        return;
    }
    let known = Known::of(records);
    let (mut persons, mut groups) = (HashMap::new(), HashMap::new());
    for (at, change) in &facts.key_changes {
        let (current, changed) = match change.kind {
            Kind::Person => (&known.persons, &mut persons),
            Kind::Group | Kind::Course | Kind::Membership => (&known.groups, &mut groups),
        };
        if current.contains(&change.from) {
            let what = format!("its former key is the key of another {} of the file", change.kind);
            judge.error(at.error("sourcedid", what, "send one of the two"));
        }
        changed.insert(&change.from, &change.to);
    }
    let follow = |key: &mut SyncKey, changed: &HashMap<&SyncKey, &SyncKey>| {
        if let Some(to) = changed.get(key) {
            (*to).clone_into(key);
        }
    };
    for placed in records {
        match &mut placed.record {
            Record::Membership(member) => {
                follow(&mut member.group, &groups);
                follow(&mut member.person, &persons);
            }
            Record::Person(person) if !person.details.relatives.is_empty() => {
                let mut details = std::mem::take(&mut person.details).into_fields();
                details.relatives.iter_mut().for_each(|relative| follow(&mut relative.person, &persons));
                details.relatives.sort();
                person.details = details.into();
            }
            record => {
                if let Some(Some(parent)) = parent_of(record) {
                    follow(parent, &groups);
                }
            }
        }
    }
}

/// What is in a group that the mapping leaves out goes into the next one above; its memberships are left out.
pub(super) fn leave_out_ignored(records: &mut Vec<Placed>, facts: &mut Facts) {
    let ignored = &facts.ignored_groups;
    if ignored.is_empty() {
        return;
    }
    let count = records.len();
    records.retain_mut(|placed| {
        if let Record::Membership(member) = &placed.record {
            return !ignored.contains_key(&member.group);
        }
        if let Some(parent) = parent_of(&mut placed.record) {
            for _ in 0..HIGHEST {
                let Some(above) = parent.as_ref().and_then(|parent| ignored.get(parent)) else { break };
                *parent = above.clone();
            }
        }
        true
    });
    facts.ignored += (count - records.len()) as u64;
}

/// A group that is a member of another is in it, unless it says itself where it is.
pub(super) fn nest(judge: &mut Judge<'_>, records: &mut [Placed], facts: &mut Facts) {
    if facts.nested.is_empty() {
        return;
    }
    let mut at: HashMap<SyncKey, usize> = HashMap::new();
    for (index, placed) in records.iter().enumerate() {
        if let Some(key) = group_key(&placed.record) {
            at.insert(key.clone(), index);
        }
    }
    let mut missing = Missing::default();
    for nested in std::mem::take(&mut facts.nested) {
        let mut is_gone = |key: &SyncKey, what: What| {
            !at.contains_key(key) && !facts.ignored_groups.contains_key(key) && {
                missing.add(judge, key, what, nested.at, &mut facts.broken_groups);
                true
            }
        };
        if is_gone(&nested.group, What::Group) || is_gone(&nested.inner, What::Inner) {
            continue;
        }
        let Some(index) = at.get(&nested.inner).filter(|_| at.contains_key(&nested.group)) else { continue };
        let record = &mut records[*index].record;
        let is_site = matches!(record, Record::Group(group) if group.level == SITE_LEVEL);
        let Some(parent) = parent_of(record) else { continue };
        if parent.is_none() && !is_site && nested.inner != nested.group {
            *parent = Some(nested.group);
        }
    }
    missing.finish(judge);
}

/// What is named and not in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Group,
    Person,
    Inner,
    Parent,
    Relative,
}

impl What {
    /// Field, what is wrong, what would mend it.
    const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Group => {
                ("sourcedid", "its group is not in the file", "send the group, or leave the membership out")
            }
            Self::Person => (
                "member/sourcedid",
                "its person is not in the file",
                "send the person, or leave the member out",
            ),
            Self::Inner => (
                "member/sourcedid",
                "the group that is its member is not in the file",
                "send the group, or leave the member out",
            ),
            Self::Parent => (
                "relationship",
                "its parent is not in the file",
                "send the parent, or leave the relationship out",
            ),
            Self::Relative => (
                "extension/relationship",
                "its relative is not in the file",
                "send the relative, or leave the relationship out",
            ),
        }
    }

    const fn leniency(self) -> Leniency {
        match self {
            Self::Parent => Leniency::UnknownParent,
            Self::Group | Self::Person | Self::Inner | Self::Relative => Leniency::DanglingReferences,
        }
    }
}

/// Keys that are named and not there: each is one error, at the first that names it, with the count of the others.
#[derive(Default)]
struct Missing {
    first: Vec<(At, What, u64)>,
    index: HashMap<(What, SyncKey), usize>,
}

impl Missing {
    fn add(
        &mut self,
        judge: &mut Judge<'_>,
        key: &SyncKey,
        what: What,
        at: At,
        broken: &mut HashMap<SyncKey, Broken>,
    ) {
        if let Some(broken) = broken.get_mut(key) {
            broken.followers += 1;
        } else if judge.allows(what.leniency()) {
            let (field, text, fix) = what.texts();
            judge.concede(what.leniency(), at.error(field, text, fix));
        } else if let Some(index) = self.index.get(&(what, key.clone())) {
            self.first[*index].2 += 1;
        } else {
            self.index.insert((what, key.clone()), self.first.len());
            self.first.push((at, what, 0));
        }
    }

    fn finish(self, judge: &mut Judge<'_>) {
        for (at, what, more) in self.first {
            let (field, text, fix) = what.texts();
            let text = match more {
                0 => text.to_owned(),
                more => format!("{text}, and {more} more name the same"),
            };
            judge.error(at.error(field, text, fix));
        }
    }
}

/// Memberships, parents and relatives that the file does not hold.
pub(super) fn dangling(judge: &mut Judge<'_>, records: &mut Vec<Placed>, facts: &mut Facts) {
    let known = Known::of(records);
    let site = records.iter().find_map(|placed| match &placed.record {
        Record::Group(group) if group.level == SITE_LEVEL => Some(group.key.clone()),
        _ => None,
    });
    let mut missing = Missing::default();
    let Facts { broken_groups, broken_persons, .. } = facts;
    records.retain_mut(|placed| match &mut placed.record {
        Record::Membership(member) => {
            let mut is_kept = true;
            if !known.groups.contains(&member.group) {
                missing.add(judge, &member.group, What::Group, placed.at, broken_groups);
                is_kept = false;
            }
            if !known.persons.contains(&member.person) {
                missing.add(judge, &member.person, What::Person, placed.at, broken_persons);
                is_kept = false;
            }
            is_kept
        }
        Record::Person(person) => {
            if person.details.relatives.iter().any(|relative| !known.persons.contains(&relative.person)) {
                let mut details = std::mem::take(&mut person.details).into_fields();
                details.relatives.retain(|relative| {
                    let is_known = known.persons.contains(&relative.person);
                    if !is_known {
                        missing.add(judge, &relative.person, What::Relative, placed.at, broken_persons);
                    }
                    is_known
                });
                person.details = details.into();
            }
            true
        }
        record => {
            if let Some(parent) = parent_of(record)
                && let Some(gone) = parent.as_ref().filter(|parent| !known.groups.contains(parent))
            {
                missing.add(judge, gone, What::Parent, placed.at, broken_groups);
                *parent = site.clone();
            }
            true
        }
    });
    missing.finish(judge);
}

/// A group that is inside itself has no place at a site.
pub(super) fn circles(judge: &mut Judge<'_>, records: &[Placed]) {
    let mut parents: HashMap<&SyncKey, (&SyncKey, At)> = HashMap::new();
    for placed in records {
        let (key, parent) = match &placed.record {
            Record::Group(group) => (&group.key, group.parent.as_ref()),
            Record::Course(course) => (&course.key, course.parent.as_ref()),
            Record::Person(_) | Record::Membership(_) => continue,
        };
        if let Some(parent) = parent {
            parents.insert(key, (parent, placed.at));
        }
    }
    // Those that were gone through, with the walk in which they were.
    let mut seen: HashMap<&SyncKey, usize> = HashMap::with_capacity(parents.len());
    for (walk, placed) in records.iter().enumerate() {
        let Some(mut key) = group_key(&placed.record) else { continue };
        while let Some((parent, at)) = parents.get(key) {
            match seen.insert(key, walk) {
                Some(before) if before == walk => {
                    let what = "its parents lead back to it";
                    judge.error(at.error("relationship", what, "give one of them another parent"));
                    break;
                }
                Some(_) => break,
                None => key = parent,
            }
        }
    }
}
