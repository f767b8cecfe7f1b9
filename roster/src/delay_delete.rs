//! Delay delete: creates and updates flow, deletes wait (DOMAIN P2).

use crate::diff::{Action, Change};

/// Parts changes into what flows now and the deletes that wait.
pub fn postpone(changes: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
    changes.into_iter().partition(|change| change.action() != Action::Delete)
}
