//! What a run wrote, taken back: the mirror and the site are as they were before it, also over a break.

use crate::{
    difference::{after, difference, holds},
    generate,
};
use proptest::{prelude::*, sample::Index};
use rollover_roster::{
    diff::{Action, Change},
    model::Roster,
    timing::Timing,
};

/// Deletes last, as an import writes.
fn in_order(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by_key(|change| change.action() == Action::Delete);
    changes
}

proptest! {
    // DOMAIN I5, P2, F3
    #[test]
    fn an_import_and_its_undo_come_to_what_was_before(
        mirror in generate::roster(), roster in generate::roster(), delays: bool, held: Vec<Index>, breaks: Vec<Index>
    ) {
        let all = difference(&roster, &mirror);
        let mut holds = holds(&all, None, delays);
        // A slice releases any part of it.
        let held: Vec<&Change> = held.iter().filter(|_| !all.is_empty()).map(|at| at.get(&all)).collect();
        holds.hold(held.iter().copied());
        let written: Vec<Change> =
            all.iter().filter(|change| holds.timing(change) == Timing::Now).cloned().collect();
        let left = after(&mirror, &written);
        let back = in_order(difference(&mirror, &left));
        let mut taken_back: Vec<Change> = written.iter().cloned().map(Change::undone).collect();
        taken_back.sort_by(|one, other| one.record().by_key(other.record()));
        let mut sorted = back.clone();
        sorted.sort_by(|one, other| one.record().by_key(other.record()));
        prop_assert!(sorted == taken_back, "no more and no less than the run wrote");
        // Each attempt begins anew and breaks off somewhere; the last one does not.
        let mut site: Roster = left;
        for at in &breaks {
            site = after(&site, &back[..at.index(back.len() + 1)]);
        }
        prop_assert!(after(&site, &back) == mirror);
    }
}
