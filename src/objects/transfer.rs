//! One request to the object store: signed, limited in time and size, and tried again where that may help.

use super::patience::{Answer, Patience, decide_answer};
use chrono::{DateTime, Utc};
use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{DATE, ETAG, HeaderName, RANGE},
};
use rusty_s3::{Credentials, S3Action};
use std::{
    error::Error,
    fmt,
    fs::File,
    io::{self, Seek, Write},
    time::Duration,
};

/// A signature holds for so long: a request that begins later is signed anew.
const SIGNED_FOR: Duration = Duration::from_secs(300);
/// For a part of a file, or a page of names.
const LONGEST_CALL: Duration = Duration::from_secs(300);
/// For a whole file.
const LONGEST_DOWNLOAD: Duration = Duration::from_secs(3_600);
/// A page of a thousand names has less than a megabyte.
const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
const LONGEST_CODE: usize = 60;

pub(super) struct Transfer {
    pub client: Client,
    pub credentials: Credentials,
    pub patience: Patience,
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transfer")
    }
}

/// What is asked for.
pub(super) struct Call<'a> {
    method: Method,
    /// By the machine's own clock: the server compares it with its own, and refuses a simulated one.
    sign: Box<dyn Fn() -> Url + Send + Sync + 'a>,
    body: Vec<u8>,
    /// The status comes before the work is done, and what came of it stands in the text.
    is_late: bool,
}

impl<'a> Call<'a> {
    pub fn new(method: Method, action: impl S3Action<'a> + Send + Sync + 'a) -> Self {
        Self { method, sign: Box::new(move || action.sign(SIGNED_FOR)), body: Vec::new(), is_late: false }
    }

    pub fn with_body(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }

    pub fn answers_late(self) -> Self {
        Self { is_late: true, ..self }
    }
}

/// What came back.
pub(super) struct Answered {
    is_missing: bool,
    pub text: String,
    pub tag: Option<String>,
    /// What the clock of the server says.
    pub date: Option<DateTime<Utc>>,
}

/// Why a request did not do.
#[derive(Debug)]
pub(super) enum Failed {
    Later(String),
    /// Trying again cannot help.
    Wrong(String),
    Disk(io::Error),
}

impl Failed {
    pub fn wrong(why: &str) -> Self {
        Self::Wrong(why.to_owned())
    }

    /// For requests that find their place when the bucket is there.
    pub fn if_missing(answer: Answered) -> Result<Answered, Self> {
        if answer.is_missing {
            return Err(Self::wrong("the bucket is not there: make it, or correct snapshots.url"));
        }
        Ok(answer)
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Later(why) | Self::Wrong(why) => f.write_str(why),
            Self::Disk(error) => write!(f, "a file of this machine: {error}"),
        }
    }
}

impl Transfer {
    /// Asks until there is an answer; what is missing is one.
    pub async fn send(&self, call: &Call<'_>) -> Result<Answered, Failed> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.send_once(call).await {
                Ok(answered) => return Ok(answered),
                Err(failed) => self.rest(tried, failed).await?,
            }
        }
    }

    /// Writes an object of so many bytes into a file, and goes on where a connection broke off. `false`: it is not there.
    pub async fn download(&self, call: &Call<'_>, bytes: u64, mut file: File) -> Result<bool, Failed> {
        let (mut tried, mut have) = (0, 0);
        loop {
            tried += 1;
            match self.read_on(call, bytes, &mut have, &mut file).await {
                Ok(found) => return Ok(found),
                Err(failed) => self.rest(tried, failed).await?,
            }
        }
    }

    /// Pauses before the next try; gives the failure back when there is none.
    async fn rest(&self, tried: u32, failed: Failed) -> Result<(), Failed> {
        let Failed::Later(why) = &failed else { return Err(failed) };
        let Some(pause) = self.patience.pause(tried) else { return Err(failed) };
        tracing::debug!(why, tried, "the object store is asked again");
        tokio::time::sleep(pause).await;
        Ok(())
    }

    async fn send_once(&self, call: &Call<'_>) -> Result<Answered, Failed> {
        let request = self.client.request(call.method.clone(), (call.sign)()).timeout(LONGEST_CALL);
        let response = request.body(call.body.clone()).send().await.map_err(away)?;
        let (status, headers) = (response.status(), response.headers());
        let header = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let (tag, date) = (header(ETAG), header(DATE));
        let text = text(response).await?;
        match decide_answer(status) {
            Answer::Good if call.is_late && text.contains("<Error>") => {
                Err(Failed::Later(said(status, &text)))
            }
            Answer::Good => {
                let date = date.and_then(|date| DateTime::parse_from_rfc2822(&date).ok());
                Ok(Answered { is_missing: false, text, tag, date: date.map(|date| date.to_utc()) })
            }
            Answer::Missing => Ok(Answered { is_missing: true, text, tag, date: None }),
            other => Err(failed(other, status, &text)),
        }
    }

    async fn read_on(
        &self,
        call: &Call<'_>,
        bytes: u64,
        have: &mut u64,
        file: &mut File,
    ) -> Result<bool, Failed> {
        let mut request = self.client.request(call.method.clone(), (call.sign)()).timeout(LONGEST_DOWNLOAD);
        if *have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let mut response = request.send().await.map_err(away)?;
        let status = response.status();
        match decide_answer(status) {
            Answer::Good => {}
            Answer::Missing => return Ok(false),
            other => return Err(failed(other, status, &text(response).await?)),
        }
        if status != StatusCode::PARTIAL_CONTENT {
            // All of it comes, asked for or not.
            file.set_len(0)?;
            file.rewind()?;
            *have = 0;
        }
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            file.write_all(&chunk)?;
            *have += chunk.len() as u64;
            if *have > bytes {
                return Err(Failed::wrong("an object is longer than it was listed"));
            }
        }
        if *have < bytes {
            return Err(Failed::Later("an object breaks off".to_owned()));
        }
        Ok(true)
    }
}

async fn text(mut response: Response) -> Result<String, Failed> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_TEXT_BYTES {
            return Err(Failed::wrong("its answer is longer than any of an object store"));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn failed(answer: Answer, status: StatusCode, text: &str) -> Failed {
    let said = said(status, text);
    match answer {
        Answer::Again => Failed::Later(said),
        Answer::Refused => Failed::Wrong(format!(
            "{said}: correct ROLLOVER_SNAPSHOTS_ACCESS_KEY and ROLLOVER_SNAPSHOTS_SECRET_KEY, what the key may do, or \
             the clock of this machine"
        )),
        _ => Failed::Wrong(format!(
            "{said}: correct snapshots.endpoint, snapshots.region and snapshots.path_style"
        )),
    }
}

/// The status, and the code of the error: what else stands in the text may name the key.
fn said(status: StatusCode, text: &str) -> String {
    let code =
        text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let plain =
        |code: &&str| code.len() <= LONGEST_CODE && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match code.filter(plain) {
        Some(code) => format!("it answers {status} ({code})"),
        None => format!("it answers {status}"),
    }
}

/// The address stays out of what is told: it holds a signature.
fn away(error: reqwest::Error) -> Failed {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        told = format!("{told}: {inner}");
        source = inner.source();
    }
    Failed::Later(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_error_the_code_is_told_and_nothing_else() {
        let text =
            "<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIASECRET</AWSAccessKeyId></Error>";
        let told = failed(Answer::Refused, StatusCode::FORBIDDEN, text).to_string();
        assert!(told.contains("403 Forbidden (SignatureDoesNotMatch)"), "{told}");
        assert!(!told.contains("AKIASECRET") && told.contains("ROLLOVER_SNAPSHOTS_SECRET_KEY"), "{told}");
        for text in ["", "<Code>", "<Code>a b</Code>", &format!("<Code>{}</Code>", "A".repeat(61))] {
            assert_eq!(said(StatusCode::FORBIDDEN, text), "it answers 403 Forbidden", "{text}");
        }
    }
}
