//! The pages: what a support team sees of its fleet, at a glance, live; `router` is the list of URLs.
//!
//! Nothing here changes the ledger. Every page works without script; with it, `/live` says that there is news and
//! the page fetches itself again.

mod access;
mod assets;
mod desk;
mod error;
mod headers;
mod health;
mod live;
mod look;
mod origin;
mod pager;
mod pages;
mod session;
mod sign;
mod sign_in;
mod stamp;

pub use access::Access;

use crate::{ledger::Ledger, queue::Queue};
use axum::{
    Router, middleware,
    routing::{get, post},
};
use rollover_jobs::{Ports, ports::Clock};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// What the pages are made from.
pub struct Web {
    pub ledger: Ledger,
    /// The queue on a server, when there is one: the pages only say whether it answers.
    pub queue: Option<Queue>,
    /// What looks into rosters goes by; nothing is written through it.
    pub ports: Ports,
    pub clock: Arc<dyn Clock>,
    pub access: Access,
    /// Where people reach the pages; with `https://` the session's cookie travels encrypted only.
    pub base_url: String,
    /// Stands at the top of every page, as that this is a demonstration.
    pub banner: Option<String>,
}

/// What all requests share.
pub(crate) struct Shared {
    web: Web,
    live: live::Live,
    attempts: sign_in::Attempts,
    health: health::Health,
    looks: look::Looks,
}

/// Open requests may take so long to end after the stop.
const GRACE: Duration = Duration::from_secs(10);

/// The list of URLs.
pub fn router(web: Web) -> Router {
    let shared = Arc::new(Shared {
        web,
        live: live::Live::default(),
        attempts: sign_in::Attempts::default(),
        health: health::Health::default(),
        looks: look::Looks::default(),
    });
    let pages = Router::new()
        .route("/", get(pages::fleet))
        .route("/customers/{id}", get(pages::customer))
        .route("/customers/{id}/postponed", get(pages::postponed))
        .route("/customers/{id}/courses", get(pages::courses))
        .route("/tasks/{id}", get(pages::task))
        .route("/jobs", get(pages::jobs))
        .route("/jobs/{id}", get(pages::job))
        .route("/runs/{id}", get(pages::run))
        .route("/live", get(live::live))
        .route("/sign-out", post(sign_in::sign_out))
        .fallback(error::no_such_page)
        .layer(middleware::from_fn_with_state(shared.clone(), error::dress))
        .layer(middleware::from_fn_with_state(shared.clone(), access::guard));
    let open_to_all = Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/assets/{name}", get(assets::asset))
        .layer(middleware::from_fn_with_state(shared.clone(), error::dress));
    // Undressed: programs read them.
    let health =
        Router::new().route("/healthz", get(health::ready)).route("/healthz/live", get(health::live));
    pages
        .merge(open_to_all)
        .merge(health)
        .layer(middleware::from_fn_with_state(shared.clone(), origin::check))
        .layer(middleware::from_fn(headers::add))
        .with_state(shared)
}

/// Serves until stopped: live streams end at once, other requests are let finish.
pub async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()> {
    let router = router.layer(axum::Extension(live::Until(stop.clone())));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_long = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = serving.into_future() => ended,
        () = too_long => {
            tracing::warn!(grace_seconds = GRACE.as_secs(), "a request did not end in time and was cut off");
            Ok(())
        }
    }
}
