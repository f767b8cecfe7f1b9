//! The invented people: they sign off what waits for them, and decide about the Filter, once a day.

use crate::{
    engine::Engine,
    ledger::{JobFilter, NewFilterDecision, TaskFilter, TaskRow},
    model::TaskState,
};
use chrono::{DateTime, Utc};
use rollover_jobs::ports::Outcome;
use rollover_roster::explain::Cause;

/// Support as it acts in the demonstration.
const SUPPORT: &str = "Ingrid (support)";
/// Tasks looked at in a day.
const LOOKED_AT: i64 = 1_000;
/// Days that a person takes before they act.
const DAYS_UNTIL_ACTING: i64 = 1;

/// What the people of one day do.
pub(super) async fn act(engine: &Engine, now: DateTime<Utc>) -> anyhow::Result<()> {
    for state in [TaskState::Waiting, TaskState::Held] {
        let filter =
            TaskFilter { state: Some(state.as_str().to_owned()), limit: LOOKED_AT, ..TaskFilter::default() };
        for task in engine.ledger.tasks(&filter).await? {
            if (now - task.updated_at).num_days() < DAYS_UNTIL_ACTING && state == TaskState::Waiting {
                continue;
            }
            match state {
                TaskState::Held => decide(engine, now, &task).await?,
                // Another's step that is open is not theirs to settle.
                _ if task.sign_off && task.who.as_ref() == Some(&task.owner) => {
                    sign_off(engine, now, &task).await?
                }
                _ => {}
            }
        }
    }
    Ok(())
}

async fn sign_off(engine: &Engine, now: DateTime<Utc>, task: &TaskRow) -> anyhow::Result<()> {
    let (person, note) = match task.owner.as_str() {
        "headteacher" => ("Headteacher", "completed for the whole school"),
        "mentor" => ("Mentors' coordinator", "every mentor is done"),
        "teacher" => ("Head of department", "done in every class"),
        "system_administrator" => {
            ("The customer's administrator", "done, and looked through with the schools")
        }
        "integration_consultant" => ("Jonas (consultant)", "set up and tested"),
        _ => (SUPPORT, "done, talked through with the customer by phone"),
    };
    engine.ledger.sign_off(now, person, task.id, note).await?;
    Ok(())
}

/// F3: the customer looked at the figures. A school that the file lacks is no matter of a decision; the change of
/// school year is everywhere, and meant.
async fn decide(engine: &Engine, now: DateTime<Utc>, task: &TaskRow) -> anyhow::Result<()> {
    let Some(customer) = task.customer_id.as_deref() else { return Ok(()) };
    let Some(run) = engine.ledger.runs_of_customer(customer, 1).await?.into_iter().next() else {
        return Ok(());
    };
    let record = run.record.0;
    let Some(roster) = record.roster.filter(|_| record.outcome == Outcome::Aborted) else { return Ok(()) };
    let lacks_school = |cause: &Cause| matches!(cause, Cause::SchoolsMissing { .. });
    if record.breaches.iter().all(|breach| breach.causes.iter().any(lacks_school)) {
        return Ok(());
    }
    let decision = NewFilterDecision {
        customer: customer.parse()?,
        roster,
        limits: None,
        slice: None,
        customer_person: "The customer's administrator".to_owned(),
        support_person: SUPPORT.to_owned(),
        reason: "change of school year, the figures were compared with the MIS".to_owned(),
    };
    engine.ledger.decide_filter(now, &decision).await?;
    let open = JobFilter {
        task: Some(task.id),
        state: Some("aborted".to_owned()),
        limit: 1,
        ..JobFilter::default()
    };
    if !engine.ledger.jobs(&open).await?.is_empty() {
        engine.ledger.run_task_now(now, SUPPORT, task.id, engine.lane(&task.kind)).await?;
    }
    Ok(())
}
