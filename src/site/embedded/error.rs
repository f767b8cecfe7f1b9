//! What an error of the database means for a site: come again, or never; without a word of personal data.

use crate::ledger::LedgerError;
use rollover_jobs::{CustomerId, ports::SiteError};
use sqlx::error::{DatabaseError, ErrorKind};

/// PostgreSQL's class of errors about a value, as a character that it cannot hold.
const BAD_VALUE_CLASS: &str = "22";

/// The database could not even begin.
pub(super) fn unavailable(customer: &CustomerId, error: &LedgerError) -> SiteError {
    let why = match error {
        LedgerError::Database(error) => words(error),
        other => other.to_string(),
    };
    SiteError::Unavailable { customer: customer.clone(), why }
}

/// A statement about records of one kind failed.
pub(super) fn of_database(customer: &CustomerId, kind: &'static str, error: &sqlx::Error) -> SiteError {
    let (customer, why) = (customer.clone(), words(error));
    match error {
        sqlx::Error::Database(inner) if is_refusal(inner.as_ref()) => {
            SiteError::Refused { customer, kind, why }
        }
        _ => SiteError::Unavailable { customer, why },
    }
}

/// The same rows would be refused again.
fn is_refusal(error: &dyn DatabaseError) -> bool {
    let about_value = error.code().is_some_and(|code| code.len() == 5 && code.starts_with(BAD_VALUE_CLASS));
    about_value || !matches!(error.kind(), ErrorKind::Other)
}

/// The database's own text may quote the row, and with it a child; code and constraint cannot.
fn words(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(error) = error else { return error.to_string() };
    let code = error.code().unwrap_or_else(|| "without a code".into());
    match error.constraint() {
        Some(constraint) => format!("database error {code} at {constraint}"),
        None => format!("database error {code}"),
    }
}
