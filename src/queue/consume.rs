//! The consumer: an apalis worker that turns tickets into calls of one handler, and its supervisor.

use super::backend::{Seated, TicketBackend};
use super::{Queue, Taker, Ticket};
use apalis_core::error::WorkerError;
use apalis_core::worker::builder::WorkerBuilder;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A worker that lived this long was healthy: the next pause is short again.
const HEALTHY_LIFE: Duration = Duration::from_secs(30);

/// What a consumer does with a ticket. Errors are the handler's own: it records them where they belong.
pub trait Handle: Send + Sync + 'static {
    fn handle(&self, ticket: Ticket) -> impl Future<Output = ()> + Send;
}

/// Takes tickets until `stop` is cancelled and handles up to `concurrency` of them at once.
///
/// On stop, tickets that were taken and not started go back to the front of the queue at once; then this
/// waits for the handlers that run. How long they may is theirs to limit. `name` is for the logs.
pub async fn consume<H: Handle>(
    queue: Queue,
    name: &str,
    concurrency: usize,
    handle: Arc<H>,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(concurrency));
    let taker = queue.taker();
    supervise(name, &stop, |worker_name| {
        run_worker(worker_name, taker.clone(), slots.clone(), handle.clone(), stop.clone())
    })
    .await;
    // Handlers outlive a worker that died; all are over once every slot is free.
    let all = u32::try_from(concurrency).expect("a process has fewer slots than four thousand million");
    let _every_slot = slots.acquire_many(all).await;
}

/// One life of the worker. Each handler has a task of its own, so that handlers use every core, a panic
/// stays in its handler, and no handler is dropped with the worker.
async fn run_worker<H: Handle>(
    name: String,
    taker: Taker,
    slots: Arc<Semaphore>,
    handle: Arc<H>,
    stop: CancellationToken,
) -> Result<(), WorkerError> {
    let backend = TicketBackend::new(taker, slots, stop);
    let emptied = backend.emptied();
    WorkerBuilder::new(name)
        .backend(backend)
        .build(move |seated: Seated| run_handler(handle.clone(), seated))
        .run_until(async move {
            emptied.cancelled().await;
            Ok::<(), WorkerError>(())
        })
        .await
}

async fn run_handler<H: Handle>(handle: Arc<H>, Seated { ticket, slot }: Seated) {
    let running = tokio::spawn(async move {
        let _until_the_end = slot;
        handle.handle(ticket).await;
    });
    if let Err(error) = running.await {
        tracing::error!(job.id = ticket.job, %error, "the handler of a ticket broke off; its lease will run out");
    }
}

/// Starts the worker again, under a fresh name, whenever it ends before `stop`.
async fn supervise<E, W>(name: &str, stop: &CancellationToken, worker: impl Fn(String) -> W)
where
    E: Error + Send + 'static,
    W: Future<Output = Result<(), E>> + Send + 'static,
{
    let mut pause = FIRST_PAUSE;
    for life in 1_u64.. {
        let began = Instant::now();
        // In a task of its own, because apalis may panic.
        let end = tokio::spawn(worker(format!("{name}-{life}"))).await;
        if stop.is_cancelled() {
            return;
        }
        tracing::warn!(worker = name, life, end = describe(end), "the worker ended; another one starts");
        if began.elapsed() > HEALTHY_LIFE {
            pause = FIRST_PAUSE;
        }
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn describe<E: Error>(end: Result<Result<(), E>, JoinError>) -> String {
    match end {
        Ok(Ok(())) => "without a reason".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_dies_is_started_again_under_a_fresh_name_after_growing_pauses() {
        let stop = CancellationToken::new();
        let lives = Arc::new(Mutex::new(Vec::new()));
        let began = Instant::now();
        supervise("w", &stop, |name| {
            let (lives, stop) = (lives.clone(), stop.clone());
            async move {
                let seconds = began.elapsed().as_secs_f32();
                lives.lock().unwrap().push((name.clone(), (seconds * 10.0).round() / 10.0));
                match name.as_str() {
                    "w-1" => panic!("as apalis might"),
                    "w-2" => Err(std::io::Error::other("a backend error")),
                    "w-4" => {
                        stop.cancel();
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
        })
        .await;
        let expected = [("w-1", 0.0), ("w-2", 0.1), ("w-3", 0.3), ("w-4", 0.7)];
        assert_eq!(*lives.lock().unwrap(), expected.map(|(name, at)| (name.to_owned(), at)));
    }
}
