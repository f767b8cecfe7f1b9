//! Signing in and out: constant-time comparison, few attempts per minute, and back to the page that was asked for.

use super::{
    Access, Shared,
    access::Visitor,
    desk::{Frame, Page, filled},
    session,
};
use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, Extension, Query, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

/// Wrong attempts within [`WINDOW`] from one address, and from all together.
const ATTEMPTS_FROM_ONE: usize = 10;
const ATTEMPTS_FROM_ALL: usize = 100;
const WINDOW: Duration = Duration::minutes(1);

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage {
    pub frame: Frame,
    pub return_to: String,
    pub user: String,
    /// Why the last attempt did not succeed.
    pub problem: Option<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(rename = "return")]
    return_to: Option<String>,
}

/// Without `Debug`: it carries the password.
#[derive(Deserialize)]
pub(super) struct SignIn {
    user: String,
    password: String,
    #[serde(rename = "return")]
    return_to: Option<String>,
}

/// The address of the sign-in page that leads back to `wanted`.
pub(super) fn address(wanted: &str) -> String {
    let bytes = wanted.bytes();
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(byte);
    let encoded: String = bytes
        .map(|byte| if safe(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("/sign-in?return={encoded}")
}

/// Where to go after signing in: a path of these pages, never another site. Browsers take `//`, `/\` and paths
/// with tabs or line ends in them for other hosts.
pub fn decide_return(wanted: Option<&str>) -> &str {
    let local = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && !path.starts_with("/sign-")
            && !path.starts_with("/live")
    };
    wanted.filter(local).unwrap_or("/")
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, Query(wanted): Query<Wanted>) -> Response {
    let return_to = decide_return(wanted.return_to.as_deref());
    if shared.web.access == Access::Open {
        return Redirect::to(return_to).into_response();
    }
    Page(page(&shared, return_to, "", None)).into_response()
}

fn page(shared: &Shared, return_to: &str, user: &str, problem: Option<&'static str>) -> SignInPage {
    SignInPage {
        frame: Frame::still(&shared.web, Visitor::default(), "Sign in"),
        return_to: return_to.to_owned(),
        user: user.to_owned(),
        problem,
    }
}

pub(super) async fn sign_in(
    State(shared): State<Arc<Shared>>,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    Form(form): Form<SignIn>,
) -> Response {
    let return_to = decide_return(filled(&form.return_to));
    let Access::Password { user, password } = &shared.web.access else {
        return Redirect::to(return_to).into_response();
    };
    let now = shared.web.clock.now();
    let address = from.map_or(IpAddr::from([0, 0, 0, 0]), |Extension(ConnectInfo(from))| from.ip());
    if shared.attempts.take(now, address) == Attempt::TooMany {
        let problem = "Too many attempts. Wait a minute, then try again.";
        let page = Page(page(&shared, return_to, &form.user, Some(problem)));
        let later: [(HeaderName, &str); 1] = [(header::RETRY_AFTER, "60")];
        return (StatusCode::TOO_MANY_REQUESTS, later, page).into_response();
    }
    // Both are compared, so that the time does not tell which one is wrong.
    let right = same(&form.user, user) & same(&form.password, password);
    if !right || password.is_empty() {
        tracing::warn!(address = %address, "wrong user or password at sign-in");
        let problem = "User or password is wrong.";
        return (StatusCode::UNAUTHORIZED, Page(page(&shared, return_to, &form.user, Some(problem))))
            .into_response();
    }
    shared.attempts.forgive(address);
    (session::begin(user, password, now, is_secure(&shared)), Redirect::to(return_to)).into_response()
}

pub(super) async fn sign_out(State(shared): State<Arc<Shared>>) -> Response {
    (session::end(is_secure(&shared)), Redirect::to("/sign-in")).into_response()
}

fn is_secure(shared: &Shared) -> bool {
    shared.web.base_url.starts_with("https://")
}

/// Equality of hashes is decided in constant time, whatever the lengths.
fn same(one: &str, other: &str) -> bool {
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    Allowed,
    TooMany,
}

/// Decides about an attempt after so many others within the last minute.
pub const fn decide_attempt(from_this_address: usize, from_all: usize) -> Attempt {
    if from_this_address >= ATTEMPTS_FROM_ONE || from_all >= ATTEMPTS_FROM_ALL {
        Attempt::TooMany
    } else {
        Attempt::Allowed
    }
}

/// Attempts of the last minute that did not succeed.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<VecDeque<(DateTime<Utc>, IpAddr)>>);

impl Attempts {
    /// Counts an attempt before its password is looked at, so that many at once find no gap.
    fn take(&self, now: DateTime<Utc>, address: IpAddr) -> Attempt {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            taken.pop_front();
        }
        let from_here = taken.iter().filter(|(_, from)| *from == address).count();
        let decided = decide_attempt(from_here, taken.len());
        if decided == Attempt::Allowed {
            taken.push_back((now, address));
        }
        decided
    }

    fn forgive(&self, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, from)| *from != address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_these_pages_are_returned_to() {
        for path in ["/", "/jobs", "/customers/nes?tab=runs", "/jobs?state=failed&kind=noop"] {
            assert_eq!(decide_return(Some(path)), path);
        }
        for path in [
            "",
            "jobs",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/ok\n",
            "https://evil.example",
            "javascript:alert(1)",
            "/sign-in?return=/",
            "/sign-out",
            "/live",
            "/å",
        ] {
            assert_eq!(decide_return(Some(path)), "/", "{path:?}");
        }
        assert_eq!(decide_return(None), "/");
        assert_eq!(
            address("/jobs?state=failed&x=\"<"),
            "/sign-in?return=/jobs%3Fstate%3Dfailed%26x%3D%22%3C"
        );
    }

    #[test]
    fn attempts_are_limited_at_the_limit_and_not_before() {
        for (here, all, expected) in [
            (0, 0, Attempt::Allowed),
            (ATTEMPTS_FROM_ONE - 1, ATTEMPTS_FROM_ALL - 1, Attempt::Allowed),
            (ATTEMPTS_FROM_ONE, ATTEMPTS_FROM_ONE, Attempt::TooMany),
            (0, ATTEMPTS_FROM_ALL, Attempt::TooMany),
        ] {
            assert_eq!(decide_attempt(here, all), expected, "{here} {all}");
        }
    }

    #[test]
    fn a_minute_later_there_are_attempts_again() {
        let attempts = Attempts::default();
        let now: DateTime<Utc> = "2024-06-21T02:00:00Z".parse().unwrap();
        let here = IpAddr::from([10, 0, 0, 1]);
        for _ in 0..ATTEMPTS_FROM_ONE {
            assert_eq!(attempts.take(now, here), Attempt::Allowed);
        }
        assert_eq!(attempts.take(now + WINDOW - Duration::seconds(1), here), Attempt::TooMany);
        assert_eq!(attempts.take(now, IpAddr::from([10, 0, 0, 2])), Attempt::Allowed);
        assert_eq!(attempts.take(now + WINDOW, here), Attempt::Allowed);
        attempts.forgive(here);
        assert!(attempts.0.lock().unwrap().iter().all(|(_, from)| *from != here));
    }
}
