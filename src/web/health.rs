//! Whether this process lives, and whether it can serve: for programs that restart it or lead visitors to it.
//!
//! Alive is cheap and asks nobody: a process must not be restarted because its database is away. Ready asks ledger and
//! queue, at most once in [`GOOD_FOR`], however many ask: these addresses are open to all.

use super::{Shared, Web};
use crate::ledger::LedgerError;
use axum::{extract::State, http::StatusCode};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// Who does not answer within this time is away.
const PATIENCE: Duration = Duration::from_secs(3);
/// An answer is told again for so long.
const GOOD_FOR: Duration = Duration::from_secs(1);

const READY: &str = "ok";
const NO_LEDGER: &str = "the ledger does not answer: start its database, or run `rollover doctor`";
const OTHER_SCHEMA: &str = "the ledger is not of this version: run `rollover migrate`";
const NO_QUEUE: &str = "the queue does not answer: start redis, or run `rollover doctor`";

/// The answer that was found last, and when.
#[derive(Default)]
pub(super) struct Health(Mutex<Option<(Instant, Result<(), &'static str>)>>);

impl Health {
    /// Who asks while another looks waits for what that one finds.
    async fn look(&self, web: &Web) -> Result<(), &'static str> {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return answer;
        }
        let answer = look(web).await;
        *last = Some((Instant::now(), answer));
        answer
    }
}

async fn look(web: &Web) -> Result<(), &'static str> {
    match timeout(PATIENCE, web.ledger.check_schema()).await {
        Ok(Ok(())) => {}
        Ok(Err(LedgerError::Schema { .. })) => return Err(OTHER_SCHEMA),
        Ok(Err(_)) | Err(_) => return Err(NO_LEDGER),
    }
    let Some(queue) = &web.queue else { return Ok(()) };
    match timeout(PATIENCE, queue.depth()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(NO_QUEUE),
    }
}

pub(super) async fn live() -> &'static str {
    READY
}

pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    match shared.health.look(&shared.web).await {
        Ok(()) => (StatusCode::OK, READY),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}
