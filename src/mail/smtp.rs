//! Mail over SMTP: one connection a mail, a limit on the whole conversation, and what a refusal asks of people.

use super::{tls, transport::SendError, url::Security};
use crate::ledger::MailRow;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, address::Envelope, transport::smtp,
};
use smtp::client::Tls;
use std::{net::IpAddr, time::Duration};
use tokio::time::timeout;
use url::Url;

/// From connecting to the server's last word.
const LONGEST_CONVERSATION: Duration = Duration::from_secs(60);

/// Connections are not kept: a conversation that was broken off halfway would leave its answers to the next mail.
#[derive(Debug)]
pub(super) struct SmtpRelay {
    /// `host:port`.
    server: String,
    security: Security,
    /// The server is this machine.
    near: bool,
    signs_in: bool,
    client: AsyncSmtpTransport<Tokio1Executor>,
}

/// Who can act on a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Nobody: it is tried again by itself.
    Time,
    /// Who runs us: the server does not know our user.
    SignIn,
    /// Who runs us: the server cannot do what the setting asks for, as STARTTLS.
    Setting,
    /// Who knows the addresses: the server will not have this mail.
    Addresses,
}

/// `code`: the server's answer; `None` when there was none. `ours`: it was we who would not go on, since the server
/// offers too little; for an address with letters beyond ASCII that is too little for this mail alone.
const fn decide_remedy(code: Option<u16>, ours: bool, ascii: bool) -> Remedy {
    match code {
        Some(530 | 534 | 535 | 538) => Remedy::SignIn,
        Some(500..=599) => Remedy::Addresses,
        Some(_) => Remedy::Time,
        None if ours && ascii => Remedy::Setting,
        None if ours => Remedy::Addresses,
        None => Remedy::Time,
    }
}

impl SmtpRelay {
    /// `url` has its port and no query. `tls` is for a line with encryption.
    pub(super) fn new(
        url: &Url,
        security: Security,
        tls: smtp::client::TlsParameters,
    ) -> Result<Self, String> {
        let host = url.host_str().unwrap_or_default();
        let server = format!("{host}:{}", url.port().unwrap_or_default());
        let near = match url.host() {
            // Of the web's own schemes alone the parser makes addresses of what looks like one.
            Some(url::Host::Domain(name)) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let signs_in = url.password().is_some();
        let client = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|error| format!("it cannot be used ({error})"))?
            .tls(match security {
                Security::Tls => Tls::Wrapper(tls),
                Security::StartTls => Tls::Required(tls),
                Security::Plain => Tls::None,
            })
            .timeout(Some(LONGEST_CONVERSATION))
            .build();
        Ok(Self { server, security, near, signs_in, client })
    }

    /// Whether nobody between us and the server can read a mail.
    pub(super) fn keeps_secret(&self) -> bool {
        self.near || self.security != Security::Plain
    }

    pub(super) async fn send(&self, mail: &MailRow, message: Message) -> Result<(), SendError> {
        let ascii = has_ascii_addresses(message.envelope());
        let error = match timeout(LONGEST_CONVERSATION, self.client.send(message)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => return Err(self.silent()),
        };
        if let Some(told) = self.setting_words(&error, ascii) {
            // Once the setting or the server is corrected the mail leaves by itself.
            return Err(SendError::Later(told));
        }
        Err(match decide_remedy(code(&error), error.is_client(), ascii) {
            Remedy::Addresses => SendError::Refused(format!(
                "{}: correct status_mail_to of customer {} or the sender mail.from, then run this job again",
                self.words(&error),
                mail.customer_id.as_deref().unwrap_or("-"),
            )),
            _ => SendError::Later(self.words(&error)),
        })
    }

    /// Connects, greets, signs in when there is a user, and takes leave.
    pub(super) async fn check(&self) -> Result<String, SendError> {
        match timeout(LONGEST_CONVERSATION, self.client.test_connection()).await {
            Ok(Ok(true)) => {
                let sign_in = if self.signs_in { " and takes the sign-in" } else { "" };
                let security = self.security.as_str();
                Ok(format!("the mail server {} answers{sign_in} ({security})", self.server))
            }
            Ok(Ok(false)) => Err(SendError::Later(format!(
                "the mail server {} greets and then does not answer: try again, or see its log",
                self.server
            ))),
            Ok(Err(error)) => Err(match self.setting_words(&error, true) {
                Some(told) => SendError::Refused(told),
                None => SendError::Later(format!(
                    "{}: see whether mail.url (ROLLOVER_MAIL_URL) names the right server, port and security",
                    self.words(&error)
                )),
            }),
            Err(_) => Err(self.silent()),
        }
    }

    /// What the person does who runs us, when the error is theirs.
    fn setting_words(&self, error: &smtp::Error, ascii: bool) -> Option<String> {
        if let Some(trouble) = tls::trouble(error) {
            return Some(trouble.told(&self.server));
        }
        let advice = match decide_remedy(code(error), error.is_client(), ascii) {
            Remedy::SignIn => "correct user and password in mail.url (ROLLOVER_MAIL_URL)",
            Remedy::Setting => {
                "neither password nor mail was sent: correct scheme, port and user in mail.url (ROLLOVER_MAIL_URL), or \
                 have the server offer it"
            }
            Remedy::Time | Remedy::Addresses => return None,
        };
        Some(format!("{}: {advice}", self.words(error)))
    }

    fn words(&self, error: &smtp::Error) -> String {
        // The server's own text is the source; it may have several lines.
        let source = std::error::Error::source(error).map(ToString::to_string);
        let text = source.unwrap_or_else(|| error.to_string());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match code(error) {
            Some(code) => format!("the mail server {} answers {code} {text}", self.server),
            None => format!("the mail server {} does not take mail ({text})", self.server),
        }
    }

    fn silent(&self) -> SendError {
        let seconds = LONGEST_CONVERSATION.as_secs();
        SendError::Later(format!(
            "the mail server {} was silent for {seconds} s: one that speaks TLS at once wants smtps:// in mail.url",
            self.server
        ))
    }
}

fn has_ascii_addresses(envelope: &Envelope) -> bool {
    let mut addresses = envelope.to().iter().chain(envelope.from());
    addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii())
}

fn code(error: &smtp::Error) -> Option<u16> {
    error.status().map(u16::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lasting_refusal_needs_a_person() {
        let cases = [
            (None, Remedy::Time),
            (Some(421), Remedy::Time),
            (Some(451), Remedy::Time),
            (Some(454), Remedy::Time),
            (Some(499), Remedy::Time),
            (Some(500), Remedy::Addresses),
            (Some(530), Remedy::SignIn),
            (Some(535), Remedy::SignIn),
            (Some(550), Remedy::Addresses),
            (Some(554), Remedy::Addresses),
        ];
        for (code, expected) in cases {
            assert_eq!(decide_remedy(code, false, true), expected, "{code:?}");
        }
    }

    #[test]
    fn what_we_would_not_do_is_a_setting_or_an_address() {
        assert_eq!(decide_remedy(None, true, true), Remedy::Setting);
        assert_eq!(decide_remedy(None, true, false), Remedy::Addresses);
        assert_eq!(decide_remedy(None, false, false), Remedy::Time);
    }
}
