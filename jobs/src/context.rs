//! What a running job is given: facts about itself, its customer, the ports, and (live only) the proof.

use crate::{
    Customer, Stop,
    ports::{Clock, Decisions, Integration, Mailer, Rosters, Site},
};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The right to write to a site. A dry run has none, so it cannot write by mistake.
///
/// It names the claim that it was given for: a site that can ask the ledger refuses the write of a worker whose
/// lease was lost meanwhile.
#[derive(Debug)]
pub struct WriteProof {
    job: i64,
    generation: i32,
}

impl WriteProof {
    /// Only the engine, for a claimed job, calls this; `tests/tidy.rs` keeps it so.
    pub const fn for_claimed_job(job: i64, generation: i32) -> Self {
        Self { job, generation }
    }

    pub const fn job(&self) -> i64 {
        self.job
    }

    pub const fn generation(&self) -> i32 {
        self.generation
    }
}

/// The outside world of a job. Every error of a port knows which [`Stop`] it becomes.
#[derive(Clone)]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub site: Arc<dyn Site>,
    pub rosters: Arc<dyn Rosters>,
    pub integration: Arc<dyn Integration>,
    pub decisions: Arc<dyn Decisions>,
    pub mailer: Arc<dyn Mailer>,
}

/// What the job knows of itself.
#[derive(Debug, Clone)]
pub struct JobFacts {
    pub id: i64,
    pub task: Option<i64>,
    /// The moment the task was due; the same for every attempt.
    pub due_at: DateTime<Utc>,
    /// 1 for the first.
    pub attempt: u32,
    /// 0, and one more whenever a person has the ended job run again: a life of its own, which looks at the world anew.
    pub round: i32,
}

/// Everything that a job may use.
pub struct JobContext {
    pub job: JobFacts,
    /// `None` for a kind that belongs to no customer.
    pub customer: Option<Customer>,
    pub ports: Ports,
    /// Cancelled when the job should stop: a person's cancel, the time limit, a shutdown after its grace.
    pub cancelled: CancellationToken,
    proof: Option<WriteProof>,
}

impl JobContext {
    pub const fn live(
        job: JobFacts,
        customer: Option<Customer>,
        ports: Ports,
        cancelled: CancellationToken,
        proof: WriteProof,
    ) -> Self {
        Self { job, customer, ports, cancelled, proof: Some(proof) }
    }

    /// A context that can look at everything and write nothing.
    pub fn dry_run(job: JobFacts, customer: Customer, ports: Ports) -> Self {
        Self { job, customer: Some(customer), ports, cancelled: CancellationToken::new(), proof: None }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.ports.clock.now()
    }

    /// The customer, or the failure that says that this kind needs one.
    pub fn customer(&self) -> Result<&Customer, Stop> {
        self.customer
            .as_ref()
            .ok_or_else(|| Stop::fail("this kind works for one customer, and the job names none"))
    }

    /// The proof value that every write to a site demands; absent in a dry run.
    pub const fn proof(&self) -> Option<&WriteProof> {
        self.proof.as_ref()
    }

    /// Today by the customer's clock on the wall.
    pub fn today(&self) -> Result<chrono::NaiveDate, Stop> {
        Ok(self.now().with_timezone(&self.customer()?.time_zone).date_naive())
    }
}
