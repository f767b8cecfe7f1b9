//! What an import owes the site beyond its own difference when an earlier roster was applied in part (DOMAIN I5).
//!
//! Batches reach the site one by one, and the mirror moves at the end. Where a roster broke off between them, each of
//! its changes may stand at the site or not. The next roster, perhaps another one, says what all of them come to.

use crate::{
    diff::{Action, Change},
    model::RecordKey,
};
use std::collections::BTreeSet;

/// What becomes of the changes that may stand at the site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repair {
    /// Takes back what the roster does not want; applied where nothing has to be taken back, it changes nothing.
    pub now: Vec<Change>,
    /// What cannot be settled yet, as it may stand: the roster's own change of it waits, or its delete would.
    pub left: Vec<Change>,
}

/// `touched` is the difference under way − mirror. `flowing` and `waiting` are the parts of the difference roster −
/// mirror: a record in neither is wanted as the mirror has it. `delays`: deletes wait (P2).
pub fn repair(touched: Vec<Change>, flowing: &[Change], waiting: &[Change], delays: bool) -> Repair {
    let (flowing, waiting) = (keys(flowing), keys(waiting));
    let mut repair = Repair::default();
    for change in touched {
        let key = change.record().key();
        if flowing.contains(&key) {
            continue;
        }
        let undone = change.clone().undone();
        if waiting.contains(&key) || (delays && undone.action() == Action::Delete) {
            repair.left.push(change);
        } else {
            repair.now.push(undone);
        }
    }
    repair
}

fn keys(changes: &[Change]) -> BTreeSet<RecordKey> {
    changes.iter().map(|change| change.record().key()).collect()
}
