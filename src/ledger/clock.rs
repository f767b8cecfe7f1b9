//! The database's own clock, to be compared with ours; nothing else in the ledger asks it.

use super::{
    Ledger, LedgerError,
    db::{self, query},
};
use chrono::{DateTime, Utc};

db::statements! {
    CLOCK = postgres "SELECT clock_timestamp()", sqlite "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')";
}

impl Ledger {
    /// What time it is at the database.
    pub async fn database_clock(&self) -> Result<DateTime<Utc>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_one as (DateTime<Utc>,), conn.on(), CLOCK)?.0)
    }
}
