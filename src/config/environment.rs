//! The one place that reads the environment: variables that override settings, and secrets.

use super::{LogFormat, Problem, Settings};
use crate::source::{SECRET_PREFIX, Secrets};
use base64::{Engine, engine::general_purpose::STANDARD};
use rollover_roster::seal::{KEY_VARIABLE, Key, KeyId};
use std::{collections::HashMap, path::PathBuf};

/// Every variable that counts: name, and what it sets.
pub const VARIABLES: &[(&str, &str)] = &[
    ("ROLLOVER_CONFIG", "the settings file"),
    ("ROLLOVER_DATA", "data.folder"),
    ("ROLLOVER_LEDGER_URL", "ledger.url"),
    ("ROLLOVER_QUEUE_URL", "queue.url"),
    ("ROLLOVER_QUEUE_PREFIX", "queue.prefix"),
    ("ROLLOVER_ROSTERS", "rosters.folder"),
    ("ROLLOVER_SNAPSHOTS_URL", "snapshots.url"),
    ("ROLLOVER_SNAPSHOTS_CACHE", "snapshots.cache"),
    ("ROLLOVER_SNAPSHOTS_ENDPOINT", "snapshots.endpoint"),
    ("ROLLOVER_SNAPSHOTS_REGION", "snapshots.region"),
    ("ROLLOVER_SNAPSHOTS_CA_FILE", "snapshots.ca_file"),
    ("ROLLOVER_SNAPSHOTS_ENCRYPT_WITH", "snapshots.encrypt_with"),
    ("ROLLOVER_SNAPSHOTS_ACCESS_KEY", "who enters the bucket of snapshots (nowhere else)"),
    ("ROLLOVER_SNAPSHOTS_SECRET_KEY", "the secret of that key (nowhere else)"),
    ("ROLLOVER_SNAPSHOTS_SESSION_TOKEN", "the token of a key that runs out (nowhere else)"),
    ("ROLLOVER_ROSTERS_CA_FILE", "rosters.ca_file"),
    ("ROLLOVER_MAIL_URL", "mail.url"),
    ("ROLLOVER_MAIL_FROM", "mail.from"),
    ("ROLLOVER_MAIL_CA_FILE", "mail.ca_file"),
    ("ROLLOVER_WEB_LISTEN", "web.listen"),
    ("ROLLOVER_WEB_BASE_URL", "web.base_url"),
    ("ROLLOVER_WEB_USER", "web.user"),
    ("ROLLOVER_WEB_PASSWORD", "the operator's password for the pages (nowhere else)"),
    ("ROLLOVER_CONCURRENCY", "engine.concurrency"),
    ("ROLLOVER_LEASE_SECONDS", "engine.lease_seconds"),
    ("ROLLOVER_LOG_FORMAT", "log.format"),
    ("ROLLOVER_LOG", "log.level"),
    ("USER", "who is recorded as acting on the command line, when --by is not given"),
    ("LOGNAME", "the same, where USER is not set"),
];

/// The variables as they stood when the program began.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<&'static str, String>,
    secrets: Secrets,
    /// By id.
    snapshot_keys: Secrets,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the one file that reads the environment")]
    pub fn of_process() -> Self {
        let read = |(name, _): &(&'static str, &str)| Some((*name, std::env::var(name).ok()?));
        let named = |prefix: &'static str| {
            let one = move |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
                let name = name.to_str()?.strip_prefix(prefix)?.to_owned();
                Some((name, value.into_string().ok()?))
            };
            std::env::vars_os().filter_map(one).collect::<Secrets>()
        };
        Self {
            variables: VARIABLES.iter().filter_map(read).collect(),
            secrets: named(SECRET_PREFIX),
            snapshot_keys: named(KEY_VARIABLE),
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn config_file(&self) -> Option<PathBuf> {
        self.get("ROLLOVER_CONFIG").map(PathBuf::from)
    }

    /// Overrides settings; gives the names of the variables that did, and adds what is wrong with the others.
    pub(super) fn apply(&self, settings: &mut Settings, problems: &mut Vec<Problem>) -> Vec<&'static str> {
        settings.secrets = self.secrets.clone();
        for (id, key) in self.snapshot_keys.all() {
            match read_key(id, key) {
                Ok((id, key)) => drop(settings.snapshots.keys.insert(id, key)),
                Err(why) => problems.push(Problem {
                    key: "snapshots.encrypt_with".to_owned(),
                    value: None,
                    origin: format!("environment variable {KEY_VARIABLE}{id}"),
                    why: why.to_owned(),
                }),
            }
        }
        let mut used = Vec::new();
        for (name, key) in VARIABLES {
            let Some(value) = self.get(name) else { continue };
            match set(settings, name, value) {
                Ok(true) => used.push(*name),
                Ok(false) => {}
                Err(expected) => problems.push(Problem {
                    key: (*key).to_owned(),
                    value: Some(format!("{value:?}")),
                    origin: format!("environment variable {name}"),
                    why: format!("expected {expected}"),
                }),
            }
        }
        used
    }
}

/// `false`: the variable sets something else. An error says what was expected.
fn set(settings: &mut Settings, name: &str, value: &str) -> Result<bool, &'static str> {
    match name {
        "ROLLOVER_DATA" => settings.data.folder = PathBuf::from(value),
        "ROLLOVER_LEDGER_URL" => value.clone_into(&mut settings.ledger.url),
        "ROLLOVER_QUEUE_URL" => value.clone_into(&mut settings.queue.url),
        "ROLLOVER_QUEUE_PREFIX" => value.clone_into(&mut settings.queue.prefix),
        "ROLLOVER_ROSTERS" => settings.rosters.folder = PathBuf::from(value),
        "ROLLOVER_SNAPSHOTS_URL" => value.clone_into(&mut settings.snapshots.url),
        "ROLLOVER_SNAPSHOTS_CACHE" => settings.snapshots.cache = PathBuf::from(value),
        "ROLLOVER_SNAPSHOTS_ENDPOINT" => value.clone_into(&mut settings.snapshots.endpoint),
        "ROLLOVER_SNAPSHOTS_REGION" => value.clone_into(&mut settings.snapshots.region),
        "ROLLOVER_SNAPSHOTS_CA_FILE" => settings.snapshots.ca_file = PathBuf::from(value),
        "ROLLOVER_SNAPSHOTS_ENCRYPT_WITH" => value.clone_into(&mut settings.snapshots.encrypt_with),
        "ROLLOVER_SNAPSHOTS_ACCESS_KEY" => value.clone_into(&mut settings.snapshots.access.access_key),
        "ROLLOVER_SNAPSHOTS_SECRET_KEY" => value.clone_into(&mut settings.snapshots.access.secret_key),
        "ROLLOVER_SNAPSHOTS_SESSION_TOKEN" => value.clone_into(&mut settings.snapshots.access.session_token),
        "ROLLOVER_ROSTERS_CA_FILE" => settings.rosters.ca_file = PathBuf::from(value),
        "ROLLOVER_MAIL_URL" => value.clone_into(&mut settings.mail.url),
        "ROLLOVER_MAIL_FROM" => value.clone_into(&mut settings.mail.from),
        "ROLLOVER_MAIL_CA_FILE" => settings.mail.ca_file = PathBuf::from(value),
        "ROLLOVER_WEB_LISTEN" => value.clone_into(&mut settings.web.listen),
        "ROLLOVER_WEB_BASE_URL" => value.clone_into(&mut settings.web.base_url),
        "ROLLOVER_WEB_USER" => value.clone_into(&mut settings.web.user),
        "ROLLOVER_WEB_PASSWORD" => value.clone_into(&mut settings.web.password),
        "ROLLOVER_CONCURRENCY" => {
            settings.engine.concurrency = value.parse().map_err(|_| "a number of jobs")?;
        }
        "ROLLOVER_LEASE_SECONDS" => {
            settings.engine.lease_seconds = value.parse().map_err(|_| "a number of seconds")?;
        }
        "ROLLOVER_LOG_FORMAT" => {
            settings.log.format = match value {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err("text or json"),
            }
        }
        "ROLLOVER_LOG" => value.clone_into(&mut settings.log.level),
        _ => return Ok(false),
    }
    Ok(true)
}

/// A key of 32 bytes, in base64 or as hexadecimal digits.
fn read_key(id: &str, text: &str) -> Result<(KeyId, Key), &'static str> {
    const EXPECTED: &str =
        "expected 32 bytes, in base64 or as 64 hexadecimal digits: `openssl rand -base64 32` makes a key";
    let bytes = if text.len() == 64 { hexadecimal(text) } else { STANDARD.decode(text).ok() };
    let bytes: [u8; 32] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(EXPECTED)?;
    Ok((id.parse()?, Key::new(bytes)))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pair = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    text.as_bytes().chunks_exact(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_either_form_and_never_repeated() {
        let key = Key::new(std::array::from_fn(|at| at as u8));
        let right = [
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F",
        ];
        for text in right {
            assert_eq!(read_key("2026", text), Ok(("2026".parse().unwrap(), key.clone())), "{text}");
        }
        for text in ["", "geheim", &"zz".repeat(32), &"00".repeat(31), "AAECAwQFBgcICQoLDA0ODw=="] {
            assert!(read_key("2026", text).unwrap_err().contains("openssl rand"), "{text}");
        }
        assert!(read_key("of june", right[0]).unwrap_err().contains("A-Z"));
    }

    #[test]
    fn a_key_that_cannot_be_read_is_a_problem_of_its_variable() {
        let keys = [("2026", "geheim"), ("2025", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")];
        let keys = keys.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment { snapshot_keys: keys.into_iter().collect(), ..Environment::default() };
        let (mut settings, mut problems) = (Settings::default(), Vec::new());
        environment.apply(&mut settings, &mut problems);
        assert_eq!(settings.snapshots.keys.len(), 1);
        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        let told = problem.to_string();
        assert!(told.contains("ROLLOVER_SNAPSHOT_KEY_2026") && !told.contains("geheim"), "{told}");
    }
}
