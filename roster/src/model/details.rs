//! What a record holds that most of its kind lack: boxed, and no box where there is nothing.

use super::SyncKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, ops::Deref};

/// Fields that are all absent in most records.
pub trait Sparse: Default + PartialEq + 'static {
    const EMPTY: &'static Self;
}

/// The sparse fields of a record. Nothing has one form only, so that equal records are equal whoever made them.
#[derive(Clone, PartialEq, Eq)]
pub struct Details<T>(Option<Box<T>>);

impl<T: Sparse> Details<T> {
    pub fn new(fields: T) -> Self {
        Self((fields != *T::EMPTY).then(|| Box::new(fields)))
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The fields, to be changed and given to [`Details::new`].
    pub fn into_fields(self) -> T {
        self.0.map_or_else(T::default, |fields| *fields)
    }
}

impl<T> Default for Details<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Sparse> From<T> for Details<T> {
    fn from(fields: T) -> Self {
        Self::new(fields)
    }
}

impl<T: Sparse> Deref for Details<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

/// They are personal.
impl<T> fmt::Debug for Details<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Details(…)" } else { "Details()" })
    }
}

impl<T: Sparse + Serialize> Serialize for Details<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.deref().serialize(serializer)
    }
}

impl<'de, T: Sparse + Deserialize<'de>> Deserialize<'de> for Details<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

/// What one person is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    Child,
    Parent,
}

impl Relation {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Parent => "parent",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Child, Self::Parent].into_iter().find(|relation| relation.as_str() == name)
    }
}

/// A guardian or a child of a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Relative {
    /// What the other is to this person.
    pub relation: Relation,
    pub person: SyncKey,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonDetails {
    pub nickname: Option<String>,
    pub middle_name: Option<String>,
    pub url: Option<String>,
    pub phone: Option<String>,
    pub mobile: Option<String>,
    pub street: Option<String>,
    /// The second line of the street.
    pub extended: Option<String>,
    pub postcode: Option<String>,
    pub locality: Option<String>,
    /// Sorted, each once.
    pub relatives: Vec<Relative>,
}

impl Sparse for PersonDetails {
    const EMPTY: &'static Self = &Self {
        nickname: None,
        middle_name: None,
        url: None,
        phone: None,
        mobile: None,
        street: None,
        extended: None,
        postcode: None,
        locality: None,
        relatives: Vec::new(),
    };
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupDetails {
    /// The longer name, where there is one beside the name.
    pub long: Option<String>,
    pub full: Option<String>,
    /// The name of the organisation.
    pub org: Option<String>,
}

impl Sparse for GroupDetails {
    const EMPTY: &'static Self = &Self { long: None, full: None, org: None };
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CourseDetails {
    /// The longer title, where there is one beside the title.
    pub long: Option<String>,
    pub full: Option<String>,
    pub org: Option<String>,
    pub credits: Option<String>,
    /// The person in whose name the course is made from its template.
    pub creator: Option<SyncKey>,
    /// In the order of the MIS.
    pub terms: Vec<SyncKey>,
}

impl Sparse for CourseDetails {
    const EMPTY: &'static Self =
        &Self { long: None, full: None, org: None, credits: None, creator: None, terms: Vec::new() };
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MembershipDetails {
    /// What the MIS calls the role, in its own words.
    pub subrole: Option<String>,
    /// The name of the customer's own role, where the mapping gives one; `role` says what it is allowed.
    pub custom_role: Option<String>,
}

impl Sparse for MembershipDetails {
    const EMPTY: &'static Self = &Self { subrole: None, custom_role: None };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_always_the_same_nothing() {
        let phone = PersonDetails { phone: Some("22 00 00 00".to_owned()), ..PersonDetails::default() };
        assert_eq!(Details::new(PersonDetails::default()), Details::default());
        let mut fields = Details::new(phone).into_fields();
        fields.phone = None;
        assert!(Details::new(fields).is_empty());
        let read: Details<PersonDetails> = serde_json::from_str("{}").unwrap();
        assert!(read.is_empty() && read.phone.is_none());
    }

    #[test]
    fn details_come_back_from_json() {
        let details = Details::new(CourseDetails {
            credits: Some("140".to_owned()),
            terms: vec![SyncKey::new("sas", "H2024")],
            ..CourseDetails::default()
        });
        let text = serde_json::to_string(&details).unwrap();
        assert_eq!(serde_json::from_str::<Details<CourseDetails>>(&text).unwrap(), details);
    }
}
