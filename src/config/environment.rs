//! The one place that reads the environment: variables that override settings, and secrets.

use super::{LogFormat, Problem, Settings};
use crate::source::{SECRET_PREFIX, Secrets};
use std::{collections::HashMap, path::PathBuf};

/// Every variable that counts: name, and what it sets.
pub const VARIABLES: &[(&str, &str)] = &[
    ("ROLLOVER_CONFIG", "the settings file"),
    ("ROLLOVER_DATA", "data.folder"),
    ("ROLLOVER_LEDGER_URL", "ledger.url"),
    ("ROLLOVER_QUEUE_URL", "queue.url"),
    ("ROLLOVER_QUEUE_PREFIX", "queue.prefix"),
    ("ROLLOVER_ROSTERS", "rosters.folder"),
    ("ROLLOVER_SNAPSHOTS", "rosters.snapshots"),
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
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the one file that reads the environment")]
    pub fn of_process() -> Self {
        let read = |(name, _): &(&'static str, &str)| Some((*name, std::env::var(name).ok()?));
        let secret = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let name = name.to_str()?.strip_prefix(SECRET_PREFIX)?.to_owned();
            Some((name, value.into_string().ok()?))
        };
        Self {
            variables: VARIABLES.iter().filter_map(read).collect(),
            secrets: std::env::vars_os().filter_map(secret).collect(),
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
        "ROLLOVER_SNAPSHOTS" => settings.rosters.snapshots = PathBuf::from(value),
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
