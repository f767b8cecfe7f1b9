//! The history: one line for every event of a job or a task, never changed afterwards.

use super::{
    Ledger, LedgerError,
    db::{self, Tx, execute, query, stamp},
    words::kept_text,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::types::Json;

db::statements! {
    INSERT_EVENTS = postgres "
        INSERT INTO event (at, customer_id, plan_id, task_id, job_id, name, from_state, to_state, actor, note)
        SELECT x.at, x.customer_id, x.plan_id, x.task_id, x.job_id, x.name, x.from_state, x.to_state, x.actor, x.note
        FROM jsonb_to_recordset($1) AS x(at timestamptz, customer_id text, plan_id bigint, task_id bigint,
            job_id bigint, name text, from_state text, to_state text, actor text, note text)",
    sqlite "
        INSERT INTO event (at, customer_id, plan_id, task_id, job_id, name, from_state, to_state, actor, note)
        SELECT value ->> 'at', value ->> 'customer_id', value ->> 'plan_id', value ->> 'task_id',
            value ->> 'job_id', value ->> 'name', value ->> 'from_state', value ->> 'to_state',
            value ->> 'actor', value ->> 'note'
        FROM json_each($1)";
    EVENTS_OF_JOB = "
        SELECT * FROM (SELECT * FROM event WHERE job_id = $1 ORDER BY id DESC LIMIT $2) AS newest ORDER BY id";
    EVENTS_OF_TASK = "
        SELECT * FROM (SELECT * FROM event WHERE task_id = $1 ORDER BY id DESC LIMIT $2) AS newest ORDER BY id";
    EVENTS_AFTER = "SELECT * FROM event WHERE id > $1 ORDER BY id LIMIT $2";
    EVENTS_OF_CUSTOMER = "SELECT * FROM event WHERE customer_id = $1 ORDER BY id DESC LIMIT $2";
    EVENTS_OF_INTEGRATION = "
        SELECT * FROM event WHERE customer_id = $1
            AND name IN ('paused', 'resumed', 'delay_delete_started', 'delay_delete_ended')
        ORDER BY id DESC LIMIT $2";
    NEWEST_EVENT = "SELECT max(id) FROM event";
}

/// As many lines of history as one page or list shows.
pub const EVENTS_SHOWN: i64 = 500;

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct EventRow {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub customer_id: Option<String>,
    pub plan_id: Option<i64>,
    pub task_id: Option<i64>,
    pub job_id: Option<i64>,
    pub name: String,
    pub from_state: Option<String>,
    pub to_state: Option<String>,
    /// `engine`, `worker …`, the person who acted, or the step of a plan that turned the integration.
    pub actor: String,
    pub note: Option<String>,
}

/// A line to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct NewEvent {
    pub customer: Option<String>,
    pub plan: Option<i64>,
    pub task: Option<i64>,
    pub job: Option<i64>,
    pub name: &'static str,
    pub from: Option<&'static str>,
    pub to: Option<&'static str>,
    pub note: Option<String>,
}

/// Appends lines in the transaction of what they tell of.
pub(super) async fn append(
    tx: &mut Tx,
    now: DateTime<Utc>,
    actor: &str,
    events: &[NewEvent],
) -> Result<(), LedgerError> {
    if events.is_empty() {
        return Ok(());
    }
    let lines: Vec<Value> = events.iter().map(|event| line(event, now, actor)).collect();
    execute!(tx.on(), INSERT_EVENTS, Json(&lines))?;
    Ok(())
}

fn line(event: &NewEvent, now: DateTime<Utc>, actor: &str) -> Value {
    json!({
        "at": stamp(now), "customer_id": event.customer, "plan_id": event.plan, "task_id": event.task,
        "job_id": event.job, "name": event.name, "from_state": event.from, "to_state": event.to,
        "actor": actor, "note": event.note.as_deref().map(kept_text),
    })
}

impl Ledger {
    /// What has happened since a line of the history, oldest first.
    pub async fn events_after(&self, id: i64, limit: i64) -> Result<Vec<EventRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as EventRow, conn.on(), EVENTS_AFTER, id, limit)?)
    }

    /// The newest lines of one job, oldest first.
    pub async fn events_of_job(&self, job: i64) -> Result<Vec<EventRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as EventRow, conn.on(), EVENTS_OF_JOB, job, EVENTS_SHOWN)?)
    }

    /// The newest lines of one task, oldest first; its jobs' lines are among them.
    pub async fn events_of_task(&self, task: i64) -> Result<Vec<EventRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as EventRow, conn.on(), EVENTS_OF_TASK, task, EVENTS_SHOWN)?)
    }

    /// The newest lines of one customer, newest first.
    pub async fn events_of_customer(&self, customer: &str, limit: i64) -> Result<Vec<EventRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as EventRow, conn.on(), EVENTS_OF_CUSTOMER, customer, limit)?)
    }

    /// The newest turns of one customer's integration (pause, delay delete), newest first.
    pub async fn events_of_integration(&self, customer: &str) -> Result<Vec<EventRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as EventRow, conn.on(), EVENTS_OF_INTEGRATION, customer, EVENTS_SHOWN)?)
    }

    /// The number of the newest line of the whole history; 0 when there is none.
    pub async fn newest_event(&self) -> Result<i64, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_one as (Option<i64>,), conn.on(), NEWEST_EVENT)?.0.unwrap_or(0))
    }
}
