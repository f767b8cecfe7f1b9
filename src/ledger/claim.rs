//! The fence: whether the claim that a proof names still stands, asked in the transaction of the write it allows.

use super::db::{self, Tx, query};
use rollover_jobs::WriteProof;

db::statements! {
    // Locked against whoever would take the claim away, until the write is in.
    FENCE = postgres "SELECT id FROM job WHERE id = $1 AND generation = $2 AND state = 'running' FOR SHARE",
        sqlite "SELECT id FROM job WHERE id = $1 AND generation = $2 AND state = 'running'";
}

/// `false`: another worker may have the job now, and this one must write nothing.
pub(crate) async fn stands(tx: &mut Tx, proof: &WriteProof) -> Result<bool, sqlx::Error> {
    let claim = query!(fetch_optional as (i64,), tx.on(), FENCE, proof.job(), proof.generation())?;
    Ok(claim.is_some())
}
