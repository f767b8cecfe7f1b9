//! Rows that this version cannot read: lists go on without them, and what is due of them fails with the reason.
//!
//! They come from a newer program on the same ledger, or from a hand in the database. One that stayed due would be
//! met again at every look; failed, it waits for a person, and its followers go on as after any failure.

use super::{
    Ledger, LedgerError,
    advance::{self, Ended, Reason},
    db::{self, Tx, execute, query},
    events::{self, NewEvent},
};
use crate::model::{JobEvent, JobState, TaskEvent, TaskFacts, TaskState};
use chrono::{DateTime, Utc};

db::statements! {
    DUE_TASK = "SELECT customer_id, plan_id, step, state, version FROM task WHERE id = $1 AND due_at <= $2";
    FAIL_TASK = "
        UPDATE task SET state = $3, why = $4, who = NULL, due_at = NULL, version = version + 1, updated_at = $5
        WHERE id = $1 AND version = $2";
    DUE_JOB = "
        SELECT task_id, customer_id, state, generation FROM job
        WHERE id = $1 AND ((state IN ('ready', 'retrying', 'waiting') AND run_at <= $2)
            OR (state = 'running' AND lease_until < $2))";
    FAIL_JOB = "
        UPDATE job SET state = $4, generation = generation + 1, run_at = NULL, sent_at = NULL, lease_owner = NULL,
            lease_until = NULL, cancel_requested = false, why = $5, who = NULL, ended_at = $6
        WHERE id = $1 AND generation = $2 AND state = $3";
}

/// A row that this version cannot read, and what hinders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable<Id = i64> {
    pub id: Id,
    /// As `its state cannot be read by this version (…)`.
    pub why: String,
}

impl<Id> Unreadable<Id> {
    /// `part` is a column, as people call it.
    pub(crate) fn new(id: Id, part: &str, error: &str) -> Self {
        Self { id, why: format!("its {part} cannot be read by this version ({error})") }
    }
}

impl Unreadable<String> {
    /// What a person can do about a customer that cannot be read.
    pub const CUSTOMER_ADVICE: &'static str =
        "run the version that wrote it, or correct its row in the database; the others are not held up by it";
}

impl Unreadable {
    /// The reason with what a person can do.
    fn told(&self, what_to_do: &str) -> String {
        format!("{}: {what_to_do}", self.why)
    }
}

/// Rows as they could be read.
#[derive(Debug)]
pub struct Rows<T, Id = i64> {
    pub read: Vec<T>,
    pub unreadable: Vec<Unreadable<Id>>,
}

impl<T, Id> Rows<T, Id> {
    /// Parts the rows that can be read from those that cannot; any other error is one of the whole query.
    pub(super) fn part(
        rows: impl IntoIterator<Item = (Result<Id, sqlx::Error>, Result<T, sqlx::Error>)>,
    ) -> Result<Self, sqlx::Error> {
        let mut parted = Self { read: Vec::new(), unreadable: Vec::new() };
        for (id, row) in rows {
            match row {
                Ok(row) => parted.read.push(row),
                Err(sqlx::Error::ColumnDecode { index, source }) => {
                    let column = index.trim_matches('"');
                    parted.unreadable.push(Unreadable::new(id?, column, &source.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(parted)
    }
}

impl<T> Rows<T> {
    /// The rows of a list; those left out stand in the log.
    pub(super) fn listed(self, what: &'static str) -> Vec<T> {
        for row in &self.unreadable {
            tracing::warn!(what, id = row.id, why = %row.why, "a row cannot be read, and is left out of a list");
        }
        self.read
    }
}

/// Runs a query; gives its [`Rows`] of a `FromRow` type with a column `id`, each read by itself.
macro_rules! query_each {
    ($row:ty, $on:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $on {
            $crate::ledger::db::On::Postgres(conn) => {
                sqlx::query($sql.postgres)$(.bind($bind))*.fetch_all(conn).await.and_then(|rows| {
                    $crate::ledger::unreadable::Rows::<$row, _>::part(rows.iter().map(|row| {
                        (sqlx::Row::try_get(row, "id"), <$row as sqlx::FromRow<_>>::from_row(row))
                    }))
                })
            }
            $crate::ledger::db::On::Sqlite(conn) => {
                sqlx::query($sql.sqlite)$(.bind($bind))*.fetch_all(conn).await.and_then(|rows| {
                    $crate::ledger::unreadable::Rows::<$row, _>::part(rows.iter().map(|row| {
                        (sqlx::Row::try_get(row, "id"), <$row as sqlx::FromRow<_>>::from_row(row))
                    }))
                })
            }
        }
    };
}
pub(super) use query_each;

#[derive(sqlx::FromRow)]
struct PlainTask {
    customer_id: Option<String>,
    plan_id: Option<i64>,
    step: String,
    state: String,
    version: i32,
}

#[derive(sqlx::FromRow)]
struct PlainJob {
    task_id: Option<i64>,
    customer_id: Option<String>,
    state: String,
    generation: i32,
}

impl Ledger {
    /// Fails due tasks that cannot be read; gives how many. One that is no longer due is left alone.
    pub async fn fail_unreadable_tasks(
        &self,
        now: DateTime<Utc>,
        tasks: &[Unreadable],
    ) -> Result<usize, LedgerError> {
        let mut failed = 0;
        for task in tasks {
            let mut tx = self.db.begin().await?;
            if fail_task(&mut tx, now, task).await? {
                tx.commit().await?;
                failed += 1;
                tracing::warn!(task.id = task.id, why = %task.why, "a due task cannot be read, and failed");
            }
        }
        if failed > 0 {
            self.tell_due().await;
        }
        Ok(failed)
    }

    /// Fails jobs that cannot be read and that a worker could take now, or whose lease is over; gives how many.
    pub async fn fail_unreadable_jobs(
        &self,
        now: DateTime<Utc>,
        jobs: &[Unreadable],
    ) -> Result<usize, LedgerError> {
        let mut failed = 0;
        for job in jobs {
            let mut tx = self.db.begin().await?;
            if fail_job(&mut tx, now, job).await? {
                tx.commit().await?;
                failed += 1;
                tracing::warn!(job.id = job.id, why = %job.why, "a due job cannot be read, and failed");
            }
        }
        if failed > 0 {
            self.tell_due().await;
        }
        Ok(failed)
    }
}

async fn fail_task(tx: &mut Tx, now: DateTime<Utc>, found: &Unreadable) -> Result<bool, LedgerError> {
    advance::lock_all(tx, &[found.id]).await?;
    let Some(task) = query!(fetch_optional as PlainTask, tx.on(), DUE_TASK, found.id, now)? else {
        return Ok(false);
    };
    let from = TaskState::parse(&task.state);
    let facts = TaskFacts { recurs: false, sign_off_open: false };
    // A state that cannot be read has no transition to ask.
    let state = from.map_or(Ok(TaskState::Failed), |from| from.on(TaskEvent::Unreadable, facts))?;
    let why = found.told("run the version that made it, or cancel it");
    if execute!(tx.on(), FAIL_TASK, found.id, task.version, state.as_str(), why.as_str(), now)? == 0 {
        return Ok(false);
    }
    let line = NewEvent {
        customer: task.customer_id,
        plan: task.plan_id,
        task: Some(found.id),
        name: TaskEvent::Unreadable.as_str(),
        from: from.map(TaskState::as_str),
        to: Some(state.as_str()),
        note: Some(why),
        ..NewEvent::default()
    };
    events::append(tx, now, advance::ENGINE, &[line]).await?;
    advance::after(tx, now, &Ended { plan: task.plan_id, step: &task.step, state }).await?;
    Ok(true)
}

async fn fail_job(tx: &mut Tx, now: DateTime<Utc>, found: &Unreadable) -> Result<bool, LedgerError> {
    let Some(job) = query!(fetch_optional as PlainJob, tx.on(), DUE_JOB, found.id, now)? else {
        return Ok(false);
    };
    let Some(from) = JobState::parse(&job.state) else { return Ok(false) };
    if let Some(task) = job.task_id {
        advance::lock_all(tx, &[task]).await?;
    }
    let state = from.on(JobEvent::Unreadable)?;
    let why = found.told("make it anew, or run it again with the version that made it");
    let failed = execute!(
        tx.on(),
        FAIL_JOB,
        found.id,
        job.generation,
        from.as_str(),
        state.as_str(),
        why.as_str(),
        now
    )?;
    if failed == 0 {
        return Ok(false);
    }
    let line = NewEvent {
        customer: job.customer_id,
        task: job.task_id,
        job: Some(found.id),
        name: JobEvent::Unreadable.as_str(),
        from: Some(from.as_str()),
        to: Some(state.as_str()),
        note: Some(why.clone()),
        ..NewEvent::default()
    };
    events::append(tx, now, advance::ENGINE, &[line]).await?;
    let reason = Reason { why: Some(why), who: None };
    advance::task_of_job(tx, now, job.task_id, JobEvent::Unreadable, reason).await?;
    Ok(true)
}
