//! The mail outbox: a row is written with what it tells of; a job of its own sends it.

use crate::Stop;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Which mail; each has its templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    ImportStatus,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailQueued {
    pub mail: i64,
    /// It had left before; nothing was sent again.
    pub sent_before: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail server is away or says "later".
    #[error("mail {mail} was not taken: {why}")]
    Later { mail: i64, why: String },
    /// The server refuses this mail for good, or it cannot be written.
    #[error("mail {mail} was refused: {why}")]
    Refused { mail: i64, why: String },
    #[error("mail {0} does not exist")]
    Unknown(i64),
    #[error(transparent)]
    Unavailable(#[from] super::Unavailable),
}

impl From<MailError> for Stop {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Later { .. } | MailError::Unavailable(_) => Self::retry(error.to_string()),
            MailError::Refused { .. } | MailError::Unknown(_) => Self::fail(error.to_string()),
        }
    }
}

#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail of the outbox, once: a mail that is marked as sent is left alone.
    async fn send(&self, mail: i64) -> Result<MailQueued, MailError>;
}
