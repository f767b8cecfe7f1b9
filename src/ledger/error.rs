//! What can go wrong in the ledger, split by who caused it.

use crate::model::NotAllowed;

/// PostgreSQL: admin_shutdown, crash_shutdown, cannot_connect_now.
const SHUT_DOWN: [&str; 3] = ["57P01", "57P02", "57P03"];

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database did not answer or refused.
    #[error("the database does not do as asked")]
    Database(#[from] sqlx::Error),
    /// The first thing that was asked of a server got no answer. `server` is `host:port/database`.
    #[error("PostgreSQL at {server} {trouble}")]
    Unreachable { server: String, trouble: Trouble },
    /// Nothing of what was asked was looked at.
    #[error("the database does not answer")]
    Away,
    #[error("the database address cannot be read")]
    Url(#[source] sqlx::Error),
    #[error("the schema could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    #[error(
        "the database has schema {found}, this program needs {wanted}: run `rollover migrate` (or the newer program)"
    )]
    Schema { found: i64, wanted: i64 },
    /// Somebody else changed the row first; what was asked did not happen.
    #[error("{what} {id} changed meanwhile: look at it again")]
    Raced { what: &'static str, id: i64 },
    #[error("there is no {what} {id}")]
    NotFound { what: &'static str, id: String },
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// What a person asked for cannot be; the text says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// A stored value that this version cannot read.
    #[error("{what} holds a value that cannot be read: {why}")]
    Unreadable { what: String, why: String },
}

/// Why a server cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("does not answer ({0}): start it, or correct ledger.url (ROLLOVER_LEDGER_URL)")]
    Away(String),
    #[error("is just starting or stopping ({0}): try again in a moment")]
    Busy(String),
    #[error("lets us not in ({0}): create user and database, or correct ledger.url (ROLLOVER_LEDGER_URL)")]
    NotLetIn(String),
}

impl Trouble {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                // Too many connections: one of them ends sooner or later.
                if SHUT_DOWN.contains(&code.as_ref()) || code == "53300" {
                    Self::Busy(refusal.message().to_owned())
                } else {
                    Self::NotLetIn(refusal.message().to_owned())
                }
            }
            sqlx::Error::Io(cause) => Self::Away(cause.to_string()),
            other => Self::Away(other.to_string()),
        }
    }
}

impl LedgerError {
    pub(crate) fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    /// What is stored cannot be read by this version; asking again gives the same.
    pub const fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Unreadable { .. }
                | Self::Database(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
        )
    }

    /// The database cannot be reached now: asking it again for less would only wait again.
    pub(crate) fn is_away(&self) -> bool {
        match self {
            Self::Away | Self::Unreachable { .. } => true,
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| SHUT_DOWN.contains(&code.as_ref()))
            }
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
            _ => false,
        }
    }

    /// A unique index refused the row.
    pub(crate) fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

impl From<LedgerError> for rollover_jobs::ports::Unavailable {
    fn from(error: LedgerError) -> Self {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            source = inner.source();
        }
        Self(text)
    }
}
