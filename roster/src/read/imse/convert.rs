//! Turns the elements of a file into records, one after another.

use super::{
    field::{At, Field, Judge, Keys, Label, Named},
    group::{Made, group_of},
    member::{Member, member_of},
    person::{person_of, role_of_institution},
    pifu::Dialect,
};
use crate::{
    model::{Kind, Record, SyncKey},
    read::{KeyChange, ReadOptions, report::ReadError, tree::Element},
};
use std::collections::HashMap;

/// A record with the place it was read at.
pub(super) struct Placed {
    pub record: Record,
    pub at: At,
    /// A person of whom the file does not say what they are.
    pub lacks_profile: bool,
}

/// A group that is a member of another.
pub(super) struct Nested {
    pub at: At,
    pub group: SyncKey,
    pub inner: SyncKey,
}

/// A record that could not be read, and how many others name it.
pub(super) struct Broken {
    pub label: Label,
    pub followers: u64,
}

/// What a file says beside its records.
#[derive(Default)]
pub(super) struct Facts {
    pub groups_without_id: u64,
    /// Records that the mapping leaves out.
    pub ignored: u64,
    pub key_changes: Vec<(At, KeyChange)>,
    pub nested: Vec<Nested>,
    /// Groups that the mapping leaves out, with their parents.
    pub ignored_groups: HashMap<SyncKey, Option<SyncKey>>,
    pub broken_groups: HashMap<SyncKey, Broken>,
    pub broken_persons: HashMap<SyncKey, Broken>,
}

/// Collects records as they come.
pub(super) struct Converter<'o> {
    pub judge: Judge<'o>,
    pub records: Vec<Placed>,
    pub facts: Facts,
    persons: u64,
    groups: u64,
    members: u64,
}

impl<'o> Converter<'o> {
    pub fn new(options: &'o ReadOptions) -> Self {
        let (records, facts) = (Vec::new(), Facts::default());
        Self { judge: Judge::new(options), records, facts, persons: 0, groups: 0, members: 0 }
    }

    /// Gives out the records so far.
    pub fn drain(&mut self) -> impl Iterator<Item = Record> {
        self.records.drain(..).map(|placed| placed.record)
    }

    /// Whether records mean something else by what stands elsewhere in the file.
    pub fn needs_whole_file(&self) -> bool {
        self.judge.dialect == Dialect::Pifu
            || !self.facts.key_changes.is_empty()
            || !self.facts.nested.is_empty()
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Takes up one child of the root; gives its errors.
    pub fn take(&mut self, element: Element<'_>) -> Vec<ReadError> {
        match element.name {
            "person" => self.person(element),
            "group" => self.group(element),
            _ => self.membership(element),
        }
        self.judge.take_errors()
    }

    fn keep(&mut self, record: Record, at: At) {
        self.records.push(Placed { record, at, lacks_profile: false });
    }

    fn person(&mut self, element: Element<'_>) {
        self.persons += 1;
        let at = At { place: element.place, label: Label { of: "person", number: self.persons } };
        let mut field = Field::new(at, &mut self.judge);
        if field.is_deleted(element) {
            return;
        }
        let named = field.keys(element);
        // Errors in its fields are said in one go with those of its key.
        let nobody = || SyncKey::new("", "");
        let (keys, key) = match named {
            Named::Key(keys) => (Some(keys.former), keys.current),
            Named::Ignored => return self.facts.ignored += 1,
            Named::Bad => (None, nobody()),
        };
        let person = person_of(&mut field, element, key.clone());
        let Some(former) = keys else { return };
        let Some(person) = person else {
            self.facts.broken_persons.insert(key, Broken { label: at.label, followers: 0 });
            return;
        };
        let lacks_profile = role_of_institution(element).is_none();
        self.records.push(Placed { record: Record::Person(person), at, lacks_profile });
        self.note_changes(at, Kind::Person, Keys { current: key, former });
    }

    fn group(&mut self, element: Element<'_>) {
        self.groups += 1;
        let at = At { place: element.place, label: Label { of: "group", number: self.groups } };
        let mut field = Field::new(at, &mut self.judge);
        if field.is_deleted(element) {
            return;
        }
        if element.all("sourcedid").all(|sourcedid| sourcedid.text_at(&["id"]).is_none()) {
            return self.facts.groups_without_id += 1;
        }
        let keys = match field.keys(element) {
            Named::Key(keys) => keys,
            Named::Ignored => return self.facts.ignored += 1,
            Named::Bad => return,
        };
        match group_of(&mut field, element, keys.current.clone()) {
            Some(Made::Record(record)) => {
                let kind = record.kind();
                self.keep(record, at);
                self.note_changes(at, kind, keys);
            }
            Some(Made::Ignored { parent }) => {
                self.facts.ignored += 1;
                self.facts.ignored_groups.insert(keys.current, parent);
            }
            None => {
                let broken = Broken { label: at.label, followers: 0 };
                self.facts.broken_groups.insert(keys.current, broken);
            }
        }
    }

    fn note_changes(&mut self, at: At, kind: Kind, keys: Keys) {
        for (from, is_duplicate) in keys.former.into_iter().filter(|(from, _)| *from != keys.current) {
            let to = keys.current.clone();
            self.facts.key_changes.push((at, KeyChange { kind, from, to, is_duplicate }));
        }
    }

    fn membership(&mut self, element: Element<'_>) {
        let label = Label { of: "membership before member", number: self.members + 1 };
        let mut field = Field::new(At { place: element.place, label }, &mut self.judge);
        let group = match field.key(element) {
            Named::Key(group) => group,
            Named::Ignored => return self.facts.ignored += 1,
            Named::Bad => return,
        };
        for member in element.all("member") {
            self.members += 1;
            let at = At { place: member.place, label: Label { of: "member", number: self.members } };
            match member_of(&mut Field::new(at, &mut self.judge), &group, member) {
                Some(Member::Person(membership)) => self.keep(Record::Membership(membership), at),
                Some(Member::Group(inner)) => {
                    self.facts.nested.push(Nested { at, group: group.clone(), inner });
                }
                None => {}
            }
        }
    }
}
