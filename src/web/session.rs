//! The session: a signed cookie that says until when its holder is signed in. Nothing is stored on the server.

use super::Access;
use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, Key, SameSite, SignedCookieJar};
use chrono::{DateTime, Duration, Utc};

const NAME: &str = "rollover_session";
/// A night shift and what it runs over.
const LASTS: Duration = Duration::hours(12);
const KEY_BYTES: usize = 64;

/// The signing key comes from user and password alone: it survives restarts, all processes agree on it, and a new
/// password ends every session.
fn key(user: &str, password: &str) -> Key {
    let mut bytes = [0; KEY_BYTES];
    let mut hasher = blake3::Hasher::new_derive_key("rollover 2024 session cookie");
    hasher.update(&(user.len() as u64).to_le_bytes()).update(user.as_bytes()).update(password.as_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    Key::from(&bytes)
}

/// Whether a request carries a session that still holds.
pub(super) fn holds(access: &Access, headers: &HeaderMap, now: DateTime<Utc>) -> bool {
    let Access::Password { user, password } = access else { return false };
    let jar = SignedCookieJar::from_headers(headers, key(user, password));
    let until = jar.get(NAME).and_then(|cookie| cookie.value().parse().ok());
    until.is_some_and(|until: i64| now.timestamp() < until)
}

/// The answer's cookies after signing in.
pub(super) fn begin(user: &str, password: &str, now: DateTime<Utc>, secure: bool) -> SignedCookieJar {
    let until = (now + LASTS).timestamp().to_string();
    SignedCookieJar::new(key(user, password)).add(cookie(until, secure))
}

/// The answer's cookies after signing out.
pub(super) fn end(secure: bool) -> axum_extra::extract::CookieJar {
    let mut gone = cookie(String::new(), secure);
    gone.make_removal();
    axum_extra::extract::CookieJar::new().add(gone)
}

fn cookie(value: String, secure: bool) -> Cookie<'static> {
    Cookie::build((NAME, value)).path("/").http_only(true).same_site(SameSite::Strict).secure(secure).build()
}
