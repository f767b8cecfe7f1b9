//! Turns a delivery into a snapshot, or into the report of what is wrong with it.
//!
//! A sender may be slow, or write over a file while it is read. So what was read counts only if the file is the
//! same afterwards, and a young file that breaks off is taken for one that is on its way.

use super::{
    addressee::decide_addressee,
    bundles::{Before, decide_no_changes, store_bundle},
};
use crate::{Customer, CustomerSettings, JobContext, RosterFormat, Stop, ports::Delivery};
use chrono::{DateTime, TimeDelta, Utc};
use rollover_roster::{
    compare::{Options, RosterError, Stored, read_to_snapshot},
    read::{Concessions, KeyChange, ReadReport},
    rekey::Announced,
    snapshot::SnapshotId,
};

/// A file that breaks off and changed this short ago may still be on its way.
const MAY_COME: TimeDelta = TimeDelta::minutes(10);

pub(in crate::integration) enum Prepared {
    Roster(Taken),
    Unreadable(ReadReport),
}

/// A roster that lies in the store, and what its file said beside it.
pub(in crate::integration) struct Taken {
    pub id: SnapshotId,
    pub concessions: Concessions,
    pub announced: Vec<Announced>,
}

impl Taken {
    /// One that was read before; what its file said was told then.
    pub fn again(id: SnapshotId) -> Self {
        Self { id, concessions: Concessions::default(), announced: Vec::new() }
    }
}

/// Whether the sender may still be writing. A clock that goes ahead dates a file a little into the future.
fn decide_on_its_way(report: &ReadReport, arrived_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    report.breaks_off() && (now - arrived_at).abs() < MAY_COME
}

/// Reads and stores, off the threads that serve others.
pub(in crate::integration) async fn prepare(
    cx: &JobContext,
    customer: &Customer,
    delivery: &Delivery,
) -> Result<Prepared, Stop> {
    let name = &delivery.name;
    let before = before(cx, customer, delivery).await?;
    let earlier = before.waiting.clone();
    let stored = store(cx, delivery.clone(), before, &customer.settings).await;
    // What changes while it is read may break reading in any way; that it did is the cause to tell.
    for read in earlier.iter().chain([delivery]) {
        if !cx.ports.rosters.is_unchanged(customer, read).await? {
            let name = &read.name;
            return Err(Stop::retry(format!("roster {name} changed while it was read; it is read anew")));
        }
    }
    let stored = match stored? {
        Ok(stored) => stored,
        Err(report) if decide_on_its_way(&report, delivery.arrived_at, cx.now()) => {
            return Err(Stop::retry(format!(
                "roster {name} breaks off and is young, so it may still be on its way: {report}"
            )));
        }
        Err(report) => return Ok(Prepared::Unreadable(report)),
    };
    // The snapshot of a foreign file is nobody's, and is taken away with others that are.
    if let Some(report) = decide_addressee(&stored.properties, &customer.settings) {
        return Ok(Prepared::Unreadable(report.with_file(name)));
    }
    let announced = stored.key_changes.into_iter().map(announced).collect();
    Ok(Prepared::Roster(Taken { id: stored.id, concessions: stored.concessions, announced }))
}

fn announced(change: KeyChange) -> Announced {
    Announced { old: change.from, new: change.to }
}

/// What a bundle of changes builds on; a file of IMS Enterprise stands for itself.
async fn before(cx: &JobContext, customer: &Customer, delivery: &Delivery) -> Result<Before, Stop> {
    match customer.settings.roster_format {
        RosterFormat::ImsEnterprise => Ok(Before::default()),
        RosterFormat::OneRosterCsv => {
            let base = cx.ports.integration.newest_roster(customer).await?;
            let refusals = cx.ports.integration.state(customer).await?.refusals;
            let undone = base.as_ref().and_then(|base| refusals.iter().find(|of| of.roster == base.snapshot));
            Ok(Before {
                waiting: cx.ports.rosters.before(customer, delivery).await?,
                none: decide_no_changes(customer.settings.fetch.is_some(), undone),
                base,
            })
        }
    }
}

async fn store(
    cx: &JobContext,
    delivery: Delivery,
    before: Before,
    settings: &CustomerSettings,
) -> Result<Result<Stored, ReadReport>, Stop> {
    let (rosters, format) = (&cx.ports.rosters, settings.roster_format);
    let (snapshots, options) = (rosters.snapshots().clone(), settings.read_options(rosters.read_limits()));
    blocking(move || {
        let stored = match format {
            RosterFormat::OneRosterCsv => store_bundle(&snapshots, &delivery, &before, &options),
            RosterFormat::ImsEnterprise => {
                read_to_snapshot(&delivery.path, &Options::new(&options, snapshots.folder()), &snapshots)
            }
        };
        let name = &delivery.name;
        match stored {
            Ok(stored) => Ok(Ok(stored)),
            Err(RosterError::Refused(report))
                if report.file.is_empty() || format == RosterFormat::ImsEnterprise =>
            {
                Ok(Err(report.with_file(name)))
            }
            Err(RosterError::Refused(report)) => Ok(Err(report)),
            Err(RosterError::Unreadable(error)) => {
                Err(Stop::retry(format!("roster {name} cannot be read: {error}")))
            }
            Err(RosterError::Snapshot(error)) => {
                Err(Stop::retry(format!("the snapshot of {name} cannot be kept: {error}")))
            }
        }
    })
    .await
}

/// Runs work that computes or reads files on a thread of its own.
pub(in crate::integration) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Stop> + Send + 'static,
) -> Result<T, Stop> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Stop::retry(format!("the work broke off: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollover_roster::read::{ReadOptions, read_imse};

    // DOMAIN I4
    #[test]
    fn a_young_file_that_breaks_off_is_waited_for() {
        let report = |xml: &str| read_imse(xml.as_bytes(), &ReadOptions::default()).unwrap_err();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2024-06-03T01:30:00Z");
        let cases = [
            ("<enterprise><person>", "2024-06-03T01:29:57Z", true),
            ("<enterprise><pers", "2024-06-03T01:29:57Z", true),
            ("", "2024-06-03T01:29:57Z", true),
            ("<enterprise><person>", "2024-06-03T01:20:01Z", true),
            ("<enterprise><person>", "2024-06-03T01:30:05Z", true),
            ("<enterprise><person>", "2024-06-03T01:20:00Z", false),
            ("<enterprise></enterprise>", "2024-06-03T01:29:57Z", false),
            ("<enterprise><person></person></enterprise>", "2024-06-03T01:29:57Z", false),
        ];
        for (xml, arrived_at, expected) in cases {
            assert_eq!(decide_on_its_way(&report(xml), at(arrived_at), now), expected, "{xml} {arrived_at}");
        }
    }
}
