//! Applies a bundle of changes to the roster before it: full files replace their kind, deltas change single records.

use super::{
    build::{Builder, CLASS_TYPE},
    check,
    ids::Id,
    manifest::{Manifest, Mode},
    report::Reading,
    root,
    schema::{Table, Version},
    tables::Tables,
};
use crate::model::{Course, Group, Person, Record, SyncKey};
use std::collections::{HashMap, HashSet};

/// The roster before, as far as the bundle leaves it.
struct Base<'a> {
    tables: &'a Tables,
    manifest: &'a Manifest,
    source: &'a str,
    /// Groups that are orgs, by id.
    orgs: HashSet<String>,
    /// Class and user, org and user: whose membership a row speaks of.
    enrolled: HashSet<(Id, Id)>,
    holding: HashSet<(Id, Id)>,
}

/// The records of the roster that the bundle makes of the one before.
pub(super) fn apply(
    mut base: Vec<Record>,
    mut tables: Tables,
    manifest: &Manifest,
    source: &str,
    reading: &mut Reading<'_>,
) -> (Vec<Record>, Tables) {
    root::uproot(&mut base);
    adopt(&base, &mut tables, manifest, source);
    check::check(&mut tables, manifest, reading);
    let homerooms_before = homerooms(&base, &tables);
    let (mut records, before) = Base::of(&base, &tables, manifest, source).split(base);
    let mapping = &reading.options().mapping;
    let builder = Builder { tables: &tables, manifest, source, mapping, before, homerooms_before };
    records.extend(builder.build(reading));
    report_orphans(&records, &tables, reading);
    (records, tables)
}

/// A homeroom, or the group of an org.
fn is_class(group: &Group) -> bool {
    group.group_type == CLASS_TYPE
}

/// What the bundle names and the roster before holds is there, where no full file says otherwise.
fn adopt(base: &[Record], tables: &mut Tables, manifest: &Manifest, source: &str) {
    let stays = |table: Table| manifest.mode(table) != Mode::Bulk;
    for record in base {
        match record {
            Record::Group(Group { key, .. }) | Record::Course(Course { key, .. }) if key.source != source => {
            }
            Record::Group(group) if is_class(group) && stays(Table::Classes) => {
                tables.groups.adopt(&group.key.id, Table::Classes);
            }
            Record::Group(group) if !is_class(group) && stays(Table::Orgs) => {
                tables.groups.adopt(&group.key.id, Table::Orgs);
            }
            Record::Course(course) if stays(Table::Classes) => {
                tables.groups.adopt(&course.key.id, Table::Classes);
            }
            Record::Person(person) if person.key.source == source && stays(Table::Users) => {
                tables.users.adopt(&person.key.id, Table::Users);
            }
            _ => {}
        }
    }
}

fn homerooms(base: &[Record], tables: &Tables) -> HashSet<Id> {
    base.iter()
        .filter_map(|record| match record {
            Record::Group(group) if is_class(group) => tables.groups.find(&group.key.id),
            _ => None,
        })
        .collect()
}

impl<'a> Base<'a> {
    fn of(base: &[Record], tables: &'a Tables, manifest: &'a Manifest, source: &'a str) -> Self {
        let orgs = base.iter().filter_map(|record| match record {
            Record::Group(group) if !is_class(group) => Some(group.key.id.clone()),
            _ => None,
        });
        Self {
            tables,
            manifest,
            source,
            orgs: orgs.collect(),
            enrolled: tables.enrollments.iter().map(|row| (row.class, row.user)).collect(),
            holding: tables.roles.iter().map(|row| (row.org, row.user)).collect(),
        }
    }

    /// The records that stay as they are, and the persons that a row changes.
    fn split(&self, base: Vec<Record>) -> (Vec<Record>, HashMap<Id, Person>) {
        let (mut records, mut changed) = (Vec::with_capacity(base.len()), HashMap::new());
        for record in base {
            match record {
                Record::Person(person) => match self.changed_person(&person) {
                    Some(id) => {
                        changed.insert(id, person);
                    }
                    None if self.keeps_person(&person.key) => records.push(Record::Person(person)),
                    None => {}
                },
                record if self.keeps(&record) => records.push(record),
                _ => {}
            }
        }
        (records, changed)
    }

    fn changed_person(&self, person: &Person) -> Option<Id> {
        let users = &self.tables.users;
        let id = users.find(&person.key.id).filter(|_| person.key.source == self.source)?;
        users.is_there(id).then_some(id)
    }

    fn keeps_person(&self, key: &SyncKey) -> bool {
        if key.source != self.source {
            return true;
        }
        match self.tables.users.find(&key.id) {
            Some(id) if self.tables.users.is_gone(id) => false,
            _ => self.manifest.mode(Table::Users) != Mode::Bulk,
        }
    }

    /// A row of the bundle stands for the group from now on, or a full file lacks it.
    fn keeps_group(&self, key: &SyncKey, table: Table) -> bool {
        if key.source != self.source {
            return true;
        }
        let groups = &self.tables.groups;
        let is_in_bundle = groups
            .find(&key.id)
            .and_then(|id| groups.definition(id))
            .is_some_and(|definition| definition.line > 0);
        !is_in_bundle && self.manifest.mode(table) != Mode::Bulk
    }

    fn keeps(&self, record: &Record) -> bool {
        match record {
            Record::Group(group) if is_class(group) => self.keeps_group(&group.key, Table::Classes),
            Record::Group(group) => self.keeps_group(&group.key, Table::Orgs),
            Record::Course(course) => self.keeps_group(&course.key, Table::Classes),
            Record::Person(person) => self.keeps_person(&person.key),
            Record::Membership(member) => self.keeps_membership(&member.group, &member.person),
        }
    }

    fn keeps_membership(&self, group_key: &SyncKey, person_key: &SyncKey) -> bool {
        if group_key.source != self.source {
            return true;
        }
        let (groups, users) = (&self.tables.groups, &self.tables.users);
        let (group, user) = (groups.find(&group_key.id), users.find(&person_key.id));
        let is_gone = group.is_some_and(|id| groups.is_gone(id)) || user.is_some_and(|id| users.is_gone(id));
        let is_replaced = |mode: Mode, pairs: &HashSet<(Id, Id)>| {
            mode == Mode::Bulk || group.zip(user).is_some_and(|pair| pairs.contains(&pair))
        };
        let is_org = self.orgs.contains(&group_key.id);
        let of_group = if is_org { Table::Orgs } else { Table::Classes };
        // A full file that no longer holds the group or the person takes the membership with it.
        let is_lost = (self.manifest.mode(of_group) == Mode::Bulk
            && group.is_none_or(|id| !groups.is_there(id)))
            || (self.manifest.mode(Table::Users) == Mode::Bulk && user.is_none_or(|id| !users.is_there(id)));
        if is_gone || is_lost {
            return false;
        }
        match (is_org, self.manifest.version) {
            (false, _) => !is_replaced(self.manifest.mode(Table::Enrollments), &self.enrolled),
            (true, Version::V1_2) => !is_replaced(self.manifest.mode(Table::Roles), &self.holding),
            // A row of a user names all its orgs.
            (true, Version::V1_1) => {
                let has_row = user.and_then(|id| users.definition(id)).is_some_and(|found| found.line > 0);
                self.manifest.mode(Table::Users) != Mode::Bulk && !has_row
            }
        }
    }
}

/// What still lies in an org that the bundle deletes.
fn report_orphans(records: &[Record], tables: &Tables, reading: &mut Reading<'_>) {
    let keys: HashSet<&SyncKey> = records
        .iter()
        .filter_map(|record| if let Record::Group(group) = record { Some(&group.key) } else { None })
        .collect();
    let mut orphans: HashMap<&SyncKey, u64> = HashMap::new();
    for record in records {
        let parent = match record {
            Record::Group(group) => group.parent.as_ref(),
            Record::Course(course) => course.parent.as_ref(),
            Record::Person(_) | Record::Membership(_) => None,
        };
        if let Some(parent) = parent.filter(|parent| !keys.contains(parent)) {
            *orphans.entry(parent).or_default() += 1;
        }
    }
    for (parent, count) in orphans {
        let definition = tables.groups.find(&parent.id).and_then(|id| tables.groups.definition(id));
        let line = definition.map_or(0, |definition| definition.line);
        let what = format!("an org that goes still holds {count} groups and courses");
        reading.at(Table::Orgs, line, "sourcedId", what, "move them to another org, or delete them too");
    }
}
