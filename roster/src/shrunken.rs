//! Whether a roster is far too small to be a whole one, whatever the Filter says of its changes (DOMAIN I4).
//!
//! A file that was cut at the end of a row, or an export that broke off, can be right in every byte. The Filter sees
//! the deletes, unless it is off, its limits are wide, or a window postpones them; then so small a roster would become
//! the import database, and what it lacks would go when the window ends. So its size is held against the last roster
//! that was taken in: not against the mirror, which keeps postponed deletes, so that after a decision every roster
//! until the end of the window would be refused anew.
//!
//! Which kinds tell: **persons** always; in summer and at the change of school year some leave and some come, never
//! half. **Groups** as long as no window postpones deletes: between two school years their classes are gone, and that
//! is what the window is for. **Courses** and **memberships** never: they fall to zero in summer by design. A first
//! roster has none before it. Small figures say nothing: up to the Filter's floor a kind is not looked at.

use crate::{
    figures::thousands,
    model::{Kind, KindCounts},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of which most is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shrunken {
    pub kind: Kind,
    pub count: u64,
    /// In the last roster that was taken in.
    pub of: u64,
}

impl fmt::Display for Shrunken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        let (count, of) = (thousands(self.count), thousands(self.of));
        write!(f, "{count} {}{plural}, where the last one that was taken in had {of}", self.kind)
    }
}

/// From which size on a roster is taken for a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastSize {
    /// Of what the last roster held.
    pub percent: u8,
    /// Up to so many records of a kind, percent says nothing.
    pub floor: u64,
    /// Deletes wait for the end of a window.
    pub delays: bool,
}

/// The kinds of which less is there than must be; none: it is a whole roster.
pub fn decide_shrunken(roster: &KindCounts, last: &KindCounts, least: LeastSize) -> Vec<Shrunken> {
    let kinds: &[Kind] = if least.delays { &[Kind::Person] } else { &[Kind::Group, Kind::Person] };
    let sizes =
        kinds.iter().map(|kind| Shrunken { kind: *kind, count: roster.get(*kind), of: last.get(*kind) });
    let too_small = |size: &Shrunken| {
        size.of > least.floor
            && u128::from(size.count) * 100 < u128::from(size.of) * u128::from(least.percent)
    };
    sizes.filter(too_small).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::{Group, Person};

    // DOMAIN I4
    #[test]
    fn a_size_holds_at_the_share_and_breaks_just_under() {
        // (groups and persons of the roster, of the last one, percent, window, kinds)
        type Case = ((u64, u64), (u64, u64), u8, bool, &'static [Kind]);
        let table: [Case; 16] = [
            ((90, 1420), (90, 1420), 50, false, &[]),
            ((90, 710), (90, 1420), 50, false, &[]),
            ((90, 709), (90, 1420), 50, false, &[Person]),
            ((90, 3), (90, 1420), 50, false, &[Person]),
            ((45, 1420), (90, 1420), 50, false, &[]),
            ((44, 1420), (90, 1420), 50, false, &[Group]),
            ((44, 3), (90, 1420), 50, false, &[Group, Person]),
            // Between two school years classes are gone.
            ((44, 3), (90, 1420), 50, true, &[Person]),
            ((2, 1420), (90, 1420), 50, true, &[]),
            // Up to the floor it is not looked at.
            ((1, 1), (20, 20), 50, false, &[]),
            ((1, 1), (21, 21), 50, false, &[Group, Person]),
            // Nothing came before.
            ((0, 3), (0, 0), 50, false, &[]),
            // Other shares; none switches it off.
            ((90, 1277), (90, 1420), 90, false, &[Person]),
            ((90, 1278), (90, 1420), 90, false, &[]),
            ((90, 1419), (90, 1420), 100, false, &[Person]),
            ((0, 0), (90, 1420), 0, false, &[]),
        ];
        for ((groups, persons), (last_groups, last_persons), percent, delays, expected) in table {
            let counts = |group, person| KindCounts { group, person, ..KindCounts::default() };
            let least = LeastSize { percent, floor: 20, delays };
            let found = decide_shrunken(&counts(groups, persons), &counts(last_groups, last_persons), least);
            let kinds: Vec<Kind> = found.iter().map(|size| size.kind).collect();
            assert_eq!(kinds, expected, "{groups} {persons} of {last_groups} {last_persons}, {percent} %");
        }
    }

    // DOMAIN I4
    #[test]
    fn courses_and_memberships_may_fall_to_zero() {
        let last = KindCounts { group: 90, person: 1420, course: 300, membership: 9000 };
        let summer = KindCounts { course: 0, membership: 0, ..last };
        let least = LeastSize { percent: 50, floor: 20, delays: false };
        assert_eq!(decide_shrunken(&summer, &last, least), []);
    }

    #[test]
    fn it_says_what_there_is_and_what_there_was() {
        let said = |count| Shrunken { kind: Person, count, of: 1420 }.to_string();
        assert_eq!(said(3), "3 persons, where the last one that was taken in had 1,420");
        assert_eq!(said(1), "1 person, where the last one that was taken in had 1,420");
    }
}
