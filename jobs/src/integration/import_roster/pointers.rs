//! The snapshots to which an import moves the pointers: the mirror, and what is under way.

use super::{
    Import,
    difference::{Changes, Difference},
    prepare::blocking,
};
use crate::Stop;
use rollover_roster::{
    compare::RosterError,
    diff::Change,
    mirror::mirror_after,
    snapshot::{SnapshotId, SnapshotStore},
};
use std::sync::Arc;

/// Which changes a snapshot is to have besides.
#[derive(Clone, Copy)]
enum With {
    Flowing,
    Left,
}

impl Import<'_> {
    /// The mirror with everything that may stand at the site once this import has begun: what was under way before
    /// stays in it, since a batch that takes it back may not come to pass.
    pub(super) async fn under_way(
        &self,
        roster: SnapshotId,
        difference: &Difference,
    ) -> Result<SnapshotId, Stop> {
        if self.state.under_way.is_none() && difference.nothing_waits() {
            return Ok(roster);
        }
        // Nothing that it touched can stand otherwise than it says.
        if self.state.under_way == Some(roster) && difference.nothing_waits() {
            return Ok(roster);
        }
        let before = self.state.under_way.or(self.state.mirror);
        self.snapshot_after(before, &difference.changes, With::Flowing).await
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
        self.snapshot_after(self.state.mirror, &difference.changes, With::Flowing).await
    }

    /// What is still under way after this import.
    pub(super) async fn left_under_way(
        &self,
        mirror: SnapshotId,
        difference: &Difference,
    ) -> Result<Option<SnapshotId>, Stop> {
        if difference.repairs.left == 0 {
            return Ok(None);
        }
        self.snapshot_after(Some(mirror), &difference.changes, With::Left).await.map(Some)
    }

    async fn snapshot_after(
        &self,
        before: Option<SnapshotId>,
        changes: &Arc<Changes>,
        with: With,
    ) -> Result<SnapshotId, Stop> {
        let (store, changes) = (self.cx.ports.rosters.snapshots().clone(), Arc::clone(changes));
        blocking(move || {
            let kept = match with {
                With::Flowing => keep(&store, before.as_ref(), changes.flowing()),
                With::Left => keep(&store, before.as_ref(), changes.left()),
            };
            kept.map_err(|error| Stop::retry(format!("a snapshot cannot be kept: {error}")))
        })
        .await
    }
}

/// Writes a snapshot with changes applied to it, record by record.
fn keep(
    store: &SnapshotStore,
    before: Option<&SnapshotId>,
    changes: impl Iterator<Item = Result<Change, RosterError>>,
) -> Result<SnapshotId, RosterError> {
    let records = before.map(|before| store.read_hashed(before)).transpose()?.into_iter().flatten();
    let mut writer = store.writer()?;
    for after in mirror_after(records.map(|record| Ok(record?)), changes) {
        let (record, hash) = after?;
        writer.push_hashed(&record, hash)?;
    }
    Ok(writer.finish()?)
}
