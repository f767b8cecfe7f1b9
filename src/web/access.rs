//! Who may see the pages: anybody on this machine, or who has signed in.

use super::{Shared, session};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use std::{fmt, sync::Arc};

/// Who may see the pages.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// Anybody who calls this machine by a name of its own: for a demonstration on the loopback address.
    Open,
    /// One user for the team.
    Password { user: String, password: String },
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Password { user, .. } => {
                f.debug_struct("Password").field("user", user).finish_non_exhaustive()
            }
        }
    }
}

/// Who looks at a page; `None` where nobody signs in.
#[derive(Debug, Clone, Default)]
pub(super) struct Visitor(pub Option<String>);

/// What happens to a request before it reaches a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    Enter {
        user: Option<String>,
    },
    /// A person with a browser: shown the sign-in page, then back to what they asked for.
    SignInFirst,
    /// A program, or a form that was sent too late.
    Refuse,
    /// Open pages are for this machine: another site that points its name here would read them.
    ForeignHost,
}

/// Decides about a request; `signed_in` is whether it carries a session that holds.
pub fn decide_gate(
    access: &Access,
    signed_in: bool,
    method: &Method,
    live: bool,
    host_is_ours: bool,
) -> Gate {
    match access {
        Access::Open if host_is_ours => Gate::Enter { user: None },
        Access::Open => Gate::ForeignHost,
        Access::Password { user, .. } if signed_in => Gate::Enter { user: Some(user.clone()) },
        Access::Password { .. } if *method == Method::GET && !live => Gate::SignInFirst,
        Access::Password { .. } => Gate::Refuse,
    }
}

/// Whether a request calls this machine by a name that no other site can have.
fn host_is_ours(headers: &HeaderMap, base_url: &str) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return true };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let loopback = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let own = base_url.split_once("://").is_some_and(|(_, rest)| rest.split('/').next() == Some(host));
    loopback || own || name.eq_ignore_ascii_case("localhost")
}

/// Lets in who may, and tells the page who looks.
pub(super) async fn guard(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let web = &shared.web;
    let signed_in = session::holds(&web.access, request.headers(), web.clock.now());
    let live = request.uri().path() == "/live";
    let ours = host_is_ours(request.headers(), &web.base_url);
    match decide_gate(&web.access, signed_in, request.method(), live, ours) {
        Gate::Enter { user } => {
            request.extensions_mut().insert(Visitor(user));
            next.run(request).await
        }
        Gate::SignInFirst => {
            let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
            Redirect::to(&super::sign_in::address(wanted)).into_response()
        }
        Gate::Refuse => (StatusCode::UNAUTHORIZED, "sign in first").into_response(),
        Gate::ForeignHost => (
            StatusCode::FORBIDDEN,
            "these pages are open on this machine only: call them by its loopback address, or set \
             ROLLOVER_WEB_PASSWORD and sign in",
        )
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_enters() {
        let team = Access::Password { user: "team".to_owned(), password: "secret".to_owned() };
        let enter = |user: Option<&str>| Gate::Enter { user: user.map(str::to_owned) };
        for (access, signed_in, method, live, ours, expected) in [
            (&Access::Open, false, Method::GET, false, true, enter(None)),
            (&Access::Open, false, Method::GET, false, false, Gate::ForeignHost),
            (&team, true, Method::GET, false, false, enter(Some("team"))),
            (&team, true, Method::POST, false, true, enter(Some("team"))),
            (&team, false, Method::GET, false, true, Gate::SignInFirst),
            (&team, false, Method::GET, true, true, Gate::Refuse),
            (&team, false, Method::POST, false, true, Gate::Refuse),
        ] {
            assert_eq!(
                decide_gate(access, signed_in, &method, live, ours),
                expected,
                "{access:?} {method} {live}"
            );
        }
        assert!(!format!("{team:?}").contains("secret"));
    }

    #[test]
    fn names_of_this_machine() {
        let ours = |host: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            host_is_ours(&headers, "http://pages.example:8321")
        };
        for host in
            ["127.0.0.1:8321", "localhost", "LOCALHOST:80", "[::1]:8321", "127.9.9.9", "pages.example:8321"]
        {
            assert!(ours(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8321", "127.0.0.1.evil.example", "10.0.0.1:8321", "pages.example"]
        {
            assert!(!ours(host), "{host}");
        }
    }
}
