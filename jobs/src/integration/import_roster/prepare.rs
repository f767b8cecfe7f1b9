//! Turns a delivery into a snapshot, or into the report of what is wrong with it.

use crate::{Stop, ports::Delivery};
use rollover_roster::{
    read::{ReadLimits, ReadReport, read_imse},
    snapshot::{SnapshotId, SnapshotStore},
};
use std::{fs::File, io::BufReader};

pub(super) enum Prepared {
    Roster(SnapshotId),
    Unreadable(ReadReport),
}

/// Reads and stores, off the threads that serve others.
pub(super) async fn prepare(snapshots: &SnapshotStore, delivery: &Delivery) -> Result<Prepared, Stop> {
    let (snapshots, delivery) = (snapshots.clone(), delivery.clone());
    blocking(move || {
        let file = File::open(&delivery.path)
            .map_err(|error| Stop::retry(format!("roster {} cannot be opened: {error}", delivery.name)))?;
        match read_imse(BufReader::new(file), &ReadLimits::default()) {
            Err(report) => Ok(Prepared::Unreadable(report.with_file(&delivery.name))),
            Ok(read) => {
                let id = snapshots.write(&read.roster).map_err(|error| {
                    Stop::retry(format!("the snapshot of {} cannot be kept: {error}", delivery.name))
                })?;
                Ok(Prepared::Roster(id))
            }
        }
    })
    .await
}

/// Runs work that computes or reads files on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Stop> + Send + 'static,
) -> Result<T, Stop> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Stop::retry(format!("the work broke off: {error}"))),
    }
}
