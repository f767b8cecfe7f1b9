//! Group commit: claims and endings of many jobs in one transaction, since the ledger is the limit of throughput.
//!
//! Two writers, one for claims and one for endings, each take what waits for them (up to a limit) and commit it
//! together. A caller hears back after the commit, so what it was told is durable. When a group fails, its
//! members are tried one by one: a bad one spoils no other; only while the ledger is away all are told so at once.
//! If this process dies, nobody was told anything.

use super::{
    Ledger, LedgerError,
    db::Tx,
    jobs,
    rows::{JobMove, JobRow},
    unreadable::Rows,
};
use crate::model::JobState;
use chrono::{DateTime, Duration, Utc};
use rollover_jobs::ports::Clock;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Most members of one transaction.
const GROUP: usize = 500;
/// Callers that may wait before the next has to.
const BACKLOG: usize = 10_000;

struct ClaimRequest {
    id: i64,
    generation: i32,
    reply: oneshot::Sender<Option<JobRow>>,
}

struct EndRequest {
    row: JobRow,
    event: JobMove,
    reply: oneshot::Sender<Result<JobRow, LedgerError>>,
}

/// The two writers of one worker process; dropped, they end.
#[derive(Clone)]
pub struct Grouped {
    claims: mpsc::Sender<ClaimRequest>,
    endings: mpsc::Sender<EndRequest>,
}

impl Grouped {
    /// Starts the writers of the worker `owner`, whose claims hold for `lease`.
    pub fn start(ledger: Ledger, clock: Arc<dyn Clock>, owner: String, lease: Duration) -> Self {
        let (claims, claim_requests) = mpsc::channel(BACKLOG);
        let (endings, end_requests) = mpsc::channel(BACKLOG);
        tokio::spawn(write_claims(ledger.clone(), clock.clone(), owner.clone(), lease, claim_requests));
        tokio::spawn(write_endings(ledger, clock, owner, end_requests));
        Self { claims, endings }
    }

    /// Claims a job for a ticket; `None` when it cannot be: taken, not due, another generation, its lane busy,
    /// a needed step open, or the ledger away. The ticket is then dropped, and dispatch sends another in time.
    pub async fn claim(&self, id: i64, generation: i32) -> Option<JobRow> {
        let (reply, answer) = oneshot::channel();
        self.claims.send(ClaimRequest { id, generation, reply }).await.ok()?;
        answer.await.ok().flatten()
    }

    /// Writes how a claimed job ended.
    pub async fn end(&self, row: JobRow, event: JobMove) -> Result<JobRow, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let id = row.id;
        let gone = || LedgerError::Raced { what: "job", id };
        self.endings.send(EndRequest { row, event, reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn write_claims(
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    owner: String,
    lease: Duration,
    mut requests: mpsc::Receiver<ClaimRequest>,
) {
    let mut group = Vec::with_capacity(GROUP);
    while requests.recv_many(&mut group, GROUP).await > 0 {
        let wanted: Vec<(i64, i32)> = group.iter().map(|request| (request.id, request.generation)).collect();
        let now = clock.now();
        let mut claimed = match claim_group(&ledger, now, &wanted, &owner, now + lease).await {
            Ok(rows) => rows,
            Err(error) if error.is_away() => {
                tracing::warn!(error = %error, size = wanted.len(), "the ledger is away; these tickets are dropped");
                Vec::new()
            }
            Err(error) => {
                tracing::debug!(error = %error, size = wanted.len(), "a group of claims failed, one by one now");
                let mut rows = Vec::new();
                for one in &wanted {
                    match claim_group(&ledger, now, &[*one], &owner, now + lease).await {
                        Ok(found) => rows.extend(found),
                        // Another process took the lane between look and claim: sent again once it is free.
                        Err(error) if error.is_unique_violation() => {
                            if let Err(error) = ledger.unsend(&[*one]).await {
                                tracing::debug!(job.id = one.0, error = %error, "a ticket could not be marked as unsent");
                            }
                        }
                        Err(error) => {
                            tracing::warn!(job.id = one.0, error = %error, "a job could not be claimed")
                        }
                    }
                }
                rows
            }
        };
        claimed.sort_by_key(|row| row.id);
        for request in group.drain(..) {
            let row = claimed
                .binary_search_by_key(&request.id, |row| row.id)
                .ok()
                .map(|index| claimed[index].clone())
                .filter(|row| row.generation == request.generation);
            // The same job twice in one group: the first caller has it.
            if row.is_some() {
                claimed.retain(|row| row.id != request.id);
            }
            let _gone = request.reply.send(row);
        }
        ledger.wakeups().news();
    }
}

async fn claim_group(
    ledger: &Ledger,
    now: DateTime<Utc>,
    wanted: &[(i64, i32)],
    owner: &str,
    until: DateTime<Utc>,
) -> Result<Vec<JobRow>, LedgerError> {
    let mut tx = ledger.db.begin().await?;
    let Rows { read, unreadable } = jobs::claim(&mut tx, now, wanted, owner, until).await?;
    tx.commit().await?;
    let (claimed, waiting): (Vec<_>, Vec<_>) =
        read.into_iter().partition(|row| row.state == JobState::Running);
    // The next job of its lane can be sent.
    if !waiting.is_empty() {
        ledger.tell_due().await;
    }
    // In transactions of their own: the claims stand, whatever becomes of these.
    if let Err(error) = ledger.fail_unreadable_jobs(now, &unreadable).await {
        tracing::warn!(error = %error, "jobs that cannot be read could not be failed; their tickets come again");
    }
    Ok(claimed)
}

async fn write_endings(
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    owner: String,
    mut requests: mpsc::Receiver<EndRequest>,
) {
    let mut group = Vec::with_capacity(GROUP);
    while requests.recv_many(&mut group, GROUP).await > 0 {
        let steps: Vec<(JobRow, JobMove)> =
            group.iter().map(|request| (request.row.clone(), request.event.clone())).collect();
        let now = clock.now();
        // A job that ends may free a lane or start a follower: both can be due at once.
        let frees = group.iter().any(|request| request.row.lane.is_some() || request.row.task_id.is_some());
        match end_group(&ledger, now, &owner, &steps).await {
            Ok(results) => {
                for (request, result) in group.drain(..).zip(results) {
                    let _gone = request.reply.send(result);
                }
            }
            Err(error) if error.is_away() => {
                tracing::debug!(error = %error, size = steps.len(), "the ledger is away; these endings come again");
                for request in group.drain(..) {
                    let _gone = request.reply.send(Err(LedgerError::Away));
                }
                continue;
            }
            Err(error) => {
                tracing::debug!(error = %error, size = steps.len(), "a group of endings failed, one by one now");
                for request in group.drain(..) {
                    let one = [(request.row, request.event)];
                    let result = end_group(&ledger, now, &owner, &one).await;
                    let result = result.and_then(|mut results| results.pop().expect("one step, one result"));
                    let _gone = request.reply.send(result);
                }
            }
        }
        if frees {
            ledger.tell_due().await;
        } else {
            ledger.wakeups().news();
        }
    }
}

async fn end_group(
    ledger: &Ledger,
    now: DateTime<Utc>,
    owner: &str,
    steps: &[(JobRow, JobMove)],
) -> Result<Vec<Result<JobRow, LedgerError>>, LedgerError> {
    let mut tx: Tx = ledger.db.begin().await?;
    let steps =
        steps.iter().map(|(row, event)| jobs::Step { row: row.clone(), event: event.clone() }).collect();
    let results = jobs::apply(&mut tx, now, owner, steps).await?;
    tx.commit().await?;
    Ok(results)
}
