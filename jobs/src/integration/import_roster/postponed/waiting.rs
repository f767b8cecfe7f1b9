//! Walks the deletes that wait: counts all of them by school and class, and keeps those that are to be listed.

use super::{
    super::{
        Import,
        difference::{Changes, Found as Read, unread},
        hierarchy::Hierarchy,
        prepare::blocking,
    },
    PostponedAsk, WaitsFor,
    lines::{Least, Listed, Lister, PostponedLine},
};
use crate::{Stop, ports::WaitingRosters};
use rollover_roster::{
    model::{Kind, KindCounts, Record},
    places::Place,
    snapshot::{SnapshotId, SnapshotStore},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchoolCounts {
    pub school: String,
    pub counts: KindCounts,
    /// What is in no class is counted at the school alone.
    pub classes: Vec<ClassCounts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCounts {
    pub class: String,
    pub counts: KindCounts,
}

/// What was found to wait.
#[derive(Default)]
pub(super) struct Found {
    pub waits: BTreeMap<WaitsFor, KindCounts>,
    pub schools: Vec<SchoolCounts>,
    pub matching: u64,
    pub lines: Vec<PostponedLine>,
}

/// `changes` are the difference import database − `mirror`. Off the threads that serve others.
pub(super) async fn find(
    import: &Import<'_>,
    mirror: SnapshotId,
    changes: Changes,
    rosters: WaitingRosters,
    ask: PostponedAsk,
) -> Result<Found, Stop> {
    let store = import.cx.ports.rosters.snapshots().clone();
    let window_end = import.state.delay_delete.map(|window| window.end);
    let opens = import.state.course_guard.map(|guard| guard.opens);
    blocking(move || {
        let walk = || -> Read<Found> {
            let hierarchy = hierarchy(&store, mirror, &changes)?;
            let (mut found, listed) = count(&changes, &hierarchy, &ask)?;
            let lister = Lister { store: &store, mirror, hierarchy: &hierarchy, rosters, window_end, opens };
            found.lines = lister.lines(listed)?;
            Ok(found)
        };
        walk().map_err(|error| unread(&error))
    })
    .await
}

/// Where groups and courses of the mirror lie, and where those were who go: their memberships go with them.
fn hierarchy(store: &SnapshotStore, mirror: SnapshotId, changes: &Changes) -> Read<Hierarchy> {
    let mut hierarchy = Hierarchy::of(store, Some(mirror))?;
    for found in deletes(changes, Kind::Membership) {
        hierarchy.places.learn(&found?.0);
    }
    Ok(hierarchy)
}

fn deletes(changes: &Changes, kind: Kind) -> impl Iterator<Item = Read<(Record, WaitsFor)>> {
    changes.all.deletes_of(kind).map(|change| {
        let change = change?;
        let waits = WaitsFor::of(changes.holds.timing(&change));
        Ok((change.into_record(), waits))
    })
}

/// Memory holds a count per class, and the records that are listed.
fn count(changes: &Changes, hierarchy: &Hierarchy, ask: &PostponedAsk) -> Read<(Found, Vec<Listed>)> {
    let (mut found, mut places) = (Found::default(), BTreeMap::<Place<'_>, KindCounts>::new());
    let mut least = Least::of(ask.from, ask.limit);
    for kind in Kind::ALL {
        for delete in deletes(changes, kind) {
            let (record, waits) = delete?;
            let place = hierarchy.places.place(&record);
            found.waits.entry(waits).or_default().add(kind);
            places.entry(place).or_default().add(kind);
            if ask.wants(kind, &place) {
                found.matching += 1;
                least.push(Listed::new(record, waits, &place, hierarchy));
            }
        }
    }
    found.schools = by_school(places);
    Ok((found, least.into_listed()))
}

impl PostponedAsk {
    fn wants(&self, kind: Kind, place: &Place<'_>) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
            && self.school.as_ref().is_none_or(|wanted| wanted == place.school_name())
    }
}

/// The places come by school and class; two schools of one name are told as one.
fn by_school(places: BTreeMap<Place<'_>, KindCounts>) -> Vec<SchoolCounts> {
    let mut schools: BTreeMap<&str, (KindCounts, Vec<ClassCounts>)> = BTreeMap::new();
    for (place, counts) in places {
        let (whole, classes) = schools.entry(place.school_name()).or_default();
        Kind::ALL.into_iter().for_each(|kind| whole.add_many(kind, counts.get(kind)));
        classes.extend(place.class.map(|class| ClassCounts { class: class.to_owned(), counts }));
    }
    let school =
        |(school, (counts, classes)): (&str, _)| SchoolCounts { school: school.to_owned(), counts, classes };
    schools.into_iter().map(school).collect()
}
