//! The customer's learning platform, as far as the integration writes to it.

use crate::{Customer, CustomerId, Stop, WriteProof};
use async_trait::async_trait;
use rollover_roster::{course_fate::Loose, diff::Change, keys::SitePerson, model::SyncKey};
use serde::{Deserialize, Serialize};

/// What a platform can do; what it cannot becomes a task for a person (DOMAIN S4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    WriteRoster,
    ArchiveCourses,
    /// A person who was deleted comes back with the account and all that was theirs.
    RestorePersons,
}

/// What the site holds, by kind: the figures of the status mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteCounts {
    /// Active persons by profile.
    pub persons: std::collections::BTreeMap<String, u64>,
    /// Groups by type.
    pub groups: std::collections::BTreeMap<String, u64>,
    pub memberships: u64,
    pub courses_active: u64,
    pub courses_archived: u64,
}

/// What one batch changed; rows that already stood as wanted are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub created: u64,
    pub updated: u64,
    pub deleted: u64,
    pub unchanged: u64,
}

impl std::ops::AddAssign for Applied {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
    }
}

/// Whom of the active persons of a site is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persons {
    All,
    WithoutKey,
}

/// Persons in one answer: a customer with a hundred thousand takes five.
pub const PERSONS_PAGE: i64 = 20_000;

/// A course at the site that no group holds in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseCourse {
    pub key: SyncKey,
    pub title: String,
    pub code: Option<String>,
    /// The school that it was of, if that is still there.
    pub school: Option<String>,
    pub loose: Loose,
}

/// Courses in one answer.
pub const COURSES_PAGE: i64 = 5_000;

#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Not now: busy, restarting, no network.
    #[error("the site of {customer} does not answer: {why}")]
    Unavailable { customer: CustomerId, why: String },
    /// The proof is of a claim that ended: another worker has the job now, and this one must stop.
    #[error("the claim on the site of {customer} is no longer valid")]
    Fenced { customer: CustomerId },
    /// The site will not have this change, now or later.
    #[error("the site of {customer} refused a change of {kind}: {why}")]
    Refused { customer: CustomerId, kind: &'static str, why: String },
}

impl From<SiteError> for Stop {
    fn from(error: SiteError) -> Self {
        match error {
            SiteError::Unavailable { .. } | SiteError::Fenced { .. } => Self::retry(error.to_string()),
            SiteError::Refused { .. } => Self::fail(error.to_string()),
        }
    }
}

#[async_trait]
pub trait Site: Send + Sync {
    fn capabilities(&self) -> &'static [Capability];

    async fn counts(&self, customer: &CustomerId) -> Result<SiteCounts, SiteError>;

    /// Persons in the order of their accounts, those behind the account `after`: at most [`PERSONS_PAGE`], and none when
    /// there are no more.
    async fn persons(
        &self,
        customer: &CustomerId,
        which: Persons,
        after: Option<i64>,
    ) -> Result<Vec<SitePerson>, SiteError>;

    /// Courses that no group holds, in the order of their keys, those behind the key `after`: at most [`COURSES_PAGE`],
    /// and none when there are no more.
    async fn loose_courses(
        &self,
        customer: &CustomerId,
        after: Option<&SyncKey>,
    ) -> Result<Vec<LooseCourse>, SiteError>;

    /// Applies one batch as a unit: all of it, or nothing. Applying it again changes nothing (DOMAIN I5).
    /// A course whose group goes is archived or detached (C2, C3), never destroyed.
    async fn apply(
        &self,
        customer: &Customer,
        batch: &[Change],
        proof: &WriteProof,
    ) -> Result<Applied, SiteError>;
}
