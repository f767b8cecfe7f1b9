//! Mail as files: each becomes an `.eml` in one folder, whole or not at all.
//!
//! Crash story: a mail is written beside its place and renamed, so nobody reads half of one; sent again, it
//! replaces itself. Nothing is synced: the outbox keeps every mail, the files are copies for people.

use super::{layout::slug, transport::SendError};
use crate::{folder, ledger::MailRow};
use std::{fs, io, path::PathBuf};

#[derive(Debug)]
pub(super) struct MailFolder {
    path: PathBuf,
}

impl MailFolder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn write(&self, mail: &MailRow, bytes: Vec<u8>) -> Result<(), SendError> {
        let name = file_name(mail);
        let (waiting, place) = (self.path.join(format!(".{name}.part")), self.path.join(&name));
        self.on_disk(move |folder| {
            fs::create_dir_all(folder)?;
            fs::write(&waiting, bytes)?;
            fs::rename(waiting, place)
        })
        .await
    }

    pub(super) async fn check(&self) -> Result<String, SendError> {
        self.on_disk(|path| folder::look(path).map(drop)).await?;
        Ok(format!("mails are written as files into {}", self.path.display()))
    }

    async fn on_disk(
        &self,
        work: impl FnOnce(&std::path::Path) -> io::Result<()> + Send + 'static,
    ) -> Result<(), SendError> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || work(&path)).await;
        done.map_err(io::Error::other).flatten().map_err(|error| {
            SendError::Later(format!(
                "the mail folder {} cannot be written ({error}): give us the right to, or name another in mail.url \
                 (ROLLOVER_MAIL_URL)",
                self.path.display()
            ))
        })
    }
}

/// `000017-nes-import-finished-with-status-aborted.eml`: number, customer, and the subject up to its dash.
fn file_name(mail: &MailRow) -> String {
    let subject = mail.subject.split(" – ").next().unwrap_or_default();
    let customer = mail.customer_id.as_deref().unwrap_or("all");
    format!("{:06}-{}-{}.eml", mail.id, slug(customer), slug(subject))
}
