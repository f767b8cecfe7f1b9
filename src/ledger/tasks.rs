//! Tasks: what people do to them by hand, each recorded with who and why.

use super::{
    Ledger, LedgerError, TaskRow,
    advance::{self, Reason},
    db::{self, Tx, query, stamp},
    decisions,
    events::{self, NewEvent},
    jobs::{self, JobMove, Step},
    scheduling::job_of,
    unreadable::query_each,
    words::{check_keepable, check_words},
};
use crate::model::{TaskEvent, TaskState};
use chrono::{DateTime, Utc};
use rollover_jobs::plan::Trigger;
use serde_json::{Value, json};
use sqlx::types::Json;

db::statements! {
    INSERT_TASKS = postgres "
        INSERT INTO task (customer_id, plan_id, position, step, title, help, kind, args, schedule, needs, catch_up, owner,
            sign_off, deadline, state, why, due_at, version, created_at, updated_at)
        SELECT x.customer_id, x.plan_id, x.position, x.step, x.title, x.help, x.kind, x.args, x.schedule, x.needs,
            x.catch_up, x.owner, x.sign_off, x.deadline, x.state, x.why, x.due_at, 0, x.created_at, x.created_at
        FROM jsonb_to_recordset($1) AS x(customer_id text, plan_id bigint, position integer, step text, title text,
            help text, kind text, args jsonb, schedule jsonb, needs jsonb, catch_up text, owner text, sign_off boolean,
            deadline timestamptz, state text, why text, due_at timestamptz, created_at timestamptz)
        RETURNING *",
    sqlite "
        INSERT INTO task (customer_id, plan_id, position, step, title, help, kind, args, schedule, needs, catch_up, owner,
            sign_off, deadline, state, why, due_at, version, created_at, updated_at)
        SELECT value ->> 'customer_id', value ->> 'plan_id', value ->> 'position', value ->> 'step',
            value ->> 'title', value ->> 'help', value ->> 'kind', value -> 'args', value -> 'schedule', value -> 'needs',
            value ->> 'catch_up', value ->> 'owner', value ->> 'sign_off', value ->> 'deadline', value ->> 'state',
            value ->> 'why', value ->> 'due_at', 0, value ->> 'created_at', value ->> 'created_at'
        FROM json_each($1) WHERE true
        RETURNING *";
    ONE_TASK = "SELECT * FROM task WHERE id = $1";
    TASKS_OF_PLAN = "SELECT * FROM task WHERE plan_id = $1 ORDER BY position";
}

/// A line of the scheduled-task list to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTaskRow {
    pub customer: Option<String>,
    pub position: i32,
    pub step: String,
    pub title: String,
    pub help: String,
    pub kind: String,
    pub args: Value,
    pub schedule: Trigger,
    pub needs: Vec<String>,
    pub catch_up: String,
    pub owner: String,
    pub sign_off: bool,
    pub deadline: Option<DateTime<Utc>>,
    pub state: TaskState,
    pub why: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
}

/// Writes tasks and the first line of their history.
pub(super) async fn insert(
    tx: &mut Tx,
    now: DateTime<Utc>,
    actor: &str,
    plan: Option<i64>,
    tasks: &[NewTaskRow],
) -> Result<Vec<TaskRow>, LedgerError> {
    let rows: Vec<Value> = tasks.iter().map(|task| json_of(task, plan, now)).collect();
    rows.iter().try_for_each(|row| check_keepable("a task", row))?;
    let made = query!(fetch_all as TaskRow, tx.on(), INSERT_TASKS, Json(&rows))?;
    let lines: Vec<NewEvent> = made
        .iter()
        .map(|task| NewEvent {
            customer: task.customer_id.clone(),
            plan,
            task: Some(task.id),
            name: "planned",
            to: Some(task.state.as_str()),
            note: task.why.clone(),
            ..NewEvent::default()
        })
        .collect();
    events::append(tx, now, actor, &lines).await?;
    Ok(made)
}

fn json_of(task: &NewTaskRow, plan: Option<i64>, now: DateTime<Utc>) -> Value {
    json!({
        "customer_id": task.customer, "plan_id": plan, "position": task.position, "step": task.step,
        "title": task.title, "help": task.help, "kind": task.kind, "args": task.args, "schedule": task.schedule,
        "needs": task.needs, "catch_up": task.catch_up, "owner": task.owner, "sign_off": task.sign_off,
        "deadline": task.deadline.map(stamp), "state": task.state.as_str(), "why": task.why,
        "due_at": task.due_at.map(stamp), "created_at": stamp(now),
    })
}

impl Ledger {
    pub async fn task(&self, id: i64) -> Result<TaskRow, LedgerError> {
        let mut conn = self.db.read().await?;
        query!(fetch_optional as TaskRow, conn.on(), ONE_TASK, id)?
            .ok_or_else(|| LedgerError::not_found("task", id))
    }

    /// The tasks of a plan in their order.
    pub async fn tasks_of_plan(&self, plan: i64) -> Result<Vec<TaskRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(TaskRow, conn.on(), TASKS_OF_PLAN, plan)?.listed("task"))
    }

    /// Adds a task that belongs to no plan.
    pub async fn add_task(
        &self,
        now: DateTime<Utc>,
        actor: &str,
        task: &NewTaskRow,
    ) -> Result<TaskRow, LedgerError> {
        let mut tx = self.db.begin().await?;
        let made = insert(&mut tx, now, actor, None, std::slice::from_ref(task)).await?.pop();
        tx.commit().await?;
        self.tell_due().await;
        made.ok_or_else(|| LedgerError::not_found("task", "just made"))
    }

    /// A person declares a step done (DOMAIN S4). Before its moment it is kept and used when the moment comes.
    pub async fn sign_off(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        note: &str,
    ) -> Result<TaskRow, LedgerError> {
        check_words("the note of a sign-off", note)?;
        check_words("who signs off", person)?;
        let mut tx = self.db.begin().await?;
        let task = advance::lock(&mut tx, id).await?;
        if !task.sign_off {
            return Err(LedgerError::Refused(format!(
                "task {id} ({}) takes no sign-off: its job does the work. `rollover task show {id}` tells what it \
                 waits for",
                task.title
            )));
        }
        if task.state == TaskState::Planned
            && let Some(before) = decisions::sign_off_of_task(&mut tx, id).await?
        {
            return Err(LedgerError::Refused(format!(
                "task {id} ({}) was signed off beforehand by {}: it is done as soon as its moment comes",
                task.title, before.support_person
            )));
        }
        decisions::about_task(&mut tx, now, "sign_off", &task, person, note).await?;
        let reason = Reason { why: Some(note.to_owned()), who: None };
        let waiting = jobs::waiting_of_task(&mut tx, id).await?;
        let task = if let Some(row) = waiting {
            // The job itself takes the sign-off up, and its end moves the task.
            jobs::apply(&mut tx, now, person, vec![Step { row, event: JobMove::Wake }])
                .await?
                .pop()
                .transpose()?;
            advance::task(&mut tx, id).await?
        } else {
            advance::move_task(&mut tx, now, person, task, TaskEvent::SignedOff, reason).await?
        };
        tx.commit().await?;
        self.tell_due().await;
        Ok(task)
    }

    /// A person decides that a task is not done, and why; what follows it may start.
    pub async fn skip_task(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        why: &str,
    ) -> Result<TaskRow, LedgerError> {
        self.end_by_hand(now, person, id, why, TaskEvent::Skipped).await
    }

    /// A person takes a task off the list; what follows its success does not start.
    pub async fn cancel_task(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        why: &str,
    ) -> Result<TaskRow, LedgerError> {
        self.end_by_hand(now, person, id, why, TaskEvent::Cancelled).await
    }

    async fn end_by_hand(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        why: &str,
        event: TaskEvent,
    ) -> Result<TaskRow, LedgerError> {
        check_words("the reason", why)?;
        check_words("who decides", person)?;
        let mut tx = self.db.begin().await?;
        let task = end_task(&mut tx, now, person, id, why, event).await?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(task)
    }

    /// Moves a planned task to another moment; `None` takes its moment away. One that fired is left alone.
    pub async fn reschedule(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<TaskRow, LedgerError> {
        let mut tx = self.db.begin().await?;
        let task = advance::lock(&mut tx, id).await?;
        if task.state != TaskState::Planned {
            return Err(LedgerError::Refused(format!(
                "task {id} ({}) is {}: only a planned task can be moved to another moment",
                task.title, task.state
            )));
        }
        let moved = TaskRow { due_at, ..task.clone() };
        advance::write(&mut tx, now, &task, &moved).await?;
        let words = |moment: Option<DateTime<Utc>>| {
            moment.map_or("no moment".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
        };
        let line = NewEvent {
            customer: task.customer_id.clone(),
            plan: task.plan_id,
            task: Some(id),
            name: "rescheduled",
            note: Some(format!("from {} to {}", words(task.due_at), words(due_at))),
            ..NewEvent::default()
        };
        events::append(&mut tx, now, person, &[line]).await?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(TaskRow { version: task.version + 1, ..moved })
    }

    /// Fires a task now, by hand, beside its own moments; gives its job. One that waits for a condition looks again
    /// in place of a second that would wait beside it.
    pub async fn run_task_now(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        lane: Option<&'static str>,
    ) -> Result<i64, LedgerError> {
        let mut tx = self.db.begin().await?;
        let task = advance::lock(&mut tx, id).await?;
        let job = match jobs::waiting_of_task(&mut tx, id).await? {
            Some(row) => {
                let woken =
                    jobs::apply(&mut tx, now, person, vec![Step { row, event: JobMove::Wake }]).await?;
                woken.into_iter().next().expect("one step, one result")?.id
            }
            None => {
                let made = jobs::insert(&mut tx, now, &[job_of(&task, now, lane)]).await?;
                made.first().map(|row| row.id).ok_or(LedgerError::Raced { what: "task", id })?
            }
        };
        let reason = Reason { why: Some("by hand".to_owned()), who: None };
        // A task that was due once has now had its firing.
        let recurs = |trigger: &Trigger| matches!(trigger, Trigger::Cron { .. });
        let task = if task.schedule.0.trigger().is_none_or(recurs) {
            task
        } else {
            let cleared = TaskRow { due_at: None, ..task.clone() };
            advance::write(&mut tx, now, &task, &cleared).await?;
            TaskRow { version: task.version + 1, ..cleared }
        };
        advance::move_task(&mut tx, now, person, task, TaskEvent::Fired, reason).await?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(job)
    }
}

/// Skips or cancels a task and what is open of its jobs.
pub(super) async fn end_task(
    tx: &mut Tx,
    now: DateTime<Utc>,
    person: &str,
    id: i64,
    why: &str,
    event: TaskEvent,
) -> Result<TaskRow, LedgerError> {
    let task = advance::lock(tx, id).await?;
    if event == TaskEvent::Skipped {
        decisions::about_task(tx, now, "skip", &task, person, why).await?;
    }
    let reason = Reason { why: Some(why.to_owned()), who: None };
    let task = advance::move_task(tx, now, person, task, event, reason).await?;
    let open = jobs::open_of_task(tx, id).await?;
    let (running, idle): (Vec<_>, Vec<_>) = open.into_iter().partition(|job| job.lease_owner.is_some());
    if !running.is_empty() {
        return Err(LedgerError::Refused(format!(
            "task {id} ({}) runs right now as job {}: cancel the job first, or wait until it ends",
            task.title, running[0].id
        )));
    }
    let steps =
        idle.into_iter().map(|row| Step { row, event: JobMove::Cancel { why: why.to_owned() } }).collect();
    for result in jobs::apply(tx, now, person, steps).await? {
        result?;
    }
    advance::task(tx, id).await
}
