//! The arguments of a step with their dates put in: `when: last_teaching_day + 1d` becomes `2024-06-22`.

use super::{MissingDate, When, WhenError};
use crate::Calendar;
use serde_json::Value;

/// The date that an argument stands for cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgError {
    #[error("argument {name}: {source}")]
    Missing { name: String, source: MissingDate },
    #[error("argument {name}: {source}")]
    Unreadable { name: String, source: WhenError },
}

const PREFIX: &str = "when:";

/// The date that an argument stands for; `None` for an argument that is no date.
pub(super) fn when_of(value: &Value) -> Option<Result<When, WhenError>> {
    value.as_str()?.strip_prefix(PREFIX).map(|text| text.trim().parse())
}

/// Puts the date into one argument: a day as `2024-06-22`, a day with a time as `2024-06-22T18:00:00`, both local.
pub(super) fn resolve_arg(name: &str, value: &Value, calendar: &Calendar) -> Result<Value, ArgError> {
    let Some(when) = when_of(value) else { return Ok(value.clone()) };
    let when = when.map_err(|source| ArgError::Unreadable { name: name.to_owned(), source })?;
    let local =
        when.resolve(calendar).map_err(|source| ArgError::Missing { name: name.to_owned(), source })?;
    let text = match when.time {
        Some(_) => local.format("%Y-%m-%dT%H:%M:%S").to_string(),
        None => local.date().to_string(),
    };
    Ok(Value::String(text))
}
