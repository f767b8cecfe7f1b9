//! A small object store in this process: speaks as much of S3 as Rollover does, checks every signature by itself, and can
//! be disturbed.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::State,
    http::{HeaderMap, Method, Request, Response, StatusCode, Uri},
};
use chrono::{DateTime, Utc};
use ring::{digest, hmac};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is done and answered, as without one.
    Nothing,
    /// It is answered with this status, and nothing is done.
    Status(u16),
    /// It is done, and the connection breaks in the answer.
    BreaksOff,
    /// Nothing is done, and no answer comes.
    Silence,
}

#[derive(Default)]
struct Store {
    objects: BTreeMap<String, (DateTime<Utc>, Vec<u8>)>,
    parts: BTreeMap<String, BTreeMap<u16, Vec<u8>>>,
    faults: VecDeque<Fault>,
    requests: Vec<String>,
    uploads: usize,
}

struct Shared {
    store: Mutex<Store>,
    bucket: String,
    region: String,
    access_key: String,
    secret_key: String,
}

/// Dropping it ends it.
pub struct S3Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// Names that one page of a list has: few, so that lists have several.
const PAGE: usize = 3;

impl S3Server {
    pub async fn start(bucket: &str, region: &str, access_key: &str, secret_key: &str) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            store: Mutex::default(),
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, shared, serving }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What becomes of the next requests that have nothing before them yet.
    pub fn disturb(&self, faults: &[Fault]) {
        self.shared.store.lock().unwrap().faults.extend(faults);
    }

    /// Method and path of the requests, oldest first.
    pub fn requests(&self) -> Vec<String> {
        self.shared.store.lock().unwrap().requests.clone()
    }

    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let store = self.shared.store.lock().unwrap();
        store.objects.iter().map(|(name, (_, bytes))| (name.clone(), bytes.clone())).collect()
    }

    /// Multipart uploads that were neither completed nor aborted.
    pub fn open_uploads(&self) -> usize {
        self.shared.store.lock().unwrap().parts.len()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let fault = {
        let mut store = shared.store.lock().unwrap();
        store.requests.push(format!("{} {}", head.method, head.uri.path()));
        store.faults.pop_front()
    };
    if let Err(code) = check_signature(&shared, &head.method, &head.uri, &head.headers) {
        return error(StatusCode::FORBIDDEN, code);
    }
    // An answer in the middle of a large body is lost with the connection.
    let body = to_bytes(body, usize::MAX).await.unwrap();
    match fault {
        Some(Fault::Status(status)) => return error(StatusCode::from_u16(status).unwrap(), "SlowDown"),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::BreaksOff | Fault::Nothing) | None => {}
    }
    let mut answer = act(&shared, &head.method, &head.uri, &head.headers, body);
    let now = machine_time().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    answer.headers_mut().insert("date", now.parse().unwrap());
    if fault == Some(Fault::BreaksOff) { breaking_off(answer).await } else { answer }
}

/// The same head, and half of the body.
async fn breaking_off(answer: Response<Body>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    head.headers.insert("content-length", (bytes.len() + 1).to_string().parse().unwrap());
    let half = bytes.slice(..bytes.len() / 2);
    let parts = [Ok(half), Err(std::io::Error::other("as told"))];
    Response::from_parts(head, Body::from_stream(futures::stream::iter(parts)))
}

fn act(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response<Body> {
    let query = query(uri);
    let path = decoded(uri.path());
    let Some(rest) = path.strip_prefix(&format!("/{}", shared.bucket)) else {
        return error(StatusCode::NOT_FOUND, "NoSuchBucket");
    };
    let name = rest.trim_start_matches('/').to_owned();
    let mut store = shared.store.lock().unwrap();
    let store = &mut *store;
    match (method.as_str(), name.is_empty()) {
        ("HEAD", true) => ok(""),
        ("GET", true) => list(store, &query),
        ("GET", false) => get(store, &name, headers),
        ("PUT", false) => match (query.get("uploadId"), query.get("partNumber")) {
            (Some(upload), Some(number)) => {
                let number: u16 = number.parse().unwrap();
                store.parts.get_mut(upload).unwrap().insert(number, body.to_vec());
                let mut answer = ok("");
                answer.headers_mut().insert("etag", format!("\"{number}\"").parse().unwrap());
                answer
            }
            _ => {
                store.objects.insert(name, (machine_time(), body.to_vec()));
                ok("")
            }
        },
        ("POST", false) => match query.get("uploadId") {
            None => {
                store.uploads += 1;
                let upload = format!("upload-{}", store.uploads);
                store.parts.insert(upload.clone(), BTreeMap::new());
                ok(&format!(
                    "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                     <UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
                ))
            }
            Some(upload) => {
                let Some(parts) = store.parts.remove(upload) else {
                    return error(StatusCode::NOT_FOUND, "NoSuchUpload");
                };
                store.objects.insert(name, (machine_time(), parts.into_values().flatten().collect()));
                ok("<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <ETag>\"x\"</ETag></CompleteMultipartUploadResult>")
            }
        },
        ("DELETE", false) => {
            match query.get("uploadId") {
                Some(upload) => drop(store.parts.remove(upload)),
                None => drop(store.objects.remove(&name)),
            }
            Response::builder().status(204).body(Body::empty()).unwrap()
        }
        _ => error(StatusCode::BAD_REQUEST, "NotUnderstood"),
    }
}

fn list(store: &Store, query: &BTreeMap<String, String>) -> Response<Body> {
    let after = query.get("continuation-token").cloned().unwrap_or_default();
    let found: Vec<_> = store
        .objects
        .iter()
        .filter(|(name, _)| name.starts_with(&query["prefix"]) && **name > after)
        .collect();
    let mut text = String::from("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    write!(text, "<EncodingType>url</EncodingType><IsTruncated>{}</IsTruncated>", found.len() > PAGE)
        .unwrap();
    for (name, (written, bytes)) in found.iter().take(PAGE) {
        let written = written.format("%Y-%m-%dT%H:%M:%S.000Z");
        write!(
            text,
            "<Contents><Key>{name}</Key><LastModified>{written}</LastModified><Size>{}</Size></Contents>",
            bytes.len()
        )
        .unwrap();
    }
    if found.len() > PAGE {
        write!(text, "<NextContinuationToken>{}</NextContinuationToken>", found[PAGE - 1].0).unwrap();
    }
    text.push_str("</ListBucketResult>");
    ok(&text)
}

fn get(store: &Store, name: &str, headers: &HeaderMap) -> Response<Body> {
    let Some((_, bytes)) = store.objects.get(name) else { return error(StatusCode::NOT_FOUND, "NoSuchKey") };
    let from = headers.get("range").map(|range| {
        let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap();
        range.parse::<usize>().unwrap()
    });
    let status = if from.is_some() { 206 } else { 200 };
    Response::builder().status(status).body(Body::from(bytes[from.unwrap_or(0)..].to_vec())).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "signatures and ages are told by the machine's own clock")]
fn machine_time() -> DateTime<Utc> {
    Utc::now()
}

fn ok(text: &str) -> Response<Body> {
    Response::new(Body::from(text.to_owned()))
}

fn error(status: StatusCode, code: &str) -> Response<Body> {
    let text = format!("<Error><Code>{code}</Code><Message>as told</Message></Error>");
    Response::builder().status(status).body(Body::from(text)).unwrap()
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(a, b)| (decoded(a), decoded(b)))
        .collect()
}

/// As Amazon tells it, step by step, for requests that are signed in their address.
fn check_signature(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), &'static str> {
    let asked = query(uri);
    let value = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let date = value("X-Amz-Date");
    let scope = format!("{}/{}/s3/aws4_request", date.get(..8).unwrap_or_default(), shared.region);
    if value("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" || value("X-Amz-SignedHeaders") != "host" {
        return Err("AuthorizationQueryParametersError");
    }
    if value("X-Amz-Credential") != format!("{}/{scope}", shared.access_key) {
        return Err("InvalidAccessKeyId");
    }
    let mut pairs: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    pairs.retain(|pair| !pair.starts_with("X-Amz-Signature="));
    pairs.sort_unstable();
    let host = headers["host"].to_str().unwrap();
    let canonical =
        format!("{method}\n{}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD", uri.path(), pairs.join("&"));
    let hashed = hexadecimal(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
    let first = format!("AWS4{}", shared.secret_key).into_bytes();
    let steps = [&date[..8], &shared.region, "s3", "aws4_request", &to_sign];
    let signature = steps.into_iter().fold(first, |key, step| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), step.as_bytes()).as_ref().to_vec()
    });
    if hexadecimal(&signature) == value("X-Amz-Signature") { Ok(()) } else { Err("SignatureDoesNotMatch") }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
