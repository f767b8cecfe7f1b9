//! What apalis pulls its work from: tickets, never more than there are free slots.

use super::{Taker, Ticket};
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::memory::MemoryStorage;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::worker::context::WorkerContext;
use futures::future::BoxFuture;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// A ticket with the slot it will run in. Whoever drops it frees the slot.
pub(super) struct Seated {
    pub(super) ticket: Ticket,
    pub(super) slot: OwnedSemaphorePermit,
}

/// Takes tickets for free slots only, so none waits here while another worker is idle. It never returns an
/// error: apalis would end the worker and drop the handlers that run in it.
pub(super) struct TicketBackend {
    taker: Taker,
    slots: Arc<Semaphore>,
    stop: CancellationToken,
    emptied: CancellationToken,
    taking: Option<BoxFuture<'static, VecDeque<Seated>>>,
    seated: VecDeque<Seated>,
    handing_back: Option<BoxFuture<'static, ()>>,
}

impl TicketBackend {
    pub(super) fn new(taker: Taker, slots: Arc<Semaphore>, stop: CancellationToken) -> Self {
        let emptied = CancellationToken::new();
        Self { taker, slots, stop, emptied, taking: None, seated: VecDeque::new(), handing_back: None }
    }

    /// Cancelled once all is handed back. Apalis must hear of the stop only then: it would first wait for the
    /// running handlers, and until their end no other worker could have the tickets.
    pub(super) fn emptied(&self) -> CancellationToken {
        self.emptied.clone()
    }

    /// Waits for the question that is under way, because its answer may hold tickets, then hands back all
    /// that did not start.
    fn poll_hand_back(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(taking) = &mut self.taking {
            let late = ready!(taking.as_mut().poll(cx));
            self.seated.extend(late);
            self.taking = None;
        }
        let handing_back = self.handing_back.get_or_insert_with(|| {
            let tickets: Vec<Ticket> = self.seated.drain(..).map(|seated| seated.ticket).collect();
            let taker = self.taker.clone();
            Box::pin(async move { taker.hand_back(&tickets).await })
        });
        ready!(handing_back.as_mut().poll(cx));
        self.emptied.cancel();
        Poll::Ready(())
    }
}

impl Backend for TicketBackend {
    type Task = Task<Seated>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// `None`, after which apalis closes the worker, only when the consumer stops.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Seated>, Infallible>>> {
        loop {
            if self.stop.is_cancelled() {
                ready!(self.poll_hand_back(cx));
                return Poll::Ready(None);
            }
            if let Some(seated) = self.seated.pop_front() {
                return Poll::Ready(Some(Ok(TaskBuilder::new(seated).build())));
            }
            let taking = self.taking.get_or_insert_with(|| {
                Box::pin(take_seated(self.taker.clone(), self.slots.clone(), self.stop.clone()))
            });
            self.seated = ready!(taking.as_mut().poll(cx));
            self.taking = None;
        }
    }

    /// Nothing is left to close: [`Self::poll_next`] has handed everything back before it ended.
    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

/// The layer that does nothing, by the only path on which apalis names it.
type NoLayer = <MemoryStorage<()> as BackendConfig>::Layer;

impl BackendConfig for TicketBackend {
    type Args = Seated;
    type Id = ();
    /// Tickets arrive decoded; nothing here is apalis' to store.
    type Kind = Ephemeral;
    type Config = ();
    type Layer = NoLayer;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> NoLayer {
        NoLayer::default()
    }
}

async fn take_seated(taker: Taker, slots: Arc<Semaphore>, stop: CancellationToken) -> VecDeque<Seated> {
    let Some(free) = free_slots(&slots, &stop).await else { return VecDeque::new() };
    let tickets = taker.take(free.len(), &stop).await;
    tickets.into_iter().zip(free).map(|(ticket, slot)| Seated { ticket, slot }).collect()
}

/// Waits for one free slot and takes all others that are free as well.
async fn free_slots(slots: &Arc<Semaphore>, stop: &CancellationToken) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = stop.run_until_cancelled(slots.clone().acquire_owned()).await?;
    let mut free = vec![first.expect("nobody closes the slots")];
    while let Ok(another) = slots.clone().try_acquire_owned() {
        free.push(another);
    }
    Some(free)
}
