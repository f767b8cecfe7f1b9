//! The queue keeps its promises, in both forms, on real servers, through outages.

#![cfg(test)]

mod support;

use rollover::queue::{EmbeddedQueue, Epoch, Handle, Queue, QueueError, RedisQueue, Ticket, consume};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Redis, unique_name};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Far beyond what any step takes: a test that reaches it has hung.
const PATIENCE: Duration = Duration::from_secs(30);

/// Defines each promise once and a test of it per form of the queue.
macro_rules! promises {
    ($($promise:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$promise(super::embedded_queue()).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let server = super::Redis::shared();
                super::$promise(super::redis_queue(&server)).await;
            })+
        }
    };
}

promises! {
    every_ticket_is_handled_once,
    depth_counts_the_tickets_that_wait,
    several_consumers_share_the_tickets,
    no_more_handlers_run_than_there_are_slots,
    a_stop_leaves_the_rest_in_order_and_waits_for_the_running,
    a_panic_in_a_handler_ends_nothing_else,
    the_epoch_is_lost_once,
    an_idle_consumer_wakes_for_a_ticket_and_stops_when_told,
}

async fn every_ticket_is_handled_once(queue: Queue) {
    let all = tickets(1..=2_500);
    queue.publish(&all[..1_000]).await.unwrap();
    let mut consumer = Consumer::start(&queue, 8);
    queue.publish(&all[1_000..]).await.unwrap();

    assert_eq!(consumer.next_many(all.len()).await, all.iter().copied().collect());
    assert_eq!(consumer.stop().await, Vec::new(), "nothing is handled twice");
    assert_eq!(queue.depth().await.unwrap(), 0);
}

async fn depth_counts_the_tickets_that_wait(queue: Queue) {
    assert_eq!(queue.depth().await.unwrap(), 0);
    queue.publish(&tickets(1..=3)).await.unwrap();
    queue.publish(&[]).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), 3);
}

async fn several_consumers_share_the_tickets(queue: Queue) {
    let mut first = Consumer::start_gated(&queue, 2);
    let mut second = Consumer::start_gated(&queue, 2);
    queue.publish(&tickets(1..=4)).await.unwrap();

    let mut started = first.next_many(2).await;
    started.extend(second.next_many(2).await);
    assert_eq!(
        started,
        tickets(1..=4).into_iter().collect(),
        "a busy consumer leaves tickets to the idle one"
    );
    first.open_gate();
    second.open_gate();
    first.stop().await;
    second.stop().await;
}

async fn no_more_handlers_run_than_there_are_slots(queue: Queue) {
    let mut consumer = Consumer::start_gated(&queue, 3);
    queue.publish(&tickets(1..=10)).await.unwrap();
    consumer.next_many(3).await;
    assert_eq!(queue.depth().await.unwrap(), 7, "a ticket without a slot stays for others");
    consumer.open_gate();
    consumer.next_many(7).await;
    assert!(consumer.most_at_once() <= 3);
    consumer.stop().await;
}

async fn a_stop_leaves_the_rest_in_order_and_waits_for_the_running(queue: Queue) {
    let mut consumer = Consumer::start_gated(&queue, 2);
    queue.publish(&tickets(1..=6)).await.unwrap();
    let running = consumer.next_many(2).await;
    assert_eq!(running, tickets(1..=2).into_iter().collect(), "the oldest start first");

    consumer.stop.cancel();
    assert!(!consumer.task.is_finished(), "two handlers still run");
    consumer.open_gate();
    assert_eq!(consumer.stop().await, Vec::new(), "nothing starts after the stop");

    assert_eq!(queue.depth().await.unwrap(), 4);
    let mut next = Consumer::start(&queue, 1);
    assert_eq!(next.next_in_order(4).await, tickets(3..=6));
    next.stop().await;
}

async fn a_panic_in_a_handler_ends_nothing_else(queue: Queue) {
    let mut consumer = Consumer::start(&queue, 1);
    queue.publish(&[POISON, POISON, ticket(1)]).await.unwrap();
    assert_eq!(consumer.next_in_order(3).await, [POISON, POISON, ticket(1)], "the slot is free again");
    consumer.stop().await;
}

async fn the_epoch_is_lost_once(queue: Queue) {
    assert_eq!(queue.epoch("a").await.unwrap(), Epoch::Lost);
    assert_eq!(queue.epoch("b").await.unwrap(), Epoch::Same);
    assert_eq!(queue.epoch("c").await.unwrap(), Epoch::Same);
}

async fn an_idle_consumer_wakes_for_a_ticket_and_stops_when_told(queue: Queue) {
    let mut consumer = Consumer::start(&queue, 4);
    for job in 1..=20 {
        queue.publish(&[ticket(job)]).await.unwrap();
        assert_eq!(consumer.next_in_order(1).await, [ticket(job)]);
    }
    consumer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_redis_has_lost_its_epoch() {
    let server = Redis::start();
    let queue = redis_queue(&server);
    assert_eq!(queue.epoch("a").await.unwrap(), Epoch::Lost);
    server.command(&["FLUSHALL"]);
    assert_eq!(queue.epoch("b").await.unwrap(), Epoch::Lost);
    assert_eq!(queue.epoch("c").await.unwrap(), Epoch::Same);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_outlives_a_redis_that_comes_back_empty() {
    let mut server = Redis::start();
    let queue = redis_queue(&server);
    let mut consumer = Consumer::start(&queue, 4);
    queue.publish(&tickets(1..=3)).await.unwrap();
    consumer.next_many(3).await;

    server.kill();
    let error = queue.publish(&[ticket(4)]).await.unwrap_err();
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error:?}");
    server.restart();

    publish_until_it_arrives(&queue, ticket(5)).await;
    assert_eq!(consumer.next_in_order(1).await, [ticket(5)]);
    consumer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_may_start_before_redis_does() {
    let mut server = Redis::start();
    server.kill();
    let queue = redis_queue(&server);
    let mut consumer = Consumer::start(&queue, 1);
    assert!(queue.depth().await.is_err());
    server.restart();
    publish_until_it_arrives(&queue, ticket(1)).await;
    assert_eq!(consumer.next_in_order(1).await, [ticket(1)]);
    consumer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_does_not_hold_up_a_stop() {
    let mut server = Redis::start();
    let queue = redis_queue(&server);
    let mut consumer = Consumer::start(&queue, 1);
    queue.publish(&[ticket(1)]).await.unwrap();
    consumer.next_many(1).await;
    server.pause();
    consumer.stop().await;
    server.resume();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_is_no_ticket_is_dropped() {
    let server = Redis::start();
    let queue = Queue::Redis(RedisQueue::connect(server.url(), "q").unwrap());
    server.command(&["RPUSH", "q:tickets", "from another program"]);
    queue.publish(&[ticket(1)]).await.unwrap();
    let mut consumer = Consumer::start(&queue, 1);
    assert_eq!(consumer.next_in_order(1).await, [ticket(1)]);
    consumer.stop().await;
}

/// `cargo test --release --test queue -- --ignored --nocapture` prints tickets per second and the delay of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a promise"]
async fn how_fast_is_the_queue() {
    let server = Redis::start();
    for (form, queue) in [("embedded", embedded_queue()), ("redis", redis_queue(&server))] {
        let all = tickets(1..=200_000);
        queue.publish(&all).await.unwrap();
        let began = tokio::time::Instant::now();
        let mut consumer = Consumer::start(&queue, 100);
        for _ in &all {
            consumer.next().await;
        }
        let per_second = all.len() as f64 / began.elapsed().as_secs_f64();
        let mut delays = Vec::new();
        for job in 1..=1_000 {
            let began = tokio::time::Instant::now();
            queue.publish(&[ticket(job)]).await.unwrap();
            consumer.next().await;
            delays.push(began.elapsed());
        }
        delays.sort();
        println!("{form}: {per_second:.0} tickets/s, delay p50 {:?} p99 {:?}", delays[500], delays[990]);
        consumer.stop().await;
    }
}

/// A ticket whose handler panics.
const POISON: Ticket = Ticket { job: -1, generation: 0 };

fn ticket(job: i64) -> Ticket {
    Ticket { job, generation: 1 }
}

fn tickets(jobs: std::ops::RangeInclusive<i64>) -> Vec<Ticket> {
    jobs.map(ticket).collect()
}

fn embedded_queue() -> Queue {
    Queue::Embedded(EmbeddedQueue::default())
}

fn redis_queue(server: &Redis) -> Queue {
    Queue::Redis(RedisQueue::connect(server.url(), &unique_name("queue")).unwrap())
}

/// As the dispatcher does it: an error leaves the ticket unsent, and it is sent again.
async fn publish_until_it_arrives(queue: &Queue, ticket: Ticket) {
    let trying = async { while queue.publish(&[ticket]).await.is_err() {} };
    tokio::time::timeout(PATIENCE, trying).await.expect("redis is back");
}

/// A consumer whose handler reports each ticket when it starts and, if gated, waits for the gate.
struct Consumer {
    started: mpsc::UnboundedReceiver<Ticket>,
    recorder: Arc<Recorder>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

struct Recorder {
    started: mpsc::UnboundedSender<Ticket>,
    gate: Semaphore,
    running: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Handle for Recorder {
    async fn handle(&self, ticket: Ticket) {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        self.started.send(ticket).expect("the test still listens");
        assert!(ticket != POISON, "a handler that panics, as the test wants it");
        drop(self.gate.acquire().await.expect("the gate is never closed"));
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Consumer {
    fn start(queue: &Queue, concurrency: usize) -> Self {
        let consumer = Self::start_gated(queue, concurrency);
        consumer.open_gate();
        consumer
    }

    fn start_gated(queue: &Queue, concurrency: usize) -> Self {
        let (sender, started) = mpsc::unbounded_channel();
        let recorder = Arc::new(Recorder {
            started: sender,
            gate: Semaphore::new(0),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        let (queue, handle, token) = (queue.clone(), recorder.clone(), stop.clone());
        let task = tokio::spawn(async move { consume(queue, "test", concurrency, handle, token).await });
        Self { started, recorder, stop, task }
    }

    fn open_gate(&self) {
        self.recorder.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    fn most_at_once(&self) -> usize {
        self.recorder.most_at_once.load(Ordering::SeqCst)
    }

    async fn next(&mut self) -> Ticket {
        let next = tokio::time::timeout(PATIENCE, self.started.recv()).await;
        next.expect("a ticket is handled in time").expect("the handler lives")
    }

    async fn next_in_order(&mut self, count: usize) -> Vec<Ticket> {
        let mut taken = Vec::new();
        for _ in 0..count {
            taken.push(self.next().await);
        }
        taken
    }

    async fn next_many(&mut self, count: usize) -> BTreeSet<Ticket> {
        self.next_in_order(count).await.into_iter().collect()
    }

    /// Ends the consumer and returns the tickets that were handled and not asked for.
    async fn stop(mut self) -> Vec<Ticket> {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it stops in time")
            .expect("it does not panic");
        std::iter::from_fn(|| self.started.try_recv().ok()).collect()
    }
}
