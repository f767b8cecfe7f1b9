//! The queue inside one process: for `rollover up`, where nothing else has to be installed.

use super::{Epoch, Ticket};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A list of tickets in memory. Clones share it. It ends with the process, which costs nothing: the ledger
/// still knows every job that is due, and the new process starts with a lost [`Epoch`].
#[derive(Clone, Default)]
pub struct EmbeddedQueue {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    tickets: Mutex<VecDeque<Ticket>>,
    epoch: Mutex<Option<String>>,
    arrived: Notify,
}

impl EmbeddedQueue {
    pub(super) fn publish(&self, tickets: &[Ticket]) {
        self.tickets().extend(tickets);
        self.shared.arrived.notify_waiters();
    }

    pub(super) fn depth(&self) -> u64 {
        self.tickets().len() as u64
    }

    pub(super) fn epoch(&self, fresh: &str) -> Epoch {
        let mut epoch = self.shared.epoch.lock().expect("no holder of the epoch panics");
        if epoch.is_some() {
            return Epoch::Same;
        }
        *epoch = Some(fresh.to_owned());
        Epoch::Lost
    }

    /// Waits for tickets and takes the oldest `max` of them; none only when `stop` is cancelled.
    pub(super) async fn take(&self, max: usize, stop: &CancellationToken) -> Vec<Ticket> {
        loop {
            // Registered before the look into the list: a publish between the two is not missed.
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();

            let taken = self.take_now(max);
            if !taken.is_empty() {
                return taken;
            }
            tokio::select! {
                () = arrived => {}
                () = stop.cancelled() => return Vec::new(),
            }
        }
    }

    /// Puts tickets that nobody started back to the front, in their old order.
    pub(super) fn hand_back(&self, tickets: &[Ticket]) {
        let mut waiting = self.tickets();
        for ticket in tickets.iter().rev() {
            waiting.push_front(*ticket);
        }
        drop(waiting);
        self.shared.arrived.notify_waiters();
    }

    fn take_now(&self, max: usize) -> Vec<Ticket> {
        let mut waiting = self.tickets();
        let count = max.min(waiting.len());
        waiting.drain(..count).collect()
    }

    fn tickets(&self) -> MutexGuard<'_, VecDeque<Ticket>> {
        self.shared.tickets.lock().expect("no holder of the tickets panics")
    }
}
