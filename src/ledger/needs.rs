//! Conditions of tasks: a job does not run before the steps that its task needs are settled well (DOMAIN S5).
//!
//! Looked at in the transaction of the claim, after the lock of the plan: a step that ends meanwhile either is seen
//! here, or finds the job waiting and wakes it.

use super::{
    LedgerError,
    advance::Ended,
    db::{self, Tx, query},
    jobs,
    rows::{JobMove, JobRow, TaskRow},
};
use crate::model::TaskState;
use sqlx::types::Json;
use std::collections::HashMap;

db::statements! {
    NEEDED = postgres "
        SELECT task.id AS task_id, other.title, other.owner, other.state
        FROM task CROSS JOIN LATERAL jsonb_array_elements_text(task.needs) AS needed(step)
            JOIN task AS other ON other.plan_id = task.plan_id AND other.step = needed.step
        WHERE task.id IN (SELECT value::bigint FROM jsonb_array_elements_text($1))
        ORDER BY task.id, other.position",
    sqlite "
        SELECT task.id AS task_id, other.title, other.owner, other.state
        FROM task, json_each(task.needs) AS needed
            JOIN task AS other ON other.plan_id = task.plan_id AND other.step = needed.value
        WHERE task.id IN (SELECT value FROM json_each($1))
        ORDER BY task.id, other.position";
}

/// A step that another one needs.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Needed {
    task_id: i64,
    title: String,
    owner: String,
    state: String,
}

/// For each of these tasks that must wait for another: how its job waits.
pub(super) async fn waits(tx: &mut Tx, tasks: &[i64]) -> Result<HashMap<i64, JobMove>, LedgerError> {
    let needed = query!(fetch_all as Needed, tx.on(), NEEDED, Json(tasks))?;
    let of_one = needed.chunk_by(|one, next| one.task_id == next.task_id);
    Ok(of_one.filter_map(|needed| Some((needed[0].task_id, decide_needs(needed)?))).collect())
}

/// Waits while one needed step is not settled well; whoever answers for the first of them must act.
fn decide_needs(needed: &[Needed]) -> Option<JobMove> {
    let open: Vec<(&Needed, Option<TaskState>)> = needed
        .iter()
        .map(|step| (step, TaskState::parse(&step.state)))
        .filter(|(_, state)| !state.is_some_and(TaskState::counts_as_success))
        .collect();
    let who = open.first()?.0.owner.clone();
    let steps: Vec<String> = open
        .iter()
        .map(|(step, state)| match state {
            Some(state) if state.has_ended() => format!("{} ({})", step.title, state.words()),
            _ => step.title.clone(),
        })
        .collect();
    Some(JobMove::Wait { until: None, why: format!("waits for: {}", steps.join("; ")), who })
}

/// The jobs that wait for a step that has ended well. They look again even where another step is still open: then
/// they name that one.
pub(super) async fn woken_by(
    tx: &mut Tx,
    tasks: &[TaskRow],
    ended: &Ended<'_>,
) -> Result<Vec<JobRow>, LedgerError> {
    let mut woken = Vec::new();
    if ended.state.counts_as_success() {
        for task in tasks.iter().filter(|task| task.needs.0.iter().any(|step| step == ended.step)) {
            woken.extend(jobs::waiting_of_task(tx, task.id).await?);
        }
    }
    Ok(woken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(owner: &str, state: &str) -> Needed {
        let title = format!("The {owner}'s step");
        Needed { task_id: 1, title, owner: owner.to_owned(), state: state.to_owned() }
    }

    // DOMAIN S5
    #[test]
    fn what_is_not_settled_well_is_waited_for_with_the_person_to_act() {
        for settled in ["done", "skipped", "not_applicable"] {
            assert_eq!(decide_needs(&[needed("mentor", settled)]), None, "{settled}");
        }
        for (state, said) in [
            ("planned", ""),
            ("active", ""),
            ("waiting", ""),
            ("failed", " (failed)"),
            ("held", " (held)"),
            ("cancelled", " (cancelled)"),
            ("of_tomorrow", ""),
        ] {
            let steps =
                [needed("teacher", "done"), needed("mentor", state), needed("headteacher", "planned")];
            let why = format!("waits for: The mentor's step{said}; The headteacher's step");
            let wait = JobMove::Wait { until: None, why, who: "mentor".to_owned() };
            assert_eq!(decide_needs(&steps), Some(wait), "{state}");
        }
        assert_eq!(decide_needs(&[]), None);
    }
}
