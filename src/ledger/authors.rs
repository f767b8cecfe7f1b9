//! Who asks by a job: the plan of its step, or the person who made it or its task.

use super::{
    Ledger, LedgerError,
    db::{self, query},
};
use rollover_jobs::ports::Author;

db::statements! {
    STEP_OF_JOB = "
        SELECT plan.template, plan.year, task.step FROM job
            JOIN task ON task.id = job.task_id JOIN plan ON plan.id = task.plan_id
        WHERE job.id = $1";
    MAKER_OF_JOB = "
        SELECT event.actor FROM event JOIN job ON job.id = $1
        WHERE (event.task_id = job.task_id AND event.name = 'planned')
            OR (event.job_id = job.id AND event.name = 'enqueued')
        ORDER BY event.id LIMIT 1";
}

impl Ledger {
    /// The author of what a job does.
    pub async fn author_of_job(&self, job: i64) -> Result<Author, LedgerError> {
        let mut conn = self.db.read().await?;
        let step = query!(fetch_optional as (String, i32, String), conn.on(), STEP_OF_JOB, job)?;
        if let Some((plan, year, step)) = step {
            return Ok(Author::Step { plan, year, step });
        }
        let maker = query!(fetch_optional as (String,), conn.on(), MAKER_OF_JOB, job)?;
        maker
            .map(|(name,)| Author::Person { name })
            .ok_or_else(|| LedgerError::not_found("maker of job", job))
    }
}
