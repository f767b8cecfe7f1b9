//! What follows an event of a job: its task's state, the tasks that wait for that task, the end of the plan.
//!
//! Runs in the transaction of the event, so a crash never leaves a job ended and its followers asleep. Of one
//! plan, one transaction at a time: its row is locked first, so two tasks that end together both see the other. A
//! task outside any plan is its own lock.

use super::{
    LedgerError, TaskRow,
    db::{self, Tx, execute, query},
    decisions,
    events::{self, NewEvent},
    jobs, needs,
    unreadable::{Rows, query_each},
};
use crate::model::{JobEvent, TaskEvent, TaskFacts, TaskState};
use chrono::{DateTime, Utc};
use rollover_jobs::plan::{AfterWhat, Trigger};
use sqlx::types::Json;

db::statements! {
    TASK = "SELECT * FROM task WHERE id = $1";
    WRITE_TASK = "
        UPDATE task SET state = $3, why = $4, who = $5, due_at = $6, version = version + 1, updated_at = $7
        WHERE id = $1 AND version = $2";
    LOCK_PLANS = postgres "
        SELECT id FROM plan WHERE id IN (SELECT plan_id FROM task WHERE id IN
            (SELECT value::bigint FROM jsonb_array_elements_text($1))) ORDER BY id FOR UPDATE",
    sqlite "
        SELECT id FROM plan WHERE id IN (SELECT plan_id FROM task WHERE id IN
            (SELECT value FROM json_each($1))) ORDER BY id";
    LOCK_LONE_TASKS = postgres "
        SELECT id FROM task WHERE plan_id IS NULL AND id IN
            (SELECT value::bigint FROM jsonb_array_elements_text($1)) ORDER BY id FOR NO KEY UPDATE",
    sqlite "
        SELECT id FROM task WHERE plan_id IS NULL AND id IN (SELECT value FROM json_each($1)) ORDER BY id";
    LOCK_PLAN = postgres "SELECT id FROM plan WHERE id = $1 FOR UPDATE", sqlite "SELECT id FROM plan WHERE id = $1";
    LOCK_LONE_TASK = postgres
        "SELECT id FROM task WHERE id = $1 FOR NO KEY UPDATE",
    sqlite
        "SELECT id FROM task WHERE id = $1";
    TASKS_OF_PLAN = "SELECT * FROM task WHERE plan_id = $1 ORDER BY position";
    END_PLAN = "UPDATE plan SET state = 'done', ended_at = $2 WHERE id = $1 AND state = 'active'";
}

/// The engine, as the actor of what follows by rule.
pub(super) const ENGINE: &str = "engine";

/// Reads one task in a transaction.
pub(super) async fn task(tx: &mut Tx, id: i64) -> Result<TaskRow, LedgerError> {
    query!(fetch_optional as TaskRow, tx.on(), TASK, id)?.ok_or_else(|| LedgerError::not_found("task", id))
}

/// What an event of a job means to its task; `None`: nothing.
const fn meaning(event: JobEvent) -> Option<TaskEvent> {
    match event {
        JobEvent::Claimed | JobEvent::RunAgain => Some(TaskEvent::JobStarted),
        JobEvent::Finished => Some(TaskEvent::JobDone),
        JobEvent::GaveUp | JobEvent::Unreadable => Some(TaskEvent::JobFailed),
        JobEvent::Waits => Some(TaskEvent::JobWaits),
        JobEvent::Aborted => Some(TaskEvent::JobAborted),
        JobEvent::Cancelled => Some(TaskEvent::JobCancelled),
        JobEvent::RetryLater | JobEvent::GivenBack | JobEvent::LeaseExpired | JobEvent::Woken => None,
    }
}

/// Takes the locks of these tasks: of their plans, then of those that stand in none; always in one order and before
/// any row of a job. Else two that end jobs of the same plans, or one that signs off or skips a task while another
/// claims its job, would wait for each other.
pub(super) async fn lock_all(tx: &mut Tx, tasks: &[i64]) -> Result<(), LedgerError> {
    if !tasks.is_empty() {
        query!(fetch_all as (i64,), tx.on(), LOCK_PLANS, Json(tasks))?;
        query!(fetch_all as (i64,), tx.on(), LOCK_LONE_TASKS, Json(tasks))?;
    }
    Ok(())
}

/// Moves the task of a job that moved, for the job's reason. A task that cannot be read stays as it is: its job must
/// be able to move all the same.
pub(super) async fn task_of_job(
    tx: &mut Tx,
    now: DateTime<Utc>,
    task: Option<i64>,
    event: JobEvent,
    reason: Reason,
) -> Result<(), LedgerError> {
    let (Some(id), Some(event)) = (task, meaning(event)) else { return Ok(()) };
    let task = match lock(tx, id).await {
        Ok(task) => task,
        Err(error) if error.is_unreadable() => {
            tracing::warn!(task.id = id, error = %error, "a task cannot be read, and stays as it is");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if matches!(task.state, TaskState::Cancelled | TaskState::NotApplicable) {
        return Ok(());
    }
    let who = reason.who.or_else(|| (event == TaskEvent::JobDone).then(|| task.owner.clone()));
    move_task(tx, now, ENGINE, task, event, Reason { who, ..reason }).await.map(drop)
}

/// Reads a task after taking its lock, as [`lock_all`] does.
pub(super) async fn lock(tx: &mut Tx, id: i64) -> Result<TaskRow, LedgerError> {
    match task(tx, id).await?.plan_id {
        Some(plan) => query!(fetch_optional as (i64,), tx.on(), LOCK_PLAN, plan)?,
        None => query!(fetch_optional as (i64,), tx.on(), LOCK_LONE_TASK, id)?,
    };
    task(tx, id).await
}

/// Why a task is in its state, and who must act.
#[derive(Debug, Clone, Default)]
pub(super) struct Reason {
    pub why: Option<String>,
    pub who: Option<String>,
}

/// The one writer of a task's state: transition function, guarded write, history, followers, end of plan.
pub(super) async fn move_task(
    tx: &mut Tx,
    now: DateTime<Utc>,
    actor: &str,
    task: TaskRow,
    event: TaskEvent,
    reason: Reason,
) -> Result<TaskRow, LedgerError> {
    let signed = !task.sign_off || decisions::sign_off_of_task(tx, task.id).await?.is_some();
    let facts = TaskFacts { recurs: task.due_at.is_some(), sign_off_open: !signed };
    let state = task.state.on(event, facts)?;
    let waits =
        matches!(state, TaskState::Waiting | TaskState::Held | TaskState::Failed | TaskState::Skipped);
    let next = TaskRow {
        state,
        why: reason.why.clone().filter(|_| waits),
        who: reason.who.filter(|_| matches!(state, TaskState::Waiting | TaskState::Held)),
        due_at: task.due_at.filter(|_| !matches!(state, TaskState::Skipped | TaskState::Cancelled)),
        ..task.clone()
    };
    write(tx, now, &task, &next).await?;
    let line = NewEvent {
        customer: task.customer_id.clone(),
        plan: task.plan_id,
        task: Some(task.id),
        job: None,
        name: event.as_str(),
        from: Some(task.state.as_str()),
        to: Some(state.as_str()),
        note: reason.why,
    };
    events::append(tx, now, actor, &[line]).await?;
    if task.state != state && state.has_ended() {
        after(tx, now, &Ended::of(&next)).await?;
    }
    Ok(TaskRow { version: task.version + 1, ..next })
}

/// Writes state, reason and next moment of a task, if nobody else did since it was read.
pub(super) async fn write(
    tx: &mut Tx,
    now: DateTime<Utc>,
    from: &TaskRow,
    to: &TaskRow,
) -> Result<(), LedgerError> {
    let written = execute!(
        tx.on(),
        WRITE_TASK,
        from.id,
        from.version,
        to.state.as_str(),
        to.why.as_deref(),
        to.who.as_deref(),
        to.due_at,
        now
    )?;
    if written == 1 { Ok(()) } else { Err(LedgerError::Raced { what: "task", id: from.id }) }
}

/// A task that has ended, as its followers see it.
pub(super) struct Ended<'a> {
    pub plan: Option<i64>,
    pub step: &'a str,
    pub state: TaskState,
}

impl<'a> Ended<'a> {
    pub fn of(task: &'a TaskRow) -> Self {
        Self { plan: task.plan_id, step: &task.step, state: task.state }
    }
}

/// Wakes the tasks that come after this one and the jobs that need it, and ends the plan when nothing of it is left; a task that cannot be read
/// may be left.
pub(super) async fn after(tx: &mut Tx, now: DateTime<Utc>, ended: &Ended<'_>) -> Result<(), LedgerError> {
    let Some(plan) = ended.plan else { return Ok(()) };
    let Rows { read: tasks, unreadable }: Rows<TaskRow> = query_each!(TaskRow, tx.on(), TASKS_OF_PLAN, plan)?;
    for task in &tasks {
        let Some(due_at) = follows(task, ended, now) else { continue };
        let next = TaskRow { due_at: Some(due_at), ..task.clone() };
        write(tx, now, task, &next).await?;
        let line = NewEvent {
            customer: task.customer_id.clone(),
            plan: task.plan_id,
            task: Some(task.id),
            name: "predecessor_ended",
            note: Some(format!("{} is {}", ended.step, ended.state)),
            ..NewEvent::default()
        };
        events::append(tx, now, ENGINE, &[line]).await?;
    }
    let woken = needs::woken_by(tx, &tasks, ended).await?;
    jobs::wake(tx, now, ENGINE, woken).await?;
    let over =
        unreadable.is_empty() && tasks.iter().all(|task| task.due_at.is_none() && is_settled(task.state));
    if over {
        execute!(tx.on(), END_PLAN, plan, now)?;
    }
    Ok(())
}

/// Nothing is left to do for this task, by machine or by person.
pub(super) const fn is_settled(state: TaskState) -> bool {
    matches!(state, TaskState::Done | TaskState::Skipped | TaskState::Cancelled | TaskState::NotApplicable)
}

/// The moment at which a task may fire, now that another has ended; `None` when it does not wait for that one.
fn follows(task: &TaskRow, ended: &Ended<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let trigger = task.schedule.0.trigger()?;
    let Trigger::After { step, on, .. } = trigger else { return None };
    let waits = task.state == TaskState::Planned && task.due_at.is_none() && *step == ended.step;
    let met = match on {
        AfterWhat::Succeeded => ended.state.counts_as_success(),
        AfterWhat::Ended => ended.state.has_ended(),
    };
    (waits && met).then(|| now + trigger.delay())
}
