//! Plans: a template applied to one customer and one summer, with its tasks.

use super::{
    Ledger, LedgerError, NewTaskRow, TaskRow,
    advance::{self, Ended},
    db::{self, execute, query},
    events::{self, NewEvent},
    tasks,
    words::check_words,
};
use crate::model::{TaskEvent, TaskState};
use chrono::{DateTime, Utc};
use serde::Serialize;

db::statements! {
    INSERT_PLAN = "
        INSERT INTO plan (customer_id, template, template_version, year, state, created_at, created_by)
        VALUES ($1, $2, $3, $4, 'active', $5, $6)
        ON CONFLICT (customer_id, template, year) WHERE state = 'active' DO NOTHING RETURNING id";
    PLAN = "SELECT * FROM plan WHERE id = $1";
    PLANS_OF_CUSTOMER = "SELECT * FROM plan WHERE customer_id = $1 ORDER BY id DESC LIMIT $2";
    PLANS = "SELECT * FROM plan ORDER BY id DESC LIMIT $1";
    CANCEL_PLAN = "UPDATE plan SET state = 'cancelled', ended_at = $2 WHERE id = $1 AND state = 'active'";
    PLAN_TASKS = "SELECT * FROM task WHERE plan_id = $1 ORDER BY position";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct PlanRow {
    pub id: i64,
    pub customer_id: String,
    pub template: String,
    pub template_version: i32,
    pub year: i32,
    /// `active`, `done`, `cancelled`.
    pub state: String,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
    pub ended_at: Option<DateTime<Utc>>,
}

/// A plan to be written.
#[derive(Debug, Clone)]
pub struct NewPlan {
    pub customer: String,
    pub template: String,
    pub template_version: i32,
    pub year: i32,
    pub tasks: Vec<NewTaskRow>,
}

impl Ledger {
    /// Writes a plan and its tasks; refuses a second active one of the same template and summer.
    pub async fn create_plan(
        &self,
        now: DateTime<Utc>,
        actor: &str,
        new: &NewPlan,
    ) -> Result<PlanRow, LedgerError> {
        let mut tx = self.db.begin().await?;
        let made = query!(
            fetch_optional as (i64,),
            tx.on(),
            INSERT_PLAN,
            new.customer.as_str(),
            new.template.as_str(),
            new.template_version,
            new.year,
            now,
            actor
        )?;
        let Some((id,)) = made else {
            return Err(LedgerError::Refused(format!(
                "{} has an active plan {} {} already: `rollover plan list --customer {}` shows it, `rollover plan \
                 cancel` ends it",
                new.customer, new.template, new.year, new.customer
            )));
        };
        let made = tasks::insert(&mut tx, now, actor, Some(id), &new.tasks).await?;
        let line = NewEvent {
            customer: Some(new.customer.clone()),
            plan: Some(id),
            name: "plan_created",
            note: Some(format!("{} {}", new.template, new.year)),
            ..NewEvent::default()
        };
        events::append(&mut tx, now, actor, &[line]).await?;
        // What is over from the start starts its followers, as one whose moments were all missed does.
        for over in made.iter().filter(|task| task.state == TaskState::Skipped) {
            advance::after(&mut tx, now, &Ended::of(over)).await?;
        }
        let plan = query!(fetch_one as PlanRow, tx.on(), PLAN, id)?;
        tx.commit().await?;
        self.tell_due().await;
        Ok(plan)
    }

    pub async fn plan(&self, id: i64) -> Result<PlanRow, LedgerError> {
        let mut conn = self.db.read().await?;
        query!(fetch_optional as PlanRow, conn.on(), PLAN, id)?
            .ok_or_else(|| LedgerError::not_found("plan", id))
    }

    /// Plans of one customer or of all, newest first.
    pub async fn plans(&self, customer: Option<&str>, limit: i64) -> Result<Vec<PlanRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(match customer {
            Some(customer) => query!(fetch_all as PlanRow, conn.on(), PLANS_OF_CUSTOMER, customer, limit)?,
            None => query!(fetch_all as PlanRow, conn.on(), PLANS, limit)?,
        })
    }

    /// Ends a plan: every task of it that is not over is cancelled, with the reason.
    pub async fn cancel_plan(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        why: &str,
    ) -> Result<PlanRow, LedgerError> {
        check_words("the reason", why)?;
        let mut tx = self.db.begin().await?;
        if execute!(tx.on(), CANCEL_PLAN, id, now)? == 0 {
            let plan = query!(fetch_optional as PlanRow, tx.on(), PLAN, id)?;
            return Err(match plan {
                None => LedgerError::not_found("plan", id),
                Some(plan) => LedgerError::Refused(format!("plan {id} is {} already", plan.state)),
            });
        }
        let open = query!(fetch_all as TaskRow, tx.on(), PLAN_TASKS, id)?;
        for task in open.into_iter().filter(|task| !advance::is_settled(task.state)) {
            tasks::end_task(&mut tx, now, person, task.id, why, TaskEvent::Cancelled).await?;
        }
        let plan = query!(fetch_one as PlanRow, tx.on(), PLAN, id)?;
        let line = NewEvent {
            customer: Some(plan.customer_id.clone()),
            plan: Some(id),
            name: "plan_cancelled",
            note: Some(why.to_owned()),
            ..NewEvent::default()
        };
        events::append(&mut tx, now, person, &[line]).await?;
        tx.commit().await?;
        self.tell_news().await;
        Ok(plan)
    }
}
