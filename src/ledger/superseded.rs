//! Imports that came to nothing, and alerts of a late roster, that a later run of the same customer made good: nobody
//! need act on them.
//!
//! Only a run that had a file makes good: one without goes on with older rosters, or finds that the night's file, perhaps
//! the very one that could not be read, was dealt with before.

use super::{
    Ledger, LedgerError,
    db::{self, query},
};
use sqlx::types::Json;
use std::collections::HashSet;

db::statements! {
    SUPERSEDED_IMPORTS = postgres "
        SELECT DISTINCT run.job_id FROM import_run AS run
        WHERE run.job_id IN (SELECT value::bigint FROM jsonb_array_elements_text($1))
            AND EXISTS (SELECT 1 FROM import_run AS later
                WHERE later.customer_id = run.customer_id AND later.id > run.id AND later.job_id <> run.job_id
                    AND later.outcome IN ('completed', 'unchanged')
                    AND later.record ->> 'roster_name' IS NOT NULL)
        UNION SELECT alert.job_id FROM event AS alert
        WHERE alert.job_id IN (SELECT value::bigint FROM jsonb_array_elements_text($1))
            AND alert.name = 'roster_late'
            AND EXISTS (SELECT 1 FROM import_run AS later
                WHERE later.customer_id = alert.customer_id AND later.ended_at > alert.at
                    AND later.outcome IN ('completed', 'unchanged')
                    AND later.record ->> 'roster_name' IS NOT NULL)",
    sqlite "
        SELECT DISTINCT run.job_id FROM import_run AS run
        WHERE run.job_id IN (SELECT value FROM json_each($1))
            AND EXISTS (SELECT 1 FROM import_run AS later
                WHERE later.customer_id = run.customer_id AND later.id > run.id AND later.job_id <> run.job_id
                    AND later.outcome IN ('completed', 'unchanged')
                    AND later.record ->> 'roster_name' IS NOT NULL)
        UNION SELECT alert.job_id FROM event AS alert
        WHERE alert.job_id IN (SELECT value FROM json_each($1)) AND alert.name = 'roster_late'
            AND EXISTS (SELECT 1 FROM import_run AS later
                WHERE later.customer_id = alert.customer_id AND later.ended_at > alert.at
                    AND later.outcome IN ('completed', 'unchanged')
                    AND later.record ->> 'roster_name' IS NOT NULL)";
}

impl Ledger {
    /// Of these jobs, those whose import a later one of the same customer has superseded: that one took the newest
    /// roster in, or found that it is in; and those that alerted of a late roster that came after all.
    pub async fn superseded_imports(&self, jobs: &[i64]) -> Result<HashSet<i64>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as (i64,), conn.on(), SUPERSEDED_IMPORTS, Json(jobs))?;
        Ok(rows.into_iter().map(|(job,)| job).collect())
    }
}
