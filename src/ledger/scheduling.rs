//! Due tasks become jobs: in one transaction with the task's next moment, so that each moment fires once.
//!
//! A scheduler that dies before the commit has done nothing; one that dies after it has done all. Two that race
//! meet the task's version, and behind it the unique index on (task, due moment).

use super::{
    Ledger, LedgerError, TaskRow,
    advance::{self, Ended},
    db::{self, Tx, query},
    events::{self, NewEvent},
    jobs::{self, NewJob},
    unreadable::{Rows, query_each},
};
use crate::model::{TaskEvent, TaskFacts, TaskState};
use chrono::{DateTime, Utc};

db::statements! {
    DUE_TASKS = "
        SELECT task.*, plan.year AS plan_year FROM task LEFT JOIN plan ON plan.id = task.plan_id
        WHERE task.due_at <= $1 ORDER BY task.due_at, task.id LIMIT $2";
    NEXT_DUE = "SELECT min(due_at) FROM task WHERE due_at IS NOT NULL";
}

/// A task that is due, with the year that its calendar is looked up by.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DueTask {
    #[sqlx(flatten)]
    pub task: TaskRow,
    pub plan_year: Option<i32>,
}

/// What a due task does now: decided outside, written here.
#[derive(Debug, Clone)]
pub struct TaskFire {
    pub task: TaskRow,
    pub lane: Option<&'static str>,
    /// Moments that become a job each.
    pub fires: Vec<DateTime<Utc>>,
    /// What the catch-up policy did with missed moments, for the history.
    pub said: Option<String>,
    pub next_due: Option<DateTime<Utc>>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fired {
    pub tasks: usize,
    pub jobs: usize,
}

impl Ledger {
    /// Tasks whose moment has come, the longest due first.
    pub async fn due_tasks(&self, now: DateTime<Utc>, limit: i64) -> Result<Rows<DueTask>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(DueTask, conn.on(), DUE_TASKS, now, limit)?)
    }

    /// The next moment at which a task is due; for the simulated clock.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_one as (Option<DateTime<Utc>>,), conn.on(), NEXT_DUE)?.0)
    }

    /// Makes the jobs of due tasks. A task that somebody changed meanwhile is left for the next look; one beside which
    /// something cannot be read holds up no other, and is told at the end.
    pub async fn fire(&self, now: DateTime<Utc>, fires: &[TaskFire]) -> Result<Fired, LedgerError> {
        let (mut total, mut unreadable) = (Fired::default(), None);
        for fire in fires {
            let mut tx = self.db.begin().await?;
            match fire_one(&mut tx, now, fire).await {
                Ok(jobs) => {
                    tx.commit().await?;
                    total.tasks += 1;
                    total.jobs += jobs;
                }
                Err(LedgerError::Raced { .. }) => {}
                Err(error) if error.is_unreadable() => unreadable = Some(error),
                Err(error) => return Err(error),
            }
        }
        // A moment that was skipped may wake a job that needs it.
        if total.tasks > 0 {
            self.tell_due().await;
        }
        unreadable.map_or(Ok(total), Err)
    }
}

async fn fire_one(tx: &mut Tx, now: DateTime<Utc>, fire: &TaskFire) -> Result<usize, LedgerError> {
    advance::lock_all(tx, &[fire.task.id]).await?;
    let event = if fire.fires.is_empty() { TaskEvent::MomentSkipped } else { TaskEvent::Fired };
    let made = if fire.fires.is_empty() { 0 } else { make_jobs(tx, now, fire).await? };
    let facts = TaskFacts { recurs: fire.next_due.is_some(), sign_off_open: false };
    let state = fire.task.state.on(event, facts)?;
    let why = fire.said.clone().filter(|_| state == TaskState::Skipped);
    let next = TaskRow { state, due_at: fire.next_due, why, who: None, ..fire.task.clone() };
    advance::write(tx, now, &fire.task, &next).await?;
    let line = NewEvent {
        customer: fire.task.customer_id.clone(),
        plan: fire.task.plan_id,
        task: Some(fire.task.id),
        job: None,
        name: event.as_str(),
        from: Some(fire.task.state.as_str()),
        to: Some(state.as_str()),
        note: fire.said.clone(),
    };
    events::append(tx, now, advance::ENGINE, &[line]).await?;
    if state != fire.task.state && state.has_ended() {
        advance::after(tx, now, &Ended::of(&next)).await?;
    }
    Ok(made)
}

/// Makes a job per moment. A job that waits for a condition looks again in place of a new one (S5, A5): else a
/// nightly task that waits for a person would pile up a job a night.
async fn make_jobs(tx: &mut Tx, now: DateTime<Utc>, fire: &TaskFire) -> Result<usize, LedgerError> {
    if let Some(row) = jobs::waiting_of_task(tx, fire.task.id).await? {
        let wake = jobs::Step { row, event: jobs::JobMove::Wake };
        for woken in jobs::apply(tx, now, advance::ENGINE, vec![wake]).await? {
            woken?;
        }
        return Ok(1);
    }
    let jobs: Vec<NewJob> = fire.fires.iter().map(|moment| job_of(&fire.task, *moment, fire.lane)).collect();
    Ok(jobs::insert(tx, now, &jobs).await?.len())
}

/// The job that a task becomes at one moment.
pub(super) fn job_of(task: &TaskRow, moment: DateTime<Utc>, lane: Option<&'static str>) -> NewJob {
    NewJob {
        task: Some(task.id),
        customer: task.customer_id.clone(),
        kind: task.kind.clone(),
        args: task.args.0.clone(),
        lane,
        due_at: moment,
    }
}
