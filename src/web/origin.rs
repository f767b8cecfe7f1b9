//! Forms of other sites are refused: a request that changes something must come from these pages.

use super::Shared;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Where a request comes from, as far as its browser says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Ours,
    OtherSite,
}

/// Decides by `Sec-Fetch-Site`, and for browsers that do not send it by `Origin`. A program sends neither, and
/// carries no cookie that a site could abuse.
pub fn decide_origin(
    method: &Method,
    fetch_site: Option<&str>,
    origin: Option<&str>,
    host: Option<&str>,
    base_url: &str,
) -> Origin {
    let ours = match (fetch_site, origin) {
        _ if method.is_safe() => true,
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let named = origin.split_once("://").map(|(_, host)| host);
            (named.is_some() && named == host) || (!base_url.is_empty() && origin == base_url)
        }
        (None, None) => true,
    };
    if ours { Origin::Ours } else { Origin::OtherSite }
}

pub(super) async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let text = |headers: &HeaderMap, name: &str| {
        headers.get(name).map(|value| value.to_str().unwrap_or("unreadable").to_owned())
    };
    let headers = request.headers();
    let (site, origin) = (text(headers, "sec-fetch-site"), text(headers, header::ORIGIN.as_str()));
    let host = text(headers, header::HOST.as_str());
    let base_url = shared.web.base_url.trim_end_matches('/');
    let decided =
        decide_origin(request.method(), site.as_deref(), origin.as_deref(), host.as_deref(), base_url);
    match decided {
        Origin::Ours => next.run(request).await,
        Origin::OtherSite => (
            StatusCode::FORBIDDEN,
            "this form was sent by another site: open the page here and send it again",
        )
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_sites_send_is_refused() {
        use Origin::{OtherSite, Ours};
        let base = "https://pages.example";
        for (method, site, origin, expected) in [
            (Method::GET, Some("cross-site"), Some("https://evil.example"), Ours),
            (Method::POST, Some("same-origin"), None, Ours),
            (Method::POST, Some("none"), None, Ours),
            (Method::POST, Some("cross-site"), None, OtherSite),
            (Method::POST, Some("same-site"), Some("https://pages.example"), OtherSite),
            (Method::POST, None, Some("http://here:1"), Ours),
            (Method::POST, None, Some("https://pages.example"), Ours),
            (Method::POST, None, Some("http://here:2"), OtherSite),
            (Method::POST, None, Some("null"), OtherSite),
            (Method::POST, None, Some("unreadable"), OtherSite),
            (Method::POST, None, None, Ours),
            (Method::DELETE, Some("cross-site"), None, OtherSite),
        ] {
            let decided = decide_origin(&method, site, origin, Some("here:1"), base);
            assert_eq!(decided, expected, "{method} {site:?} {origin:?}");
        }
    }
}
