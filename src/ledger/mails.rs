//! The mail outbox: a row stands here in the same transaction as what it tells of, until a job has sent it.

use super::{
    Ledger, LedgerError, QueuedMail,
    db::{self, Tx, execute, query},
    words::kept_text,
};
use chrono::{DateTime, Utc};
use rollover_jobs::CustomerId;
use serde::Serialize;

db::statements! {
    INSERT_MAIL = "
        INSERT INTO mail (customer_id, run_id, kind, message_id, recipient, subject, text_body, html_body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    MAIL = "SELECT * FROM mail WHERE id = $1";
    MAIL_SENT = "UPDATE mail SET sent_at = $2, why = NULL WHERE id = $1 AND sent_at IS NULL";
    MAIL_NOT_SENT = "UPDATE mail SET why = $2 WHERE id = $1 AND sent_at IS NULL";
    MAILS_OF_CUSTOMER = "SELECT * FROM mail WHERE customer_id = $1 ORDER BY id DESC LIMIT $2";
    MAIL_OF_MESSAGE = "SELECT id FROM mail WHERE message_id = $1";
    MAILS_OF_RUN = "SELECT * FROM mail WHERE run_id = $1 ORDER BY id";
}

/// A mail of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct MailRow {
    pub id: i64,
    pub customer_id: Option<String>,
    pub run_id: Option<i64>,
    pub kind: String,
    /// The Message-ID: the same however often it is sent, so that a mail client shows it once.
    pub message_id: String,
    /// One: a mailbox that is refused keeps the mail from nobody else.
    pub recipient: String,
    pub subject: String,
    pub text_body: String,
    pub html_body: String,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    /// Why it has not left yet.
    pub why: Option<String>,
}

/// A mail to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewMail<'a> {
    pub customer: &'a str,
    pub run: Option<i64>,
    pub kind: &'a str,
    pub message_id: String,
    pub recipient: String,
    pub subject: String,
    pub text_body: String,
    pub html_body: String,
}

impl<'a> NewMail<'a> {
    pub fn new(customer: &'a CustomerId, run: Option<i64>, mail: QueuedMail) -> Self {
        Self {
            customer: customer.as_str(),
            run,
            kind: mail.kind,
            message_id: mail.message_id,
            recipient: mail.recipient,
            subject: mail.subject,
            text_body: mail.text_body,
            html_body: mail.html_body,
        }
    }
}

/// Whether a mail of this Message-ID was made, sent or not.
pub(super) async fn is_there(tx: &mut Tx, message_id: &str) -> Result<bool, LedgerError> {
    Ok(query!(fetch_optional as (i64,), tx.on(), MAIL_OF_MESSAGE, message_id)?.is_some())
}

pub(super) async fn insert(tx: &mut Tx, now: DateTime<Utc>, mail: &NewMail<'_>) -> Result<i64, LedgerError> {
    let (id,) = query!(
        fetch_one as (i64,),
        tx.on(),
        INSERT_MAIL,
        mail.customer,
        mail.run,
        mail.kind,
        mail.message_id.as_str(),
        mail.recipient.as_str(),
        kept_text(&mail.subject),
        kept_text(&mail.text_body),
        kept_text(&mail.html_body),
        now
    )?;
    Ok(id)
}

impl Ledger {
    pub async fn mail(&self, id: i64) -> Result<MailRow, LedgerError> {
        let mut conn = self.db.read().await?;
        query!(fetch_optional as MailRow, conn.on(), MAIL, id)?
            .ok_or_else(|| LedgerError::not_found("mail", id))
    }

    /// One for each recipient, in the order in which they were made.
    pub async fn mails_of_run(&self, run: i64) -> Result<Vec<MailRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as MailRow, conn.on(), MAILS_OF_RUN, run)?)
    }

    /// Marks a mail as sent; a second mark changes nothing.
    pub async fn mail_sent(&self, id: i64, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        execute!(tx.on(), MAIL_SENT, id, now)?;
        tx.commit().await
    }

    /// Notes why a mail has not left.
    pub async fn mail_not_sent(&self, id: i64, why: &str) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        execute!(tx.on(), MAIL_NOT_SENT, id, kept_text(why))?;
        tx.commit().await
    }

    /// The newest mails of one customer, newest first.
    pub async fn mails_of_customer(&self, customer: &str, limit: i64) -> Result<Vec<MailRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as MailRow, conn.on(), MAILS_OF_CUSTOMER, customer, limit)?)
    }
}
