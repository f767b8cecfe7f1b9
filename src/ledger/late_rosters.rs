//! Alerts that a roster did not come by its time: one for each due moment, kept in the outbox (DOMAIN I2).

use super::{
    Ledger, LedgerError, QueuedMail, advance,
    events::{self, NewEvent},
    integration::check_claim,
    jobs::{self, NewJob},
    mails::{self, NewMail},
};
use chrono::{DateTime, Utc};
use rollover_jobs::{Customer, WriteProof};

impl Ledger {
    /// Puts the mails of an alert into the outbox, each with the job that sends it: all, or nothing. `false` when they
    /// were put there before.
    pub async fn alert_late_roster(
        &self,
        now: DateTime<Utc>,
        customer: &Customer,
        queued: Vec<QueuedMail>,
        proof: &WriteProof,
        mail_job: impl Fn(i64) -> NewJob + Send,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.db.begin().await?;
        check_claim(&mut tx, proof).await?;
        let count = queued.len();
        for mail in queued {
            // The same due moment has the same Message-ID.
            if mails::is_there(&mut tx, &mail.message_id).await? {
                return Ok(false);
            }
            let mail = mails::insert(&mut tx, now, &NewMail::new(&customer.id, None, mail)).await?;
            jobs::insert(&mut tx, now, &[mail_job(mail)]).await?;
        }
        let line = NewEvent {
            customer: Some(customer.id.to_string()),
            job: Some(proof.job()),
            name: "roster_late",
            note: Some(format!("{count} mails")),
            ..NewEvent::default()
        };
        events::append(&mut tx, now, advance::ENGINE, &[line]).await?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(true)
    }
}
