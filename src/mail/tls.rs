//! Encryption of the line to the mail server: whom we trust, and what a person does about a certificate that is refused.

use lettre::transport::smtp::client::{Certificate, TlsParameters};
use rustls::CertificateError;
use std::{error::Error, io, path::Path};

/// A handful of certificates; a larger file is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
const FIRST_LINE: &str = "-----BEGIN CERTIFICATE-----";

/// Why an encrypted line did not come to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsTrouble {
    /// No authority that we trust has signed the certificate.
    UnknownAuthority,
    /// The certificate is for these names.
    OtherName(Vec<String>),
    /// It has run out, or is not valid yet.
    OutOfTime,
    /// What answers is no TLS.
    NoTls,
    Other(String),
}

/// Trusts the public authorities, and those in the file; an empty path is none. What is wrong is wrong with the file.
pub(super) fn parameters(host: &str, ca_file: &Path) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if !ca_file.as_os_str().is_empty() {
        builder = builder.add_root_certificate(authorities(ca_file)?);
    }
    builder.build().map_err(|error| format!("it holds no usable certificate ({error}): {EXPECTED}"))
}

const EXPECTED: &str = "expected a file with the certificates of your mail server's authority in PEM form";

fn authorities(path: &Path) -> Result<Certificate, String> {
    let unread = |error: io::Error| format!("it cannot be read ({error}): {EXPECTED}");
    let size = std::fs::metadata(path).map_err(unread)?.len();
    if size > MAX_FILE_BYTES {
        return Err(format!("its {size} bytes are more than certificates have: {EXPECTED}"));
    }
    let text = std::fs::read(path).map_err(unread)?;
    if !text.windows(FIRST_LINE.len()).any(|line| line == FIRST_LINE.as_bytes()) {
        return Err(format!("it has no line {FIRST_LINE}: {EXPECTED}"));
    }
    Certificate::from_pem(&text).map_err(|error| format!("it is damaged ({error}): {EXPECTED}"))
}

/// What stands behind an error of the mail client, when encryption does.
pub(super) fn trouble(error: &lettre::transport::smtp::Error) -> Option<TlsTrouble> {
    let mut source = error.source();
    while let Some(inner) = source {
        let cause = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(tls) = cause.and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Some(decide_trouble(tls));
        }
        source = inner.source();
    }
    None
}

fn decide_trouble(error: &rustls::Error) -> TlsTrouble {
    match error {
        rustls::Error::InvalidCertificate(wrong) => match wrong {
            // A bad signature is that of an authority of a known name with another key, as after a renewal.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsTrouble::UnknownAuthority,
            CertificateError::NotValidForName => TlsTrouble::OtherName(Vec::new()),
            CertificateError::NotValidForNameContext { presented, .. } => {
                TlsTrouble::OtherName(presented.iter().map(|name| bare(name)).collect())
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsTrouble::OutOfTime,
            _ => TlsTrouble::Other(error.to_string()),
        },
        rustls::Error::InvalidMessage(_) => TlsTrouble::NoTls,
        _ => TlsTrouble::Other(error.to_string()),
    }
}

/// Of `DnsName("mail.example.com")` the name.
fn bare(name: &str) -> String {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    inner.trim_matches(['(', ')', '"']).to_owned()
}

impl TlsTrouble {
    /// What happened and what to do; `server` is `host:port`.
    pub(super) fn told(&self, server: &str) -> String {
        match self {
            Self::UnknownAuthority => format!(
                "the mail server {server} shows a certificate of an authority that is not known here: name a file \
                 with that authority's certificate in mail.ca_file (ROLLOVER_MAIL_CA_FILE)"
            ),
            Self::OtherName(names) => format!(
                "the mail server {server} shows a certificate for another name ({}): write the name that stands in \
                 the certificate into mail.url (ROLLOVER_MAIL_URL), if that is your server",
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            ),
            Self::OutOfTime => format!(
                "the mail server {server} shows a certificate that has run out or is not valid yet: have it renewed, \
                 and see whether the clock of this machine is right"
            ),
            Self::NoTls => format!(
                "the mail server {server} does not speak TLS on this port: write smtps:// with its TLS port (465) or \
                 smtp:// with its STARTTLS port (587) into mail.url (ROLLOVER_MAIL_URL)"
            ),
            Self::Other(why) => format!(
                "no encrypted line to the mail server {server} comes about ({why}): see its certificate and its log"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_its_remedy() {
        let certificate = rustls::Error::InvalidCertificate;
        let other_name = CertificateError::NotValidForNameContext {
            expected: "mail.example.com".try_into().unwrap(),
            presented: vec!["DnsName(\"other.example\")".to_owned(), "IpAddress(127.0.0.1)".to_owned()],
        };
        for (error, expected) in [
            (certificate(CertificateError::UnknownIssuer), "in mail.ca_file"),
            (certificate(other_name), "another name (other.example, 127.0.0.1)"),
            (certificate(CertificateError::NotValidForName), "another name (none)"),
            (certificate(CertificateError::Expired), "have it renewed"),
            (certificate(CertificateError::NotValidYet), "the clock of this machine"),
            (certificate(CertificateError::BadSignature), "in mail.ca_file"),
            (certificate(CertificateError::BadEncoding), "see its certificate"),
            (rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType), "does not speak TLS"),
            (rustls::Error::HandshakeNotComplete, "see its certificate"),
        ] {
            let told = decide_trouble(&error).told("mail:465");
            assert!(told.contains(expected) && told.contains("mail:465"), "{error}: {told}");
        }
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        for (text, why) in [
            ("", "no line -----BEGIN CERTIFICATE-----"),
            ("-----BEGIN CERTIFICATE-----\nnonsense", "it is damaged"),
            ("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "no usable certificate"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = parameters("mail", &file).map(drop).unwrap_err();
            assert!(error.contains(why) && error.contains("PEM"), "{text}: {error}");
        }
        let missing = parameters("mail", &folder.path().join("none")).map(drop).unwrap_err();
        assert!(missing.contains("cannot be read"), "{missing}");
    }
}
