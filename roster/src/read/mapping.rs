//! How one customer's feed names things, and what they mean at the site: roles, profiles, groups, sources, courses.

mod groups;
mod special;

pub use groups::{Becomes, GroupMatch, GroupRule};
pub use special::SpecialCourse;

use crate::model::{Profile, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest text of a mapping.
const LONGEST: usize = 256;
/// Entries of one list of a mapping.
const MOST: usize = 1_000;

/// The mapping of one customer; an empty one changes nothing.
///
/// ```toml
/// profiles = { Faculty = "Staff" }
/// [sources]
/// accept = ["fjordsas"]
/// others = "ignore"
/// [[roles]]
/// subrole = "vikar"
/// role = "assistant"
/// name = "Vikar"
/// [[groups]]
/// of = { type = "fag" }
/// becomes = "course"
/// [[groups]]
/// of = { type = "trinn" }
/// becomes = { level = 3 }
/// [[special_courses]]
/// name = "team"
/// of = { type = "basisgruppe" }
/// template = "template-team"
/// title = "Team {name}"
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// The first that fits counts.
    pub roles: Vec<RoleRule>,
    /// From the feed's word to ours, or to the name of a custom profile.
    pub profiles: BTreeMap<String, String>,
    /// The first that fits counts.
    pub groups: Vec<GroupRule>,
    pub sources: Sources,
    /// All that fit count (C7).
    pub special_courses: Vec<SpecialCourse>,
}

/// Which members have which role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// The feed's code, as `09` or `teacher`; absent: any.
    #[serde(default)]
    pub code: Option<String>,
    /// The feed's own word beside the code; absent: any.
    #[serde(default)]
    pub subrole: Option<String>,
    /// What such a member may do.
    pub role: Role,
    /// The name of the customer's own role.
    #[serde(default)]
    pub name: Option<String>,
}

/// Which systems' records are this customer's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sources {
    /// Empty: all.
    pub accept: Vec<String>,
    pub others: Others,
}

/// What is done with records of other sources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// Each is an error.
    #[default]
    Refuse,
    Ignore,
}

/// What becomes of a record by its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceVerdict {
    Accepted,
    Refused,
    Ignored,
}

/// The mapping cannot be used; names the key and the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping, {key}: {value:?}: {expected}")]
pub struct BadMapping {
    pub key: String,
    pub value: String,
    pub expected: String,
}

impl BadMapping {
    fn new(key: impl Into<String>, value: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), expected: expected.into() }
    }
}

impl Mapping {
    /// Whether it can be used at all; of several faults the first.
    pub fn check(&self) -> Result<(), BadMapping> {
        let lists = [
            ("roles", self.roles.len()),
            ("profiles", self.profiles.len()),
            ("groups", self.groups.len()),
            ("sources.accept", self.sources.accept.len()),
            ("special_courses", self.special_courses.len()),
        ];
        for (key, length) in lists {
            if length > MOST {
                let expected = format!("expected {MOST} entries at most");
                return Err(BadMapping::new(key, format!("{length} entries"), expected));
            }
        }
        for (index, rule) in self.roles.iter().enumerate() {
            rule.check(&format!("roles[{index}]"))?;
        }
        for (from, to) in &self.profiles {
            check_text(&format!("profiles.{from}"), Some(to))?;
        }
        for (index, rule) in self.groups.iter().enumerate() {
            rule.check(&format!("groups[{index}]"))?;
        }
        for (index, source) in self.sources.accept.iter().enumerate() {
            check_text(&format!("sources.accept[{index}]"), Some(source))?;
        }
        special::check(&self.special_courses)
    }

    /// The first rule that fits a member's code and subrole.
    pub fn role(&self, code: &str, subrole: Option<&str>) -> Option<&RoleRule> {
        self.roles.iter().find(|rule| rule.fits(code, subrole))
    }

    pub fn profile(&self, name: &str) -> Profile {
        Profile::from(self.profiles.get(name).map_or(name, String::as_str).to_owned())
    }

    pub fn decide_source(&self, source: &str) -> SourceVerdict {
        let Sources { accept, others } = &self.sources;
        if accept.is_empty() || accept.iter().any(|accepted| accepted.trim() == source) {
            return SourceVerdict::Accepted;
        }
        match others {
            Others::Refuse => SourceVerdict::Refused,
            Others::Ignore => SourceVerdict::Ignored,
        }
    }

    /// What the first rule that fits makes of a group; `None`: what the feed says.
    pub fn decide_group(&self, group_type: &str, level: u8, name: &str) -> Option<Becomes> {
        self.groups.iter().find(|rule| rule.of.fits(group_type, level, name)).map(|rule| rule.becomes)
    }
}

impl RoleRule {
    fn check(&self, key: &str) -> Result<(), BadMapping> {
        if self.code.is_none() && self.subrole.is_none() {
            return Err(BadMapping::new(
                key,
                self.role.as_str(),
                "expected a code or a subrole that it is for",
            ));
        }
        check_text(&format!("{key}.code"), self.code.as_deref())?;
        check_text(&format!("{key}.subrole"), self.subrole.as_deref())?;
        check_text(&format!("{key}.name"), self.name.as_deref())
    }

    fn fits(&self, code: &str, subrole: Option<&str>) -> bool {
        let wants = |wanted: &Option<String>, found: Option<&str>| match wanted.as_deref() {
            None => true,
            Some(wanted) => found.is_some_and(|found| same_word(wanted, found)),
        };
        // `2` and `02` are one code.
        wants(&self.code, Some(code)) && wants(&self.subrole, subrole)
            || (wants(&self.code, Some(&format!("{code:0>2}"))) && wants(&self.subrole, subrole))
    }
}

/// Words of a feed are compared without case.
fn same_word(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn check_text(key: &str, text: Option<&str>) -> Result<(), BadMapping> {
    match text {
        Some(text) if text.trim().is_empty() => Err(BadMapping::new(key, text, "expected a text")),
        Some(text) if text.chars().count() > LONGEST => {
            let shown: String = text.chars().take(40).collect();
            Err(BadMapping::new(key, shown, format!("expected {LONGEST} characters at most")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
