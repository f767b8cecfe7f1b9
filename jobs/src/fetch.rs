//! Where a customer's rosters are fetched from, when the MIS does not lay them down by itself: the setting, checked.
//!
//! It names the secret that opens the place and never holds it: settings stand in the ledger, are shown and backed up.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use url::Url;

/// The place, and how one enters it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    pub from: FetchAddress,
    /// The secret that opens it; `None`: the place is open to everybody.
    pub secret: Option<SecretName>,
    /// SFTP: the one key that the server may show, as `SHA256:…`.
    pub host_key: Option<HostKey>,
    /// SFTP: the folder of theirs that a fetched file is moved to; `None`: it is left where it lies.
    pub move_to: Option<String>,
}

/// How a place is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Https,
    Sftp,
}

/// `https://user@host/path` (basic; without a user the secret is a bearer token) or `sftp://user@host/folder/file`,
/// where one `*` in the file's name stands for anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FetchAddress(Url);

/// The text is no address that rosters can be fetched from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadFetch(String);

impl FetchAddress {
    pub fn url(&self) -> &Url {
        &self.0
    }

    pub fn protocol(&self) -> Protocol {
        if self.0.scheme() == "sftp" { Protocol::Sftp } else { Protocol::Https }
    }

    /// Without brackets around an IPv6 address.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }
}

impl FromStr for FetchAddress {
    type Err = BadFetch;

    /// The text is not repeated in the error: somebody may have written a password into it.
    fn from_str(text: &str) -> Result<Self, BadFetch> {
        let wrong = |why: &str| Err(BadFetch(why.to_owned()));
        let Ok(url) = Url::parse(text) else { return wrong(EXPECTED) };
        if url.password().is_some() {
            return wrong(
                "the address holds a password: take it out, and name the secret with --roster-secret",
            );
        }
        if url.host_str().is_none_or(str::is_empty) || url.fragment().is_some() {
            return wrong(EXPECTED);
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "sftp" if url.username().is_empty() => wrong("sftp needs the user, as sftp://nes@host/out/*.xml"),
            "sftp" if url.query().is_some() || !is_file_pattern(url.path()) => wrong(
                "sftp needs the path of a file, with at most one * in its name, as sftp://nes@host/out/*.xml",
            ),
            "sftp" => Ok(Self(url)),
            _ => wrong(EXPECTED),
        }
    }
}

const EXPECTED: &str = "expected folder, https://host/path or sftp://user@host/folder/file";

fn is_file_pattern(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    !name.is_empty() && !folder.contains('*') && name.matches('*').count() <= 1
}

impl TryFrom<String> for FetchAddress {
    type Error = BadFetch;

    fn try_from(text: String) -> Result<Self, BadFetch> {
        text.parse()
    }
}

impl From<FetchAddress> for String {
    fn from(address: FetchAddress) -> Self {
        address.0.into()
    }
}

impl fmt::Display for FetchAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Name of a secret: `NES` is the value of ROLLOVER_SECRET_NES where the workers run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

impl SecretName {
    const MAX_LEN: usize = 60;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = BadFetch;

    fn from_str(text: &str) -> Result<Self, BadFetch> {
        let fits = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if fits && !text.is_empty() && text.len() <= Self::MAX_LEN {
            Ok(Self(text.to_owned()))
        } else {
            // The secret itself may have been given for its name.
            Err(BadFetch(
                "expected the name of a secret, of A-Z, 0-9 and _: NES for the value of ROLLOVER_SECRET_NES"
                    .to_owned(),
            ))
        }
    }
}

impl TryFrom<String> for SecretName {
    type Error = BadFetch;

    fn try_from(text: String) -> Result<Self, BadFetch> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fingerprint of a server's key, as `ssh-keygen -l` prints it: `SHA256:` and 43 of base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostKey(String);

impl HostKey {
    const BASE64_LEN: usize = 43;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostKey {
    type Err = BadFetch;

    fn from_str(text: &str) -> Result<Self, BadFetch> {
        let digest = text.strip_prefix("SHA256:").filter(|digest| {
            digest.len() == Self::BASE64_LEN
                && digest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
        });
        match digest {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(BadFetch(format!(
                "{text:?}: expected the fingerprint of the server's key as ssh-keygen -l prints it, SHA256:…"
            ))),
        }
    }
}

impl TryFrom<String> for HostKey {
    type Error = BadFetch;

    fn try_from(text: String) -> Result<Self, BadFetch> {
        text.parse()
    }
}

impl From<HostKey> for String {
    fn from(key: HostKey) -> Self {
        key.0
    }
}

impl Fetch {
    pub const fn new(from: FetchAddress) -> Self {
        Self { from, secret: None, host_key: None, move_to: None }
    }

    /// What does not go together; the fields by themselves are checked when they are read.
    pub fn check(&self) -> Result<(), BadFetch> {
        let wrong = |why: &str| Err(BadFetch(why.to_owned()));
        match self.from.protocol() {
            Protocol::Https if self.host_key.is_some() || self.move_to.is_some() => wrong(
                "a host key and a folder to move files to belong to sftp: take them away, or fetch by sftp",
            ),
            Protocol::Https if !self.from.url().username().is_empty() && self.secret.is_none() => {
                wrong("the address names a user: name the secret with the password too, with --roster-secret")
            }
            Protocol::Sftp if self.secret.is_none() => wrong(
                "sftp needs a secret with the password or the private key: name it with --roster-secret",
            ),
            Protocol::Https | Protocol::Sftp => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_sftp_and_holds_no_password() {
        for right in [
            "https://mis.example/export/nes.xml?form=imse",
            "https://nes@mis.example:8443/nes.xml",
            "sftp://nes@sftp.example/out/roster.xml",
            "sftp://nes@sftp.example:2222/out/roster-*.xml",
            "sftp://nes@[2001:db8::1]/*.zip",
        ] {
            assert_eq!(right.parse::<FetchAddress>().unwrap().to_string(), right);
        }
        for (wrong, why) in [
            ("http://mis.example/nes.xml", "expected folder, https"),
            ("file:///etc/passwd", "expected folder, https"),
            ("mis.example", "expected folder, https"),
            ("https://nes:geheim@mis.example/nes.xml", "holds a password"),
            ("https://mis.example/nes.xml#part", "expected folder, https"),
            ("sftp://sftp.example/out/roster.xml", "needs the user"),
            ("sftp://nes@sftp.example/out/", "path of a file"),
            ("sftp://nes@sftp.example/*/roster.xml", "path of a file"),
            ("sftp://nes@sftp.example/a*b*.xml", "path of a file"),
        ] {
            let error = wrong.parse::<FetchAddress>().unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("geheim"), "{wrong}: {error}");
        }
    }

    #[test]
    fn names_and_fingerprints_have_their_form() {
        assert!("NES_2".parse::<SecretName>().is_ok());
        for wrong in ["", "nes", "NES-2", "s3cret!"] {
            let error = wrong.parse::<SecretName>().unwrap_err().to_string();
            assert!(error.contains("ROLLOVER_SECRET_NES") && !error.contains("s3cret"), "{error}");
        }
        let key = format!("SHA256:{}", "a".repeat(43));
        assert!(key.parse::<HostKey>().is_ok());
        for wrong in ["", "SHA256:", "MD5:aa:bb", &key[..49], "SHA256:!"] {
            assert!(wrong.parse::<HostKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let fetch = |text: &str| Fetch::new(text.parse().unwrap());
        let secret = Some("NES".parse().unwrap());
        let https = fetch("https://mis.example/nes.xml");
        let sftp = fetch("sftp://nes@sftp.example/nes.xml");
        assert!(https.check().is_ok());
        assert!(
            Fetch { secret: secret.clone(), move_to: Some("done".into()), ..sftp.clone() }.check().is_ok()
        );
        for (wrong, why) in [
            (sftp, "sftp needs a secret"),
            (fetch("https://nes@mis.example/nes.xml"), "names a user"),
            (Fetch { move_to: Some("done".into()), ..https }, "belong to sftp"),
        ] {
            assert!(wrong.check().unwrap_err().to_string().contains(why), "{wrong:?}");
        }
    }
}
