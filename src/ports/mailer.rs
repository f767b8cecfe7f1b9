//! The port for mail: takes a mail from the outbox, gives it to the transport, marks it as sent.
//!
//! A crash after the server took the mail and before the mark sends it twice; the Message-ID is the same both
//! times, so that mail clients show it once.

use crate::{
    ledger::{Ledger, LedgerError},
    mail::{MailTransport, SendError},
};
use async_trait::async_trait;
use rollover_jobs::ports::{Clock, MailError, MailQueued, Mailer};
use std::sync::Arc;

pub struct OutboxMailer {
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
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
        let sent = self.transport.send(&row).await;
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
