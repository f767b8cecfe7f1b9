//! The queue in Redis: one list of tickets, shared by every worker on every machine.
//!
//! A taker waits inside Redis (`BLMPOP`), so a ticket starts a fraction of a millisecond after it is
//! published and an idle worker asks four times a second. It needs Redis 7 for `BLMPOP` and `SET … NX GET`.
//! There is no acknowledgement and no list of tickets in work: the lease in the ledger is both.

use super::link::Link;
use super::{Epoch, QueueError, Ticket};
use chrono::{DateTime, Utc};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long one question waits inside Redis. Short, so that a worker that stops never abandons a question
/// whose answer, with tickets in it, is on its way.
const WAIT_IN_REDIS: Duration = Duration::from_millis(250);
/// How long a stopping worker waits for the answer of a Redis that is stuck before it gives up on it.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Tickets per `RPUSH`, so that no command is large enough to hold up the others.
const TICKETS_PER_PUSH: usize = 1_000;

/// A connection for publishing and asking. Clones share it; each consumer opens one more for waiting.
#[derive(Clone)]
pub struct RedisQueue {
    link: Arc<Link>,
    tickets_key: String,
    epoch_key: String,
}

impl RedisQueue {
    /// Checks the address and returns at once; the connection is made by the first command, and again after
    /// every outage. Call it inside the Tokio runtime.
    ///
    /// # Errors
    /// [`QueueError::BadUrl`] and nothing else: a Redis that is down today is not a reason to not start.
    pub fn connect(url: &str, key_prefix: &str) -> Result<Self, QueueError> {
        Ok(Self {
            link: Arc::new(Link::open(url)?),
            tickets_key: format!("{key_prefix}:tickets"),
            epoch_key: format!("{key_prefix}:epoch"),
        })
    }

    pub(super) async fn publish(&self, tickets: &[Ticket]) -> Result<(), QueueError> {
        for part in tickets.chunks(TICKETS_PER_PUSH) {
            self.push("RPUSH", part.iter()).await?;
        }
        Ok(())
    }

    pub(super) async fn depth(&self) -> Result<u64, QueueError> {
        self.link.query(redis::cmd("LLEN").arg(&self.tickets_key)).await
    }

    /// One command, so that of two processes that ask at once only one is told that the epoch was lost.
    pub(super) async fn epoch(&self, fresh: &str) -> Result<Epoch, QueueError> {
        let mut command = redis::cmd("SET");
        command.arg(&self.epoch_key).arg(fresh).arg("NX").arg("GET");
        let before: Option<String> = self.link.query(&command).await?;
        Ok(if before.is_some() { Epoch::Same } else { Epoch::Lost })
    }

    /// What time it is at the server.
    pub async fn server_clock(&self) -> Result<DateTime<Utc>, QueueError> {
        let (seconds, micros): (i64, u32) = self.link.query(&redis::cmd("TIME")).await?;
        Ok(DateTime::from_timestamp(seconds, micros * 1_000).unwrap_or_default())
    }

    /// The same queue over a connection of its own, because a waiting question holds up all behind it.
    pub(super) fn for_taking(&self) -> Self {
        Self { link: Arc::new(self.link.another()), ..self.clone() }
    }

    /// Waits for tickets and takes the oldest `max` of them; none only when `stop` is cancelled. It outlasts
    /// every outage.
    pub(super) async fn take(&self, max: usize, stop: &CancellationToken) -> Vec<Ticket> {
        let mut pause = FIRST_PAUSE;
        let mut outage = false;
        while !stop.is_cancelled() {
            let answer = tokio::select! {
                answer = self.take_once(max) => answer,
                () = patience_ends(stop) => return Vec::new(),
            };
            match answer {
                Ok(tickets) => {
                    if outage {
                        tracing::info!(queue.address = self.link.address(), "redis answers again");
                    }
                    if !tickets.is_empty() {
                        return tickets;
                    }
                    (pause, outage) = (FIRST_PAUSE, false);
                }
                Err(error) => {
                    if !outage {
                        tracing::warn!(%error, cause = cause(&error), "no tickets until redis answers; jobs stay due");
                    }
                    outage = true;
                    let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        Vec::new()
    }

    /// Puts tickets that nobody started back to the front, in their old order. If that fails they are gone
    /// from the queue, and the dispatcher sends their jobs again.
    pub(super) async fn hand_back(&self, tickets: &[Ticket]) {
        if tickets.is_empty() {
            return;
        }
        let pushed = tokio::time::timeout(STOP_PATIENCE, self.push("LPUSH", tickets.iter().rev())).await;
        match pushed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, cause = cause(&error), tickets = tickets.len(), "tickets not handed back");
            }
            Err(_) => {
                tracing::warn!(tickets = tickets.len(), "tickets not handed back: redis does not answer")
            }
        }
    }

    async fn take_once(&self, max: usize) -> Result<Vec<Ticket>, QueueError> {
        let mut command = redis::cmd("BLMPOP");
        command
            .arg(WAIT_IN_REDIS.as_secs_f64())
            .arg(1)
            .arg(&self.tickets_key)
            .arg("LEFT")
            .arg("COUNT")
            .arg(max);
        let answer: Option<(Vec<u8>, Vec<Vec<u8>>)> = self.link.query(&command).await?;
        let stored = answer.map(|(_key, stored)| stored).unwrap_or_default();
        Ok(stored.iter().filter_map(|one| readable(one)).collect())
    }

    async fn push(&self, command: &str, tickets: impl Iterator<Item = &Ticket>) -> Result<(), QueueError> {
        let mut command = redis::cmd(command);
        command.arg(&self.tickets_key);
        for ticket in tickets {
            command.arg(ticket.encode());
        }
        self.link.query(&command).await
    }
}

/// Without the address in full: that may hold a password.
impl fmt::Debug for RedisQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisQueue({} at {})", self.tickets_key, self.link.address())
    }
}

async fn patience_ends(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_PATIENCE).await;
}

/// A ticket that cannot be read is dropped: its job is sent again in the form of today.
fn readable(stored: &[u8]) -> Option<Ticket> {
    Ticket::decode(stored).inspect_err(|error| tracing::warn!(%error, "unreadable ticket dropped")).ok()
}

fn cause(error: &QueueError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}
