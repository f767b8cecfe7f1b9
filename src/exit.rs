//! Exit codes: what a script may rely on.

use crate::{config::ConfigError, ledger::LedgerError};

/// How a command ended, as its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Something that the command needs did not work: database, network, disk.
    Failed = 1,
    /// A wrong argument or setting.
    Usage = 2,
    /// A rule forbids it, or it came too late; nothing was changed.
    Refused = 3,
    /// There is no such customer, plan, task, job, run.
    NotFound = 4,
    /// The command did its work, and what it looked at is not in order (`doctor`, `job wait`, `import run`, `customer keys`, `integration postponed`, `roster check`, `roster diff`).
    Unhealthy = 5,
}

/// The table that `--help` prints.
pub const HELP: &str = "Exit codes: 0 done · 1 something needed did not work · 2 wrong argument or setting · \
    3 refused by a rule, nothing changed · 4 not found · 5 looked at and not in order";

impl Exit {
    /// The code that an error of a command ends with.
    pub fn of(error: &anyhow::Error) -> Self {
        if error.downcast_ref::<ConfigError>().is_some() {
            return Self::Usage;
        }
        if let Some(exit) = error.downcast_ref::<ExitError>() {
            return exit.exit;
        }
        match error.downcast_ref::<LedgerError>() {
            Some(LedgerError::NotFound { .. }) => Self::NotFound,
            Some(LedgerError::Refused(_) | LedgerError::NotAllowed(_) | LedgerError::Raced { .. }) => {
                Self::Refused
            }
            Some(LedgerError::Url(_)) => Self::Usage,
            _ => Self::Failed,
        }
    }
}

/// A sentence for the person, with the code it ends with.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ExitError {
    pub exit: Exit,
    pub message: String,
}

impl ExitError {
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }
    pub fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, message: message.into() }
    }
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self { exit: Exit::Unhealthy, message: message.into() }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
