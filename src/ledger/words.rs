//! Text that both engines can keep: PostgreSQL knows no NUL character, so none is stored on either.
//!
//! What a person wrote is refused, so that they see it; what a machine says (an error, a report) is kept with the
//! mark for an unknown character, since a job must be able to end whatever its error quotes.

use super::LedgerError;
use serde_json::Value;

/// The character that is shown for one that cannot be.
const UNKNOWN: &str = "\u{fffd}";

/// Refuses what a person left empty or what cannot be kept.
pub(super) fn check_words(what: &str, text: &str) -> Result<(), LedgerError> {
    if text.trim().is_empty() {
        return Err(LedgerError::Refused(format!("{what} is empty: say it")));
    }
    if text.contains('\0') { Err(has_nul(what)) } else { Ok(()) }
}

/// Refuses a value in which some text cannot be kept.
pub(super) fn check_keepable(what: &str, value: &Value) -> Result<(), LedgerError> {
    if holds_nul(value) { Err(has_nul(what)) } else { Ok(()) }
}

fn has_nul(what: &str) -> LedgerError {
    LedgerError::Refused(format!("{what} holds a NUL character, which cannot be kept: write it without"))
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The text as it can be kept.
pub(super) fn kept_text(text: &str) -> String {
    text.replace('\0', UNKNOWN)
}

/// The value as it can be kept.
pub(super) fn kept(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(kept_text(&text)),
        Value::Array(values) => values.into_iter().map(kept).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (kept_text(&name), kept(value))).collect()
        }
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_nul_is_found_and_replaced_wherever_it_stands() {
        for value in [json!("a\0"), json!(["a", "\0"]), json!({"a": {"b": "c\0d"}}), json!({"a\0": 1})] {
            assert!(check_keepable("the task", &value).is_err(), "{value}");
            assert!(!holds_nul(&kept(value)));
        }
        let plain = json!({"a": [1, true, null, "ø\u{1}\u{10ffff}"]});
        assert!(check_keepable("the task", &plain).is_ok());
        assert_eq!(kept(plain.clone()), plain);
        assert_eq!(kept(json!({"a": "b\0c"})), json!({"a": "b\u{fffd}c"}));
    }

    #[test]
    fn words_are_said_and_can_be_kept() {
        for (text, refused) in [("by phone", false), (" ", true), ("", true), ("by\0phone", true)] {
            assert_eq!(check_words("the note", text).is_err(), refused, "{text:?}");
        }
    }
}
