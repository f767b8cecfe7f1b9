//! Writes how a job ended, however long the ledger is away: a long import must not run again for a short outage.
//!
//! The worker renews the lease meanwhile. Should the outage outlast it, the reaper may give the job to another; then
//! the write, guarded by the generation, is refused, and the run of whoever has the job now counts.

use crate::ledger::LedgerError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The pause after the first try that failed; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Tries go on for so long.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// And for so long once the worker breaks off what runs: whoever stops it does not wait for ever.
const LIMIT_OF_STOPPING: Duration = Duration::from_secs(30);

/// Tries until the end of the job is written; `None` when it never will be.
pub(super) async fn until_written<T, F>(
    job: i64,
    stopping: &CancellationToken,
    write: impl FnMut() -> F,
) -> Option<T>
where
    F: Future<Output = Result<T, LedgerError>>,
{
    let stopped = async {
        stopping.cancelled().await;
        tokio::time::sleep(LIMIT_OF_STOPPING).await;
    };
    tokio::select! {
        biased;
        written = try_again(job, write) => return written,
        () = tokio::time::sleep(LIMIT) => {}
        () = stopped => {}
    }
    tracing::error!(
        job.id = job,
        "how the job ended could not be written; its lease will end and it runs again"
    );
    None
}

async fn try_again<T, F>(job: i64, mut write: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Result<T, LedgerError>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match write().await {
            Ok(written) => return Some(written),
            Err(LedgerError::Raced { what: "job", .. }) => {
                tracing::warn!(job.id = job, "the end came too late: the job is no longer this worker's");
                return None;
            }
            Err(error) => {
                tracing::warn!(job.id = job, error = %error, "how the job ended could not be written yet");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    /// The ledger is away for so long; gives whether the end was written, when, and the pauses between tries.
    async fn outage(away: Duration, stopping: &CancellationToken) -> (bool, Duration, Vec<Duration>) {
        let begun = Instant::now();
        let mut tries = Vec::new();
        let written = until_written(1, stopping, || {
            tries.push(begun.elapsed());
            std::future::ready(if begun.elapsed() < away { Err(LedgerError::Away) } else { Ok(()) })
        })
        .await;
        let ended = begun.elapsed();
        (written.is_some(), ended, tries.windows(2).map(|pair| pair[1] - pair[0]).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn tries_go_on_to_the_limit_with_pauses_that_grow_to_two_seconds() {
        let second = Duration::from_secs(1);
        for (away, written) in
            [(Duration::ZERO, true), (26 * second, true), (9 * 60 * second, true), (11 * 60 * second, false)]
        {
            let (done, ended, pauses) = outage(away, &CancellationToken::new()).await;
            assert_eq!(done, written, "away for {away:?}");
            assert!(ended <= LIMIT && (ended <= away + LONGEST_PAUSE || !written), "{ended:?} of {away:?}");
            assert!(pauses.is_sorted() && pauses.iter().all(|pause| *pause <= LONGEST_PAUSE), "{pauses:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_stops_waits_less() {
        let stopping = CancellationToken::new();
        stopping.cancel();
        assert!(outage(Duration::from_secs(20), &stopping).await.0);
        let (done, ended, _) = outage(Duration::from_secs(60), &stopping).await;
        assert_eq!((done, ended), (false, LIMIT_OF_STOPPING));
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_came_too_late_is_not_tried_again() {
        let mut tries = 0;
        let written: Option<()> = until_written(1, &CancellationToken::new(), || {
            tries += 1;
            std::future::ready(Err(LedgerError::Raced { what: "job", id: 1 }))
        })
        .await;
        assert_eq!((written, tries), (None, 1));
    }
}
