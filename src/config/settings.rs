//! Every setting with its type and default; `config/default.toml` is its commented mirror.

use crate::{
    engine::EngineSettings,
    objects::{AccessKeys, SnapshotsAddress},
    source::{FetchSettings, Secrets},
};
use rollover_jobs::Retention;
use rollover_roster::{
    read::ReadLimits,
    seal::{KEY_VARIABLE, Key, KeyId, Keys},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

const MEGABYTE: u64 = 1024 * 1024;

/// A longer retention leads out of the calendar.
pub const MAX_KEEP_DAYS: u32 = 36_525;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub data: DataSettings,
    pub ledger: LedgerSettings,
    pub queue: QueueSettings,
    pub rosters: RosterSettings,
    pub snapshots: SnapshotSettings,
    pub mail: MailSettings,
    pub web: WebSettings,
    pub engine: EngineSettings,
    pub log: LogSettings,
    /// From the environment only.
    #[serde(skip)]
    pub secrets: Secrets,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    pub folder: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerSettings {
    /// Empty: SQLite in the data folder.
    pub url: String,
    pub connections: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// Empty: in this process.
    pub url: String,
    pub prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RosterSettings {
    /// Empty: `rosters` in the data folder.
    pub folder: PathBuf,
    /// For customers that set none of their own.
    pub keep_days: u32,
    pub keep_at_least: u32,
    /// Limits of reading: of a file, and of what is held in memory of it at once.
    pub read_max_mb: u64,
    pub read_max_records: usize,
    pub read_max_records_in_memory: usize,
    /// A larger file is not fetched.
    pub fetch_max_mb: u64,
    /// Nor one that takes longer.
    pub fetch_timeout_seconds: u64,
    /// Hosts of our own network that rosters may be fetched from; every other must have a public address.
    pub private_hosts: Vec<String>,
    /// Certificates of authorities that are trusted beside the public ones, in PEM form. Empty: none.
    pub ca_file: PathBuf,
}

impl RosterSettings {
    pub const fn retention(&self) -> Retention {
        Retention { days: self.keep_days, at_least: self.keep_at_least }
    }

    pub fn read_limits(&self) -> ReadLimits {
        ReadLimits {
            bytes: self.read_max_mb * MEGABYTE,
            records: self.read_max_records,
            held: self.read_max_records_in_memory,
            ..ReadLimits::default()
        }
    }

    pub fn fetch(&self) -> FetchSettings {
        FetchSettings {
            max_mb: self.fetch_max_mb,
            timeout_seconds: self.fetch_timeout_seconds,
            private_hosts: self.private_hosts.clone(),
            ca_file: self.ca_file.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotSettings {
    /// Empty: `snapshots` in the data folder.
    pub url: String,
    /// With an object store: the folder of what was written or read lately. Empty: `snapshot-cache` in the data folder.
    pub cache: PathBuf,
    pub cache_max_mb: u64,
    /// Empty: the one of Amazon for the region.
    pub endpoint: String,
    pub region: String,
    /// The bucket stands in the path of an address, not in its host.
    pub path_style: bool,
    /// Certificates of authorities that are trusted beside the public ones, in PEM form. Empty: none.
    pub ca_file: PathBuf,
    /// The id of the key that new snapshots are encrypted with. Empty: they are not.
    pub encrypt_with: String,
    /// From the environment only.
    #[serde(skip)]
    pub access: AccessKeys,
    /// By id; from the environment only.
    #[serde(skip)]
    pub keys: BTreeMap<KeyId, Key>,
}

impl Default for SnapshotSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            cache: PathBuf::new(),
            cache_max_mb: 20_480,
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            path_style: false,
            ca_file: PathBuf::new(),
            encrypt_with: String::new(),
            access: AccessKeys::default(),
            keys: BTreeMap::new(),
        }
    }
}

impl SnapshotSettings {
    /// The keys that are known, and the one that is written with. An error says what was expected.
    pub fn keys(&self) -> Result<Keys, String> {
        let writes = match self.encrypt_with.as_str() {
            "" => None,
            id => Some(id.parse::<KeyId>()?),
        };
        Keys::new(self.keys.clone(), writes).map_err(|id| {
            format!(
                "the key {id} is not known here: set {KEY_VARIABLE}{id} to 32 bytes in base64 or as digits"
            )
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// Empty: files in `mail` in the data folder.
    pub url: String,
    pub from: String,
    /// Certificates of authorities that are trusted beside the public ones, in PEM form. Empty: none.
    pub ca_file: PathBuf,
    /// Who gets every customer's status mails: the support team.
    pub status_copy_to: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebSettings {
    pub listen: String,
    /// Empty: made of `listen`.
    pub base_url: String,
    pub user: String,
    /// From the environment only.
    #[serde(skip)]
    pub password: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    pub format: LogFormat,
    pub level: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { folder: PathBuf::from("rollover-data") }
    }
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { url: String::new(), connections: 16 }
    }
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { url: String::new(), prefix: "rollover".to_owned() }
    }
}

impl Default for RosterSettings {
    fn default() -> Self {
        let Retention { days, at_least } = Retention::default();
        let limits = ReadLimits::default();
        Self {
            folder: PathBuf::new(),
            keep_days: days,
            keep_at_least: at_least,
            read_max_mb: limits.bytes / MEGABYTE,
            read_max_records: limits.records,
            read_max_records_in_memory: limits.held,
            fetch_max_mb: limits.bytes / MEGABYTE,
            fetch_timeout_seconds: 1_200,
            private_hosts: Vec::new(),
            ca_file: PathBuf::new(),
        }
    }
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            from: "Rollover <rollover@localhost>".to_owned(),
            ca_file: PathBuf::new(),
            status_copy_to: Vec::new(),
        }
    }
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8321".to_owned(),
            base_url: String::new(),
            user: "operator".to_owned(),
            password: String::new(),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl Settings {
    /// The address of the ledger: as set, or SQLite in the data folder.
    pub fn ledger_url(&self) -> String {
        if self.ledger.url.is_empty() {
            format!("sqlite:{}", self.data.folder.join("ledger.db").display())
        } else {
            self.ledger.url.clone()
        }
    }

    pub fn roster_folder(&self) -> PathBuf {
        or_in(&self.rosters.folder, &self.data.folder, "rosters")
    }

    /// Where the snapshots are. An error says what was expected of `snapshots.url`.
    pub fn snapshots_address(&self) -> Result<SnapshotsAddress, String> {
        if self.snapshots.url.is_empty() {
            return Ok(SnapshotsAddress::Folder(self.data.folder.join("snapshots")));
        }
        SnapshotsAddress::parse(&self.snapshots.url)
    }

    /// Where they lie on this machine: all of them, or, with an object store, what was written or read lately.
    pub fn snapshot_folder(&self) -> PathBuf {
        match self.snapshots_address() {
            Ok(SnapshotsAddress::Folder(folder)) => folder,
            _ => or_in(&self.snapshots.cache, &self.data.folder, "snapshot-cache"),
        }
    }

    pub fn mail_url(&self) -> String {
        if self.mail.url.is_empty() {
            format!("file:{}", self.data.folder.join("mail").display())
        } else {
            self.mail.url.clone()
        }
    }

    /// Where people reach the pages; stands in mails.
    pub fn base_url(&self) -> String {
        let url = if self.web.base_url.is_empty() {
            format!("http://{}", self.web.listen)
        } else {
            self.web.base_url.clone()
        };
        url.trim_end_matches('/').to_owned()
    }

    /// The same with the passwords of addresses taken out, to be shown.
    pub fn without_secrets(&self) -> Self {
        let mut shown = self.clone();
        for url in [&mut shown.ledger.url, &mut shown.queue.url, &mut shown.mail.url] {
            *url = hide_password(url);
        }
        shown
    }

    /// Everything on this machine, in this process.
    pub fn is_embedded(&self) -> bool {
        self.ledger_url().starts_with("sqlite:")
    }
}

/// `scheme://user:…@host` in place of the password; an address without one as it is.
fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // The last @ ends the user's part: a password may hold others.
    let Some((user, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    match user.split_once(':') {
        Some((name, _)) => format!("{scheme}://{name}:…@{host}"),
        None => url.to_owned(),
    }
}

fn or_in(set: &Path, folder: &Path, name: &str) -> PathBuf {
    if set.as_os_str().is_empty() { folder.join(name) } else { set.to_path_buf() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_address_has_no_password() {
        for (url, shown) in [
            ("postgres://a:secret@db/rollover", "postgres://a:…@db/rollover"),
            ("redis://:sec@ret@redis:6379/0", "redis://:…@redis:6379/0"),
            ("redis://redis:6379", "redis://redis:6379"),
            ("smtp://mail@host:25", "smtp://mail@host:25"),
            ("sqlite:ledger.db", "sqlite:ledger.db"),
            ("", ""),
        ] {
            assert_eq!(hide_password(url), shown);
        }
    }
}
