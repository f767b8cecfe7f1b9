//! Special courses: courses that the integration makes by rule from groups, with the groups' members (DOMAIN C7).

use super::{BadMapping, GroupMatch, LONGEST, check_text};
use crate::model::{Course, Group, Membership, Record, SyncKey};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What stands for the group's name in a title.
const NAME: &str = "{name}";
/// Longest name of a rule: it becomes part of a sync key.
const LONGEST_NAME: usize = 20;
/// Longest id of a sync key.
const LONGEST_ID: usize = 256;

/// A rule: the groups, and the template of the course that each of them gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialCourse {
    /// Part of the courses' sync keys: a rule that is renamed makes new courses.
    pub name: String,
    pub of: GroupMatch,
    /// The sync key of the template, of the group's own source.
    pub template: String,
    /// The title, with `{name}` for the group's name.
    #[serde(default = "group_name")]
    pub title: String,
}

fn group_name() -> String {
    NAME.to_owned()
}

pub(super) fn check(rules: &[SpecialCourse]) -> Result<(), BadMapping> {
    for (index, rule) in rules.iter().enumerate() {
        let key = format!("special_courses[{index}]");
        let letters = rule.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !letters || rule.name.is_empty() || rule.name.len() > LONGEST_NAME {
            let expected = format!("expected 1 to {LONGEST_NAME} of a-z, 0-9 and -");
            return Err(BadMapping::new(format!("{key}.name"), &rule.name, expected));
        }
        if rules[..index].iter().any(|before| before.name == rule.name) {
            return Err(BadMapping::new(format!("{key}.name"), &rule.name, "another rule has that name"));
        }
        rule.of.check(&format!("{key}.of"))?;
        check_text(&format!("{key}.template"), Some(&rule.template))?;
        check_text(&format!("{key}.title"), Some(&rule.title))?;
    }
    Ok(())
}

impl SpecialCourse {
    /// Follows from the group's key and the rule's name alone, so a new title or template changes the same course.
    pub fn key_of(&self, group: &SyncKey) -> SyncKey {
        let id = format!("{}~{}", group.id, self.name);
        let id = if id.chars().count() <= LONGEST_ID {
            id
        } else {
            format!("{}~{}", blake3::hash(group.id.as_bytes()).to_hex(), self.name)
        };
        SyncKey { source: group.source.clone(), id }
    }

    fn course(&self, group: &Group) -> Course {
        let title: String = self.title.replace(NAME, &group.name).chars().take(LONGEST).collect();
        Course {
            key: self.key_of(&group.key),
            title: title.trim().to_owned(),
            code: None,
            template: Some(SyncKey::new(&group.key.source, &self.template)),
            parent: Some(group.key.clone()),
            details: crate::model::Details::default(),
        }
    }
}

impl super::Mapping {
    /// The special courses of all groups, and the memberships of the groups' members in them.
    pub fn special_courses_of<'r>(&self, records: impl Iterator<Item = &'r Record> + Clone) -> Vec<Record> {
        let mut made = Vec::new();
        let mut keys: HashMap<&SyncKey, Vec<SyncKey>> = HashMap::new();
        for record in records.clone() {
            let Record::Group(group) = record else { continue };
            for rule in &self.special_courses {
                if rule.of.fits(&group.group_type, group.level, &group.name) {
                    let course = rule.course(group);
                    keys.entry(&group.key).or_default().push(course.key.clone());
                    made.push(Record::Course(course));
                }
            }
        }
        if made.is_empty() {
            return made;
        }
        for record in records {
            let Record::Membership(member) = record else { continue };
            for course in keys.get(&member.group).into_iter().flatten() {
                made.push(Record::Membership(Membership { group: course.clone(), ..member.clone() }));
            }
        }
        made
    }
}
