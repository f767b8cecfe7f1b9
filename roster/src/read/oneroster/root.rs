//! The site at the top of all groups: the one org above the others, or one that is made for them.

use super::{build::CLASS_TYPE, report::Reading, schema::Table, tables::Tables};
use crate::model::{Details, Group, Record, SyncKey};
use std::collections::HashMap;

/// The id of a site that no org stands for.
pub(crate) const SITE_ID: &str = "rollover:site";
/// What a written bundle names where the standard demands a course or a term and the roster has none.
pub(crate) const NONE_ID: &str = "rollover:none";
const SITE_TYPE: &str = "Site";
const SITE_LEVEL: u8 = 0;

/// What stands at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    /// The one org without a parent, which is above schools.
    Org(usize),
    /// There are several, or the one is a school: a site is made above them.
    Made,
}

/// Which of the groups without a parent is the site. Each is given by its level.
fn decide_root(tops: &[u8]) -> Root {
    match tops {
        [SITE_LEVEL] => Root::Org(0),
        _ => Root::Made,
    }
}

/// Puts everything without a parent under the site; reports orgs that are above themselves.
pub(super) fn plant(
    records: &mut Vec<Record>,
    source: &str,
    name: &str,
    tables: &Tables,
    reading: &mut Reading<'_>,
) {
    report_circles(records, tables, reading);
    let groups = || {
        records.iter().filter_map(|record| if let Record::Group(group) = record { Some(group) } else { None })
    };
    if groups().next().is_none() {
        return;
    }
    let tops: Vec<&Group> =
        groups().filter(|group| group.parent.is_none() && group.group_type != CLASS_TYPE).collect();
    let levels: Vec<u8> = tops.iter().map(|group| group.level).collect();
    let root = match decide_root(&levels) {
        Root::Org(index) => tops[index].key.clone(),
        Root::Made => SyncKey { source: source.to_owned(), id: SITE_ID.to_owned() },
    };
    if decide_root(&levels) == Root::Made {
        records.push(Record::Group(Group {
            key: root.clone(),
            group_type: SITE_TYPE.to_owned(),
            level: SITE_LEVEL,
            name: name.to_owned(),
            parent: None,
            details: Details::default(),
        }));
    }
    for record in records {
        let (key, parent) = match record {
            Record::Group(group) => (&group.key, &mut group.parent),
            Record::Course(course) => (&course.key, &mut course.parent),
            Record::Person(_) | Record::Membership(_) => continue,
        };
        if parent.is_none() && *key != root {
            *parent = Some(root.clone());
        }
    }
}

/// Takes a site that was made away again: the next bundle may bring an org that is the site.
pub(super) fn uproot(records: &mut Vec<Record>) {
    records.retain(|record| !matches!(record, Record::Group(group) if group.key.id == SITE_ID));
    for record in records {
        let parent = match record {
            Record::Group(group) => &mut group.parent,
            Record::Course(course) => &mut course.parent,
            Record::Person(_) | Record::Membership(_) => continue,
        };
        if parent.as_ref().is_some_and(|parent| parent.id == SITE_ID) {
            *parent = None;
        }
    }
}

fn report_circles(records: &[Record], tables: &Tables, reading: &mut Reading<'_>) {
    let parents: HashMap<&SyncKey, &SyncKey> = records
        .iter()
        .filter_map(|record| match record {
            Record::Group(group) => Some((&group.key, group.parent.as_ref()?)),
            _ => None,
        })
        .collect();
    for key in parents.keys() {
        let mut above = parents.get(key);
        let mut steps = 0;
        while let Some(parent) = above {
            steps += 1;
            if parent == key || steps > parents.len() {
                break;
            }
            above = parents.get(*parent);
        }
        if above.is_some_and(|parent| parent == key) {
            let definition = tables.groups.find(&key.id).and_then(|id| tables.groups.definition(id));
            let line = definition.map_or(0, |definition| definition.line);
            let what = "the org is above itself";
            reading.at(Table::Orgs, line, "parentSourcedId", what, "give the topmost org no parent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_org_above_schools_is_the_site() {
        let cases: [(&[u8], Root); 5] = [
            (&[0], Root::Org(0)),
            (&[1], Root::Made),
            (&[0, 0], Root::Made),
            (&[0, 1], Root::Made),
            (&[], Root::Made),
        ];
        for (tops, expected) in cases {
            assert_eq!(decide_root(tops), expected, "{tops:?}");
        }
    }
}
