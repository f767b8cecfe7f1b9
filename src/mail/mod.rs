//! stub
use crate::ledger::{MailRow, QueuedMail};
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("{0}")]
    Later(String),
    #[error("{0}")]
    Refused(String),
}
pub struct MailTransport;
impl MailTransport {
    pub fn from_url(_u: &str, _f: &str) -> Result<Self, SendError> {
        Ok(Self)
    }
    pub async fn send(&self, _m: &MailRow) -> Result<(), SendError> {
        Ok(())
    }
}
pub fn status_mail(
    c: &rollover_jobs::Customer,
    r: &rollover_jobs::ports::RunRecord,
    id: i64,
    _b: &str,
) -> QueuedMail {
    QueuedMail {
        kind: "import_status",
        message_id: format!("{id}-{}", c.id),
        subject: r.outcome.as_str().into(),
        text_body: String::new(),
        html_body: String::new(),
    }
}
