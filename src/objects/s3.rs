//! The port `Objects` over the S3 protocol.
//!
//! Names of objects are written once and never written anew, except marks without content; so nothing has to be put on
//! condition, and every request can be tried again.

use super::{
    address::BucketAddress,
    blocking::Blocking,
    patience::Patience,
    transfer::{Call, Failed, Transfer},
};
use crate::{config::SnapshotSettings, source};
use chrono::{DateTime, Utc};
use reqwest::{Client, Method, Url};
use rollover_roster::snapshot::{Object, Objects, ObjectsError};
use rusty_s3::{
    Bucket, Credentials, UrlStyle,
    actions::{CreateMultipartUpload, ListObjectsV2},
};
use std::{fmt, fs::File, io::Read, path::Path, sync::Arc, time::Duration};

/// Files up to this are put at once; larger ones in parts of so many bytes, one of which is in memory. A line that does
/// not carry one within the silence of [`Patience`] is too slow.
const PART: u64 = 8 * 1024 * 1024;
/// What S3 takes at most.
const MOST_PARTS: u64 = 10_000;
/// Pages of a thousand names each.
const MOST_PAGES: usize = 10_000;
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// Who enters the bucket; never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AccessKeys {
    pub access_key: String,
    pub secret_key: String,
    /// Of keys that run out; empty: none.
    pub session_token: String,
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKeys(…)")
    }
}

impl AccessKeys {
    fn credentials(&self) -> Result<Credentials, String> {
        if self.access_key.is_empty() || self.secret_key.is_empty() {
            return Err("s3:// needs the key and its secret: set ROLLOVER_SNAPSHOTS_ACCESS_KEY and \
                        ROLLOVER_SNAPSHOTS_SECRET_KEY"
                .to_owned());
        }
        let (key, secret) = (self.access_key.clone(), self.secret_key.clone());
        Ok(if self.session_token.is_empty() {
            Credentials::new(key, secret)
        } else {
            Credentials::new_with_token(key, secret, self.session_token.clone())
        })
    }
}

/// A part of a bucket.
#[derive(Clone)]
pub struct S3Objects {
    bucket: Arc<Bucket>,
    prefix: String,
    transfer: Arc<Transfer>,
    blocking: Arc<Blocking>,
}

impl fmt::Debug for S3Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket.name(), self.prefix)
    }
}

impl S3Objects {
    /// What is wrong with the settings, as far as it can be told without a look at the bucket.
    pub fn check(address: &BucketAddress, settings: &SnapshotSettings) -> Result<(), String> {
        settings.access.credentials().and_then(|_| bucket(address, settings)).map(drop)
    }

    /// Opens nothing yet. An error says which setting to correct.
    pub fn open(
        address: &BucketAddress,
        settings: &SnapshotSettings,
        patience: Patience,
    ) -> Result<Self, String> {
        let (credentials, bucket) = (settings.access.credentials()?, bucket(address, settings)?);
        let tls = source::tls(&settings.ca_file).map_err(|why| format!("snapshots.ca_file: {why}"))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(patience.silence)
            .user_agent(concat!("rollover/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.without_url().to_string())?;
        let blocking = Blocking::start().map_err(|error| format!("threads could not be started: {error}"))?;
        Ok(Self {
            bucket: Arc::new(bucket),
            prefix: address.prefix.clone(),
            transfer: Arc::new(Transfer { client, credentials, patience }),
            blocking: Arc::new(blocking),
        })
    }

    /// Looks whether the bucket can be entered, and reads no name in it.
    pub fn look(&self) -> Result<String, ObjectsError> {
        let place = self.clone();
        self.blocking.wait(async move {
            let transfer = &place.transfer;
            let call = Call::new(Method::HEAD, place.bucket.head_bucket(Some(&transfer.credentials)));
            let said = transfer.send(&call).await.and_then(Failed::if_missing);
            said.map(|_| format!("{place:?} answers")).map_err(|failed| place.told(failed))
        })
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn told(&self, failed: Failed) -> ObjectsError {
        ObjectsError(format!("s3://{}: {failed}", self.bucket.name()))
    }

    async fn page(
        &self,
        beginning: &str,
        token: Option<&str>,
    ) -> Result<(Vec<Object>, Option<String>), Failed> {
        let mut list = self.bucket.list_objects_v2(Some(&self.transfer.credentials));
        list.with_prefix(self.full(beginning));
        if let Some(token) = token {
            list.with_continuation_token(token);
        }
        let answer = self.transfer.send(&Call::new(Method::GET, list)).await.and_then(Failed::if_missing)?;
        let date = answer.date.ok_or_else(|| Failed::wrong("it does not tell the time"))?;
        let found = ListObjectsV2::parse_response(&answer.text)
            .map_err(|_| Failed::wrong("its list of objects cannot be read"))?;
        let count = found.contents.len();
        let listed = found.contents.into_iter().filter_map(|content| {
            let name = content.key.strip_prefix(&self.prefix)?.to_owned();
            let written: DateTime<Utc> = content.last_modified?.parse().ok()?;
            let age = date.signed_duration_since(written).to_std().unwrap_or_default();
            Some(Object { name, bytes: content.size?, age })
        });
        let objects: Vec<Object> = listed.collect();
        if objects.len() < count {
            return Err(Failed::wrong("it does not tell the dates or sizes of objects"));
        }
        Ok((objects, found.next_continuation_token))
    }

    async fn pages(&self, beginning: &str) -> Result<Vec<Object>, Failed> {
        let (mut all, mut token) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let (objects, next) = self.page(beginning, token.as_deref()).await?;
            all.extend(objects);
            if next.is_none() {
                return Ok(all);
            }
            token = next;
        }
        Err(Failed::wrong("it holds more objects than a store of snapshots has: give it a prefix of its own"))
    }

    async fn put_bytes(&self, name: &str, bytes: Vec<u8>) -> Result<(), Failed> {
        let name = self.full(name);
        let put = self.bucket.put_object(Some(&self.transfer.credentials), &name);
        let call = Call::new(Method::PUT, put).with_body(bytes);
        self.transfer.send(&call).await.and_then(Failed::if_missing).map(drop)
    }

    async fn put_file(&self, name: &str, mut file: File) -> Result<(), Failed> {
        let length = file.metadata()?.len();
        if length <= PART {
            let bytes = part(&mut file)?;
            return self.put_bytes(name, bytes).await;
        }
        if length.div_ceil(PART) > MOST_PARTS {
            return Err(Failed::wrong("a file is larger than it takes"));
        }
        let name = self.full(name);
        let credentials = Some(&self.transfer.credentials);
        let begin = Call::new(Method::POST, self.bucket.create_multipart_upload(credentials, &name));
        let begun = self.transfer.send(&begin).await.and_then(Failed::if_missing)?;
        let begun = CreateMultipartUpload::parse_response(&begun.text)
            .map_err(|_| Failed::wrong("it does not tell where parts go"))?;
        let put = self.put_parts(&name, begun.upload_id(), &mut file).await;
        if put.is_err() {
            // Parts cost until somebody takes them away; what a crash leaves is for the bucket's own rule.
            let abort = self.bucket.abort_multipart_upload(credentials, &name, begun.upload_id());
            if let Err(failed) = self.transfer.send(&Call::new(Method::DELETE, abort)).await {
                tracing::debug!(error = %failed, "parts of a file could not be taken away");
            }
        }
        put
    }

    async fn put_parts(&self, name: &str, upload: &str, file: &mut File) -> Result<(), Failed> {
        let credentials = Some(&self.transfer.credentials);
        let mut tags = Vec::new();
        for number in 1_u16.. {
            let bytes = part(file)?;
            if bytes.is_empty() {
                break;
            }
            let put = self.bucket.upload_part(credentials, name, number, upload);
            let call = Call::new(Method::PUT, put).with_body(bytes);
            let answer = self.transfer.send(&call).await.and_then(Failed::if_missing)?;
            tags.push(answer.tag.ok_or_else(|| Failed::wrong("it gives a part no tag"))?);
        }
        let tags = || tags.iter().map(String::as_str);
        let complete = self.bucket.complete_multipart_upload(credentials, name, upload, tags());
        let body = complete.clone().body();
        let call = Call::new(Method::POST, complete).with_body(body.into_bytes()).answers_late();
        self.transfer.send(&call).await.and_then(Failed::if_missing).map(drop)
    }

    async fn delete_one(&self, name: &str) -> Result<(), Failed> {
        let name = self.full(name);
        let delete = self.bucket.delete_object(Some(&self.transfer.credentials), &name);
        self.transfer.send(&Call::new(Method::DELETE, delete)).await.map(drop)
    }
}

fn bucket(address: &BucketAddress, settings: &SnapshotSettings) -> Result<Bucket, String> {
    let endpoint = if settings.endpoint.is_empty() {
        format!("https://s3.{}.amazonaws.com", settings.region)
    } else {
        settings.endpoint.clone()
    };
    let endpoint = Url::parse(&endpoint).map_err(|_| "snapshots.endpoint is no address".to_owned())?;
    // No bucket can stand before a host that is a number.
    let is_number = matches!(endpoint.host(), Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)));
    let style = if settings.path_style || is_number { UrlStyle::Path } else { UrlStyle::VirtualHost };
    Bucket::new(endpoint, style, address.bucket.clone(), settings.region.clone())
        .map_err(|error| format!("with snapshots.endpoint and snapshots.region: {error}"))
}

/// The next part of a file; empty at its end.
fn part(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(PART).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Objects for S3Objects {
    fn list(&self, beginning: &str) -> Result<Vec<Object>, ObjectsError> {
        let (place, beginning) = (self.clone(), beginning.to_owned());
        let listed = self.blocking.wait(async move { place.pages(&beginning).await });
        listed.map_err(|failed| self.told(failed))
    }

    fn get(&self, name: &str, bytes: u64, to: &mut File) -> Result<bool, ObjectsError> {
        let (place, name) = (self.clone(), self.full(name));
        let file = to.try_clone().map_err(|error| self.told(error.into()))?;
        let got = self.blocking.wait(async move {
            let get = place.bucket.get_object(Some(&place.transfer.credentials), &name);
            place.transfer.download(&Call::new(Method::GET, get), bytes, file).await
        });
        got.map_err(|failed| self.told(failed))
    }

    fn put(&self, name: &str, file: &Path) -> Result<(), ObjectsError> {
        let (place, name) = (self.clone(), name.to_owned());
        let file = File::open(file).map_err(|error| self.told(error.into()))?;
        let put = self.blocking.wait(async move { place.put_file(&name, file).await });
        put.map_err(|failed| self.told(failed))
    }

    fn mark(&self, name: &str) -> Result<(), ObjectsError> {
        let (place, name) = (self.clone(), name.to_owned());
        let put = self.blocking.wait(async move { place.put_bytes(&name, Vec::new()).await });
        put.map_err(|failed| self.told(failed))
    }

    fn delete(&self, name: &str) -> Result<(), ObjectsError> {
        let (place, name) = (self.clone(), name.to_owned());
        let deleted = self.blocking.wait(async move { place.delete_one(&name).await });
        deleted.map_err(|failed| self.told(failed))
    }
}
