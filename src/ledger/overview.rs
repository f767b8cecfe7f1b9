//! What lists and pages show: the fleet, tasks and jobs by filter, counts by state.

use super::{
    JobRow, Ledger, LedgerError, PlanRow, TaskRow,
    db::{self, query},
    unreadable::{Rows, Unreadable, query_each},
};
use crate::model::JobState;
use chrono::{DateTime, Utc};
use rollover_jobs::Customer;
use sqlx::types::Json;

db::statements! {
    TASKS = "
        SELECT * FROM task
        WHERE (customer_id = $1 OR $1 IS NULL) AND (state = $2 OR $2 IS NULL) AND (kind = $3 OR $3 IS NULL)
        ORDER BY due_at IS NULL, due_at, id LIMIT $4";
    JOBS = "
        SELECT * FROM job
        WHERE (customer_id = $1 OR $1 IS NULL) AND (state = $2 OR $2 IS NULL) AND (kind = $3 OR $3 IS NULL)
            AND (task_id = $4 OR $4 IS NULL)
        ORDER BY id DESC LIMIT $5";
    JOBS_OF_TASK = "
        SELECT * FROM job
        WHERE task_id = $4 AND (customer_id = $1 OR $1 IS NULL) AND (state = $2 OR $2 IS NULL)
            AND (kind = $3 OR $3 IS NULL)
        ORDER BY id DESC LIMIT $5";
    JOBS_OF_CUSTOMER = "
        SELECT * FROM job
        WHERE customer_id = $1 AND (state = $2 OR $2 IS NULL) AND (kind = $3 OR $3 IS NULL)
            AND (task_id = $4 OR $4 IS NULL)
        ORDER BY id DESC LIMIT $5";
    JOBS_OF_STATE = "
        SELECT * FROM job
        WHERE state = $2 AND state <> 'done' AND (customer_id = $1 OR $1 IS NULL) AND (kind = $3 OR $3 IS NULL)
            AND (task_id = $4 OR $4 IS NULL)
        ORDER BY id DESC LIMIT $5";
    JOB_COUNTS = "
        SELECT state, count(*) FROM job WHERE state <> 'done' GROUP BY state
        UNION ALL
        SELECT 'done', total - open FROM (SELECT (SELECT count(*) FROM job) AS total,
            (SELECT count(*) FROM job WHERE state <> 'done') AS open) AS counted
        WHERE total > open ORDER BY 1";
    QUEUED_JOB_COUNTS = "
        SELECT state, count(*) FROM job WHERE state <> 'done' AND state IN ('ready', 'running', 'retrying') GROUP BY state ORDER BY state";
    TASKS_OF_YEAR = "
        SELECT task.* FROM task JOIN plan ON plan.id = task.plan_id
        WHERE plan.year = $1 AND plan.state <> 'cancelled' ORDER BY task.customer_id, plan.id, task.position LIMIT $2";
    NEWEST_YEAR = "SELECT max(year) FROM plan WHERE state <> 'cancelled'";
    PLANS_OF_YEAR = "SELECT * FROM plan WHERE year = $1 AND state <> 'cancelled' ORDER BY id LIMIT $2";
    SUMMERS = "SELECT DISTINCT year FROM plan WHERE state <> 'cancelled' ORDER BY year DESC LIMIT $1";
    OPEN_TASKS_OUTSIDE_PLANS = "
        SELECT * FROM task
        WHERE plan_id IS NULL AND (state IN ('waiting', 'held', 'failed') OR due_at IS NOT NULL)
        ORDER BY id DESC LIMIT $1";
    TASKS_OUTSIDE_PLANS = "
        SELECT * FROM task WHERE plan_id IS NULL AND customer_id = $1 ORDER BY id DESC LIMIT $2";
    NEWEST_JOBS_OF_TASKS = postgres "
        SELECT * FROM job WHERE id IN (
            SELECT max(id) FROM job
            WHERE task_id IN (SELECT value::bigint FROM jsonb_array_elements_text($1)) GROUP BY task_id)",
    sqlite "
        SELECT * FROM job WHERE id IN (
            SELECT max(id) FROM job WHERE task_id IN (SELECT value FROM json_each($1)) GROUP BY task_id)";
    STUCK_JOBS_WITHOUT_TASK = "
        SELECT * FROM job
        WHERE +task_id IS NULL AND state <> 'done' AND state IN ('waiting', 'failed', 'aborted')
            AND (state = 'waiting' OR ended_at > $1)
        ORDER BY id DESC LIMIT $2";
}

/// The fleet page looks at no more tasks than this.
const FLEET_TASKS: i64 = 200_000;
/// And at no more plans.
const FLEET_PLANS: i64 = 20_000;
/// Summers that a page offers to choose from.
const SUMMERS_SHOWN: i64 = 20;

/// Which tasks a list shows; an absent field takes all.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub customer: Option<String>,
    pub state: Option<String>,
    pub kind: Option<String>,
    pub limit: i64,
}

/// Which jobs a list shows; an absent field takes all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub customer: Option<String>,
    pub state: Option<String>,
    pub kind: Option<String>,
    pub task: Option<i64>,
    pub limit: i64,
}

/// Every customer with its tasks of one summer.
#[derive(Debug, Clone)]
pub struct Fleet {
    pub year: Option<i32>,
    /// The plans that the tasks belong to, oldest first.
    pub plans: Vec<PlanRow>,
    pub customers: Vec<FleetCustomer>,
    /// Customers whose rows this version cannot read.
    pub unreadable: Vec<Unreadable<String>>,
}

#[derive(Debug, Clone)]
pub struct FleetCustomer {
    pub customer: Customer,
    pub tasks: Vec<TaskRow>,
}

impl Ledger {
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(
            TaskRow,
            conn.on(),
            TASKS,
            filter.customer.as_deref(),
            filter.state.as_deref(),
            filter.kind.as_deref(),
            filter.limit
        )?
        .listed("task"))
    }

    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRow>, LedgerError> {
        // An index serves only a condition that stands in the text: the narrowest that is asked for.
        let jobs = match filter {
            JobFilter { task: Some(_), .. } => JOBS_OF_TASK,
            JobFilter { customer: Some(_), .. } => JOBS_OF_CUSTOMER,
            JobFilter { state: Some(state), .. } if state != JobState::Done.as_str() => JOBS_OF_STATE,
            _ => JOBS,
        };
        let mut conn = self.db.read().await?;
        Ok(query_each!(
            JobRow,
            conn.on(),
            jobs,
            filter.customer.as_deref(),
            filter.state.as_deref(),
            filter.kind.as_deref(),
            filter.task,
            filter.limit
        )?
        .listed("job"))
    }

    /// How many jobs are in each state.
    pub async fn job_counts(&self) -> Result<Vec<(String, i64)>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as (String, i64), conn.on(), JOB_COUNTS)?)
    }

    /// How many jobs are `ready`, `running` and `retrying`: counted without those that have ended.
    pub async fn queued_job_counts(&self) -> Result<Vec<(String, i64)>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as (String, i64), conn.on(), QUEUED_JOB_COUNTS)?)
    }

    /// Customers × tasks of one summer; without a year, of the newest that has a plan.
    pub async fn fleet(&self, year: Option<i32>) -> Result<Fleet, LedgerError> {
        let Rows { read: customers, unreadable } = self.customers().await?;
        let mut conn = self.db.read().await?;
        let year = match year {
            Some(year) => Some(year),
            None => query!(fetch_one as (Option<i32>,), conn.on(), NEWEST_YEAR)?.0,
        };
        let (plans, tasks) = match year {
            Some(year) => (
                query!(fetch_all as PlanRow, conn.on(), PLANS_OF_YEAR, year, FLEET_PLANS)?,
                query_each!(TaskRow, conn.on(), TASKS_OF_YEAR, year, FLEET_TASKS)?.listed("task"),
            ),
            None => (Vec::new(), Vec::new()),
        };
        let mut by_customer: std::collections::HashMap<String, Vec<TaskRow>> =
            std::collections::HashMap::new();
        for task in tasks {
            by_customer.entry(task.customer_id.clone().unwrap_or_default()).or_default().push(task);
        }
        let customers = customers
            .into_iter()
            .map(|customer| {
                let tasks = by_customer.remove(customer.id.as_str()).unwrap_or_default();
                FleetCustomer { customer, tasks }
            })
            .collect();
        Ok(Fleet { year, plans, customers, unreadable })
    }

    /// The summers that have a plan, newest first.
    pub async fn summers(&self) -> Result<Vec<i32>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as (i32,), conn.on(), SUMMERS, SUMMERS_SHOWN)?;
        Ok(rows.into_iter().map(|(year,)| year).collect())
    }

    /// Tasks that belong to no plan, and need a person or have a moment to come; newest first.
    pub async fn open_tasks_outside_plans(&self, limit: i64) -> Result<Vec<TaskRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(TaskRow, conn.on(), OPEN_TASKS_OUTSIDE_PLANS, limit)?.listed("task"))
    }

    /// Tasks of one customer that belong to no plan, newest first.
    pub async fn tasks_outside_plans(&self, customer: &str, limit: i64) -> Result<Vec<TaskRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(TaskRow, conn.on(), TASKS_OUTSIDE_PLANS, customer, limit)?.listed("task"))
    }

    /// Of each of these tasks that ever fired, its newest job.
    pub async fn newest_jobs_of_tasks(&self, tasks: &[i64]) -> Result<Vec<JobRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(JobRow, conn.on(), NEWEST_JOBS_OF_TASKS, Json(tasks))?.listed("job"))
    }

    /// Jobs that stand in no plan and need a person: those that wait, and those that failed or were aborted since. The
    /// sign before `task_id` keeps SQLite from walking through every job without a task.
    pub async fn stuck_jobs_without_task(
        &self,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<JobRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query_each!(JobRow, conn.on(), STUCK_JOBS_WITHOUT_TASK, since, limit)?.listed("job"))
    }
}
