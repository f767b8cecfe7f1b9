//! What an import owes the site beyond its own difference when an earlier roster was applied in part (DOMAIN I5).
//!
//! Batches reach the site one by one, and the mirror moves at the end. Where a roster broke off between them, each of
//! its changes may stand at the site or not. The next roster, perhaps another one, says what all of them come to.

use crate::{
    diff::{Action, Change},
    timing::Timing,
};
use std::{cmp::Ordering, iter::Peekable};

/// What becomes of a change that may stand at the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Takes back what the roster does not want; applied where nothing has to be taken back, it changes nothing.
    Now(Change),
    /// What cannot be settled yet, as it may stand: the roster's own change of it waits, or its delete would.
    Left(Change),
}

/// `wanted` is what the roster makes of the record, if it changes it; without that, it is wanted as the mirror has it.
pub fn decide_repair(touched: Change, wanted: Option<Timing>, delays: bool) -> Option<Repair> {
    if wanted == Some(Timing::Now) {
        return None;
    }
    let is_delete = touched.action() == Action::Create;
    if wanted.is_some() || (delays && is_delete) {
        return Some(Repair::Left(touched));
    }
    Some(Repair::Now(touched.undone()))
}

/// `touched` is the difference under way − mirror, `difference` that of roster − mirror with the timing of each change;
/// both are sorted by key, and memory holds one change of each. `delays`: deletes wait (P2).
pub fn repairs<E>(
    touched: impl Iterator<Item = Result<Change, E>>,
    difference: impl Iterator<Item = Result<(Change, Timing), E>>,
    delays: bool,
) -> impl Iterator<Item = Result<Repair, E>> {
    let mut difference = difference.peekable();
    touched.filter_map(move |touched| {
        let wanted = touched.and_then(|touched| {
            let timing = timing_of(&mut difference, &touched)?;
            Ok((touched, timing))
        });
        match wanted {
            Ok((touched, timing)) => decide_repair(touched, timing, delays).map(Ok),
            Err(error) => Some(Err(error)),
        }
    })
}

/// When the change of the same record flows, if there is one; what comes before it in the order is passed over.
fn timing_of<E>(
    difference: &mut Peekable<impl Iterator<Item = Result<(Change, Timing), E>>>,
    touched: &Change,
) -> Result<Option<Timing>, E> {
    loop {
        let Some(next) = difference.peek() else { return Ok(None) };
        let order =
            next.as_ref().map_or(Ordering::Less, |(change, _)| change.record().by_key(touched.record()));
        if order == Ordering::Greater {
            return Ok(None);
        }
        let (_, timing) = difference.next().expect("it was looked at")?;
        if order == Ordering::Equal {
            return Ok(Some(timing));
        }
    }
}
