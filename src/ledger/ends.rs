//! Jobs that ended without a report, and whose kinds are still to be told.

use super::{
    JobRow, Ledger, LedgerError,
    db::{self, execute},
    unreadable::{Rows, query_each},
};
use sqlx::types::Json;

db::statements! {
    UNTOLD_ENDS = postgres "
        SELECT * FROM job WHERE state IN ('failed', 'aborted', 'cancelled')
            AND (told_end IS NULL OR told_end <> generation)
            AND kind IN (SELECT value FROM jsonb_array_elements_text($1)) ORDER BY id LIMIT $2",
    sqlite "
        SELECT * FROM job WHERE state IN ('failed', 'aborted', 'cancelled')
            AND (told_end IS NULL OR told_end <> generation)
            AND kind IN (SELECT value FROM json_each($1)) ORDER BY id LIMIT $2";
    TOLD_END = "UPDATE job SET told_end = $2 WHERE id = $1";
}

impl Ledger {
    /// Jobs of these kinds whose end was not told; one that cannot be read is left out.
    pub async fn untold_ends(&self, kinds: &[&str], limit: i64) -> Result<Vec<JobRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows: Rows<JobRow> = query_each!(JobRow, conn.on(), UNTOLD_ENDS, Json(kinds), limit)?;
        Ok(rows.read)
    }

    /// The kind knows of the end in which the job came to this generation; a later end is told anew.
    pub async fn end_told(&self, job: i64, generation: i32) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        execute!(tx.on(), TOLD_END, job, generation)?;
        tx.commit().await
    }
}
