//! Any slice of any difference: what flows leaves the site whole, and what is held comes with the next.

use crate::{
    difference::{after, difference, postpone},
    generate,
};
use proptest::{prelude::*, sample::Index, sample::subsequence};
use rollover_roster::{
    diff::Action,
    model::{Kind, Record, Roster, SyncKey},
    places::{Places, Sides},
    slices::{Slice, release},
};
use std::collections::{BTreeSet, HashSet};

/// Records of a roster without some, and without what hangs on them: whole again.
fn thinned(roster: &Roster, without: &[Index]) -> Roster {
    let records = roster.records();
    let mut gone: BTreeSet<usize> =
        without.iter().filter(|_| !records.is_empty()).map(|at| at.index(records.len())).collect();
    loop {
        let left: Vec<Record> = records
            .iter()
            .enumerate()
            .filter(|(at, _)| !gone.contains(at))
            .map(|(_, record)| record.clone())
            .collect();
        let there = Named::of(&left);
        let before = gone.len();
        gone.extend((0..records.len()).filter(|at| !there.has_all_of(&records[*at])));
        if gone.len() == before {
            return Roster::from_records(left);
        }
    }
}

/// The groups, courses and persons that can be named.
struct Named {
    groups: HashSet<SyncKey>,
    persons: HashSet<SyncKey>,
}

impl Named {
    fn of(records: &[Record]) -> Self {
        let mut named = Self { groups: HashSet::new(), persons: HashSet::new() };
        for record in records {
            match record {
                Record::Person(person) => named.persons.insert(person.key.clone()),
                Record::Group(_) | Record::Course(_) => named.groups.insert(record.key().key),
                Record::Membership(_) => false,
            };
        }
        named
    }

    fn has_all_of(&self, record: &Record) -> bool {
        let has = |group: &Option<SyncKey>| group.as_ref().is_none_or(|group| self.groups.contains(group));
        match record {
            Record::Person(_) => true,
            Record::Group(group) => has(&group.parent),
            Record::Course(course) => has(&course.parent),
            Record::Membership(member) => {
                self.groups.contains(&member.group) && self.persons.contains(&member.person)
            }
        }
    }
}

fn is_whole(roster: &Roster) -> bool {
    let named = Named::of(roster.records());
    roster.records().iter().all(|record| named.has_all_of(record))
}

/// Two whole rosters with most records in common, and one that moves some of the rest.
fn two_whole_rosters() -> impl Strategy<Value = (Roster, Roster)> {
    let picks = || prop::collection::vec(any::<Index>(), 0..5);
    (generate::roster(), picks(), picks(), any::<Index>()).prop_map(|(all, less, other, moved)| {
        let roster = thinned(&all, &less);
        let parents: Vec<SyncKey> = roster
            .records()
            .iter()
            .filter(|record| matches!(record, Record::Group(group) if group.parent.is_none()))
            .map(|record| record.key().key)
            .collect();
        let mut changed = roster.records().to_vec();
        for record in &mut changed {
            if let (Record::Course(course), false) = (record, parents.is_empty()) {
                course.parent = Some(moved.get(&parents).clone());
            }
        }
        (Roster::from_records(changed), thinned(&all, &other))
    })
}

fn slices() -> impl Strategy<Value = Slice> {
    let kinds = subsequence(Kind::ALL.to_vec(), 0..=4);
    let actions = subsequence(Action::ALL.to_vec(), 0..=3);
    (kinds, actions).prop_map(|(kinds, actions)| Slice {
        kinds: kinds.into_iter().collect(),
        schools: BTreeSet::new(),
        actions: actions.into_iter().collect(),
    })
}

fn sides(roster: &Roster, mirror: &Roster) -> Sides {
    let learn = |roster: &Roster| {
        let mut places = Places::default();
        roster.records().iter().for_each(|record| places.learn(record));
        places
    };
    Sides { roster: learn(roster), mirror: learn(mirror) }
}

proptest! {
    // DOMAIN F2, F3
    #[test]
    fn what_flows_leaves_the_site_whole((roster, mirror) in two_whole_rosters(), slice in slices(), school: Option<Index>) {
        prop_assert!(is_whole(&roster) && is_whole(&mirror));
        let sides = sides(&roster, &mirror);
        let changes = difference(&roster, &mirror);
        let mut slice = slice;
        if let Some(at) = school.filter(|_| !changes.is_empty()) {
            slice.schools.insert(sides.place(at.get(&changes)).school_name().to_owned());
        }
        let parts = release(changes.clone(), &slice, &sides);
        let mut again = parts.released.clone();
        again.extend(parts.held.iter().cloned());
        again.sort_by_key(|change| change.record().key());
        prop_assert!(again == changes, "released and held are all, each once");
        let partly = after(&mirror, &parts.released);
        prop_assert!(is_whole(&partly), "nothing hangs in the air");
        prop_assert!(difference(&roster, &partly) == parts.held, "what is held comes with the next difference");
        prop_assert!(after(&partly, &parts.held) == roster, "held and later released is unheld");
    }

    // DOMAIN F3
    #[test]
    fn a_slice_that_names_everything_releases_everything((roster, mirror) in two_whole_rosters()) {
        let changes = difference(&roster, &mirror);
        let parts = release(changes.clone(), &Slice::default(), &sides(&roster, &mirror));
        prop_assert!(parts.held.is_empty() && parts.released == changes);
    }

    // DOMAIN P2, P3, F3
    #[test]
    fn slices_night_after_night_and_a_window_end_as_the_last_roster(
        (roster, mirror) in two_whole_rosters(), nights in prop::collection::vec((slices(), any::<bool>()), 0..5)
    ) {
        let mut site = mirror;
        for (slice, in_window) in nights {
            let flowing = difference(&roster, &site);
            let flowing = if in_window { postpone(flowing).0 } else { flowing };
            let released = release(flowing, &slice, &sides(&roster, &site)).released;
            site = after(&site, &released);
        }
        prop_assert!(after(&site, &difference(&roster, &site)) == roster);
    }
}
