//! Which groups of a feed become what at the site.

use super::{BadMapping, check_text, same_word};
use serde::{Deserialize, Serialize};

/// Highest level of a group.
const HIGHEST: u8 = 20;

/// Which groups are meant; all that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupMatch {
    /// What the feed calls this sort of group.
    #[serde(rename = "type")]
    pub group_type: Option<String>,
    pub level: Option<u8>,
    /// The name, with `*` for any characters.
    pub title: Option<String>,
}

impl GroupMatch {
    pub(super) fn check(&self, key: &str) -> Result<(), BadMapping> {
        if *self == Self::default() {
            return Err(BadMapping::new(key, "", "expected a type, a level or a title that it is for"));
        }
        check_text(&format!("{key}.type"), self.group_type.as_deref())?;
        check_text(&format!("{key}.title"), self.title.as_deref())?;
        check_level(&format!("{key}.level"), self.level)
    }

    pub fn fits(&self, group_type: &str, level: u8, name: &str) -> bool {
        self.group_type.as_deref().is_none_or(|wanted| same_word(wanted, group_type))
            && self.level.is_none_or(|wanted| wanted == level)
            && self.title.as_deref().is_none_or(|pattern| fits_pattern(pattern, name))
    }
}

/// What the groups that are meant become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    pub of: GroupMatch,
    pub becomes: Becomes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    /// A group of this level.
    Level(u8),
    Course,
    /// Nothing: what is in it is put into its parent, and its members are left out.
    Ignored,
}

impl GroupRule {
    pub(super) fn check(&self, key: &str) -> Result<(), BadMapping> {
        self.of.check(&format!("{key}.of"))?;
        match self.becomes {
            Becomes::Level(level) => check_level(&format!("{key}.becomes.level"), Some(level)),
            Becomes::Course | Becomes::Ignored => Ok(()),
        }
    }
}

fn check_level(key: &str, level: Option<u8>) -> Result<(), BadMapping> {
    match level {
        Some(level) if level > HIGHEST => {
            Err(BadMapping::new(key, level.to_string(), format!("expected 0 to {HIGHEST}")))
        }
        _ => Ok(()),
    }
}

/// Whether a name is the pattern, with any characters for each `*`; without regard to case.
fn fits_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.trim().to_lowercase(), name.trim().to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The earliest place leaves the most for what follows.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits_pattern;

    #[test]
    fn a_star_is_any_characters() {
        let cases = [
            ("7A", "7a", true),
            ("7A", "7AB", false),
            ("*", "", true),
            ("7*", "7A", true),
            ("7*", "17A", false),
            ("*team*", "Nes Team 3", true),
            ("team*team", "team", false),
            ("team*team", "team team", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("", "", true),
            ("ÅR*", "år 7", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(fits_pattern(pattern, name), expected, "{pattern} {name}");
        }
    }
}
