//! What is wrong with settings that could be read: every value is looked at, and every bad one is told.

use super::{MAX_KEEP_DAYS, Settings, problem::shown_address};
use crate::{
    ledger,
    mail::{self, address::parse_recipient},
    objects::{S3Objects, SnapshotsAddress},
    queue, source, telemetry,
};
use std::path::Path;
use url::Url;

/// More connections than a PostgreSQL server has by default help nobody.
const MOST_CONNECTIONS: u32 = 1_000;

/// A larger file is no roster.
const MOST_MEGABYTES: u64 = 100_000;
/// A larger cache is a second store.
const MOST_CACHED_MEGABYTES: u64 = 100_000_000;
/// Places of records are counted in 32 bits.
const MOST_RECORDS: usize = 1_000_000_000;
/// An import has an hour for everything.
const LONGEST_FETCH_SECONDS: u64 = 3_000;

/// A bad value: key, value as it may be shown, what was expected.
pub(super) struct Wrong {
    pub key: String,
    pub value: String,
    pub why: String,
}

#[derive(Default)]
struct Findings(Vec<Wrong>);

impl Findings {
    fn add(&mut self, key: &str, value: impl ToString, why: impl Into<String>) {
        self.0.push(Wrong { key: key.to_owned(), value: value.to_string(), why: why.into() });
    }

    fn text(&mut self, key: &str, value: &str, checked: Result<(), String>) {
        if let Err(why) = checked {
            self.add(key, format!("{value:?}"), why);
        }
    }

    /// What stands at the place of a folder must be one; a folder that is missing is made when it is needed.
    fn folder(&mut self, key: &str, path: &Path) {
        if path.exists() && !path.is_dir() {
            self.add(key, format!("{:?}", path.display().to_string()), "it is a file: expected a folder");
        }
    }
}

pub(super) fn problems(settings: &Settings) -> Vec<Wrong> {
    let mut found = Findings::default();
    stores(settings, &mut found);
    mails(settings, &mut found);
    pages(settings, &mut found);
    for (key, value, why) in settings.engine.problems() {
        found.add(&format!("engine.{key}"), value, why);
    }
    found.text("log.level", &settings.log.level, telemetry::check_level(&settings.log.level));
    found.0
}

fn stores(settings: &Settings, found: &mut Findings) {
    if settings.data.folder.as_os_str().is_empty() {
        found.add("data.folder", "\"\"", "expected a folder");
    }
    found.folder("data.folder", &settings.data.folder);
    found.folder("rosters.folder", &settings.rosters.folder);
    snapshots(settings, found);
    let days = settings.rosters.keep_days;
    if days > MAX_KEEP_DAYS {
        found.add("rosters.keep_days", days, format!("expected at most {MAX_KEEP_DAYS}, 100 years"));
    }
    let megabytes = settings.rosters.read_max_mb;
    if !(1..=MOST_MEGABYTES).contains(&megabytes) {
        found.add("rosters.read_max_mb", megabytes, format!("expected 1 to {MOST_MEGABYTES}"));
    }
    for (key, records) in [
        ("rosters.read_max_records", settings.rosters.read_max_records),
        ("rosters.read_max_records_in_memory", settings.rosters.read_max_records_in_memory),
    ] {
        if !(1..=MOST_RECORDS).contains(&records) {
            found.add(key, records, format!("expected 1 to {MOST_RECORDS}"));
        }
    }
    let megabytes = settings.rosters.fetch_max_mb;
    if !(1..=MOST_MEGABYTES).contains(&megabytes) {
        found.add("rosters.fetch_max_mb", megabytes, format!("expected 1 to {MOST_MEGABYTES}"));
    }
    let seconds = settings.rosters.fetch_timeout_seconds;
    if !(1..=LONGEST_FETCH_SECONDS).contains(&seconds) {
        found.add("rosters.fetch_timeout_seconds", seconds, format!("expected 1 to {LONGEST_FETCH_SECONDS}"));
    }
    for host in &settings.rosters.private_hosts {
        if host.is_empty() || host.contains(['/', ':', '@', ' ']) && host.parse::<std::net::IpAddr>().is_err()
        {
            let hosts = format!("{:?}", settings.rosters.private_hosts);
            found.add("rosters.private_hosts", hosts, "expected names or addresses of hosts, without a port");
        }
    }
    let ca_file = &settings.rosters.ca_file;
    found.text("rosters.ca_file", &ca_file.display().to_string(), source::check_authorities(ca_file));
    let url = &settings.ledger.url;
    if !url.is_empty() {
        found.text("ledger.url", &shown_address(url), ledger::check_url(url));
    }
    let connections = settings.ledger.connections;
    if !(2..=MOST_CONNECTIONS).contains(&connections) {
        found.add("ledger.connections", connections, format!("expected 2 to {MOST_CONNECTIONS}"));
    }
    let url = &settings.queue.url;
    if !url.is_empty() {
        found.text("queue.url", &shown_address(url), queue::check_url(url));
    }
    if settings.queue.prefix.trim().is_empty() {
        found.add("queue.prefix", format!("{:?}", settings.queue.prefix), "expected a name, as rollover");
    }
}

fn snapshots(settings: &Settings, found: &mut Findings) {
    let snapshots = &settings.snapshots;
    match settings.snapshots_address() {
        Err(why) => found.add("snapshots.url", shown_address(&snapshots.url), why),
        Ok(SnapshotsAddress::Folder(folder)) => found.folder("snapshots.url", &folder),
        Ok(SnapshotsAddress::Bucket(address)) => {
            if let Err(why) = S3Objects::check(&address, snapshots) {
                found.add("snapshots.url", format!("{:?}", snapshots.url), why);
            }
        }
    }
    found.folder("snapshots.cache", &snapshots.cache);
    let megabytes = snapshots.cache_max_mb;
    if !(1..=MOST_CACHED_MEGABYTES).contains(&megabytes) {
        found.add("snapshots.cache_max_mb", megabytes, format!("expected 1 to {MOST_CACHED_MEGABYTES}"));
    }
    if !snapshots.endpoint.is_empty() && !is_base_url(&snapshots.endpoint) {
        found.add(
            "snapshots.endpoint",
            format!("{:?}", shown_address(&snapshots.endpoint)),
            "expected the address of the object store, as https://s3.example.com",
        );
    }
    let region = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if snapshots.region.is_empty() || !snapshots.region.chars().all(region) {
        found.add("snapshots.region", format!("{:?}", snapshots.region), "expected a region, as eu-north-1");
    }
    let ca_file = &snapshots.ca_file;
    found.text("snapshots.ca_file", &ca_file.display().to_string(), source::check_authorities(ca_file));
    if let Err(why) = snapshots.keys() {
        // Somebody may have written the key in place of its id.
        found.add("snapshots.encrypt_with", "…", why);
    }
}

fn mails(settings: &Settings, found: &mut Findings) {
    let mail = &settings.mail;
    if !mail.url.is_empty() {
        found.text("mail.url", &shown_address(&mail.url), mail::check_url(&mail.url));
    }
    found.text("mail.from", &mail.from, mail::check_sender(&mail.from));
    let ca_file = mail.ca_file.display().to_string();
    found.text("mail.ca_file", &ca_file, mail::check_authorities(&mail.ca_file));
    for address in &mail.status_copy_to {
        if let Err(why) = parse_recipient(address) {
            found.add("mail.status_copy_to", format!("{:?}", mail.status_copy_to), why);
        }
    }
}

fn pages(settings: &Settings, found: &mut Findings) {
    let web = &settings.web;
    if web.listen.parse::<std::net::SocketAddr>().is_err() {
        found.add("web.listen", format!("{:?}", web.listen), "expected ADDRESS:PORT, as 127.0.0.1:8321");
    }
    if !web.base_url.is_empty() && !is_base_url(&web.base_url) {
        found.add(
            "web.base_url",
            format!("{:?}", shown_address(&web.base_url)),
            "expected the address by which people reach the pages, as https://rollover.example.com",
        );
    }
    if web.user.trim().is_empty() {
        found.add("web.user", format!("{:?}", web.user), "expected the name to sign in with, as operator");
    }
}

/// Links in mails are this and a path behind it.
fn is_base_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(change: impl FnOnce(&mut Settings)) -> Vec<(String, String)> {
        let mut settings = Settings::default();
        change(&mut settings);
        problems(&settings).into_iter().map(|wrong| (wrong.key, wrong.why)).collect()
    }

    #[test]
    fn the_defaults_are_in_order() {
        assert!(found(|_| ()).is_empty());
    }

    #[test]
    fn each_bad_value_is_told_with_what_was_expected() {
        type Change = fn(&mut Settings);
        let cases: &[(Change, &str, &str)] = &[
            (|s| s.data.folder = "".into(), "data.folder", "expected a folder"),
            (|s| s.data.folder = file!().into(), "data.folder", "expected a folder"),
            (|s| s.rosters.folder = file!().into(), "rosters.folder", "expected a folder"),
            (|s| s.snapshots.url = concat!("file:", file!()).into(), "snapshots.url", "expected a folder"),
            (|s| s.snapshots.url = "https://x".into(), "snapshots.url", "s3://bucket/prefix"),
            (|s| s.snapshots.url = "s3://b".into(), "snapshots.url", "ROLLOVER_SNAPSHOTS_ACCESS_KEY"),
            (|s| s.snapshots.cache = file!().into(), "snapshots.cache", "expected a folder"),
            (|s| s.snapshots.cache_max_mb = 0, "snapshots.cache_max_mb", "1 to"),
            (|s| s.snapshots.endpoint = "s3.example".into(), "snapshots.endpoint", "https://"),
            (|s| s.snapshots.region = "eu north".into(), "snapshots.region", "eu-north-1"),
            (|s| s.snapshots.ca_file = "no/such.pem".into(), "snapshots.ca_file", "PEM"),
            (
                |s| s.snapshots.encrypt_with = "2026".into(),
                "snapshots.encrypt_with",
                "ROLLOVER_SNAPSHOT_KEY_2026",
            ),
            (|s| s.snapshots.encrypt_with = "x y".into(), "snapshots.encrypt_with", "A-Z"),
            (|s| s.rosters.read_max_mb = 100_001, "rosters.read_max_mb", "to 100000"),
            (|s| s.rosters.read_max_records = 0, "rosters.read_max_records", "1 to"),
            (|s| s.rosters.read_max_records_in_memory = 0, "rosters.read_max_records_in_memory", "1 to"),
            (|s| s.rosters.fetch_max_mb = 0, "rosters.fetch_max_mb", "1 to"),
            (|s| s.rosters.fetch_timeout_seconds = 3_001, "rosters.fetch_timeout_seconds", "to 3000"),
            (
                |s| s.rosters.private_hosts = vec!["https://x".into()],
                "rosters.private_hosts",
                "without a port",
            ),
            (|s| s.rosters.ca_file = "no/such.pem".into(), "rosters.ca_file", "PEM"),
            (|s| s.ledger.url = "mysql://db/x".into(), "ledger.url", "postgres://"),
            (|s| s.ledger.url = "postgres://db:port/x".into(), "ledger.url", "postgres://"),
            (|s| s.ledger.connections = 1, "ledger.connections", "2 to"),
            (|s| s.ledger.connections = 1_001, "ledger.connections", "to 1000"),
            (|s| s.queue.url = "redis://q:port".into(), "queue.url", "redis://host:6379"),
            (|s| s.queue.url = "amqp://q".into(), "queue.url", "redis://host:6379"),
            (|s| s.queue.prefix = " ".into(), "queue.prefix", "a name"),
            (|s| s.mail.url = "imap://x".into(), "mail.url", "smtps://"),
            (|s| s.mail.from = "Rollover".into(), "mail.from", "rollover@example.com"),
            (|s| s.mail.ca_file = "no/such.pem".into(), "mail.ca_file", "PEM"),
            (
                |s| s.mail.status_copy_to = vec!["supporten".into()],
                "mail.status_copy_to",
                "\"supporten\" is no",
            ),
            (|s| s.web.listen = "8321".into(), "web.listen", "ADDRESS:PORT"),
            (|s| s.web.base_url = "rollover.example.com".into(), "web.base_url", "https://"),
            (|s| s.web.base_url = "ftp://rollover.example.com".into(), "web.base_url", "https://"),
            (|s| s.web.base_url = "https://x.example/?a=1".into(), "web.base_url", "https://"),
            (|s| s.web.user = String::new(), "web.user", "operator"),
            (|s| s.engine.lease_seconds = u64::MAX, "engine.lease_seconds", "to 86400"),
            (|s| s.engine.concurrency = 0, "engine.concurrency", "expected 1"),
            (|s| s.log.level = "loud".into(), "log.level", "error, warn, info"),
            (|s| s.log.level = "info,rollover=loud".into(), "log.level", "error, warn, info"),
        ];
        for (change, key, expected) in cases {
            let found = found(change);
            let [(found_key, why)] = found.as_slice() else { panic!("{key}: {found:?}") };
            assert_eq!(found_key, key);
            assert!(why.contains(expected), "{key}: {why}");
        }
    }

    #[test]
    fn what_is_right_is_taken() {
        let right = found(|settings| {
            settings.ledger.url = "postgres://a:b@db.example:5432/rollover?sslmode=require".into();
            settings.queue.url = "redis://:secret@redis:6379/0".into();
            settings.mail.url = "smtps://a:b@mail.example".into();
            settings.web.base_url = "https://example.com/rollover/".into();
            settings.log.level = "info,rollover::engine=debug,[job{customer.id}]=trace".into();
        });
        assert!(right.is_empty(), "{right:?}");
    }
}
