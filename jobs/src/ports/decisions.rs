//! What people decided: sign-offs of tasks (DOMAIN S4).

use super::Unavailable;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A person declares a step done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    pub by: String,
    pub at: DateTime<Utc>,
    pub note: String,
}

#[async_trait]
pub trait Decisions: Send + Sync {
    /// The sign-off of this task, if a person gave it.
    async fn sign_off(&self, task: i64) -> Result<Option<SignOff>, Unavailable>;
}
