//! A customer as jobs and plans see it: who they are, their calendar, their settings.

use crate::{DueBy, Fetch, Language, LeastShare};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rollover_roster::{
    filter::Limits,
    read::{Lenient, Mapping, ReadLimits, ReadOptions},
};
use serde::{Deserialize, Serialize};

/// The short name of a customer, chosen by support (`nes`, `fjord-kommune`): 1 to 40 of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CustomerId(String);

/// The text is no customer id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("customer id {0:?}: expected 1 to 40 of a-z, 0-9 and -, beginning with a letter")]
pub struct BadCustomerId(String);

impl CustomerId {
    pub const MAX_LEN: usize = 40;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CustomerId {
    type Error = BadCustomerId;

    fn try_from(text: String) -> Result<Self, BadCustomerId> {
        let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if letters && first && text.len() <= Self::MAX_LEN {
            Ok(Self(text))
        } else {
            Err(BadCustomerId(text))
        }
    }
}

impl std::str::FromStr for CustomerId {
    type Err = BadCustomerId;

    fn from_str(text: &str) -> Result<Self, BadCustomerId> {
        Self::try_from(text.to_owned())
    }
}

impl From<CustomerId> for String {
    fn from(id: CustomerId) -> Self {
        id.0
    }
}

impl std::fmt::Display for CustomerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// ISO 3166 country of the customer; the ones that rules name have a name here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(String);

impl Country {
    /// Two capital letters, as `NO`, `SE`, `GB`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Country {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(format!("country {text:?}: expected two capital letters, as NO, SE or GB"))
        }
    }
}

impl std::str::FromStr for Country {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.0
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One customer: identity, place in the world, what it uses, its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub id: CustomerId,
    pub name: String,
    pub country: Country,
    pub time_zone: Tz,
    /// The school administration system, as `fjordsas`; a name, no more.
    pub mis: String,
    /// What stands between MIS and integration, as `wonde`.
    pub middleware: Option<String>,
    /// Modules in use: `absence`, `behaviour`, `courses`, `summer_school` …
    pub modules: Vec<String>,
    pub settings: CustomerSettings,
}

impl Customer {
    /// In which mails to it are written.
    pub fn language(&self) -> Language {
        self.settings.language.unwrap_or_else(|| Language::of(&self.country))
    }
}

/// The dates of one customer's change of school year; `year` is the calendar year of that summer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    pub last_teaching_day: Option<NaiveDate>,
    pub school_year_start: Option<NaiveDate>,
    #[serde(default)]
    pub terms: Vec<TermDates>,
    /// The vendor's own date for its change of school year (DOMAIN M3).
    pub vendor_date: Option<NaiveDate>,
}

/// One school term, both days included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermDates {
    pub name: String,
    pub start: NaiveDate,
    pub end: NaiveDate,
}

/// What a customer may set; every field has a default that people can trust (DOMAIN F1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomerSettings {
    /// Folder that the roster arrives in; `None` is `<roster folder>/<customer id>`.
    pub roster_folder: Option<String>,
    /// Where rosters are fetched from into that folder; `None`: the MIS lays them down there.
    pub fetch: Option<Fetch>,
    /// By when a roster must have come; `None`: nobody is alerted.
    pub roster_due_by: Option<DueBy>,
    pub roster_format: RosterFormat,
    /// Whom a roster must be meant for, as its `<target>` says; `None`: it is not looked at.
    pub roster_target: Option<String>,
    /// Where a roster must come from, as its `<datasource>` says; `None`: it is not looked at.
    pub roster_source: Option<String>,
    /// Recipients of the status mail: the customer's and ours.
    pub status_mail_to: Vec<String>,
    /// The rows of the difference go with the status mail to the customer's side: children's data, so only with a
    /// recorded decision.
    pub personal_data_by_mail: bool,
    /// Of its mails; `None`: the one of its country.
    pub language: Option<Language>,
    pub filter: Limits,
    /// How much of the last roster a new one must hold to be taken for a whole one.
    pub roster_at_least: LeastShare,
    /// C2 and C3: the customer's half of the pair of settings.
    pub course_archiving: bool,
    /// C1: what to do with courses of the new year that come before its start date.
    pub early_courses: EarlyCourses,
    /// P5: new courses whose code begins so are of the summer school, and flow at once.
    pub summer_course_prefix: Option<String>,
    /// What the feed may do against its format; nothing, unless it is named.
    pub lenient: Lenient,
    /// How the feed names things, and what they mean at the site.
    pub mapping: Mapping,
    /// How long its rosters are kept; `None`: as long as everybody's.
    pub retention: Option<Retention>,
}

impl CustomerSettings {
    /// How this customer's rosters are read.
    pub fn read_options(&self, limits: ReadLimits) -> ReadOptions {
        ReadOptions { limits, lenient: self.lenient.clone(), mapping: self.mapping.clone() }
    }
}

/// How long rosters are kept: those of the last days, and of the older ones so many that a few are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    pub days: u32,
    /// The newest, however old they are.
    pub at_least: u32,
}

impl Default for Retention {
    /// Over a year, so that the roster of last summer can still be looked at in this one.
    fn default() -> Self {
        Self { days: 400, at_least: 10 }
    }
}

impl Retention {
    /// What came from here on is kept.
    pub fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::days(self.days.into())
    }

    /// Whether the roster before which so many newer ones came is kept.
    pub fn keeps(&self, newer: usize, came_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        newer < self.at_least as usize || came_at >= self.since(now)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterFormat {
    #[default]
    ImsEnterprise,
    OneRosterCsv,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyCourses {
    /// Held back, said in the mail, applied on the start date.
    #[default]
    HoldBack,
    /// The whole run is refused.
    Refuse,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_is_kept_by_its_age_or_as_one_of_the_newest() {
        let now: DateTime<Utc> = "2024-06-03T00:00:00Z".parse().unwrap();
        let retention = Retention { days: 30, at_least: 2 };
        let cases = [
            (0, "2020-01-01T00:00:00Z", true),
            (1, "2020-01-01T00:00:00Z", true),
            (2, "2020-01-01T00:00:00Z", false),
            (2, "2024-05-04T00:00:00Z", true),
            (2, "2024-05-03T23:59:59Z", false),
            (900, "2024-06-03T00:00:00Z", true),
        ];
        for (newer, came_at, expected) in cases {
            assert_eq!(retention.keeps(newer, came_at.parse().unwrap(), now), expected, "{newer} {came_at}");
        }
    }
}
