//! Writes what flows to the site in batches, and keeps what is under way before the first of them (DOMAIN I5).
//!
//! Crash story: from `begin` to the record of a completed run, the ledger knows which records may stand otherwise at
//! the site than in the mirror. Whatever ends the job between two batches, and whichever roster comes next, its
//! import settles exactly these.

use super::{
    Import,
    difference::{Difference, snapshot_after},
};
use crate::{Stop, WriteProof, ports::Applied};
use rollover_roster::{
    diff::{Action, Change},
    model::Kind,
    snapshot::SnapshotId,
};

/// Changes that reach the site as one unit.
const BATCH: usize = 500;

impl Import<'_> {
    pub(super) async fn write(
        &self,
        roster: SnapshotId,
        difference: &Difference,
        proof: &WriteProof,
    ) -> Result<Applied, Stop> {
        let mut applied = Applied::default();
        let mut changes = difference.now.clone();
        changes.extend(difference.repair.now.iter().cloned());
        if changes.is_empty() {
            return Ok(applied);
        }
        let under_way = self.under_way(roster, difference).await?;
        if self.state.under_way != Some(under_way) {
            self.cx.ports.integration.begin(&self.customer.id, &under_way, proof).await?;
        }
        order_for_site(&mut changes);
        for batch in changes.chunks(BATCH) {
            if self.cx.cancelled.is_cancelled() {
                return Err(Stop::retry("it was asked to stop between two batches; the next run goes on"));
            }
            applied += self.cx.ports.site.apply(self.customer, batch, proof).await?;
        }
        Ok(applied)
    }

    /// The mirror with everything that may stand at the site once this import has begun: what was under way before
    /// stays in it, since a batch that takes it back may not come to pass.
    async fn under_way(&self, roster: SnapshotId, difference: &Difference) -> Result<SnapshotId, Stop> {
        if self.state.under_way.is_none() && difference.nothing_waits() {
            return Ok(roster);
        }
        let before = self.state.under_way.or(self.state.mirror);
        snapshot_after(self, before, difference.now.clone()).await
    }

    /// The mirror after this import. Where nothing waits the site holds the roster, and that snapshot stands already.
    pub(super) async fn mirror_after(
        &self,
        roster: SnapshotId,
        difference: &Difference,
    ) -> Result<SnapshotId, Stop> {
        if difference.nothing_waits() {
            return Ok(roster);
        }
        snapshot_after(self, self.state.mirror, difference.now.clone()).await
    }

    /// What is still under way after this import.
    pub(super) async fn left_under_way(
        &self,
        mirror: SnapshotId,
        difference: &Difference,
    ) -> Result<Option<SnapshotId>, Stop> {
        if difference.repair.left.is_empty() {
            return Ok(None);
        }
        snapshot_after(self, Some(mirror), difference.repair.left.clone()).await.map(Some)
    }
}

/// Deletes last, and of those courses first: the site then knows that the memberships which go after it were a
/// course's, and keeps them as manual participants (C2, C3).
fn order_for_site(changes: &mut [Change]) {
    changes.sort_by_key(|change| match (change.action(), change.kind()) {
        (Action::Delete, Kind::Course) => 4,
        (Action::Delete, Kind::Membership) => 5,
        (Action::Delete, Kind::Person) => 6,
        (Action::Delete, Kind::Group) => 7,
        (_, Kind::Group) => 0,
        (_, Kind::Person) => 1,
        (_, Kind::Course) => 2,
        (_, Kind::Membership) => 3,
    });
}
