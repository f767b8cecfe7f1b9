//! One file by HTTPS: asked for only if it changed, streamed, with a limit on everything.

use super::{FetchError, Fetched, Limits, decoded, guard::Guard, landing::Stamp};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
    redirect,
};
use rollover_jobs::{FetchAddress, ports::Delivery};
use rustls::ClientConfig;
use std::{
    error::Error,
    fs::File,
    io::{self, Write},
    time::Duration,
};

const REDIRECTS: usize = 5;
const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// A server that says nothing for so long has gone.
const SILENCE: Duration = Duration::from_secs(60);

pub(super) struct Https<'a> {
    pub tls: &'a ClientConfig,
    pub guard: &'a Guard,
    pub limits: Limits,
}

impl Https<'_> {
    pub async fn fetch(
        &self,
        from: &FetchAddress,
        secret: Option<&str>,
        last: Option<(Stamp, Delivery)>,
        part: &mut File,
    ) -> Result<Fetched, FetchError> {
        let client = self.client(from).await?;
        let request = with_sign_in(client.get(bare(from.url())), from, secret);
        let response = conditional(request, last.as_ref()).send().await.map_err(away)?;
        match (decide_answer(response.status()), last) {
            (Answer::Unchanged, Some((_, delivery))) => Ok(Fetched::Unchanged(delivery)),
            (Answer::File, _) => self.file(response, part).await,
            (Answer::Nothing, _) => Ok(Fetched::Nothing),
            (Answer::Later, _) => Err(FetchError::Later(format!("the server answers {}", response.status()))),
            (Answer::Refused, _) => {
                Err(FetchError::Wrong("the server refuses the sign-in: correct user and secret".to_owned()))
            }
            (Answer::Wrong | Answer::Unchanged, _) => Err(FetchError::Wrong(format!(
                "the server answers {}: see whether the address is right",
                response.status()
            ))),
        }
    }

    /// It knows one host, by the addresses that were looked at, and goes to no proxy.
    async fn client(&self, from: &FetchAddress) -> Result<Client, FetchError> {
        let port = from.url().port_or_known_default().unwrap_or(443);
        let addresses = self.guard.addresses(from.host(), port).await?;
        Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .https_only(true)
            .no_proxy()
            .resolve_to_addrs(from.host(), &addresses)
            .redirect(redirects(from.url().clone()))
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENCE)
            .user_agent(concat!("rollover/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(away)
    }

    async fn file(&self, mut response: Response, part: &mut File) -> Result<Fetched, FetchError> {
        self.limits.check(response.content_length().unwrap_or_default())?;
        let stamp = stamp(response.headers());
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            bytes += chunk.len() as u64;
            self.limits.check(bytes)?;
            part.write_all(&chunk)?;
        }
        Ok(Fetched::File { stamp, name: None, session: None })
    }
}

/// The user stands in the sign-in, not in the address.
fn bare(url: &Url) -> Url {
    let mut bare = url.clone();
    bare.set_username("").expect("an https address can be without a user");
    bare
}

fn with_sign_in(request: RequestBuilder, from: &FetchAddress, secret: Option<&str>) -> RequestBuilder {
    match (decoded(from.url().username()), secret) {
        (_, None) => request,
        (user, Some(token)) if user.is_empty() => request.bearer_auth(token),
        (user, Some(password)) => request.basic_auth(user, Some(password)),
    }
}

fn conditional(mut request: RequestBuilder, last: Option<&(Stamp, Delivery)>) -> RequestBuilder {
    let Some((Stamp::Https { etag, last_modified }, _)) = last else { return request };
    if let Some(etag) = etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(date) = last_modified {
        request = request.header(IF_MODIFIED_SINCE, date);
    }
    request
}

fn stamp(headers: &HeaderMap) -> Stamp {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Stamp::Https { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
}

fn redirects(first: Url) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        match decide_redirect(&first, attempt.url(), attempt.previous().len()) {
            Redirect::Follow => attempt.follow(),
            Redirect::ElsewhereRefused => attempt.error(Misled),
            Redirect::TooMany => attempt.error(Misled),
        }
    })
}

#[derive(Debug, thiserror::Error)]
#[error(
    "it leads on too often, or to another host: set the address that it leads to, if that is where the rosters lie"
)]
struct Misled;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redirect {
    Follow,
    ElsewhereRefused,
    TooMany,
}

/// Only within the host that was set: another is not looked at by the guard, and must not see the secret.
fn decide_redirect(first: &Url, to: &Url, before: usize) -> Redirect {
    if before > REDIRECTS {
        Redirect::TooMany
    } else if first.origin() == to.origin() {
        Redirect::Follow
    } else {
        Redirect::ElsewhereRefused
    }
}

/// What a status means for a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    File,
    Unchanged,
    /// No file lies there now.
    Nothing,
    Refused,
    Later,
    Wrong,
}

fn decide_answer(status: StatusCode) -> Answer {
    match status.as_u16() {
        200 => Answer::File,
        304 => Answer::Unchanged,
        204 | 404 | 410 => Answer::Nothing,
        401 | 403 | 407 => Answer::Refused,
        408 | 425 | 429 | 500..=599 => Answer::Later,
        _ => Answer::Wrong,
    }
}

/// The address stays out of what is told: it is named by whoever tells it.
fn away(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<Misled>() {
            return FetchError::Wrong(inner.to_string());
        }
        if let Some(rustls::Error::InvalidCertificate(why)) = tls(inner) {
            return FetchError::Wrong(format!(
                "the server's certificate is not trusted ({why}): have it renewed, or name a file with its authority \
                 in rosters.ca_file (ROLLOVER_ROSTERS_CA_FILE)"
            ));
        }
        told = format!("{told}: {inner}");
        source = inner.source();
    }
    FetchError::Later(told)
}

/// The error of TLS, which errors of input and output wrap, one in the other.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapping) => tls(wrapping.get_ref()?),
        None => error.downcast_ref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_meaning() {
        let cases = [
            (200, Answer::File),
            (204, Answer::Nothing),
            (206, Answer::Wrong),
            (304, Answer::Unchanged),
            (400, Answer::Wrong),
            (401, Answer::Refused),
            (403, Answer::Refused),
            (404, Answer::Nothing),
            (408, Answer::Later),
            (410, Answer::Nothing),
            (429, Answer::Later),
            (500, Answer::Later),
            (599, Answer::Later),
        ];
        for (status, expected) in cases {
            assert_eq!(decide_answer(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }

    #[test]
    fn it_is_led_on_within_the_host_only() {
        let first: Url = "https://mis.example/a".parse().unwrap();
        let cases = [
            ("https://mis.example/b", 1, Redirect::Follow),
            ("https://mis.example:443/b", REDIRECTS, Redirect::Follow),
            ("https://mis.example/b", REDIRECTS + 1, Redirect::TooMany),
            ("http://mis.example/b", 1, Redirect::ElsewhereRefused),
            ("https://mis.example:8443/b", 1, Redirect::ElsewhereRefused),
            ("https://other.example/b", 1, Redirect::ElsewhereRefused),
            ("https://169.254.169.254/", 1, Redirect::ElsewhereRefused),
        ];
        for (to, before, expected) in cases {
            assert_eq!(decide_redirect(&first, &to.parse().unwrap(), before), expected, "{to}");
        }
    }
}
