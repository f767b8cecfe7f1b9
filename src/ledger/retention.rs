//! Which snapshots the ledger names: pointers, open decisions, and the runs that are young enough.

use super::{
    Ledger, LedgerError, RunRow,
    db::{self, query},
};
use chrono::{DateTime, Utc};
use rollover_jobs::{Customer, Retention};
use rollover_roster::snapshot::SnapshotId;
use std::collections::BTreeSet;

db::statements! {
    // Without a limit: of a customer that is passed over, everything would be taken away.
    CUSTOMER_IDS = "SELECT id FROM customer ORDER BY id";
    RUNS_KEPT = "
        SELECT run.*,
            (SELECT undo.id FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed') AS undone_by
        FROM import_run AS run
        WHERE run.customer_id = $1 AND run.roster IS NOT NULL AND (run.ended_at >= $2 OR run.id IN (
            SELECT id FROM import_run WHERE customer_id = $1 AND roster IS NOT NULL ORDER BY id DESC LIMIT $3))";
}

impl Ledger {
    /// Every customer there is, readable or not.
    pub async fn customer_ids(&self) -> Result<Vec<String>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as (String,), conn.on(), CUSTOMER_IDS,)?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The snapshots of a customer that must stay.
    pub async fn snapshots_kept(
        &self,
        now: DateTime<Utc>,
        customer: &Customer,
        retention: Retention,
    ) -> Result<BTreeSet<SnapshotId>, LedgerError> {
        let state = self.integration(&customer.id).await?;
        let mut kept: BTreeSet<SnapshotId> =
            [state.import, state.mirror, state.under_way].into_iter().flatten().collect();
        if let Some(decision) = self.filter_decision(customer.id.as_str()).await? {
            kept.insert(decision.roster);
            kept.extend(decision.mirror);
        }
        for undo in self.open_undos(customer.id.as_str()).await? {
            kept.insert(undo.roster);
            kept.extend(undo.mirror);
        }
        let (since, newest) = (retention.since(now), i64::from(retention.at_least));
        let mut conn = self.db.read().await?;
        let runs = query!(fetch_all as RunRow, conn.on(), RUNS_KEPT, customer.id.as_str(), since, newest)?;
        for run in runs {
            let record = run.record.0;
            kept.extend([record.roster, record.mirror, record.under_way].into_iter().flatten());
            // The way back.
            let stood = record.stood.unwrap_or_default();
            kept.extend([stood.import, stood.mirror].into_iter().flatten());
        }
        Ok(kept)
    }
}
