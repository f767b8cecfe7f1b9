//! The lease of the one scheduler that leads. It ends by itself when its holder dies.

use super::{
    Ledger, LedgerError,
    db::{self, Tx, execute, query},
};
use chrono::{DateTime, Utc};
use serde::Serialize;

db::statements! {
    TAKE_LEAD = "
        INSERT INTO leader (name, owner, until) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
        WHERE leader.owner = excluded.owner OR leader.until < $4";
    GIVE_UP_LEAD = "DELETE FROM leader WHERE name = $1 AND owner = $2";
    // Writes what stands there: whoever takes the lead waits until this transaction ends.
    HOLD_LEAD = "UPDATE leader SET until = until WHERE name = $1 AND owner = $2 AND until >= $3";
    WHO_LEADS = "SELECT owner, until FROM leader WHERE name = $1";
}

/// Who leads, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct LeaderRow {
    pub owner: String,
    pub until: DateTime<Utc>,
}

/// Whether `owner` leads, and goes on leading until the transaction ends.
pub(super) async fn hold(
    tx: &mut Tx,
    (name, owner): (&str, &str),
    now: DateTime<Utc>,
) -> Result<bool, LedgerError> {
    Ok(execute!(tx.on(), HOLD_LEAD, name, owner, now)? == 1)
}

impl Ledger {
    /// Takes or keeps the lead until `until`; `false` when another holds it.
    pub async fn lead(
        &self,
        name: &str,
        owner: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.db.begin().await?;
        let won = execute!(tx.on(), TAKE_LEAD, name, owner, until, now)? == 1;
        tx.commit().await?;
        Ok(won)
    }

    /// Gives the lead up at once, so that another need not wait for the lease to end.
    pub async fn give_up_lead(&self, name: &str, owner: &str) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        execute!(tx.on(), GIVE_UP_LEAD, name, owner)?;
        tx.commit().await
    }

    pub async fn leader(&self, name: &str) -> Result<Option<LeaderRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_optional as LeaderRow, conn.on(), WHO_LEADS, name)?)
    }
}
