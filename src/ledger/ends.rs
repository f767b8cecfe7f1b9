//! Jobs that ended without a report, and whose kinds are still to be told.
//!
//! A job that a person has run again at once begins its next life while nobody was told yet how the former ended. So
//! that end is kept, in the transaction that begins the next life.

use super::{
    JobRow, Ledger, LedgerError,
    db::{self, Tx, execute},
    unreadable::query_each,
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
    EARLIER_ENDS = postgres "
        SELECT job.id, job.task_id, job.customer_id, job.kind, job.args, job.lane, earlier_end.state,
            earlier_end.generation, earlier_end.attempt, earlier_end.round, job.due_at, job.run_at, job.sent_at,
            job.lease_owner, job.lease_until, job.cancel_requested, earlier_end.why, job.who, job.report,
            job.created_at, earlier_end.started_at, earlier_end.ended_at
        FROM earlier_end JOIN job ON job.id = earlier_end.job_id
        WHERE job.kind IN (SELECT value FROM jsonb_array_elements_text($1))
        ORDER BY earlier_end.job_id, earlier_end.generation LIMIT $2",
    sqlite "
        SELECT job.id, job.task_id, job.customer_id, job.kind, job.args, job.lane, earlier_end.state,
            earlier_end.generation, earlier_end.attempt, earlier_end.round, job.due_at, job.run_at, job.sent_at,
            job.lease_owner, job.lease_until, job.cancel_requested, earlier_end.why, job.who, job.report,
            job.created_at, earlier_end.started_at, earlier_end.ended_at
        FROM earlier_end JOIN job ON job.id = earlier_end.job_id
        WHERE job.kind IN (SELECT value FROM json_each($1))
        ORDER BY earlier_end.job_id, earlier_end.generation LIMIT $2";
    KEEP_END = "
        INSERT INTO earlier_end (job_id, generation, round, attempt, state, why, started_at, ended_at)
        SELECT id, generation, round, attempt, state, why, started_at, ended_at FROM job
        WHERE id = $1 AND generation = $2 AND state IN ('failed', 'aborted', 'cancelled')
            AND (told_end IS NULL OR told_end <> generation)
        ON CONFLICT (job_id, generation) DO NOTHING";
    TOLD_END = "UPDATE job SET told_end = $2 WHERE id = $1 AND generation = $2";
    TOLD_EARLIER_END = "DELETE FROM earlier_end WHERE job_id = $1 AND generation = $2";
}

/// Keeps the end of a job that is about to be run again, unless its kind was told.
pub(super) async fn keep_untold(tx: &mut Tx, job: &JobRow) -> Result<(), LedgerError> {
    execute!(tx.on(), KEEP_END, job.id, job.generation)?;
    Ok(())
}

impl Ledger {
    /// Jobs of these kinds whose end was not told, each as it ended, with the ends of earlier lives first; one that
    /// cannot be read is left out.
    pub async fn untold_ends(&self, kinds: &[&str], limit: i64) -> Result<Vec<JobRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        let mut ends = query_each!(JobRow, conn.on(), EARLIER_ENDS, Json(kinds), limit)?.read;
        ends.extend(query_each!(JobRow, conn.on(), UNTOLD_ENDS, Json(kinds), limit)?.read);
        Ok(ends)
    }

    /// The kind knows of the end in which the job came to this generation; a later end is told anew.
    pub async fn end_told(&self, job: i64, generation: i32) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        execute!(tx.on(), TOLD_END, job, generation)?;
        execute!(tx.on(), TOLD_EARLIER_END, job, generation)?;
        tx.commit().await
    }
}
