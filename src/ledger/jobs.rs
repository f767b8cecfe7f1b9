//! Jobs: made, claimed, moved. `apply` is the one writer of a job's state.

pub use super::rows::JobMove;
use super::{
    Ledger, LedgerError,
    advance::{self, Reason},
    db::{self, Tx, execute, query, stamp},
    ends,
    events::{self, NewEvent},
    needs,
    rows::JobRow,
    unreadable::{Rows, query_each},
    words::{check_keepable, check_words, kept, kept_text},
};
use crate::model::JobState;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::types::Json;

db::statements! {
    INSERT_JOBS = postgres "
        INSERT INTO job (task_id, customer_id, kind, args, lane, state, generation, attempt, round, due_at, run_at,
            cancel_requested, created_at)
        SELECT x.task_id, x.customer_id, x.kind, x.args, x.lane, 'ready', 0, 0, 0, x.due_at, x.run_at, false, x.created_at
        FROM jsonb_to_recordset($1) AS x(task_id bigint, customer_id text, kind text, args jsonb, lane text,
            due_at timestamptz, run_at timestamptz, created_at timestamptz)
        ON CONFLICT (task_id, due_at) WHERE task_id IS NOT NULL DO NOTHING
        RETURNING *",
    sqlite "
        INSERT INTO job (task_id, customer_id, kind, args, lane, state, generation, attempt, round, due_at, run_at,
            cancel_requested, created_at)
        SELECT value ->> 'task_id', value ->> 'customer_id', value ->> 'kind', value -> 'args', value ->> 'lane',
            'ready', 0, 0, 0, value ->> 'due_at', value ->> 'run_at', 0, value ->> 'created_at'
        FROM json_each($1) WHERE true
        ON CONFLICT (task_id, due_at) WHERE task_id IS NOT NULL DO NOTHING
        RETURNING *";
    JOBS_BY_ID = postgres
        "SELECT * FROM job WHERE id IN (SELECT value::bigint FROM jsonb_array_elements_text($1)) ORDER BY id",
    sqlite
        "SELECT * FROM job WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id";
    WRITE_JOBS = postgres "
        UPDATE job SET state = x.state, generation = x.generation, attempt = x.attempt, round = x.round, run_at = x.run_at,
            sent_at = x.sent_at, lease_owner = x.lease_owner, lease_until = x.lease_until,
            cancel_requested = x.cancel_requested, why = x.why, who = x.who, report = x.report,
            started_at = x.started_at, ended_at = x.ended_at
        FROM jsonb_to_recordset($1) AS x(id bigint, from_state text, from_generation integer, state text,
            generation integer, attempt integer, round integer, run_at timestamptz, sent_at timestamptz, lease_owner text,
            lease_until timestamptz, cancel_requested boolean, why text, who text, report jsonb,
            started_at timestamptz, ended_at timestamptz)
        WHERE job.id = x.id AND job.state = x.from_state AND job.generation = x.from_generation
        RETURNING job.id",
    sqlite "
        UPDATE job SET state = x.value ->> 'state', generation = x.value ->> 'generation',
            attempt = x.value ->> 'attempt', round = x.value ->> 'round', run_at = x.value ->> 'run_at', sent_at = x.value ->> 'sent_at',
            lease_owner = x.value ->> 'lease_owner', lease_until = x.value ->> 'lease_until',
            cancel_requested = x.value ->> 'cancel_requested', why = x.value ->> 'why', who = x.value ->> 'who',
            report = nullif(x.value -> 'report', 'null'), started_at = x.value ->> 'started_at', ended_at = x.value ->> 'ended_at'
        FROM json_each($1) AS x
        WHERE job.id = x.value ->> 'id' AND job.state = x.value ->> 'from_state'
            AND job.generation = x.value ->> 'from_generation'
        RETURNING job.id";
    CANCEL_ASKED = postgres "
        SELECT id, cancel_requested FROM job WHERE state = 'running'
            AND id IN (SELECT value::bigint FROM jsonb_array_elements_text($1)) ORDER BY id FOR NO KEY UPDATE",
    sqlite "
        SELECT id, cancel_requested FROM job WHERE state = 'running'
            AND id IN (SELECT value FROM json_each($1)) ORDER BY id";
    BUSY_LANES = postgres "
        SELECT customer_id, lane FROM job WHERE state = 'running' AND lane IS NOT NULL
            AND customer_id IN (SELECT value FROM jsonb_array_elements_text($1))",
    sqlite "
        SELECT customer_id, lane FROM job WHERE state = 'running' AND lane IS NOT NULL
            AND customer_id IN (SELECT value FROM json_each($1))";
    RENEW = "
        UPDATE job SET lease_until = $3 WHERE id = $1 AND generation = $2 AND state = 'running'
        RETURNING cancel_requested";
    EXPIRED = "SELECT * FROM job WHERE state = 'running' AND lease_until < $1 ORDER BY lease_until LIMIT $2";
    REQUEST_CANCEL = "
        UPDATE job SET cancel_requested = $3 WHERE id = $1 AND generation = $2 AND state = 'running'";
    SEND_AGAIN = "
        UPDATE job SET sent_at = NULL WHERE id = $1 AND generation = $2 AND state IN ('ready', 'retrying', 'waiting')";
    WAITING_JOB_OF_TASK = "SELECT * FROM job WHERE task_id = $1 AND state = 'waiting' ORDER BY id DESC LIMIT 1";
    WAITING_AT_SITE = "
        SELECT * FROM job
        WHERE customer_id = $1 AND lane = 'site' AND state = 'waiting' AND run_at IS NULL ORDER BY id";
    OPEN_JOBS_OF_TASK = "
        SELECT * FROM job WHERE task_id = $1 AND state IN ('ready', 'running', 'waiting', 'retrying') ORDER BY id";
}

/// A job to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    pub task: Option<i64>,
    pub customer: Option<String>,
    pub kind: String,
    pub args: Value,
    pub lane: Option<&'static str>,
    /// The moment it stands for.
    pub due_at: DateTime<Utc>,
}

/// A row as it was read, and what is to happen to it.
pub(super) struct Step {
    pub row: JobRow,
    pub event: JobMove,
}

/// Writes events of many jobs: state by the transition function, guarded by what was read, with the history
/// and all that follows for their tasks. Gives for each step the row as it now stands, or why it does not.
pub(super) async fn apply(
    tx: &mut Tx,
    now: DateTime<Utc>,
    actor: &str,
    mut steps: Vec<Step>,
) -> Result<Vec<Result<JobRow, LedgerError>>, LedgerError> {
    let tasks: Vec<i64> = steps.iter().filter_map(|step| step.row.task_id).collect();
    advance::lock_all(tx, &tasks).await?;
    cancel_where_asked(tx, &mut steps).await?;
    for again in steps.iter().filter(|step| matches!(step.event, JobMove::RunAgain { .. })) {
        ends::keep_untold(tx, &again.row).await?;
    }
    let (results, moved) = write(tx, now, actor, steps).await?;
    for (job, event) in moved {
        let reason = Reason { why: job.why, who: job.who };
        advance::task_of_job(tx, now, job.task_id, event.event(), reason).await?;
    }
    Ok(results)
}

/// A job that a person asked to stop does not run again, however its attempt ended. Whoever tells the end read the row
/// before the request, so what is stored counts; it is locked until the end is written.
async fn cancel_where_asked(tx: &mut Tx, steps: &mut [Step]) -> Result<(), LedgerError> {
    let going_on = |step: &&Step| step.row.state == JobState::Running && step.event.goes_on();
    let ids: Vec<i64> = steps.iter().filter(going_on).map(|step| step.row.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let stored = query!(fetch_all as (i64, bool), tx.on(), CANCEL_ASKED, Json(&ids))?;
    let asked: std::collections::HashSet<i64> =
        stored.into_iter().filter_map(|(id, asked)| asked.then_some(id)).collect();
    for step in steps.iter_mut().filter(|step| step.event.goes_on() && asked.contains(&step.row.id)) {
        step.event = JobMove::cancel_of_running();
    }
    Ok(())
}

/// Makes waiting jobs due: the condition may be met now. It changes nothing of their tasks, whose locks the caller has.
pub(super) async fn wake(
    tx: &mut Tx,
    now: DateTime<Utc>,
    actor: &str,
    rows: Vec<JobRow>,
) -> Result<(), LedgerError> {
    let steps = rows.into_iter().map(|row| Step { row, event: JobMove::Wake }).collect();
    write(tx, now, actor, steps).await?.0.into_iter().try_for_each(|woken| woken.map(drop))
}

type Written = (Vec<Result<JobRow, LedgerError>>, Vec<(JobRow, JobMove)>);

/// Writes the rows and their history; gives also what moved of jobs that belong to a task.
async fn write(
    tx: &mut Tx,
    now: DateTime<Utc>,
    actor: &str,
    steps: Vec<Step>,
) -> Result<Written, LedgerError> {
    let nexts: Vec<_> = steps.iter().map(|step| step.row.after(&step.event, now)).collect();
    let changes: Vec<Value> = steps
        .iter()
        .zip(&nexts)
        .filter_map(|(step, next)| Some(change(&step.row, next.as_ref().ok()?)))
        .collect();
    if changes.is_empty() {
        return Ok((nexts.into_iter().map(|next| next.map_err(Into::into)).collect(), Vec::new()));
    }
    let written: Vec<(i64,)> = query!(fetch_all as (i64,), tx.on(), WRITE_JOBS, Json(&changes))?;
    let written: std::collections::HashSet<i64> = written.into_iter().map(|(id,)| id).collect();
    let mut results = Vec::with_capacity(steps.len());
    let mut lines = Vec::with_capacity(steps.len());
    let mut moved = Vec::new();
    for (step, next) in steps.into_iter().zip(nexts) {
        let id = step.row.id;
        results.push(match next {
            Err(refused) => Err(refused.into()),
            Ok(_) if !written.contains(&id) => Err(LedgerError::Raced { what: "job", id }),
            Ok(next) => {
                lines.push(event_line(&step, &next));
                if next.task_id.is_some() {
                    moved.push((next.clone(), step.event));
                }
                Ok(next)
            }
        });
    }
    events::append(tx, now, actor, &lines).await?;
    Ok((results, moved))
}

fn change(from: &JobRow, to: &JobRow) -> Value {
    json!({
        "id": to.id, "from_state": from.state.as_str(), "from_generation": from.generation,
        "state": to.state.as_str(), "generation": to.generation, "attempt": to.attempt, "round": to.round,
        "run_at": to.run_at.map(stamp), "sent_at": to.sent_at.map(stamp), "lease_owner": to.lease_owner,
        "lease_until": to.lease_until.map(stamp), "cancel_requested": to.cancel_requested, "why": to.why.as_deref().map(kept_text),
        "who": to.who, "report": to.report.as_ref().map(|report| kept(report.0.clone())),
        "started_at": to.started_at.map(stamp), "ended_at": to.ended_at.map(stamp),
    })
}

fn event_line(step: &Step, next: &JobRow) -> NewEvent {
    NewEvent {
        customer: next.customer_id.clone(),
        plan: None,
        task: next.task_id,
        job: Some(next.id),
        name: step.event.event().as_str(),
        from: Some(step.row.state.as_str()),
        to: Some(next.state.as_str()),
        note: step.event.note(),
    }
}

/// Reads rows by id, in the order of their ids; ids that do not exist are left out.
pub(super) async fn by_id(tx: &mut Tx, ids: &[i64]) -> Result<Vec<JobRow>, LedgerError> {
    Ok(query!(fetch_all as JobRow, tx.on(), JOBS_BY_ID, Json(ids))?)
}

/// Makes jobs; one that stands for a moment that has fired already is left out of the answer.
pub(super) async fn insert(
    tx: &mut Tx,
    now: DateTime<Utc>,
    jobs: &[NewJob],
) -> Result<Vec<JobRow>, LedgerError> {
    let rows: Vec<Value> = jobs
        .iter()
        .map(|job| {
            json!({
                "task_id": job.task, "customer_id": job.customer, "kind": job.kind, "args": job.args,
                "lane": job.lane, "due_at": stamp(job.due_at), "run_at": stamp(job.due_at.max(now)),
                "created_at": stamp(now),
            })
        })
        .collect();
    rows.iter().try_for_each(|row| check_keepable("a job", row))?;
    Ok(query!(fetch_all as JobRow, tx.on(), INSERT_JOBS, Json(&rows))?)
}

/// Claims jobs for a worker: those that are due, of the ticket's generation, and whose lane is free. Refused
/// ones are left out: their ticket is dropped; one whose lane is busy, or that is not due by this clock, is sent again. One whose task
/// needs a step that is open comes back as waiting. Those that cannot be read are told, and left as they are.
pub(super) async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    wanted: &[(i64, i32)],
    owner: &str,
    lease_until: DateTime<Utc>,
) -> Result<Rows<JobRow>, LedgerError> {
    let tickets: std::collections::HashSet<(i64, i32)> = wanted.iter().copied().collect();
    let ids: Vec<i64> = wanted.iter().map(|(id, _)| *id).collect();
    let Rows { read: rows, unreadable } = query_each!(JobRow, tx.on(), JOBS_BY_ID, Json(&ids))?;
    let tasks: Vec<i64> = rows.iter().filter_map(|row| row.task_id).collect();
    advance::lock_all(tx, &tasks).await?;
    let waits = if tasks.is_empty() { Default::default() } else { needs::waits(tx, &tasks).await? };
    let customers: Vec<&str> =
        rows.iter().filter(|row| row.lane.is_some()).filter_map(|row| row.customer_id.as_deref()).collect();
    let mut busy: std::collections::HashSet<(String, String)> = if customers.is_empty() {
        Default::default()
    } else {
        let lanes: Vec<(String, String)> =
            query!(fetch_all as (String, String), tx.on(), BUSY_LANES, Json(&customers))?;
        lanes.into_iter().collect()
    };
    let mut steps = Vec::with_capacity(rows.len());
    let mut unused = Vec::new();
    for row in rows {
        let due = row.run_at.is_some_and(|run_at| run_at <= now);
        if !tickets.contains(&(row.id, row.generation)) || row.state == JobState::Running {
            continue;
        }
        // This clock is behind that of who sent it.
        if !due {
            unused.push((row.id, row.generation));
            continue;
        }
        if let Some(event) = row.task_id.and_then(|task| waits.get(&task).cloned()) {
            steps.push(Step { row, event });
            continue;
        }
        if let (Some(customer), Some(lane)) = (&row.customer_id, &row.lane)
            && !busy.insert((customer.clone(), lane.clone()))
        {
            unused.push((row.id, row.generation));
            continue;
        }
        steps.push(Step { row, event: JobMove::Claim { owner: owner.to_owned(), lease_until } });
    }
    for (id, generation) in unused {
        execute!(tx.on(), SEND_AGAIN, id, generation)?;
    }
    let read = apply(tx, now, owner, steps).await?.into_iter().flatten().collect();
    Ok(Rows { read, unreadable })
}

impl Ledger {
    /// Makes jobs that belong to no task, and wakes who sends them.
    pub async fn enqueue(
        &self,
        now: DateTime<Utc>,
        actor: &str,
        jobs: &[NewJob],
    ) -> Result<Vec<i64>, LedgerError> {
        let mut tx = self.db.begin().await?;
        let rows = insert(&mut tx, now, jobs).await?;
        let lines: Vec<NewEvent> = rows
            .iter()
            .map(|row| NewEvent {
                customer: row.customer_id.clone(),
                job: Some(row.id),
                name: "enqueued",
                to: Some(row.state.as_str()),
                ..NewEvent::default()
            })
            .collect();
        events::append(&mut tx, now, actor, &lines).await?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    pub async fn job(&self, id: i64) -> Result<JobRow, LedgerError> {
        let mut conn = self.db.read().await?;
        query!(fetch_optional as JobRow, conn.on(), JOBS_BY_ID, Json([id]))?
            .ok_or_else(|| LedgerError::not_found("job", id))
    }

    /// Applies one event to one job, as an actor who is no worker.
    pub async fn apply(
        &self,
        now: DateTime<Utc>,
        actor: &str,
        id: i64,
        event: JobMove,
    ) -> Result<JobRow, LedgerError> {
        let mut tx = self.db.begin().await?;
        let row = by_id(&mut tx, &[id]).await?.pop().ok_or_else(|| LedgerError::not_found("job", id))?;
        let result =
            apply(&mut tx, now, actor, vec![Step { row, event }]).await?.pop().expect("one step, one result");
        let row = result?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(row)
    }

    /// Takes a job from a worker that went silent, if it is still that claim and its lease is still over: two
    /// reapers may have seen the same row, and one of them has it given to another worker by now.
    pub async fn take_from_silent(
        &self,
        now: DateTime<Utc>,
        seen: &JobRow,
        event: JobMove,
    ) -> Result<JobRow, LedgerError> {
        let mut tx = self.db.begin().await?;
        let row =
            by_id(&mut tx, &[seen.id]).await?.pop().ok_or_else(|| LedgerError::not_found("job", seen.id))?;
        let silent = row.generation == seen.generation && row.lease_until.is_some_and(|until| until < now);
        if row.state != JobState::Running || !silent {
            return Err(LedgerError::Raced { what: "job", id: seen.id });
        }
        let steps = vec![Step { row, event }];
        let row = apply(&mut tx, now, "reaper", steps).await?.pop().expect("one step, one result")?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(row)
    }

    /// Cancels a job: at once when no worker has it, else by asking its worker.
    pub async fn cancel_job(
        &self,
        now: DateTime<Utc>,
        actor: &str,
        id: i64,
        why: &str,
    ) -> Result<JobRow, LedgerError> {
        check_words("the reason", why)?;
        let row = self.job(id).await?;
        if row.state != JobState::Running {
            return self.apply(now, actor, id, JobMove::Cancel { why: why.to_owned() }).await;
        }
        let mut tx = self.db.begin().await?;
        if execute!(tx.on(), REQUEST_CANCEL, id, row.generation, true)? == 0 {
            return Err(LedgerError::Raced { what: "job", id });
        }
        let line = NewEvent {
            customer: row.customer_id.clone(),
            task: row.task_id,
            job: Some(id),
            name: "cancel_requested",
            note: Some(why.to_owned()),
            ..NewEvent::default()
        };
        events::append(&mut tx, now, actor, &[line]).await?;
        tx.commit().await?;
        self.tell_news().await;
        self.job(id).await
    }

    /// Renews the lease of a running job. `None`: the job is no longer this worker's; `Some(true)`: a person
    /// asks it to stop.
    pub async fn renew_lease(
        &self,
        id: i64,
        generation: i32,
        until: DateTime<Utc>,
    ) -> Result<Option<bool>, LedgerError> {
        let mut tx = self.db.begin().await?;
        let row: Option<(bool,)> = query!(fetch_optional as (bool,), tx.on(), RENEW, id, generation, until)?;
        tx.commit().await?;
        Ok(row.map(|(cancel,)| cancel))
    }

    /// Running jobs whose lease has run out; their workers are taken for dead.
    pub async fn expired_leases(&self, now: DateTime<Utc>, limit: i64) -> Result<Rows<JobRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(JobRow, conn.on(), EXPIRED, now, limit)?)
    }
}

/// Wakes the jobs at a customer's site that wait for a condition, since it may be met now.
pub(super) async fn wake_at_site(tx: &mut Tx, now: DateTime<Utc>, customer: &str) -> Result<(), LedgerError> {
    let waiting = query!(fetch_all as JobRow, tx.on(), WAITING_AT_SITE, customer)?;
    let steps = waiting.into_iter().map(|row| Step { row, event: JobMove::Wake }).collect();
    for woken in apply(tx, now, advance::ENGINE, steps).await? {
        woken?;
    }
    Ok(())
}

/// The job of a task that waits for a condition, if any.
pub(super) async fn waiting_of_task(tx: &mut Tx, task: i64) -> Result<Option<JobRow>, LedgerError> {
    Ok(query!(fetch_optional as JobRow, tx.on(), WAITING_JOB_OF_TASK, task)?)
}

/// The jobs of a task that are not final.
pub(super) async fn open_of_task(tx: &mut Tx, task: i64) -> Result<Vec<JobRow>, LedgerError> {
    Ok(query!(fetch_all as JobRow, tx.on(), OPEN_JOBS_OF_TASK, task)?)
}
