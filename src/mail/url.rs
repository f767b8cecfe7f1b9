//! The setting `mail.url`: which server with which security, or which folder.

use std::{path::PathBuf, str::FromStr};
use url::Url;

/// The forms that are understood, for errors.
pub(super) const FORMS: &str = "smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS), \
     smtp://host:25?tls=none (neither) or file:FOLDER, with the signs @ : / ? # % of a password as %40 %3A %2F %3F \
     %23 %25";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MailUrl {
    /// The URL has neither query nor fragment, and its port.
    Smtp {
        url: Url,
        security: Security,
    },
    Folder(PathBuf),
}

/// How the line to the server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// TLS from the first byte.
    Tls,
    /// Changes to TLS before anything is said; a server that cannot is not used.
    StartTls,
    /// Loopback, or by wish.
    Plain,
}

impl Security {
    const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::Plain => 25,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::StartTls => "STARTTLS",
            Self::Plain => "no encryption",
        }
    }
}

impl FromStr for MailUrl {
    /// What is wrong; never a part of the text, which may hold a password.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err("it names no folder".to_owned())
            } else {
                Ok(Self::Folder(PathBuf::from(path)))
            };
        }
        let mut url = Url::parse(text).map_err(|error| format!("it is no address ({error})"))?;
        let security = decide_security(url.scheme(), url.query())?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err("it names no server".to_owned());
        }
        if url.username().is_empty() != url.password().is_none_or(str::is_empty) {
            return Err("a user and a password go together".to_owned());
        }
        if url.port().is_none() {
            url.set_port(Some(security.port())).expect("an address with a server can have a port");
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self::Smtp { url, security })
    }
}

fn decide_security(scheme: &str, query: Option<&str>) -> Result<Security, String> {
    match (scheme, query) {
        ("smtps", None) => Ok(Security::Tls),
        ("smtp", None) => Ok(Security::StartTls),
        ("smtp", Some("tls=none")) => Ok(Security::Plain),
        ("smtp" | "smtps", Some(_)) => Err("its one option is tls=none, with smtp:".to_owned()),
        _ => Err("mails leave by smtp:, smtps: and file: only".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_and_port_follow_the_scheme() {
        let cases = [
            ("smtp://mail.example.com", Security::StartTls, 587),
            ("smtp://user:pass@mail.example.com:2525", Security::StartTls, 2525),
            ("smtps://user:pass@mail.example.com", Security::Tls, 465),
            ("smtp://localhost?tls=none", Security::Plain, 25),
            ("smtp://127.0.0.1:1025?tls=none#mail", Security::Plain, 1025),
        ];
        for (text, expected, port) in cases {
            let MailUrl::Smtp { url, security } = text.parse().unwrap() else { panic!("{text}") };
            assert_eq!((security, url.port(), url.query()), (expected, Some(port), None), "{text}");
        }
    }

    #[test]
    fn a_folder_is_relative_or_absolute() {
        for (text, path) in [("file:mail", "mail"), ("file:/var/mail", "/var/mail"), ("file:///m", "/m")] {
            assert_eq!(text.parse(), Ok(MailUrl::Folder(PathBuf::from(path))), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error_not_a_guess() {
        let wrong = [
            "",
            "mail.example.com",
            "http://mail.example.com",
            "smtp:",
            "smtp://",
            "smtp://user@host",
            "smtp://:pass@host",
            "smtp://host?tls=opportunistic",
            "smtp://host?",
            "smtps://host?tls=none",
            "file:",
            "file://",
        ];
        for text in wrong {
            assert!(text.parse::<MailUrl>().is_err(), "{text}");
        }
    }
}
