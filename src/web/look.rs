//! Looks into a customer's rosters for a page: few at a time, since each reads whole snapshots.

use super::{desk::Desk, error::PageError};
use rollover_jobs::{Customer, JobContext, JobFacts, Stop};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// So many run at once.
const AT_ONCE: usize = 2;
/// A page waits so long for its turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// The turns of all pages.
pub(super) struct Looks(Arc<Semaphore>);

impl Default for Looks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Desk {
    /// Runs a look that writes nothing. It keeps its turn until it has ended, also when nobody waits for the page any more.
    pub async fn look<T, F>(
        &self,
        customer: Customer,
        look: impl FnOnce(JobContext) -> F,
    ) -> Result<T, PageError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Stop>> + Send + 'static,
    {
        let turn = tokio::time::timeout(PATIENCE, self.shared.looks.0.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(PageError::TooManyLooks) };
        let facts = JobFacts { id: 0, task: None, due_at: self.now, attempt: 1, round: 0 };
        let looking = look(JobContext::dry_run(facts, customer, self.shared.web.ports.clone()));
        let found = tokio::spawn(async move {
            let _turn = turn;
            looking.await
        });
        match found.await {
            Ok(found) => found.map_err(PageError::Look),
            Err(error) => Err(PageError::Look(Stop::retry(format!("the look broke off: {error}")))),
        }
    }
}
