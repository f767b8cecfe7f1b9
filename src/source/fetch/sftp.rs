//! One file by SFTP, from a server whose key is known beforehand; nothing at the customer's side is ever deleted.

use super::{FetchError, Fetched, Limits, decoded, guard::Guard, landing::Stamp};
use crate::source::{backup::ARRIVAL, waiting::is_roster_name};
use chrono::DateTime;
use rollover_jobs::{Fetch, HostKey, RosterFormat, ports::Delivery};
use russh::{
    Disconnect,
    client::{self, Handle},
    keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key},
};
use russh_sftp::{client::SftpSession, client::error::Error as SftpError, protocol::StatusCode};
use std::{
    collections::BTreeSet,
    fs::File,
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{io::AsyncReadExt, net::TcpStream};

const PORT: u16 = 22;
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// A server that says nothing for so long has gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Between the two looks at a file that may still be growing.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(3);
/// A folder with more files than this is not an outbox.
const FILES: usize = 10_000;
const CHUNK_BYTES: usize = 256 * 1024;
/// Beside a file, or as its ending, these say that its sender is not done with it.
const UNFINISHED: [&str; 4] = [".lock", ".part", ".tmp", ".filepart"];

/// A session that has signed in.
pub(super) struct Sftp {
    session: Handle<KeyCheck>,
    files: SftpSession,
}

/// Lets the one known key pass, and keeps what another server showed.
struct KeyCheck {
    known: Option<HostKey>,
    shown: Arc<Mutex<String>>,
}

impl client::Handler for KeyCheck {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let shown = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        let is_known = self.known.as_ref().is_some_and(|known| known.as_str() == shown);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(is_known)
    }
}

/// A file of theirs, as one look shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Theirs {
    modified: u32,
    path: String,
    bytes: u64,
}

impl Theirs {
    fn stamp(&self) -> Stamp {
        Stamp::Sftp { path: self.path.clone(), bytes: self.bytes, modified: self.modified }
    }

    fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&*self.path, |(_, name)| name)
    }
}

/// How a file stands to the one that was fetched last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    New,
    Same,
    Older,
}

/// Of files that a pattern means, one from before the last is passed over: it became the newest only since that one was
/// moved away. A fixed name is whatever stands there.
fn decide_age(theirs: &Theirs, last: &Stamp, is_pattern: bool) -> Age {
    match last {
        stamp if *stamp == theirs.stamp() => Age::Same,
        Stamp::Sftp { path, modified, .. }
            if is_pattern && (theirs.modified, &theirs.path) < (*modified, path) =>
        {
            Age::Older
        }
        _ => Age::New,
    }
}

pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, FetchError> {
    let connecting = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(addresses)).await;
    let silent = || FetchError::Later(format!("no connection within {} s", CONNECT_WITHIN.as_secs()));
    Ok(connecting.map_err(|_| silent())??)
}

impl Sftp {
    pub async fn enter(guard: &Guard, fetch: &Fetch, secret: Option<&str>) -> Result<Self, FetchError> {
        let (from, shown) = (&fetch.from, Arc::new(Mutex::new(String::new())));
        let addresses = guard.addresses(from.host(), from.url().port().unwrap_or(PORT)).await?;
        let stream = connect(&addresses).await?;
        let config = client::Config { inactivity_timeout: Some(SILENCE), ..client::Config::default() };
        let check = KeyCheck { known: fetch.host_key.clone(), shown: shown.clone() };
        let mut session = match client::connect_stream(Arc::new(config), stream, check).await {
            Ok(session) => session,
            Err(russh::Error::UnknownKey) => {
                let shown = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
                return Err(FetchError::Wrong(unknown_key(fetch.host_key.as_ref(), &shown)));
            }
            Err(error) => return Err(away(error)),
        };
        sign_in(&mut session, &decoded(from.url().username()), secret.unwrap_or_default()).await?;
        let channel = session.channel_open_session().await.map_err(away)?;
        channel.request_subsystem(true, "sftp").await.map_err(away)?;
        let files = SftpSession::new(channel.into_stream()).await.map_err(failed)?;
        Ok(Self { session, files })
    }

    /// A server that does not hear it ends the session by itself.
    pub async fn leave(self) {
        let _ = self.session.disconnect(Disconnect::ByApplication, "", "en").await;
    }

    pub async fn fetch(
        self,
        fetch: &Fetch,
        format: RosterFormat,
        last: Option<(Stamp, Delivery)>,
        (part, limits): (&mut File, Limits),
    ) -> Result<Fetched, FetchError> {
        let Some(theirs) = self.newest(&Place::of(fetch), format).await? else { return Ok(Fetched::Nothing) };
        if let Some((stamp, delivery)) = last {
            match decide_age(&theirs, &stamp, Place::of(fetch).name.contains('*')) {
                Age::Same => {
                    // A crash may have come between the file's landing and its move.
                    self.move_away(fetch, &theirs.path, theirs.modified).await;
                    return Ok(Fetched::Unchanged(delivery));
                }
                Age::Older => return Ok(Fetched::Nothing),
                Age::New => {}
            }
        }
        limits.check(theirs.bytes)?;
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        self.must_be(&theirs).await?;
        self.read(&theirs, part, limits).await?;
        self.must_be(&theirs).await?;
        let name = is_roster_name(theirs.name(), format).then(|| theirs.name().to_owned());
        Ok(Fetched::File { stamp: theirs.stamp(), name, session: Some(Box::new(self)) })
    }

    /// The newest complete file that the address means.
    async fn newest(&self, place: &Place, format: RosterFormat) -> Result<Option<Theirs>, FetchError> {
        if !place.name.contains('*') {
            return self.look(&place.path(&place.name)).await;
        }
        let entries: Vec<_> = match self.files.read_dir(&*place.folder).await {
            Ok(entries) => entries.take(FILES).collect(),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let names: BTreeSet<String> = entries.iter().map(|entry| entry.file_name()).collect();
        let newest = entries.iter().filter(|entry| entry.file_type().is_file()).filter_map(|entry| {
            let name = entry.file_name();
            let wanted =
                is_roster_name(&name, format) && is_meant(&place.name, &name) && !is_locked(&name, &names);
            let metadata = entry.metadata();
            let (modified, bytes) = (metadata.mtime.unwrap_or_default(), metadata.size.unwrap_or_default());
            wanted.then(|| Theirs { modified, path: place.path(&name), bytes })
        });
        Ok(newest.max())
    }

    async fn look(&self, path: &str) -> Result<Option<Theirs>, FetchError> {
        match self.files.metadata(path).await {
            Ok(found) if found.is_dir() => {
                Err(FetchError::Wrong(format!("{path} is a folder: name a file, or a pattern as *.xml")))
            }
            Ok(found) => Ok(Some(Theirs {
                modified: found.mtime.unwrap_or_default(),
                path: path.to_owned(),
                bytes: found.size.unwrap_or_default(),
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// A file that its sender still writes grows, or gets another date.
    async fn must_be(&self, theirs: &Theirs) -> Result<(), FetchError> {
        if self.look(&theirs.path).await?.as_ref() == Some(theirs) {
            return Ok(());
        }
        Err(FetchError::Later(format!("{} changes: its sender is not done with it", theirs.path)))
    }

    async fn read(&self, theirs: &Theirs, part: &mut File, limits: Limits) -> Result<(), FetchError> {
        let mut file = self.files.open(&*theirs.path).await.map_err(failed)?;
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut chunk).await?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            limits.check(bytes)?;
            part.write_all(&chunk[..read])?;
        }
        if bytes == theirs.bytes {
            return Ok(());
        }
        Err(FetchError::Later(format!("{} broke off after {bytes} of {} bytes", theirs.path, theirs.bytes)))
    }

    /// Moves a file that is safe here, where the customer wants that. It stays when that cannot be: the roster came all
    /// the same, and the next look tries again. Its date goes before its name: a fixed name comes every night.
    pub async fn move_away(&self, fetch: &Fetch, path: &str, modified: u32) {
        let Some(folder) = &fetch.move_to else { return };
        let place = Place::of(fetch);
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        let date = DateTime::from_timestamp(modified.into(), 0).unwrap_or_default().format(ARRIVAL);
        let to = format!("{}/{date}-{name}", place.path(folder));
        if let Err(error) = self.files.rename(path, &*to).await {
            tracing::warn!(%path, %to, %error, "a fetched file could not be moved at its source: make the folder, or take away what stands there");
        }
    }
}

async fn sign_in(session: &mut Handle<KeyCheck>, user: &str, secret: &str) -> Result<(), FetchError> {
    let answer = if secret.trim_start().starts_with("-----BEGIN") {
        let key = decode_secret_key(secret, None).map_err(|error| {
            FetchError::Wrong(format!("the secret is no private key without a passphrase: {error}"))
        })?;
        let hash = session.best_supported_rsa_hash().await.map_err(away)?.flatten();
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        session.authenticate_publickey(user, key).await
    } else {
        session.authenticate_password(user, secret).await
    };
    if answer.map_err(away)?.success() {
        return Ok(());
    }
    Err(FetchError::Wrong(format!("the server refuses the sign-in of {user}: correct user and secret")))
}

fn unknown_key(known: Option<&HostKey>, shown: &str) -> String {
    match known {
        None => format!(
            "the server's key is not known yet, and nothing was said to it. It shows {shown}: compare that with what \
             the customer says, then set it with rollover customer set CUSTOMER --roster-host-key {shown}"
        ),
        Some(known) => format!(
            "the server shows the key {shown} in place of {}: nothing was said to it. Ask the customer whether the \
             key was changed; if so, set it with rollover customer set CUSTOMER --roster-host-key {shown}",
            known.as_str()
        ),
    }
}

fn is_missing(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

fn failed(error: SftpError) -> FetchError {
    match &error {
        SftpError::Status(status) if status.status_code == StatusCode::PermissionDenied => FetchError::Wrong(
            "the server lets this user not read there: have the customer permit it".to_owned(),
        ),
        _ => FetchError::Later(format!("the server answers: {error}")),
    }
}

fn away(error: russh::Error) -> FetchError {
    FetchError::Later(error.to_string())
}

/// Folder and file's name of an address; `/~/` begins where the user arrives.
struct Place {
    folder: String,
    name: String,
}

impl Place {
    fn of(fetch: &Fetch) -> Self {
        let path = decoded(fetch.from.url().path());
        let path = path.strip_prefix("/~/").unwrap_or(&path);
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let folder = if folder.is_empty() { "/" } else { folder };
        Self { folder: folder.to_owned(), name: name.to_owned() }
    }

    /// Of a name beside the file, or of a place that begins at the root.
    fn path(&self, name: &str) -> String {
        if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{}/{name}", self.folder.trim_end_matches('/'))
        }
    }
}

/// Whether a name follows a pattern with one `*`.
fn is_meant(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
}

/// `roster.xml.part` and `roster.part` both speak of `roster.xml`.
fn is_locked(name: &str, beside: &BTreeSet<String>) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    UNFINISHED.iter().any(|ending| {
        beside.contains(&format!("{name}{ending}")) || beside.contains(&format!("{stem}{ending}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_pattern_what_was_there_before_the_last_is_not_new() {
        let theirs = |path: &str, modified| Theirs { modified, path: path.to_owned(), bytes: 1 };
        let last = theirs("out/b.xml", 20).stamp();
        let cases = [
            ("out/b.xml", 20, true, Age::Same),
            ("out/a.xml", 10, true, Age::Older),
            ("out/a.xml", 20, true, Age::Older),
            ("out/c.xml", 20, true, Age::New),
            ("out/a.xml", 30, true, Age::New),
            ("out/b.xml", 10, false, Age::New),
        ];
        for (path, modified, is_pattern, expected) in cases {
            assert_eq!(decide_age(&theirs(path, modified), &last, is_pattern), expected, "{path} {modified}");
        }
    }

    #[test]
    fn a_pattern_means_names() {
        let cases = [
            ("*.xml", "a.xml", true),
            ("*.xml", ".xml", true),
            ("roster-*.xml", "roster-2024.xml", true),
            ("roster-*.xml", "roster-.xml", true),
            ("roster-*.xml", "roster.xml", false),
            ("ab*ba.xml", "aba.xml", false),
            ("a.xml", "a.xml", true),
            ("a.xml", "b.xml", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(is_meant(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_file_beside_says_that_the_sender_is_not_done() {
        for (beside, expected) in [("a.xml.part", true), ("a.tmp", true), ("b.tmp", false), ("a.zip", false)]
        {
            assert_eq!(is_locked("a.xml", &[beside.to_owned()].into()), expected, "{beside}");
        }
    }

    #[test]
    fn an_address_leads_to_a_folder_of_theirs() {
        let cases = [
            ("sftp://nes@h/out/r%20*.xml", "/out", "/out/r *.xml", "/out/done"),
            ("sftp://nes@h/r.xml", "/", "/r.xml", "/done"),
            ("sftp://nes@h/~/out/r.xml", "out", "out/r.xml", "out/done"),
            ("sftp://nes@h/~/r.xml", ".", "./r.xml", "./done"),
        ];
        for (address, folder, file, done) in cases {
            let place = Place::of(&Fetch::new(address.parse().unwrap()));
            assert_eq!((&*place.folder, &*place.path(&place.name)), (folder, file), "{address}");
            assert_eq!((place.path("done"), place.path("/away")), (done.to_owned(), "/away".to_owned()));
        }
    }
}
