//! After a roster that was applied in part, whichever roster comes next: the site ends as that one says.

use crate::{
    difference::{after, difference, holds},
    generate,
};
use proptest::{prelude::*, sample::Index};
use rollover_roster::{
    diff::{Action, Change},
    model::Roster,
    repair::{Repair, decide_repair, repairs},
    timing::{Holds, Timing},
};
use std::convert::Infallible;

/// What is taken back now, and what is left as it may stand.
fn repair(touched: Vec<Change>, all: &[Change], holds: &Holds) -> (Vec<Change>, Vec<Change>) {
    let all = all.iter().map(|change| Ok((change.clone(), holds.timing(change))));
    let touched = touched.into_iter().map(Ok::<_, Infallible>);
    let (mut now, mut left) = (Vec::new(), Vec::new());
    for repair in repairs(touched, all, holds.delays()) {
        match repair.unwrap() {
            Repair::Now(change) => now.push(change),
            Repair::Left(change) => left.push(change),
        }
    }
    (now, left)
}

/// What the site holds, and what is known of it.
#[derive(Clone)]
struct World {
    site: Roster,
    mirror: Roster,
    under_way: Option<Roster>,
}

impl World {
    /// One import; it breaks off after that part of its changes, or is whole.
    fn import(&mut self, roster: &Roster, delays: bool, breaks_off: Option<Index>) {
        let all = difference(roster, &self.mirror);
        let holds = holds(&all, None, delays);
        let flows = |change: &&Change| holds.timing(change) == Timing::Now;
        let now: Vec<Change> = all.iter().filter(flows).cloned().collect();
        let touched = self.under_way.as_ref().map(|part| difference(part, &self.mirror)).unwrap_or_default();
        let (repairs, left) = repair(touched, &all, &holds);
        let mut changes: Vec<Change> = now.iter().chain(&repairs).cloned().collect();
        changes.sort_by_key(|change| change.action() == Action::Delete);
        if let Some(at) = breaks_off {
            let done = at.index(changes.len() + 1);
            self.site = after(&self.site, &changes[..done]);
            self.under_way = Some(after(self.under_way.as_ref().unwrap_or(&self.mirror), &now));
            return;
        }
        self.site = after(&self.site, &changes);
        self.mirror = after(&self.mirror, &now);
        self.under_way = (!left.is_empty()).then(|| after(&self.mirror, &left));
    }
}

/// Rosters that have most records in common, as those of following nights have.
fn rosters() -> impl Strategy<Value = Vec<Roster>> {
    let picks = prop::collection::vec(prop::collection::vec((any::<Index>(), 0..3_usize), 0..12), 4);
    (prop::collection::vec(generate::roster(), 3), picks).prop_map(|(pools, picks)| {
        let of = |picks: Vec<(Index, usize)>| {
            let records = picks.into_iter().filter(|(_, pool)| !pools[*pool].records().is_empty());
            let records = records.map(|(at, pool)| at.get(pools[pool].records()).clone());
            Roster::from_records(pools[0].records().iter().skip(2).cloned().chain(records).collect())
        };
        picks.into_iter().map(of).collect()
    })
}

fn world(mirror: &Roster) -> World {
    World { site: mirror.clone(), mirror: mirror.clone(), under_way: None }
}

proptest! {
    // DOMAIN I1, I5
    #[test]
    fn the_site_ends_as_the_next_roster_says(rosters in rosters(), first: Index, second: Index, back: bool) {
        let [mirror, one, other, next] = &rosters[..] else { unreachable!("four are made") };
        let mut world = world(mirror);
        world.import(one, false, Some(first));
        world.import(other, false, Some(second));
        // Yesterday's roster is the one that hides what went before: it differs from the mirror in nothing.
        let next = if back { mirror } else { next };
        world.import(next, false, None);
        prop_assert!(world.site == *next && world.mirror == *next);
        prop_assert!(world.under_way.is_none());
    }

    // DOMAIN I5, P2
    #[test]
    fn in_the_window_nothing_is_deleted_and_nothing_is_forgotten(
        rosters in rosters(), first: Index, second: Index, in_window: bool, last: Index
    ) {
        let [mirror, one, other, next] = &rosters[..] else { unreachable!("four are made") };
        let mut world = world(mirror);
        world.import(one, in_window, Some(first));
        world.import(other, true, Some(second));
        let before = world.site.clone();
        world.import(other, true, None);
        let keys = |roster: &Roster| roster.records().iter().map(|record| record.key()).collect::<Vec<_>>();
        let held = keys(&world.site);
        prop_assert!(keys(&before).iter().all(|key| held.contains(key)), "deletes wait");
        prop_assert!(other.records().iter().all(|record| world.site.records().contains(record)));
        // The window ends, with one more import that breaks off.
        let next = last.get(&[next, mirror, other]).to_owned();
        world.import(next, false, Some(second));
        world.import(next, false, None);
        prop_assert!(world.site == *next && world.mirror == *next && world.under_way.is_none());
    }
}

#[test]
fn what_is_settled_now_and_what_is_left() {
    let record = |name: &str| {
        rollover_roster::model::Record::Group(rollover_roster::model::Group {
            key: rollover_roster::model::SyncKey::new("sas", name),
            group_type: "Klasse".to_owned(),
            level: 2,
            name: name.to_owned(),
            parent: None,
            details: rollover_roster::model::Details::default(),
        })
    };
    let (create, delete) = (Change::Create(record("g")), Change::Delete(record("g")));
    let now = |change: &Change| Some(Repair::Now(change.clone()));
    let left = |change: &Change| Some(Repair::Left(change.clone()));
    let cases = [
        // (touched, what the roster makes of the record, delays, repair)
        (&create, None, false, now(&delete)),
        (&delete, None, false, now(&create)),
        (&delete, None, true, now(&create)),
        // P2: what the part created waits like any delete.
        (&create, None, true, left(&create)),
        (&create, Some(Timing::Now), false, None),
        (&delete, Some(Timing::Now), false, None),
        (&delete, Some(Timing::Postponed), true, left(&delete)),
        (&create, Some(Timing::HeldBack), false, left(&create)),
    ];
    for (touched, wanted, delays, expected) in cases {
        let found = decide_repair(touched.clone(), wanted, delays);
        assert_eq!(found, expected, "{touched:?} {wanted:?} {delays}");
    }
}
