//! Tasks that stand on the list from the first start on: laid down once by the scheduler that leads, then everybody's
//! to move, cancel or add to.

use super::{
    Ledger, LedgerError, NewTaskRow, TaskRow, advance, db, leader, tasks,
    unreadable::{Rows, query_each},
};
use chrono::{DateTime, Utc};
use rollover_jobs::plan::Trigger;

db::statements! {
    // Cancelled ones too: what a person took off the list does not come back.
    OF_EVERYBODY = "SELECT * FROM task WHERE kind = $1 AND customer_id IS NULL AND plan_id IS NULL ORDER BY id LIMIT $2";
}

/// Somebody adds few of one kind by hand.
const LOOKED_AT: i64 = 1_000;

impl Ledger {
    /// Adds a task that recurs, unless one of its kind ever did, or `owner` does not lead: the row of the lead is held
    /// meanwhile, so that of two schedulers one adds it.
    pub async fn add_standing_task(
        &self,
        lead: (&str, &str),
        now: DateTime<Utc>,
        task: &NewTaskRow,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.db.begin().await?;
        if !leader::hold(&mut tx, lead, now).await? {
            return Ok(false);
        }
        let found: Rows<TaskRow> = query_each!(TaskRow, tx.on(), OF_EVERYBODY, &task.kind, LOOKED_AT)?;
        let recurs = |row: &TaskRow| matches!(row.schedule.0.trigger(), Some(Trigger::Cron { .. }) | None);
        if !found.unreadable.is_empty() || found.read.iter().any(recurs) {
            return Ok(false);
        }
        tasks::insert(&mut tx, now, advance::ENGINE, None, std::slice::from_ref(task)).await?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(true)
    }
}
