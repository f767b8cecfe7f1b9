//! Server-sent events: one `news` at most a few times per second when anything has changed.
//!
//! The stream carries no content, only the number of the newest line of the history; the page fetches itself. What
//! this process does comes by its wake-ups, what others do by LISTEN and, while somebody watches, by a cheap look
//! at the history. Its last number comes back on reconnect, so nothing between two streams is missed.

use super::{Shared, error::PageError};
use crate::ledger::Ledger;
use axum::{
    Extension,
    extract::{Query, State},
    http::HeaderMap,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Streams at one time: a team with many tabs.
const MAX_STREAMS: usize = 200;
/// Between two `news` of one stream.
const PAUSE: Duration = Duration::from_millis(400);
/// Between two looks at the history, however many watch.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A silent stream says so often that it lives, so that proxies keep it open.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Ends every stream.
#[derive(Debug, Clone)]
pub(super) struct Until(pub CancellationToken);

/// What the streams share.
pub(super) struct Live {
    places: Arc<Semaphore>,
    looked: Mutex<Option<(Instant, i64)>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MAX_STREAMS)), looked: Mutex::new(None) }
    }
}

impl Live {
    /// The newest line of the history, as of the last few moments; one query serves all who watch.
    async fn newest(&self, ledger: &Ledger, no_older_than: Duration) -> Option<i64> {
        let mut looked = self.looked.lock().await;
        if let Some((at, newest)) = *looked
            && at.elapsed() < no_older_than
        {
            return Some(newest);
        }
        let newest = ledger.newest_event().await.ok()?;
        *looked = Some((Instant::now(), newest));
        Some(newest)
    }
}

/// What the page shows already.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Seen {
    seen: Option<i64>,
}

struct Watcher {
    shared: Arc<Shared>,
    stop: CancellationToken,
    wakeups: watch::Receiver<u64>,
    seen: i64,
    first: bool,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn live(
    State(shared): State<Arc<Shared>>,
    Extension(Until(stop)): Extension<Until>,
    headers: HeaderMap,
    Query(Seen { seen }): Query<Seen>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let place =
        shared.live.places.clone().try_acquire_owned().map_err(|_| PageError::TooManyStreams(MAX_STREAMS))?;
    let wakeups = shared.web.ledger.wakeups().watch();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let newest = shared.web.ledger.newest_event().await?;
    let watcher =
        Watcher { shared, stop, wakeups, seen: last.or(seen).unwrap_or(newest), first: true, _place: place };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let newest = watcher.until_news().await?;
        // An event without data is never handed to a script.
        let event = Event::default().event("news").id(newest.to_string()).data(newest.to_string());
        Some((Ok(event), watcher))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Watcher {
    /// Waits until there is something that the page does not show; `None` ends the stream.
    async fn until_news(&mut self) -> Option<i64> {
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => None,
            newest = self.next() => Some(newest),
        }
    }

    async fn next(&mut self) -> i64 {
        if !std::mem::take(&mut self.first) {
            tokio::time::sleep(PAUSE).await;
        }
        // A wake-up may tell of a change that leaves no line in the history, so it always counts.
        let mut told = false;
        loop {
            told |= self.wakeups.has_changed().unwrap_or(false);
            self.wakeups.mark_unchanged();
            let freshness = if told { Duration::ZERO } else { LOOK_EVERY };
            let newest = self.shared.live.newest(&self.shared.web.ledger, freshness).await;
            if let Some(newest) = newest.filter(|newest| told || *newest > self.seen) {
                self.seen = newest;
                return newest;
            }
            let heard = tokio::time::timeout(LOOK_EVERY, self.wakeups.changed()).await;
            told |= heard.is_ok_and(|changed| changed.is_ok());
        }
    }
}
