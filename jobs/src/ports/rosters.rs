//! Where rosters come from and where their snapshots are kept.

use crate::{Customer, Stop};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rollover_roster::{read::ReadLimits, snapshot::SnapshotStore};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A file that the MIS laid down, complete and not yet put away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The name people know it by.
    pub name: String,
    /// Where it can be read on this machine.
    pub path: PathBuf,
    pub bytes: u64,
    pub arrived_at: DateTime<Utc>,
}

/// A file of the backup area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub name: String,
    pub bytes: u64,
    pub came_at: DateTime<Utc>,
}

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The place cannot be reached now.
    #[error("rosters of {customer} cannot be reached at {place}: {why}")]
    Unreachable { customer: String, place: String, why: String },
    /// The place is set up wrongly: a person must mend it.
    #[error("rosters of {customer}: {why}")]
    Misconfigured { customer: String, why: String },
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Unreachable { .. } => Self::retry(error.to_string()),
            SourceError::Misconfigured { .. } => Self::fail(error.to_string()),
        }
    }
}

#[async_trait]
pub trait Rosters: Send + Sync {
    /// The newest complete delivery that waits, if any.
    async fn newest(&self, customer: &Customer) -> Result<Option<Delivery>, SourceError>;

    /// What waits besides, and came before a delivery, oldest first: bundles of changes build on each other.
    async fn before(&self, customer: &Customer, delivery: &Delivery) -> Result<Vec<Delivery>, SourceError>;

    /// Whether a delivery lies where it was found and has neither grown nor been written anew since.
    async fn is_unchanged(&self, customer: &Customer, delivery: &Delivery) -> Result<bool, SourceError>;

    /// Moves a delivery that was dealt with, and every older one, to the backup area. Moving twice is no error.
    async fn put_away(&self, customer: &Customer, delivery: &Delivery) -> Result<(), SourceError>;

    /// What lies in the backup area of a customer, the newest first.
    async fn backups(&self, customer: &Customer) -> Result<Vec<Backup>, SourceError>;

    /// Takes a file out of the backup area. One that is gone is no error.
    async fn remove_backup(&self, customer: &Customer, backup: &Backup) -> Result<(), SourceError>;

    /// What a roster may hold at most.
    fn read_limits(&self) -> ReadLimits;

    /// The snapshots of every customer.
    fn snapshots(&self) -> &SnapshotStore;
}
