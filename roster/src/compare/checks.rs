//! Checks the records of a file against each other while they come, block by block in any order.
//!
//! It only finds out *whether* something is wrong between records: what, and where, is for the checks of the reader to
//! say. Both are held together by a test that no file passes one and fails the other.

use super::{
    entry::Entry,
    members::Members,
    runs::{Merge, Sorter},
};
use crate::{
    model::{Kind, Record, SyncKey},
    read::{BlockFacts, Found, Properties, UsualMembership},
};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
    io,
    ops::Range,
};

/// What one block gave.
#[derive(Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    persons: Vec<Digest>,
    logins: Vec<(Digest, Digest)>,
    groups: Vec<(Digest, Kind)>,
    /// Groups with the ones that they are in.
    parents: Vec<(Digest, Digest)>,
    /// Persons and groups that must be in the file.
    needed_persons: Vec<Digest>,
    needed_groups: Vec<Digest>,
    records: usize,
    conflict: bool,
    /// Of the group that is looked at.
    members: Members,
}

/// Stands for a key or a login. That a wrong key passes for a right one takes a chance of one in 2⁶⁴ for each of the
/// others; two logins that pass for one only send the file the slow way.
type Digest = u64;

fn digest(parts: [&str; 2]) -> Digest {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

fn of_key(key: &SyncKey) -> Digest {
    digest([&key.source, &key.id])
}

impl Batch {
    /// Takes what one child of the root holds.
    pub fn take(&mut self, place: Range<u64>, found: Found<'_, '_>) {
        match found {
            Found::Records(records) => self.take_records(place, records),
            Found::Members(membership) => self.take_members(place, membership),
        }
    }

    fn take_members(&mut self, place: Range<u64>, UsualMembership { group, members }: &UsualMembership<'_>) {
        self.records += members.len();
        self.needed_persons.extend(members.iter().map(|member| digest(member.person.into())));
        self.needed_groups.extend((!members.is_empty()).then(|| digest((*group).into())));
        self.members.clear();
        members.iter().for_each(|member| self.members.push(member));
        self.conflict |= !self.members.put_in_order();
        self.entries.extend(Entry::of_members(*group, &self.members, place));
    }

    fn take_records(&mut self, place: Range<u64>, records: &mut Vec<Record>) {
        self.records += records.len();
        self.conflict |= !put_in_order(records);
        for record in records.iter() {
            self.look_at(record);
        }
        if let Some(Record::Membership(member)) = records.first() {
            self.needed_groups.push(of_key(&member.group));
        }
        self.entries.extend(Entry::of(records, place));
    }

    fn look_at(&mut self, record: &Record) {
        match record {
            Record::Membership(member) => self.needed_persons.push(of_key(&member.person)),
            Record::Person(person) => {
                let key = of_key(&person.key);
                self.persons.push(key);
                let relatives = person.details.relatives.iter();
                self.needed_persons.extend(relatives.map(|relative| of_key(&relative.person)));
                self.logins.extend(person.userid.as_ref().map(|userid| (digest(["", userid]), key)));
            }
            Record::Group(group) => self.group(Kind::Group, &group.key, group.parent.as_ref()),
            Record::Course(course) => self.group(Kind::Course, &course.key, course.parent.as_ref()),
        }
    }

    fn group(&mut self, kind: Kind, key: &SyncKey, parent: Option<&SyncKey>) {
        let (key, parent) = (of_key(key), parent.map(of_key));
        self.groups.push((key, kind));
        self.parents.extend(parent.map(|parent| (key, parent)));
        self.needed_groups.extend(parent);
    }

    /// The same persons are members of many groups: once is enough.
    pub fn close(&mut self) {
        self.needed_persons.sort_unstable();
        self.needed_persons.dedup();
    }
}

/// Sorts records of one kind, and of one group, by key, each once. `false` when two of one key differ.
pub(super) fn put_in_order(records: &mut Vec<Record>) -> bool {
    let is_in_order = |records: &[Record]| records.is_sorted_by(|one, other| one.by_key(other).is_lt());
    is_in_order(records) || {
        records.sort_by(Record::by_key);
        records.dedup();
        is_in_order(records)
    }
}

/// What all blocks gave so far.
pub(super) struct Gathered {
    entries: Sorter,
    item: Vec<u8>,
    persons: HashSet<Digest, ByDigest>,
    /// By login, whose it is.
    logins: HashMap<Digest, Digest, ByDigest>,
    groups: HashMap<Digest, Kind, ByDigest>,
    parents: HashMap<Digest, Digest, ByDigest>,
    /// Needed by a block that came before them, or not there at all.
    missing_persons: HashSet<Digest, ByDigest>,
    missing_groups: HashSet<Digest, ByDigest>,
    records: usize,
    conflict: bool,
    /// With the place of the block that they stood in.
    properties: Option<(u64, Properties)>,
    groups_without_id: u64,
}

impl Gathered {
    pub fn new(entries: Sorter) -> Self {
        Self {
            entries,
            item: Vec::new(),
            persons: HashSet::default(),
            logins: HashMap::default(),
            groups: HashMap::default(),
            parents: HashMap::default(),
            missing_persons: HashSet::default(),
            missing_groups: HashSet::default(),
            records: 0,
            conflict: false,
            properties: None,
            groups_without_id: 0,
        }
    }

    /// Takes what the block at `at` gave.
    pub fn take(&mut self, at: u64, facts: BlockFacts, batch: Batch) -> io::Result<()> {
        for entry in batch.entries {
            entry.write(&mut self.item);
            self.entries.push(&self.item)?;
        }
        self.conflict |= batch.conflict;
        self.persons.extend(batch.persons);
        for (login, person) in batch.logins {
            self.conflict |= *self.logins.entry(login).or_insert(person) != person;
        }
        for (group, kind) in batch.groups {
            self.conflict |= *self.groups.entry(group).or_insert(kind) != kind;
        }
        self.parents.extend(batch.parents);
        let missing = batch.needed_persons.into_iter().filter(|person| !self.persons.contains(person));
        self.missing_persons.extend(missing);
        let missing = batch.needed_groups.into_iter().filter(|group| !self.groups.contains_key(group));
        self.missing_groups.extend(missing);
        self.records += batch.records;
        self.groups_without_id += facts.groups_without_id;
        if let Some(properties) = facts.properties
            && self.properties.as_ref().is_none_or(|(before, _)| *before < at)
        {
            self.properties = Some((at, properties));
        }
        Ok(())
    }

    /// Whether the records so far may be those of a roster that is read without an error.
    pub const fn is_plain(&self, limit: usize) -> bool {
        !self.conflict && self.records <= limit
    }

    /// Whether nothing is there that needs what is not there. An empty roster is none.
    fn is_complete(&self) -> bool {
        self.records > 0
            && self.missing_persons.iter().all(|person| self.persons.contains(person))
            && self.missing_groups.iter().all(|group| self.groups.contains_key(group))
            && !has_circle(&self.parents)
    }

    /// `None` when something is wrong between the records.
    pub fn finish(self) -> io::Result<Option<Complete>> {
        if self.conflict || !self.is_complete() {
            return Ok(None);
        }
        let properties = self.properties.map(|(_, properties)| properties).unwrap_or_default();
        let groups_without_id = self.groups_without_id;
        Ok(Some(Complete { entries: self.entries.finish()?, properties, groups_without_id }))
    }
}

/// Whether the parents of any group lead back to it.
fn has_circle(parents: &HashMap<Digest, Digest, ByDigest>) -> bool {
    // Those that were gone through, with where the walk began in which they were.
    let mut seen: HashMap<Digest, Digest, ByDigest> = HashMap::default();
    parents.keys().any(|start| {
        let mut group = *start;
        while let Some(parent) = parents.get(&group) {
            match seen.insert(group, *start) {
                Some(before) if before == *start => return true,
                Some(_) => return false,
                None => group = *parent,
            }
        }
        false
    })
}

/// A whole file.
pub(super) struct Complete {
    pub entries: Merge,
    pub properties: Properties,
    pub groups_without_id: u64,
}

/// Digests are as good as any hash of them.
#[derive(Default)]
pub(super) struct OfDigest(u64);

type ByDigest = BuildHasherDefault<OfDigest>;

impl Hasher for OfDigest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_that_lead_back_are_a_circle() {
        let cases: [(&[(Digest, Digest)], bool); 5] = [
            (&[], false),
            (&[(1, 2), (2, 3), (4, 2), (5, 3)], false),
            (&[(1, 1)], true),
            (&[(1, 2), (2, 3), (3, 2)], true),
            (&[(1, 2), (2, 3), (3, 4), (4, 1), (5, 1)], true),
        ];
        for (parents, expected) in cases {
            assert_eq!(has_circle(&parents.iter().copied().collect()), expected, "{parents:?}");
        }
    }
}
