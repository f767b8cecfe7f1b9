//! The outbox of tickets: which jobs are to be sent to the queue now, marked as sent in the same statement.
//!
//! A job is due for sending when it was never sent in this generation, or was sent so long ago that its ticket
//! must be taken for lost. Of each customer's lane one job is on its way or runs at a time, the longest due first:
//! the end of each wakes dispatch for the next.

use super::{
    Ledger, LedgerError,
    db::{self, execute, query},
};
use chrono::{DateTime, Utc};

db::statements! {
    TAKE_UNSENT = postgres "
        UPDATE job SET sent_at = $1 WHERE id IN (
            SELECT id FROM job AS j
            WHERE sent_at IS NULL AND run_at <= $1 AND state IN ('ready', 'retrying', 'waiting')
                AND (lane IS NULL OR (
                    NOT EXISTS (SELECT 1 FROM job AS r
                        WHERE r.customer_id = j.customer_id AND r.lane = j.lane AND r.state = 'running')
                    AND NOT EXISTS (SELECT 1 FROM job AS o
                        WHERE o.customer_id = j.customer_id AND o.lane = j.lane AND o.run_at IS NOT NULL
                            AND o.state IN ('ready', 'retrying', 'waiting')
                            AND (o.run_at, o.id) < (j.run_at, j.id))
                    AND NOT EXISTS (SELECT 1 FROM job AS s
                        WHERE s.customer_id = j.customer_id AND s.lane = j.lane AND s.run_at IS NOT NULL
                            AND s.state IN ('ready', 'retrying', 'waiting') AND s.sent_at IS NOT NULL)))
            ORDER BY run_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING run_at, id, generation",
    sqlite "
        UPDATE job SET sent_at = $1 WHERE id IN (
            SELECT id FROM job AS j
            WHERE sent_at IS NULL AND run_at <= $1 AND state IN ('ready', 'retrying', 'waiting')
                AND (lane IS NULL OR (
                    NOT EXISTS (SELECT 1 FROM job AS r
                        WHERE r.customer_id = j.customer_id AND r.lane = j.lane AND r.state = 'running')
                    AND NOT EXISTS (SELECT 1 FROM job AS o
                        WHERE o.customer_id = j.customer_id AND o.lane = j.lane AND o.run_at IS NOT NULL
                            AND o.state IN ('ready', 'retrying', 'waiting')
                            AND (o.run_at, o.id) < (j.run_at, j.id))
                    AND NOT EXISTS (SELECT 1 FROM job AS s
                        WHERE s.customer_id = j.customer_id AND s.lane = j.lane AND s.run_at IS NOT NULL
                            AND s.state IN ('ready', 'retrying', 'waiting') AND s.sent_at IS NOT NULL)))
            ORDER BY run_at, id LIMIT $2)
        RETURNING run_at, id, generation";
    FORGET_OLD = "
        UPDATE job SET sent_at = NULL
        WHERE sent_at IS NOT NULL AND sent_at < $1 AND state IN ('ready', 'retrying', 'waiting')";
    FORGET_ALL = "
        UPDATE job SET sent_at = NULL WHERE sent_at IS NOT NULL AND state IN ('ready', 'retrying', 'waiting')";
    FREE_LANE = "
        UPDATE job SET sent_at = NULL WHERE id = $1 AND generation = $2 AND state IN ('ready', 'retrying', 'waiting')";
    NEXT_RUN_AT = "
        SELECT run_at FROM job AS j
            WHERE sent_at IS NULL AND run_at IS NOT NULL AND state IN ('ready', 'retrying', 'waiting')
                AND (lane IS NULL OR (
                    NOT EXISTS (SELECT 1 FROM job AS r
                        WHERE r.customer_id = j.customer_id AND r.lane = j.lane AND r.state = 'running')
                    AND NOT EXISTS (SELECT 1 FROM job AS s
                        WHERE s.customer_id = j.customer_id AND s.lane = j.lane AND s.run_at IS NOT NULL
                            AND s.state IN ('ready', 'retrying', 'waiting') AND s.sent_at IS NOT NULL)))
            ORDER BY run_at LIMIT 1";
}

impl Ledger {
    /// Takes up to `limit` jobs that are due for sending: (job, generation), the longest due first.
    pub async fn take_unsent(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<(i64, i32)>, LedgerError> {
        let mut tx = self.db.begin().await?;
        let mut taken = query!(fetch_all as (DateTime<Utc>, i64, i32), tx.on(), TAKE_UNSENT, now, limit)?;
        tx.commit().await?;
        // An update gives its rows in no order.
        taken.sort_unstable();
        Ok(taken.into_iter().map(|(_, job, generation)| (job, generation)).collect())
    }

    /// Counts every ticket sent before `before` as lost; gives how many.
    pub async fn forget_sent_before(&self, before: DateTime<Utc>) -> Result<u64, LedgerError> {
        let mut tx = self.db.begin().await?;
        let forgotten = execute!(tx.on(), FORGET_OLD, before)?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// Counts every ticket as lost: the queue was emptied.
    pub async fn forget_all_sent(&self) -> Result<u64, LedgerError> {
        let mut tx = self.db.begin().await?;
        let forgotten = execute!(tx.on(), FORGET_ALL)?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// A ticket could not be used (its lane was busy, or the queue did not take it): the job is to be sent again.
    pub async fn unsend(&self, tickets: &[(i64, i32)]) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        for (job, generation) in tickets {
            execute!(tx.on(), FREE_LANE, job, generation)?;
        }
        tx.commit().await
    }

    /// The next moment at which a job can be sent; one behind a busy lane can once that is free, which is told.
    pub async fn next_run_at(&self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_optional as (DateTime<Utc>,), conn.on(), NEXT_RUN_AT)?.map(|(run_at,)| run_at))
    }
}
