//! The options that say where a customer's rosters come from: the folder, or an address that they are fetched from.

use crate::{
    exit::ExitError,
    source::{SECRET_PREFIX, Secrets},
};
use clap::Args;
use rollover_jobs::{Fetch, FetchAddress, HostKey, SecretName};
use std::str::FromStr;

/// What is not given stays as it is.
#[derive(Debug, Default, Args)]
pub(super) struct FetchFields {
    /// Where the rosters come from: folder, https://[USER@]HOST/PATH or sftp://USER@HOST/FOLDER/FILE, whose name may
    /// hold one *. Without a user, https takes the secret for a bearer token.
    #[arg(long, value_name = "folder|ADDRESS", value_parser = From::from_str)]
    roster_from: Option<From>,
    /// Name of the secret that opens that place: NES for the value of ROLLOVER_SECRET_NES where the workers run, a
    /// password, a token, or for sftp a private key.
    #[arg(long, value_name = "NAME", value_parser = SecretName::from_str)]
    roster_secret: Option<SecretName>,
    /// The one key that the sftp server may show, as ssh-keygen -l prints it.
    #[arg(long, value_name = "SHA256:…", value_parser = HostKey::from_str)]
    roster_host_key: Option<HostKey>,
    /// What becomes of a fetched file at the sftp server: leave, or the folder beside it that it is moved to.
    #[arg(long, value_name = "leave|FOLDER", value_parser = After::from_str)]
    roster_after: Option<After>,
}

#[derive(Debug, Clone)]
enum From {
    Folder,
    Address(FetchAddress),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "folder" => Ok(Self::Folder),
            address => {
                address.parse().map(Self::Address).map_err(|error: rollover_jobs::BadFetch| error.to_string())
            }
        }
    }
}

/// `None`: it is left where it lies.
#[derive(Debug, Clone)]
struct After(Option<String>);

impl FromStr for After {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("expected leave, or a folder of the server".to_owned()),
            "leave" => Ok(Self(None)),
            folder => Ok(Self(Some(folder.to_owned()))),
        }
    }
}

impl FetchFields {
    /// Changes the setting; one whose parts do not go together is refused.
    pub fn apply(self, setting: &mut Option<Fetch>) -> Result<(), ExitError> {
        let changes =
            self.roster_secret.is_some() || self.roster_host_key.is_some() || self.roster_after.is_some();
        match self.roster_from {
            Some(From::Folder) => *setting = None,
            Some(From::Address(from)) => {
                let before = setting.take();
                // Secret and key belong to a host: another one must not see them because somebody forgot them.
                let kept = before.filter(|before| {
                    before.from.host() == from.host() && before.from.protocol() == from.protocol()
                });
                *setting = Some(match kept {
                    Some(kept) => Fetch { from, ..kept },
                    None => Fetch::new(from),
                });
            }
            None => {}
        }
        let Some(fetch) = setting else {
            return if changes {
                Err(ExitError::usage(
                    "its rosters lie in the folder: say where they come from with --roster-from",
                ))
            } else {
                Ok(())
            };
        };
        if self.roster_secret.is_some() {
            fetch.secret = self.roster_secret;
        }
        if self.roster_host_key.is_some() {
            fetch.host_key = self.roster_host_key;
        }
        if let Some(After(folder)) = self.roster_after {
            fetch.move_to = folder;
        }
        fetch.check().map_err(|error| ExitError::usage(error.to_string()))
    }
}

/// The workers need the secret, and they may run elsewhere: that it is not known here is worth a word, no more.
pub(super) fn unknown_secret(fetch: Option<&Fetch>, secrets: &Secrets) -> Option<String> {
    let name = fetch?.secret.as_ref()?;
    secrets.get(name).is_none().then(|| {
        format!(
            "the secret {name} is not known here: set {SECRET_PREFIX}{name} wherever workers and doctor run"
        )
    })
}

/// Where rosters come from, for people.
pub(super) fn words(fetch: Option<&Fetch>) -> String {
    let Some(fetch) = fetch else { return "rosters come to its folder".to_owned() };
    let mut words = format!("rosters are fetched from {}", fetch.from);
    if let Some(secret) = &fetch.secret {
        words.push_str(&format!(" with the secret {secret}"));
    }
    if let Some(key) = &fetch.host_key {
        words.push_str(&format!(", host key {}", key.as_str()));
    }
    if let Some(folder) = &fetch.move_to {
        words.push_str(&format!(", and moved to {folder} there"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(from: Option<&str>, secret: Option<&str>, after: Option<&str>) -> FetchFields {
        FetchFields {
            roster_from: from.map(|text| text.parse().unwrap()),
            roster_secret: secret.map(|text| text.parse().unwrap()),
            roster_host_key: None,
            roster_after: after.map(|text| text.parse().unwrap()),
        }
    }

    #[test]
    fn what_is_given_changes_and_another_host_does_not_see_the_secret() {
        let mut setting = None;
        fields(Some("sftp://nes@one.example/out/*.xml"), Some("NES"), Some("done"))
            .apply(&mut setting)
            .unwrap();
        fields(Some("sftp://nes@one.example/in/*.xml"), None, None).apply(&mut setting).unwrap();
        let kept = words(setting.as_ref());
        assert_eq!(
            kept,
            "rosters are fetched from sftp://nes@one.example/in/*.xml with the secret NES, and moved to done there"
        );
        let other = fields(Some("sftp://nes@two.example/in/*.xml"), None, None).apply(&mut setting.clone());
        assert!(other.unwrap_err().to_string().contains("name it with --roster-secret"));
        fields(None, None, Some("leave")).apply(&mut setting).unwrap();
        assert_eq!(setting.as_ref().unwrap().move_to, None);
        fields(Some("folder"), None, None).apply(&mut setting).unwrap();
        assert_eq!(setting, None);
        assert!(fields(None, Some("NES"), None).apply(&mut setting).is_err());
    }
}
