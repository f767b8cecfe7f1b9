//! What lists and pages show: the fleet, tasks and jobs by filter, counts by state.

use super::{
    JobRow, Ledger, LedgerError, TaskRow,
    db::{self, query},
};
use rollover_jobs::Customer;
use serde::Serialize;

db::statements! {
    TASKS = "
        SELECT * FROM task
        WHERE (customer_id = $1 OR $1 IS NULL) AND (state = $2 OR $2 IS NULL) AND (kind = $3 OR $3 IS NULL)
        ORDER BY coalesce(due_at, updated_at), id LIMIT $4";
    JOBS = "
        SELECT * FROM job
        WHERE (customer_id = $1 OR $1 IS NULL) AND (state = $2 OR $2 IS NULL) AND (kind = $3 OR $3 IS NULL)
            AND (task_id = $4 OR $4 IS NULL)
        ORDER BY id DESC LIMIT $5";
    JOB_COUNTS = "SELECT state, count(*) FROM job GROUP BY state ORDER BY state";
    TASKS_OF_YEAR = "
        SELECT task.* FROM task JOIN plan ON plan.id = task.plan_id
        WHERE plan.year = $1 AND plan.state <> 'cancelled' ORDER BY task.customer_id, plan.id, task.position LIMIT $2";
    NEWEST_YEAR = "SELECT max(year) FROM plan WHERE state <> 'cancelled'";
}

/// The fleet page looks at no more tasks than this.
const FLEET_TASKS: i64 = 200_000;

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
#[derive(Debug, Clone, Serialize)]
pub struct Fleet {
    pub year: Option<i32>,
    pub customers: Vec<FleetCustomer>,
}

#[derive(Debug, Clone, Serialize)]
pub struct FleetCustomer {
    pub customer: Customer,
    pub tasks: Vec<TaskRow>,
}

impl Ledger {
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<TaskRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(
            fetch_all as TaskRow,
            conn.on(),
            TASKS,
            filter.customer.as_deref(),
            filter.state.as_deref(),
            filter.kind.as_deref(),
            filter.limit
        )?)
    }

    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(
            fetch_all as JobRow,
            conn.on(),
            JOBS,
            filter.customer.as_deref(),
            filter.state.as_deref(),
            filter.kind.as_deref(),
            filter.task,
            filter.limit
        )?)
    }

    /// How many jobs are in each state.
    pub async fn job_counts(&self) -> Result<Vec<(String, i64)>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as (String, i64), conn.on(), JOB_COUNTS)?)
    }

    /// Customers × tasks of one summer; without a year, of the newest that has a plan.
    pub async fn fleet(&self, year: Option<i32>) -> Result<Fleet, LedgerError> {
        let customers = self.customers().await?;
        let mut conn = self.db.read().await?;
        let year = match year {
            Some(year) => Some(year),
            None => query!(fetch_one as (Option<i32>,), conn.on(), NEWEST_YEAR)?.0,
        };
        let tasks = match year {
            Some(year) => query!(fetch_all as TaskRow, conn.on(), TASKS_OF_YEAR, year, FLEET_TASKS)?,
            None => Vec::new(),
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
        Ok(Fleet { year, customers })
    }
}
