//! The port for decisions, answered by the ledger.

use crate::ledger::Ledger;
use async_trait::async_trait;
use rollover_jobs::ports::{Decisions, SignOff, Unavailable};

pub struct LedgerDecisions {
    pub ledger: Ledger,
}

#[async_trait]
impl Decisions for LedgerDecisions {
    async fn sign_off(&self, task: i64) -> Result<Option<SignOff>, Unavailable> {
        let row = self.ledger.sign_off_of(task).await?;
        Ok(row.map(|row| SignOff { by: row.support_person, at: row.at, note: row.reason }))
    }
}
