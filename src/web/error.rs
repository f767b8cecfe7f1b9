//! Errors as pages in the same dress: what happened and what to do, no internals; logged once, here.

use super::{
    Shared,
    access::Visitor,
    desk::{Frame, Page},
};
use crate::ledger::LedgerError;
use askama::Template;
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use rollover_jobs::Stop;
use std::{error::Error, sync::Arc};

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    #[error("there is no such page")]
    NoSuchPage,
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the page could not be written")]
    Template(#[from] askama::Error),
    /// Nothing was written: a look only reads.
    #[error("the rosters could not be looked into: {0}")]
    Look(Stop),
    #[error("other pages look into rosters, and none was done in time")]
    TooManyLooks,
    #[error("{0} people watch already")]
    TooManyStreams(usize),
}

/// What a person is told; travels with the answer until it is dressed.
#[derive(Debug, Clone)]
struct Told {
    heading: String,
    advice: &'static str,
}

#[derive(Template)]
#[template(path = "error.html")]
pub(super) struct ErrorPage {
    pub frame: Frame,
    pub status: u16,
    pub heading: String,
    pub advice: &'static str,
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPage | Self::Ledger(LedgerError::NotFound { .. }) => StatusCode::NOT_FOUND,
            Self::Ledger(LedgerError::Database(_))
            | Self::Look(_)
            | Self::TooManyLooks
            | Self::TooManyStreams(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Ledger(_) | Self::Template(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn told(&self) -> Told {
        let (heading, advice) = match self {
            Self::Ledger(LedgerError::NotFound { what, id }) => {
                (format!("There is no {what} {id}"), "Look for it on the fleet page or in the list of jobs.")
            }
            Self::Look(_) => (
                "The rosters cannot be read here".to_owned(),
                "Nothing was changed. The log of this process says why; `rollover integration` tells the same where the \
                 rosters are kept.",
            ),
            Self::TooManyLooks => (
                "Other pages are being made".to_owned(),
                "Each reads a customer's rosters, so few are made at a time. Reload in a minute.",
            ),
            Self::TooManyStreams(_) => (
                "Too many open pages".to_owned(),
                "This page shows what it knew when it was opened. Reload it.",
            ),
            error => return Told::of(error.status()),
        };
        Told { heading, advice }
    }
}

impl Told {
    fn of(status: StatusCode) -> Self {
        let (heading, advice) = match status {
            StatusCode::NOT_FOUND => {
                ("There is no such page", "Check the address, or begin at the fleet page.")
            }
            StatusCode::METHOD_NOT_ALLOWED => ("This page takes no such request", "Begin at the fleet page."),
            StatusCode::SERVICE_UNAVAILABLE => (
                "The ledger does not answer",
                "Nothing is lost: jobs go on once it is back. Reload in a minute; `rollover doctor` tells more.",
            ),
            status if status.is_client_error() => {
                ("This request cannot be read", "Go back and try again, or begin at the fleet page.")
            }
            _ => ("This page cannot be shown", "Nothing was changed. The log of this process says why."),
        };
        Self { heading: heading.to_owned(), advice }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %with_sources(&self), "a page could not be shown");
        }
        let mut response = status.into_response();
        response.extensions_mut().insert(self.told());
        response
    }
}

fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let said = inner.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = inner.source();
    }
    text
}

pub(super) async fn no_such_page() -> PageError {
    PageError::NoSuchPage
}

/// Puts every error into the dress of the pages, also those that the router itself answers with.
pub(super) async fn dress(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    let response = next.run(request).await;
    let status = response.status();
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let Told { heading, advice } =
        response.extensions().get::<Told>().cloned().unwrap_or_else(|| Told::of(status));
    let frame = Frame::still(&shared.web, visitor, &heading);
    let page = Page(ErrorPage { frame, status: status.as_u16(), heading, advice });
    (status, page).into_response()
}
