//! Writes what flows to the site in batches, and keeps what is under way before the first of them (DOMAIN I5).
//!
//! Crash story: from `begin` to the record of a completed run, the ledger knows which records may stand otherwise at
//! the site than in the mirror. Whatever ends the job between two batches, and whichever roster comes next, its
//! import settles exactly these. What the batches come to is kept after each: a crash between a batch and that leaves
//! it uncounted, since it comes again and changes nothing.

use super::{
    Import,
    difference::{Changes, Difference},
};
use crate::{
    Stop, WriteProof,
    ports::{Applied, Begun},
};
use rollover_roster::{compare::RosterError, diff::Change, model::Kind, snapshot::SnapshotId};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Changes that reach the site as one unit: enough that the unit's own cost is small beside theirs.
const BATCH: usize = 5_000;
/// Batches that are read while one is applied.
const BATCHES_AHEAD: usize = 2;

/// What is done to the records of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Put,
    Delete,
}

/// Deletes last, and of those courses first: the site then knows that the memberships which go after it were a
/// course's, and keeps them as manual participants (C2, C3).
const ORDER: [(Write, Kind); 8] = [
    (Write::Put, Kind::Group),
    (Write::Put, Kind::Person),
    (Write::Put, Kind::Course),
    (Write::Put, Kind::Membership),
    (Write::Delete, Kind::Course),
    (Write::Delete, Kind::Membership),
    (Write::Delete, Kind::Person),
    (Write::Delete, Kind::Group),
];

impl Import<'_> {
    /// Keeps what is under way; gives what this import has come to, in this attempt and in those before.
    pub(super) async fn begin(
        &self,
        roster: SnapshotId,
        difference: &Difference,
        proof: &WriteProof,
    ) -> Result<Begun, Stop> {
        let under_way =
            if difference.nothing_flows() { None } else { Some(self.under_way(roster, difference).await?) };
        let is_resumed = under_way.is_some() && under_way == self.state.under_way;
        if let Some(begun) = self.state.begun.clone().filter(|_| is_resumed) {
            return Ok(begun);
        }
        let before = self.cx.ports.site.counts(&self.customer.id).await?;
        let begun = Begun {
            before,
            applied: Applied::default(),
            predicted_duplicates: difference.predicted_duplicates,
        };
        if let Some(under_way) = under_way {
            self.cx.ports.integration.begin(&self.customer.id, &under_way, &begun, proof).await?;
        }
        Ok(begun)
    }

    pub(super) async fn write(
        &self,
        mut begun: Begun,
        difference: &Difference,
        proof: &WriteProof,
    ) -> Result<Begun, Stop> {
        if difference.nothing_flows() {
            return Ok(begun);
        }
        let earlier = begun.applied;
        let mut unchanged = 0;
        let (send, mut batches) = mpsc::channel(BATCHES_AHEAD);
        let changes = Arc::clone(&difference.changes);
        // It ends by itself once nobody takes its batches any more.
        let reader = tokio::task::spawn_blocking(move || send_batches(&changes, &send));
        while let Some(batch) = batches.recv().await {
            if self.cx.cancelled.is_cancelled() {
                return Err(Stop::retry("it was asked to stop between two batches; the next run goes on"));
            }
            let applied = self.cx.ports.site.apply(self.customer, &batch, proof).await?;
            begun.applied += Applied { unchanged: 0, ..applied };
            unchanged += applied.unchanged;
            self.cx.ports.integration.progress(&self.customer.id, &begun, proof).await?;
        }
        let read = reader.await.map_err(|error| Stop::retry(format!("the work broke off: {error}")))?;
        read.map_err(|error| Stop::retry(format!("a snapshot cannot be read: {error}")))?;
        // What an earlier attempt applied comes again, and stands as wanted.
        let again = earlier.created + earlier.updated + earlier.deleted;
        begun.applied.unchanged = unchanged.saturating_sub(again);
        Ok(begun)
    }
}

/// Sends what flows in the site's order.
fn send_batches(changes: &Changes, send: &mpsc::Sender<Vec<Change>>) -> Result<(), RosterError> {
    let mut batch = Vec::with_capacity(BATCH);
    for (write, kind) in ORDER {
        for change in changes.to_write(kind, write == Write::Delete) {
            batch.push(change?);
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if send.blocking_send(full).is_err() {
                    return Ok(());
                }
            }
        }
    }
    if !batch.is_empty() {
        // Nobody takes it: the import has ended before.
        let _ended = send.blocking_send(batch);
    }
    Ok(())
}
