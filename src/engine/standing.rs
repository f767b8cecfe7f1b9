//! Lays down the tasks that stand on the list from the first start on, as the policies of their kinds say.

use super::{Engine, LEAD};
use crate::{
    ledger::{LedgerError, NewTaskRow},
    model::TaskState,
};
use chrono_tz::Tz;
use rollover_jobs::{
    AnyKind, Calendar, Who,
    plan::{CatchUp, Cron, Trigger},
};
use serde_json::json;

/// Adds what is missing; one that a person cancelled is not missing.
pub(super) async fn lay_down(engine: &Engine, owner: &str) -> Result<(), LedgerError> {
    let now = engine.clock.now();
    let standing = engine.kinds.iter().filter_map(|kind| Some((*kind, kind.policy().stands?)));
    for (kind, rule) in standing {
        let task = task(kind, rule);
        let due_at = task.schedule.next_after(now, Tz::UTC, &Calendar::default());
        let due_at = due_at.ok().flatten().map(|moment| moment.at);
        if engine.ledger.add_standing_task((LEAD, owner), now, &NewTaskRow { due_at, ..task }).await? {
            tracing::info!(kind = kind.name(), rule, "a task of the house is on the list");
        }
    }
    Ok(())
}

fn task(kind: &dyn AnyKind, rule: &str) -> NewTaskRow {
    let cron: Cron = rule.parse().expect("a kind stands by a rule that a task can have");
    NewTaskRow {
        customer: None,
        position: 0,
        step: kind.name().to_owned(),
        title: kind.summary().to_owned(),
        help: String::new(),
        kind: kind.name().to_owned(),
        args: kind.check_args(&json!({})).expect("a kind that stands needs no arguments"),
        schedule: Trigger::Cron { cron, from: None, until: None },
        needs: Vec::new(),
        catch_up: CatchUp::RunOnce.as_str().to_owned(),
        owner: Who::SupportAgent.as_str().to_owned(),
        sign_off: false,
        deadline: None,
        state: TaskState::Planned,
        why: None,
        due_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollover_jobs::KINDS;

    #[test]
    fn what_stands_has_a_rule_that_fires_and_needs_no_arguments() {
        let standing = KINDS.iter().filter_map(|kind| Some((*kind, kind.policy().stands?)));
        let tasks: Vec<NewTaskRow> = standing.map(|(kind, rule)| task(kind, rule)).collect();
        assert_eq!(tasks.iter().map(|task| task.kind.as_str()).collect::<Vec<_>>(), ["purge_snapshots"]);
        let now = "2024-06-03T08:00:00Z".parse().unwrap();
        let next = tasks[0].schedule.next_after(now, Tz::UTC, &Calendar::default()).unwrap().unwrap();
        assert_eq!(next.at, "2024-06-04T01:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    }
}
