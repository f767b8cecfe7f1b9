//! How jobs that are due reach a worker: a list of tickets, in Redis or in this process. Apalis lives only here.
//!
//! # Who wakes whom
//! The dispatcher publishes tickets of jobs that are due. That wakes a consumer at once: in one process by a
//! notification, in Redis because the consumer waits inside `BLMPOP`. A consumer takes as many tickets as it
//! has free slots, never more, and calls its handler with each; a slot that falls free takes the next ticket.
//!
//! # What a crash leaves
//! A ticket is a hint; the ledger is the truth. So the queue acknowledges nothing and remembers nothing:
//! - a consumer that dies loses the tickets it had taken; the leases of its jobs run out, or the dispatcher
//!   sends those again that nobody claimed;
//! - Redis that comes back empty has lost its epoch as well, which tells the dispatcher to count every job as
//!   unsent; Redis that comes back old has tickets of finished jobs, which no claim accepts;
//! - a ticket that arrives twice is claimed once.
//!
//! Deliberately absent: priorities, delays, retries, results. Those are columns of the ledger.

mod backend;
mod consume;
mod embedded;
mod error;
mod link;
mod redis;
mod ticket;

pub use self::consume::{Handle, consume};
pub use self::embedded::EmbeddedQueue;
pub use self::error::QueueError;
pub use self::link::check_url;
pub use self::redis::RedisQueue;
pub use self::ticket::Ticket;

use tokio_util::sync::CancellationToken;

/// The two forms of the queue. Clones are the same queue.
#[derive(Clone)]
pub enum Queue {
    Redis(RedisQueue),
    Embedded(EmbeddedQueue),
}

/// Whether the queue still is the one that tickets were sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epoch {
    Same,
    /// The queue was emptied, or is new. Said once: all that was sent before counts as unsent.
    Lost,
}

impl Queue {
    /// Adds tickets at the end. After an error some of them may have arrived.
    pub async fn publish(&self, tickets: &[Ticket]) -> Result<(), QueueError> {
        match self {
            Self::Redis(queue) => queue.publish(tickets).await,
            Self::Embedded(queue) => {
                queue.publish(tickets);
                Ok(())
            }
        }
    }

    /// How many tickets wait, without those already taken.
    pub async fn depth(&self) -> Result<u64, QueueError> {
        match self {
            Self::Redis(queue) => queue.depth().await,
            Self::Embedded(queue) => Ok(queue.depth()),
        }
    }

    /// Looks for the mark of an earlier call and leaves the mark `fresh` where there is none. A dispatcher
    /// that starts must count everything as unsent anyway: the one before may have died on the word `Lost`.
    pub async fn epoch(&self, fresh: &str) -> Result<Epoch, QueueError> {
        match self {
            Self::Redis(queue) => queue.epoch(fresh).await,
            Self::Embedded(queue) => Ok(queue.epoch(fresh)),
        }
    }

    fn taker(&self) -> Taker {
        match self {
            Self::Redis(queue) => Taker::Redis(queue.for_taking()),
            Self::Embedded(queue) => Taker::Embedded(queue.clone()),
        }
    }
}

/// The side of the queue that one consumer holds.
#[derive(Clone)]
enum Taker {
    Redis(RedisQueue),
    Embedded(EmbeddedQueue),
}

impl Taker {
    /// Waits for tickets and takes the oldest `max`; none only when `stop` is cancelled.
    async fn take(&self, max: usize, stop: &CancellationToken) -> Vec<Ticket> {
        match self {
            Self::Redis(queue) => queue.take(max, stop).await,
            Self::Embedded(queue) => queue.take(max, stop).await,
        }
    }

    async fn hand_back(&self, tickets: &[Ticket]) {
        match self {
            Self::Redis(queue) => queue.hand_back(tickets).await,
            Self::Embedded(queue) => queue.hand_back(tickets),
        }
    }
}
