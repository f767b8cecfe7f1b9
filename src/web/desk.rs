//! What every page stands on: the ledger, the moment, who looks; and the frame around its content.

use super::{Shared, Web, access::Visitor, assets, error::PageError, stamp::Wall};
use crate::ledger::Ledger;
use askama::Template;
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::sync::Arc;

/// A request for a page, opened.
pub(super) struct Desk {
    pub shared: Arc<Shared>,
    pub now: DateTime<Utc>,
    visitor: Visitor,
    /// The newest line of the history before the page is read: news after it are shown by the next fetch.
    seen: i64,
}

/// What stands around the content of a page.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub title: String,
    pub banner: Option<String>,
    pub user: Option<String>,
    /// The clock of the pages; in a demonstration not the wall's.
    pub now: String,
    /// Up to which line of the history the page tells; absent on pages that stand still.
    pub seen: Option<i64>,
    pub style: &'static str,
    pub script: &'static str,
    pub icon: &'static str,
}

impl Frame {
    /// The frame of a page that does not change by itself.
    pub fn still(web: &Web, visitor: Visitor, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            banner: web.banner.clone(),
            user: visitor.0,
            now: web.clock.now().format("%a %-d %b %Y %H:%M UTC").to_string(),
            seen: None,
            style: &assets::STYLE.address,
            script: &assets::SCRIPT.address,
            icon: &assets::ICON.address,
        }
    }
}

impl Desk {
    pub fn ledger(&self) -> &Ledger {
        &self.shared.web.ledger
    }

    /// The frame of a page that follows what happens.
    pub fn frame(&self, title: &str) -> Frame {
        Frame { seen: Some(self.seen), ..Frame::still(&self.shared.web, self.visitor.clone(), title) }
    }

    /// The frame of a page that does not change by itself.
    pub fn still_frame(&self, title: &str) -> Frame {
        Frame::still(&self.shared.web, self.visitor.clone(), title)
    }

    /// The clock on the wall of a time zone.
    pub const fn wall(&self, zone: Tz) -> Wall {
        Wall { now: self.now, zone }
    }
}

impl FromRequestParts<Arc<Shared>> for Desk {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, PageError> {
        let visitor = parts.extensions.get::<Visitor>().cloned().unwrap_or_default();
        let seen = shared.web.ledger.newest_event().await?;
        Ok(Self { shared: shared.clone(), now: shared.web.clock.now(), visitor, seen })
    }
}

/// The number in an address; what is no number names nothing that exists.
pub(super) struct Number(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let number = Path::<i64>::from_request_parts(parts, state).await;
        number.map(|Path(number)| Self(number)).map_err(|_| PageError::NoSuchPage)
    }
}

/// A template as an answer.
pub(super) struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => Html(text).into_response(),
            Err(error) => PageError::from(error).into_response(),
        }
    }
}

/// A field of a form: empty is the same as absent.
pub(super) fn filled(field: &Option<String>) -> Option<&str> {
    field.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
