//! Rosters that are fetched over the network into the customer's folder, and from there on are as any that was laid down.

mod guard;
mod https;
mod landing;
mod sftp;
mod trust;

pub use trust::{check_authorities, config as tls};

use self::{
    guard::Guard,
    https::Https,
    landing::{Landing, Stamp},
    sftp::Sftp,
};
use super::{FolderRosters, SECRET_PREFIX, Secrets};
use async_trait::async_trait;
use rollover_jobs::{
    Customer, Fetch, Protocol, RosterFormat,
    ports::{Backup, Clock, Delivery, Rosters, SourceError},
};
use rollover_roster::{read::ReadLimits, snapshot::SnapshotStore};
use rustls::ClientConfig;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const MEGABYTE: u64 = 1024 * 1024;

/// Why nothing was fetched; the customer and the place are named by whoever tells it.
#[derive(Debug)]
enum FetchError {
    /// Another attempt may find it.
    Later(String),
    /// A person must mend a setting.
    Wrong(String),
}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Later(error.to_string())
    }
}

/// What a look at the place brought.
enum Fetched {
    /// The part is filled; `name` is what they call the file, where that is known.
    /// SFTP: the session stays open for what is done once the file is safe here.
    File { stamp: Stamp, name: Option<String>, session: Option<Box<Sftp>> },
    /// It is the one that was fetched last.
    Unchanged(Delivery),
    /// No file lies there.
    Nothing,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    bytes: u64,
    time: Duration,
}

impl Limits {
    fn check(self, bytes: u64) -> Result<(), FetchError> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let megabytes = self.bytes / MEGABYTE;
        Err(FetchError::Wrong(format!(
            "the file is larger than {megabytes} MB: see whether it is a roster, or raise rosters.fetch_max_mb"
        )))
    }
}

/// What holds for every place that rosters are fetched from.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// A larger file is not fetched.
    pub max_mb: u64,
    /// Nor one that takes longer.
    pub timeout_seconds: u64,
    /// Hosts that may have a private address.
    pub private_hosts: Vec<String>,
    /// Authorities that are trusted beside the public ones, in PEM form. Empty: none.
    pub ca_file: PathBuf,
}

/// Fetches what a customer's setting names.
pub struct Fetcher {
    guard: Guard,
    tls: ClientConfig,
    secrets: Secrets,
    limits: Limits,
}

impl Fetcher {
    /// An error says what is wrong with `rosters.ca_file`.
    pub fn open(settings: &FetchSettings, secrets: Secrets) -> Result<Self, String> {
        Ok(Self {
            guard: Guard { private_hosts: settings.private_hosts.clone() },
            tls: trust::config(&settings.ca_file)?,
            secrets,
            limits: Limits {
                bytes: settings.max_mb.saturating_mul(MEGABYTE),
                time: Duration::from_secs(settings.timeout_seconds),
            },
        })
    }

    /// Looks whether the place can be entered, fetching nothing; tells what was found.
    pub async fn look(&self, customer: &Customer, fetch: &Fetch) -> Result<String, SourceError> {
        self.try_looking(fetch).await.map_err(|error| told(customer, fetch, error))
    }

    async fn try_looking(&self, fetch: &Fetch) -> Result<String, FetchError> {
        let secret = self.secret(fetch)?;
        match fetch.from.protocol() {
            Protocol::Sftp => {
                Sftp::enter(&self.guard, fetch, secret).await?.leave().await;
                Ok("takes the sign-in".to_owned())
            }
            Protocol::Https => {
                let port = fetch.from.url().port_or_known_default().unwrap_or(443);
                let addresses = self.guard.addresses(fetch.from.host(), port).await?;
                sftp::connect(&addresses).await?;
                Ok("answers; whether it takes the sign-in shows with the first import".to_owned())
            }
        }
    }

    fn secret(&self, fetch: &Fetch) -> Result<Option<&str>, FetchError> {
        fetch.check().map_err(|error| FetchError::Wrong(error.to_string()))?;
        let Some(name) = &fetch.secret else { return Ok(None) };
        self.secrets.get(name).map(Some).ok_or_else(|| {
            FetchError::Wrong(format!(
                "the secret {name} is not known here: set {}{name} for every worker",
                SECRET_PREFIX
            ))
        })
    }

    /// Brings what is new into the folder; gives the delivery when it is the one that was fetched before.
    async fn fetch(
        &self,
        customer: &Customer,
        fetch: &Fetch,
        folder: &Path,
        clock: &dyn Clock,
    ) -> Result<Option<Delivery>, FetchError> {
        let secret = self.secret(fetch)?;
        let landing = Landing::open(folder)?;
        let mut part = landing.part()?;
        let from = fetch.from.to_string();
        let format = customer.settings.roster_format;
        let fetching = self.download(fetch, secret, format, (&landing, &mut part));
        let fetched = match tokio::time::timeout(self.limits.time, fetching).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::Later(format!(
                "it took longer than {} s (rosters.fetch_timeout_seconds)",
                self.limits.time.as_secs()
            ))),
        };
        match fetched {
            Ok(Fetched::File { stamp, name, session }) => {
                let name = name.unwrap_or_else(|| usual_name(format).to_owned());
                let (landed, now) = (stamp.clone(), clock.now());
                let landing = move || landing.land(part, &from, &name, landed, now);
                tokio::task::spawn_blocking(landing).await.map_err(io::Error::other).flatten()?;
                if let (Some(session), Stamp::Sftp { path, modified, .. }) = (session, stamp) {
                    session.move_away(fetch, &path, modified).await;
                    session.leave().await;
                }
                Ok(None)
            }
            other => {
                landing.discard()?;
                match other? {
                    Fetched::Unchanged(delivery) => Ok(Some(delivery)),
                    Fetched::File { .. } | Fetched::Nothing => Ok(None),
                }
            }
        }
    }

    async fn download(
        &self,
        fetch: &Fetch,
        secret: Option<&str>,
        format: RosterFormat,
        (landing, part): (&Landing, &mut File),
    ) -> Result<Fetched, FetchError> {
        let last = landing.last(&fetch.from.to_string()).map(|(mark, delivery)| (mark.stamp, delivery));
        match fetch.from.protocol() {
            Protocol::Https => {
                let https = Https { tls: &self.tls, guard: &self.guard, limits: self.limits };
                https.fetch(&fetch.from, secret, last, part).await
            }
            Protocol::Sftp => {
                let sftp = Sftp::enter(&self.guard, fetch, secret).await?;
                sftp.fetch(fetch, format, last, (part, self.limits)).await
            }
        }
    }
}

/// What stands for other signs in a part of an address.
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

const fn usual_name(format: RosterFormat) -> &'static str {
    match format {
        RosterFormat::ImsEnterprise => "roster.xml",
        RosterFormat::OneRosterCsv => "roster.zip",
    }
}

fn told(customer: &Customer, fetch: &Fetch, error: FetchError) -> SourceError {
    let (customer, place) = (customer.id.to_string(), fetch.from.to_string());
    match error {
        FetchError::Later(why) => SourceError::Unreachable { customer, place, why },
        FetchError::Wrong(why) => SourceError::Misconfigured { customer, why: format!("{place}: {why}") },
    }
}

/// Every customer's rosters: what lies in the folder, after what is to be fetched was brought there.
pub struct FetchedRosters {
    pub folder: FolderRosters,
    pub fetcher: Fetcher,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Rosters for FetchedRosters {
    /// An unchanged file is delivered again, from where it was put away, so that the run says that it is unchanged.
    async fn newest(&self, customer: &Customer) -> Result<Option<Delivery>, SourceError> {
        let Some(fetch) = &customer.settings.fetch else { return self.folder.newest(customer).await };
        let folder = self.folder.folder(customer)?;
        let again = self.fetcher.fetch(customer, fetch, &folder, &*self.clock).await;
        let again = again.map_err(|error| told(customer, fetch, error))?;
        let waiting = self.folder.newest(customer).await?;
        Ok(waiting.into_iter().chain(again).max_by_key(|delivery| delivery.arrived_at))
    }

    async fn before(&self, customer: &Customer, delivery: &Delivery) -> Result<Vec<Delivery>, SourceError> {
        self.folder.before(customer, delivery).await
    }

    async fn is_unchanged(&self, customer: &Customer, delivery: &Delivery) -> Result<bool, SourceError> {
        self.folder.is_unchanged(customer, delivery).await
    }

    async fn put_away(&self, customer: &Customer, delivery: &Delivery) -> Result<(), SourceError> {
        self.folder.put_away(customer, delivery).await
    }

    async fn backups(&self, customer: &Customer) -> Result<Vec<Backup>, SourceError> {
        self.folder.backups(customer).await
    }

    async fn remove_backup(&self, customer: &Customer, backup: &Backup) -> Result<(), SourceError> {
        self.folder.remove_backup(customer, backup).await
    }

    fn read_limits(&self) -> ReadLimits {
        self.folder.read_limits()
    }

    fn snapshots(&self) -> &SnapshotStore {
        self.folder.snapshots()
    }
}
