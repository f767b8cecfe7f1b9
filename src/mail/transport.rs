//! How a mail leaves: by SMTP, or as a file into a folder.

use super::{
    folder::MailFolder,
    message::message,
    smtp::SmtpRelay,
    url::{FORMS, MailUrl},
};
use crate::ledger::MailRow;
use lettre::message::Mailbox;

/// Why a mail did not leave. No text holds a password.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Trying again may help: the server is away, busy, or says "later".
    #[error("{0}")]
    Later(String),
    /// Trying again as it stands cannot help: a person must correct what the text names.
    #[error("{0}")]
    Refused(String),
}

/// The way that the settings name. Opening it touches neither network nor disk.
#[derive(Debug)]
pub struct MailTransport {
    from: Mailbox,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Smtp(Box<SmtpRelay>),
    Folder(MailFolder),
}

impl MailTransport {
    /// `url` and `from` are the settings `mail.url` and `mail.from`.
    pub fn from_url(url: &str, from: &str) -> Result<Self, SendError> {
        let from = from.parse().map_err(|_| {
            SendError::Refused(format!(
                "mail.from (ROLLOVER_MAIL_FROM) {from:?} is no mailbox: expected it as rollover@example.com or \
                 Rollover <rollover@example.com>"
            ))
        })?;
        // The address may hold a password, so it is not repeated.
        let wrong = |why: String| {
            SendError::Refused(format!("mail.url (ROLLOVER_MAIL_URL): {why}: expected {FORMS}"))
        };
        let way = match url.parse().map_err(wrong)? {
            MailUrl::Folder(path) => Way::Folder(MailFolder::new(path)),
            MailUrl::Smtp { url, security } => {
                Way::Smtp(Box::new(SmtpRelay::new(url, security).map_err(wrong)?))
            }
        };
        Ok(Self { from, way })
    }

    /// Sends one mail. Sent twice, both have the same Message-ID, and in a folder the same name.
    pub async fn send(&self, mail: &MailRow) -> Result<(), SendError> {
        let message = message(&self.from, mail)?;
        match &self.way {
            Way::Smtp(relay) => relay.send(mail, message).await,
            Way::Folder(folder) => folder.write(mail, message.formatted()).await,
        }
    }

    /// Looks whether mails can leave, sending none; says what was found.
    pub async fn check(&self) -> Result<String, SendError> {
        match &self.way {
            Way::Smtp(relay) => relay.check().await,
            Way::Folder(folder) => folder.check().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_sender_names_its_setting_and_what_was_expected() {
        for from in
            ["", "Rollover", "rollover@", "Rollover <rollover@example.com", "a@b.example, c@d.example"]
        {
            let error = MailTransport::from_url("file:mail", from).unwrap_err().to_string();
            assert!(error.contains("mail.from (ROLLOVER_MAIL_FROM)"), "{error}");
            assert!(error.contains("Rollover <rollover@example.com>"), "{error}");
        }
        for from in ["rollover@example.com", "Rollover <rollover@localhost>", "\"Nes, IT\" <it@nes.example>"]
        {
            MailTransport::from_url("file:mail", from).unwrap();
        }
    }

    #[test]
    fn nothing_that_is_printed_holds_the_password() {
        let wrong = [
            "smtp://user:s3cret@host:port",
            "smtp://user:s3cret@",
            "smtp://user:s3cret@host?tls=s3cret",
            "smtps://user:s3cret@host?tls=none",
            "smtp://user:s3cret%ff@host",
            "imap://user:s3cret@host",
            "user:s3cret@host",
        ];
        for url in wrong {
            let error = MailTransport::from_url(url, "a@b.example").unwrap_err();
            let printed = format!("{error} {error:?}");
            assert!(!printed.contains("s3cret"), "{printed}");
            assert!(printed.contains("mail.url (ROLLOVER_MAIL_URL)") && printed.contains(FORMS), "{printed}");
        }
        let good = MailTransport::from_url("smtp://user:s3cret@host", "a@b.example").unwrap();
        assert!(!format!("{good:?}").contains("s3cret"), "{good:?}");
    }
}
