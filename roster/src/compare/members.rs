//! The members of one group as bytes: they are compared without a record of each.

use crate::{
    diff::{Action, ActionCounts},
    model::{Member, Record, SyncKey},
};
use std::cmp::Ordering;

/// Members in one run of bytes, as [`Member::write`] writes them.
#[derive(Default)]
pub(super) struct Members {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    start: usize,
    /// Behind the key of the person.
    rest: usize,
    end: usize,
}

impl Members {
    /// Of memberships of one group.
    pub fn of(records: &[Record]) -> Self {
        let mut members = Self::default();
        members.add(records);
        members
    }

    pub fn add(&mut self, records: &[Record]) {
        for record in records {
            if let Record::Membership(membership) = record {
                self.push(&membership.as_member());
            }
        }
    }

    pub fn push(&mut self, member: &Member<'_>) {
        let start = self.bytes.len();
        let rest = member.write(&mut self.bytes);
        self.places.push(Place { start, rest, end: self.bytes.len() });
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    pub const fn len(&self) -> usize {
        self.places.len()
    }

    fn person(&self, place: Place) -> &[u8] {
        &self.bytes[place.start..place.rest]
    }

    fn whole(&self, place: Place) -> &[u8] {
        &self.bytes[place.start..place.end]
    }

    /// The memberships at some places.
    pub fn records(&self, places: &[usize], group: &SyncKey) -> Vec<Record> {
        let record = |place: &usize| {
            let Place { start, rest, end } = self.places[*place];
            let member = Member::read(&self.bytes[start..rest], &self.bytes[rest..end]);
            Record::Membership(member.expect("it was written from a member").to_membership(group.clone()))
        };
        places.iter().map(record).collect()
    }

    /// Sorts them by person, each once. `false` when two of one person differ.
    pub fn put_in_order(&mut self) -> bool {
        if self.is_in_order() {
            return true;
        }
        let mut places = self.places.clone();
        places.sort_by(|one, other| self.person(*one).cmp(self.person(*other)));
        places.dedup_by(|one, other| self.whole(*one) == self.whole(*other));
        let mut sorted = Self::default();
        for place in places {
            let start = sorted.bytes.len();
            sorted.bytes.extend_from_slice(self.whole(place));
            let (rest, end) = (start + place.rest - place.start, sorted.bytes.len());
            sorted.places.push(Place { start, rest, end });
        }
        *self = sorted;
        self.is_in_order()
    }

    fn is_in_order(&self) -> bool {
        self.places.is_sorted_by(|one, other| self.person(*one) < self.person(*other))
    }

    /// Of those that are in order: the same members, the same digest.
    pub fn digest(&self) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(&self.bytes).as_bytes()[..16]);
        digest
    }
}

/// Where the members of a group differ: their places among those of each side.
#[derive(Default)]
pub(super) struct Differing {
    pub old: Vec<usize>,
    pub new: Vec<usize>,
    pub counts: ActionCounts,
}

impl Differing {
    /// Of members that are in order.
    pub fn between(old: &Members, new: &Members) -> Self {
        let mut found = Self::default();
        let (mut at_old, mut at_new) = (0, 0);
        loop {
            let (left, right) = (old.places.get(at_old), new.places.get(at_new));
            let action = match (left, right) {
                (None, None) => return found,
                (Some(_), None) => Some(Action::Delete),
                (None, Some(_)) => Some(Action::Create),
                (Some(left), Some(right)) => match old.person(*left).cmp(new.person(*right)) {
                    Ordering::Less => Some(Action::Delete),
                    Ordering::Greater => Some(Action::Create),
                    Ordering::Equal => (old.whole(*left) != new.whole(*right)).then_some(Action::Update),
                },
            };
            if let Some(action) = action {
                found.counts.add(action);
                found.old.extend((action != Action::Create).then_some(at_old));
                found.new.extend((action != Action::Delete).then_some(at_new));
            }
            at_old += usize::from(action != Some(Action::Create));
            at_new += usize::from(action != Some(Action::Delete));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    fn members(all: &[(&str, Role)]) -> Members {
        let mut members = Members::default();
        for (id, role) in all {
            let (role, person) = (*role, ("sas", *id));
            let (begin, end) = (None, None);
            members.push(&Member { person, role, begin, end, subrole: None, custom_role: None });
        }
        members
    }

    #[test]
    fn in_order_each_member_stands_once() {
        let (learner, mentor) = (Role::Learner, Role::Mentor);
        let sorted = members(&[("a", learner), ("b", mentor)]);
        let mut doubled = members(&[("b", mentor), ("a", learner), ("b", mentor)]);
        assert!(doubled.put_in_order() && doubled.digest() == sorted.digest());
        assert!(!members(&[("b", mentor), ("a", learner), ("b", learner)]).put_in_order());
    }

    #[test]
    fn what_differs_is_found_on_both_sides() {
        let (learner, mentor) = (Role::Learner, Role::Mentor);
        let old = members(&[("a", learner), ("b", learner), ("c", learner), ("e", learner)]);
        let new = members(&[("a", learner), ("c", mentor), ("d", learner), ("e", learner), ("f", learner)]);
        let Differing { old, new, counts } = Differing::between(&old, &new);
        assert_eq!((old, new), (vec![1, 2], vec![1, 2, 4]));
        assert_eq!(counts, ActionCounts { create: 2, update: 1, delete: 1 });
    }
}
