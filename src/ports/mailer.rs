//! The port for mail: takes a mail from the outbox, gives it to the transport, marks it as sent.
//!
//! A crash after the server took the mail and before the mark sends it twice; the Message-ID is the same both
//! times, so that mail clients show it once.

use crate::{
    ledger::{Ledger, LedgerError, MailRow},
    mail::{Attached, MailTransport, SendError, decide_attachment, rows_of_difference},
};
use async_trait::async_trait;
use rollover_jobs::ports::{Clock, MailError, MailQueued, Mailer};
use rollover_roster::snapshot::SnapshotStore;
use std::sync::Arc;

pub struct OutboxMailer {
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
    /// What attachments are made of.
    pub snapshots: SnapshotStore,
    pub transport: MailTransport,
}

#[async_trait]
impl Mailer for OutboxMailer {
    async fn send(&self, mail: i64) -> Result<MailQueued, MailError> {
        let row = match self.ledger.mail(mail).await {
            Err(LedgerError::NotFound { .. }) => return Err(MailError::Unknown(mail)),
            other => other.map_err(|e| MailError::Unavailable(e.into()))?,
        };
        if row.sent_at.is_some() {
            return Ok(MailQueued { mail, sent_before: true });
        }
        let attached = self.attached(&row).await.map_err(|e| MailError::Unavailable(e.into()))?;
        let sent = self.transport.send(&row, attached.as_ref()).await;
        if let Err(error) = &sent {
            self.ledger
                .mail_not_sent(mail, &error.to_string())
                .await
                .map_err(|e| MailError::Unavailable(e.into()))?;
        }
        match sent {
            Ok(()) => {
                self.ledger
                    .mail_sent(mail, self.clock.now())
                    .await
                    .map_err(|e| MailError::Unavailable(e.into()))?;
                Ok(MailQueued { mail, sent_before: false })
            }
            Err(SendError::Later(why)) => Err(MailError::Later { mail, why }),
            Err(SendError::Refused(why)) => Err(MailError::Refused { mail, why }),
        }
    }
}

impl OutboxMailer {
    /// Made at every sending anew, so that it lies nowhere. Without it the mail leaves all the same (I2).
    async fn attached(&self, mail: &MailRow) -> Result<Option<Attached>, LedgerError> {
        let Some((customer, run)) = mail.customer_id.as_ref().zip(mail.run_id) else { return Ok(None) };
        let customer = self.ledger.customer(customer).await?;
        if !customer.settings.personal_data_by_mail {
            return Ok(None);
        }
        let run = self.ledger.run(run).await?;
        let Some(roster) = run.record.0.roster.filter(|_| decide_attachment(&customer, mail, &run.record.0))
        else {
            return Ok(None);
        };
        let language = customer.language();
        if !self.transport.keeps_secret() {
            return Ok(Some(Attached::NotSecret(language)));
        }
        let mirror = self.ledger.mirror_before(&run).await?;
        let snapshots = self.snapshots.clone();
        let about = (run.id, language);
        let made = tokio::task::spawn_blocking(move || {
            rows_of_difference(&snapshots, &roster, mirror.as_ref(), about)
        });
        let made = made.await.map_err(anyhow::Error::from).and_then(|rows| rows.map_err(anyhow::Error::from));
        Ok(Some(made.unwrap_or_else(|error| {
            tracing::warn!(run.id, customer.id = %customer.id, "no rows are attached to a status mail: {error:#}");
            Attached::NotThere(language)
        })))
    }
}
