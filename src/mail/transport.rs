//! How a mail leaves: by SMTP, or as a file into a folder.

use super::{
    attached::Attached,
    folder::MailFolder,
    message::message,
    smtp::SmtpRelay,
    tls,
    url::{FORMS, MailUrl},
};
use crate::ledger::MailRow;
use lettre::message::Mailbox;
use std::path::Path;

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

/// The way that the settings name. Opening it touches no network, and of the disk `mail.ca_file` alone.
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

/// What is wrong with the setting `mail.url`: never a part of it, which may hold a password.
pub fn check_url(url: &str) -> Result<(), String> {
    way(url, Path::new("")).map(drop)
}

/// What is wrong with the setting `mail.from`.
pub fn check_sender(from: &str) -> Result<(), String> {
    sender(from).map(drop)
}

/// What is wrong with the file of the setting `mail.ca_file`.
pub fn check_authorities(ca_file: &Path) -> Result<(), String> {
    tls::parameters("localhost", ca_file).map(drop)
}

fn sender(from: &str) -> Result<Mailbox, String> {
    from.parse().map_err(|_| {
        "it is no mailbox: expected it as rollover@example.com or Rollover <rollover@example.com>".to_owned()
    })
}

fn way(url: &str, ca_file: &Path) -> Result<Way, String> {
    let wrong = |why: String| format!("{why}: expected {FORMS}");
    match url.parse().map_err(wrong)? {
        MailUrl::Folder(path) => Ok(Way::Folder(MailFolder::new(path))),
        MailUrl::Smtp { url, security } => {
            let tls = tls::parameters(&host_of(&url), ca_file)?;
            Ok(Way::Smtp(Box::new(SmtpRelay::new(&url, security, tls).map_err(wrong)?)))
        }
    }
}

/// As a certificate names it: an address of version 6 without brackets.
fn host_of(url: &url::Url) -> String {
    url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
}

impl MailTransport {
    /// `url`, `from` and `ca_file` are the settings of these names under `mail`; an empty `ca_file` adds no authority.
    pub fn open(url: &str, from: &str, ca_file: &Path) -> Result<Self, SendError> {
        let wrong = |key: &str, why: String| SendError::Refused(format!("{key}: {why}"));
        let from =
            sender(from).map_err(|why| wrong(&format!("mail.from (ROLLOVER_MAIL_FROM) {from:?}"), why))?;
        check_authorities(ca_file).map_err(|why| {
            wrong(&format!("mail.ca_file (ROLLOVER_MAIL_CA_FILE) {:?}", ca_file.display().to_string()), why)
        })?;
        let way = way(url, ca_file).map_err(|why| wrong("mail.url (ROLLOVER_MAIL_URL)", why))?;
        Ok(Self { from, way })
    }

    /// Sends one mail. Sent twice, both have the same Message-ID, and in a folder the same name.
    pub async fn send(&self, mail: &MailRow, attached: Option<&Attached>) -> Result<(), SendError> {
        let message = message(&self.from, mail, attached)?;
        match &self.way {
            Way::Smtp(relay) => relay.send(mail, message).await,
            Way::Folder(folder) => folder.write(mail, message.formatted()).await,
        }
    }

    /// Whether a mail is kept secret until the next server has it: never as a file, where it lies for anybody who reads
    /// the folder.
    pub fn keeps_secret(&self) -> bool {
        match &self.way {
            Way::Smtp(relay) => relay.keeps_secret(),
            Way::Folder(_) => false,
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
            let error = MailTransport::open("file:mail", from, Path::new("")).unwrap_err().to_string();
            assert!(error.contains("mail.from (ROLLOVER_MAIL_FROM)"), "{error}");
            assert!(error.contains("Rollover <rollover@example.com>"), "{error}");
        }
        for from in ["rollover@example.com", "Rollover <rollover@localhost>", "\"Nes, IT\" <it@nes.example>"]
        {
            MailTransport::open("file:mail", from, Path::new("")).unwrap();
        }
    }

    #[test]
    fn children_stay_out_of_mails_that_others_can_read() {
        let cases = [
            ("smtps://user:pass@mail.example.com", true),
            ("smtp://mail.example.com", true),
            ("smtp://mail.example.com?tls=none", false),
            ("smtp://192.0.2.7:25?tls=none", false),
            ("smtp://localhost.example.com:25?tls=none", false),
            ("smtp://localhost:1025?tls=none", true),
            ("smtp://127.0.0.1:1025?tls=none", true),
            ("smtp://[::1]:1025?tls=none", true),
            ("file:mail", false),
        ];
        for (url, expected) in cases {
            let transport = MailTransport::open(url, "a@b.example", Path::new("")).unwrap();
            assert_eq!(transport.keeps_secret(), expected, "{url}");
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
            let error = MailTransport::open(url, "a@b.example", Path::new("")).unwrap_err();
            let printed = format!("{error} {error:?}");
            assert!(!printed.contains("s3cret"), "{printed}");
            assert!(printed.contains("mail.url (ROLLOVER_MAIL_URL)") && printed.contains(FORMS), "{printed}");
        }
        let good = MailTransport::open("smtp://user:s3cret@host", "a@b.example", Path::new("")).unwrap();
        assert!(!format!("{good:?}").contains("s3cret"), "{good:?}");
    }
}
