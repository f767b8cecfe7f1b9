//! OneRoster bundles: a full one stands for itself, changes alone are applied to the newest roster before them.
//!
//! Changes are changes of what the MIS sent before, not of what the site holds. So their base is the newest roster that
//! was read of this customer, whatever became of it: what the Filter stopped, or a window holds, is not lost. Of the
//! bundles that wait all are applied, the oldest first, from the newest full one on. Those that the base was made of
//! may still wait after an abort; they are passed over, so that the same bundle twice gives the same roster and a
//! decision about it finds it. Any other that is older than the base would bring back what has changed since, and is
//! refused. One that cannot be read stays, and stops those behind it until a full bundle comes. A bundle that never came leaves no gap that could be seen: the MIS must give each a name of its own.

use crate::ports::{Delivery, NewestRoster, Refusal};
use rollover_roster::{
    compare::{RosterError, Stored},
    model::{KindCounts, Record, Roster},
    read::{
        Properties, ReadError, ReadOptions, ReadReport, ReadRoster,
        oneroster::{Delta, OneRoster, apply_delta, read_oneroster},
    },
    snapshot::{SnapshotError, SnapshotStore},
};

/// Bundles that are applied at once: as many as come in a summer's pause.
const MOST_AT_ONCE: usize = 200;

/// What came before a bundle.
#[derive(Default)]
pub(super) struct Before {
    /// What still waits, oldest first.
    pub waiting: Vec<Delivery>,
    pub base: Option<NewestRoster>,
    /// Why no bundle of changes is taken: what to do stands beside.
    pub none: Option<(String, String)>,
}

/// Changes are safe only where each of them arrives, and on a base that nobody has taken back.
pub(super) fn decide_no_changes(is_fetched: bool, undone: Option<&Refusal>) -> Option<(String, String)> {
    match undone {
        _ if is_fetched => Some((
            "the newest file alone is fetched, so that changes in others would be lost".to_owned(),
            "have the MIS send all files as bulk, or lay its bundles into the folder".to_owned(),
        )),
        Some(refusal) => Some((
            format!("it changes a roster that was undone with run {}, and would bring it back", refusal.run),
            format!(
                "have the MIS send all files as bulk, or let that roster in again with rollover import withdraw {}",
                refusal.decision
            ),
        )),
        None => None,
    }
}

/// Where a bundle of changes stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Behind the base.
    Next,
    /// The base was made of it.
    InBase,
    Older,
}

fn decide_place(delivery: &Delivery, base: Option<&NewestRoster>) -> Place {
    match base {
        Some(base) if delivery.arrived_at > base.arrived_at => Place::Next,
        Some(base) if delivery.name == base.name => Place::InBase,
        Some(_) => Place::Older,
        None => Place::Next,
    }
}

/// Reads a bundle, with all it builds on, into a snapshot.
pub(super) fn store_bundle(
    store: &SnapshotStore,
    delivery: &Delivery,
    before: &Before,
    options: &ReadOptions,
) -> Result<Stored, RosterError> {
    let newest = match read(delivery, options)? {
        OneRoster::Full(read) => return keep(store, read),
        OneRoster::Delta(delta) => *delta,
    };
    if let Some((what, fix)) = &before.none {
        return Err(refused(delivery, error(what.clone(), fix)));
    }
    let base = before.base.as_ref();
    match (decide_place(delivery, base), base) {
        (Place::InBase, Some(base)) => return again(store, base),
        (Place::Older, Some(base)) => return Err(refused(delivery, older_than(base))),
        _ => {}
    }
    let since = |other: &&Delivery| decide_place(other, base) == Place::Next;
    let waiting: Vec<&Delivery> = before.waiting.iter().filter(since).collect();
    if waiting.len() >= MOST_AT_ONCE {
        let what = format!(
            "{} bundles of changes wait; at most {MOST_AT_ONCE} are applied at once",
            waiting.len() + 1
        );
        return Err(refused(delivery, error(what, FULL)));
    }
    let full = newest_full(&waiting, options)?;
    let mut roster = if full.is_some() { None } else { loaded(store, base, options)? };
    for earlier in &waiting[full.unwrap_or(0)..] {
        roster = match read(earlier, options)? {
            OneRoster::Full(read) => Some(read.roster),
            OneRoster::Delta(delta) => Some(applied(roster, *delta, earlier)?.roster),
        };
    }
    keep(store, applied(roster, newest, delivery)?)
}

const FULL: &str = "have the MIS send all files as bulk once";

/// Which of the bundles that wait stands for all before it.
fn newest_full(waiting: &[&Delivery], options: &ReadOptions) -> Result<Option<usize>, RosterError> {
    for (at, delivery) in waiting.iter().enumerate().rev() {
        if matches!(read(delivery, options)?, OneRoster::Full(_)) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// The base in memory; `None` when there is none, or it is not kept any more.
fn loaded(
    store: &SnapshotStore,
    base: Option<&NewestRoster>,
    options: &ReadOptions,
) -> Result<Option<Roster>, RosterError> {
    let Some(base) = base else { return Ok(None) };
    let counts = match store.counts(&base.snapshot) {
        Err(SnapshotError::Missing { .. }) => return Ok(None),
        counts => counts?,
    };
    if total(&counts) > options.limits.held as u64 {
        let what =
            format!("the roster that the changes are for has more than {} records", options.limits.held);
        let report = of(error(
            what,
            "have the MIS send all files as bulk, or raise rosters.read_max_records_in_memory",
        ));
        return Err(RosterError::Refused(report));
    }
    let records: Vec<Record> = store.read(&base.snapshot)?.collect::<Result<_, _>>()?;
    Ok(Some(Roster::from_records(records)))
}

fn total(counts: &KindCounts) -> u64 {
    counts.group + counts.person + counts.course + counts.membership
}

fn read(delivery: &Delivery, options: &ReadOptions) -> Result<OneRoster, RosterError> {
    read_oneroster(&delivery.path, None, options)
        .map_err(|report| RosterError::Refused(report.with_file(&delivery.name)))
}

fn applied(roster: Option<Roster>, delta: Delta, delivery: &Delivery) -> Result<ReadRoster, RosterError> {
    apply_delta(roster.map(|roster| roster.records().to_vec().into_iter()), delta)
        .map_err(|report| RosterError::Refused(report.with_file(&delivery.name)))
}

fn keep(store: &SnapshotStore, read: ReadRoster) -> Result<Stored, RosterError> {
    let ReadRoster { roster, properties, groups_without_id, key_changes, concessions, .. } = read;
    let (id, counts) = (store.write(&roster)?, roster.counts());
    Ok(Stored { id, counts, properties, groups_without_id, key_changes, concessions })
}

/// The roster that the bundle made when it was read first.
fn again(store: &SnapshotStore, base: &NewestRoster) -> Result<Stored, RosterError> {
    Ok(Stored {
        id: base.snapshot,
        counts: store.counts(&base.snapshot)?,
        properties: Properties::default(),
        groups_without_id: 0,
        key_changes: Vec::new(),
        concessions: Default::default(),
    })
}

fn older_than(base: &NewestRoster) -> ReadError {
    let what = format!(
        "the bundle holds changes alone, and is older than {}, the newest that was read ({})",
        base.name,
        base.arrived_at.format("%Y-%m-%d %H:%M:%S UTC")
    );
    error(
        what,
        "take it away: what it changes may have changed again; or have the MIS send all files as bulk",
    )
}

fn error(what: String, fix: &str) -> ReadError {
    ReadError {
        file: "manifest.csv".to_owned(),
        record: "file".to_owned(),
        what,
        fix: fix.to_owned(),
        ..ReadError::default()
    }
}

fn of(error: ReadError) -> ReadReport {
    ReadReport { errors: vec![error], ..ReadReport::default() }
}

fn refused(delivery: &Delivery, error: ReadError) -> RosterError {
    RosterError::Refused(of(error).with_file(&delivery.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};

    #[test]
    fn changes_are_taken_only_where_each_arrives_and_none_was_taken_back() {
        let id = rollover_roster::snapshot::SnapshotId::of(&Roster::default());
        let undone = Refusal { roster: id, run: 7, undone_by: 8, decision: 9 };
        let what = |is_fetched, undone| decide_no_changes(is_fetched, undone).map(|(what, _)| what);
        assert_eq!(what(false, None), None);
        assert!(what(true, None).unwrap().contains("newest file alone"));
        assert!(what(true, Some(&undone)).unwrap().contains("newest file alone"));
        assert!(what(false, Some(&undone)).unwrap().contains("undone with run 7"));
    }

    // DOMAIN I1
    #[test]
    fn a_bundle_stands_behind_the_base_in_it_or_before_it() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let base = NewestRoster {
            snapshot: rollover_roster::snapshot::SnapshotId::of(&Roster::default()),
            name: "monday.zip".to_owned(),
            arrived_at: at("2024-06-03T01:00:00Z"),
        };
        let table = [
            ("tuesday.zip", "2024-06-04T01:00:00Z", Place::Next),
            ("monday.zip", "2024-06-04T01:00:00Z", Place::Next),
            ("tuesday.zip", "2024-06-03T01:00:01Z", Place::Next),
            ("monday.zip", "2024-06-03T01:00:00Z", Place::InBase),
            ("monday.zip", "2024-06-02T01:00:00Z", Place::InBase),
            ("tuesday.zip", "2024-06-03T01:00:00Z", Place::Older),
            ("sunday.zip", "2024-06-02T01:00:00Z", Place::Older),
        ];
        for (name, arrived_at, expected) in table {
            let delivery =
                Delivery { name: name.to_owned(), path: name.into(), bytes: 1, arrived_at: at(arrived_at) };
            assert_eq!(decide_place(&delivery, Some(&base)), expected, "{name} {arrived_at}");
            assert_eq!(decide_place(&delivery, None), Place::Next);
        }
    }
}
