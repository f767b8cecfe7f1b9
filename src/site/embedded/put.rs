//! Puts rows of one kind as wanted: one statement after another, the one that most of them need first, until none is
//! left.

use crate::ledger::db::{Sql, Tx, execute};
use rollover_jobs::ports::Applied;
use rollover_roster::model::{Details, Sparse};
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;

/// A statement over the customer and a JSON list of rows. It changes only what does not stand as wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// To everybody who looks, its rows were not there before.
    Creates(Sql),
    Updates(Sql),
}

pub(super) async fn put(
    tx: &mut Tx,
    customer: &str,
    steps: &[Step],
    rows: &[Value],
) -> Result<Applied, sqlx::Error> {
    let mut applied = Applied::default();
    for step in steps {
        // No row is changed by two statements, since after the first it stands as wanted.
        if applied.created + applied.updated == rows.len() as u64 {
            break;
        }
        match step {
            Step::Creates(sql) => applied.created += execute!(tx.on(), sql, customer, Json(rows))?,
            Step::Updates(sql) => applied.updated += execute!(tx.on(), sql, customer, Json(rows))?,
        }
    }
    Ok(applied)
}

/// What a record has of what most lack; null where it lacks all.
pub(super) fn details<T: Sparse + Serialize>(details: &Details<T>) -> Value {
    if details.is_empty() {
        return Value::Null;
    }
    match serde_json::to_value(&**details) {
        Ok(Value::Object(mut fields)) => {
            fields
                .retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
            Value::Object(fields)
        }
        _ => unreachable!("details are texts, keys and lists of keys"),
    }
}
