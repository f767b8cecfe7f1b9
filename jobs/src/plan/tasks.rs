//! The tasks that a preview turns into: what the ledger writes when the plan is made.

use super::{Applicability, CatchUp, Preview, PreviewStep, Refusal, Trigger};
use crate::Who;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// One line of the scheduled-task list, not yet written. Every date is put in: it needs no calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    pub step: String,
    pub title: String,
    pub kind: String,
    pub args: Map<String, Value>,
    pub trigger: Trigger,
    pub trigger_text: String,
    /// Steps of the plan that must be settled well before it runs.
    pub needs: Vec<String>,
    /// The first due moment; none for what follows a step, starts by hand or does not apply.
    pub due: Option<DateTime<Utc>>,
    pub catch_up: CatchUp,
    pub owner: Who,
    pub deadline: Option<DateTime<Utc>>,
    pub sign_off: bool,
    pub help: String,
    pub state: PlannedState,
}

/// How a task begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedState {
    Planned,
    NotApplicable {
        reason: String,
    },
    /// All of its moments are over, as if each had been missed.
    Over {
        reason: &'static str,
    },
}

const OVER: &str = "no moment of its cron rule was left when the plan was made";

/// One task per step, in the order of the template; or why the plan cannot be made.
pub fn to_tasks(preview: &Preview) -> Result<Vec<NewTask>, Vec<Refusal>> {
    let refusals = preview.refusals();
    if refusals.is_empty() { Ok(preview.steps.iter().map(to_task).collect()) } else { Err(refusals) }
}

fn to_task(laid: &PreviewStep) -> NewTask {
    NewTask {
        step: laid.step.name.clone(),
        title: laid.step.title.clone(),
        kind: laid.step.kind.clone(),
        args: laid.args.clone(),
        trigger: laid.trigger.clone(),
        trigger_text: laid.trigger.to_string(),
        needs: laid.step.needs.clone(),
        due: laid.first.as_ref().map(|first| first.at),
        catch_up: laid.step.catch_up,
        owner: laid.step.owner,
        deadline: laid.deadline,
        sign_off: laid.step.needs_sign_off(),
        help: laid.step.help.clone(),
        state: match &laid.applies {
            Applicability::Yes if laid.never_fires() => PlannedState::Over { reason: OVER },
            Applicability::Yes => PlannedState::Planned,
            Applicability::No { reason } => PlannedState::NotApplicable { reason: reason.clone() },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Calendar,
        plan::{
            find_template, preview,
            sample::{calendar, customer},
        },
    };
    use serde_json::json;

    fn tasks(name: &str, modules: &[&str], calendar: &Calendar) -> Result<Vec<NewTask>, Vec<Refusal>> {
        let now = "2024-04-02T08:00:00Z".parse().unwrap();
        to_tasks(&preview(find_template(name).unwrap(), &customer(modules), calendar, 2024, now))
    }

    #[test]
    fn a_task_needs_no_calendar_any_more() {
        let tasks = tasks("eoy", &["delay_delete"], &calendar()).unwrap();
        let start = tasks.iter().find(|task| task.step == "start_delay_delete").unwrap();
        assert_eq!(json!(start.args), json!({"start": "2024-06-22", "end": "2024-08-18"}));
        assert_eq!(start.trigger_text, "once, 2024-06-22 00:00");
        assert_eq!(start.due, Some("2024-06-21T22:00:00Z".parse().unwrap()));
        let agree = tasks.iter().find(|task| task.step == "agree_summer").unwrap();
        assert_eq!(agree.deadline, Some("2024-06-14T15:00:00Z".parse().unwrap()));
        assert!(agree.sign_off && !start.sign_off);
        let import = tasks.iter().find(|task| task.step == "nightly_import").unwrap();
        assert_eq!(import.trigger_text, "cron 30 2 * * *, from 2024-04-26, until 2024-06-21 23:59");
        assert_eq!(import.due, Some("2024-04-26T00:30:00Z".parse().unwrap()));
    }

    #[test]
    fn every_kind_can_read_the_arguments_of_its_tasks() {
        for name in ["eoy", "bts", "summer_school", "change_of_mis"] {
            for modules in [&["absence", "behaviour", "courses"][..], &["summer_school"], &["delay_delete"]] {
                for task in tasks(name, modules, &calendar()).unwrap() {
                    let applies = task.state == PlannedState::Planned;
                    let kind = crate::find_kind(&task.kind).unwrap();
                    if let (true, Err(error)) = (applies, kind.check_args(&json!(task.args))) {
                        panic!("{name}, {}: {error}", task.step);
                    }
                }
            }
        }
    }

    // DOMAIN S4
    #[test]
    fn a_sign_off_waits_for_the_owner_of_its_step() {
        let tasks = tasks("eoy", &["absence"], &calendar()).unwrap();
        let weeks = tasks.iter().find(|task| task.step == "complete_weeks").unwrap();
        assert_eq!(weeks.args["who"], "teacher");
        assert!(
            tasks.iter().filter(|task| task.kind != "sign_off").all(|task| !task.args.contains_key("who"))
        );
    }

    // DOMAIN A6, S4
    #[test]
    fn a_step_that_does_not_apply_is_a_task_too() {
        let tasks = tasks("eoy", &["behaviour"], &calendar()).unwrap();
        assert_eq!(tasks.len(), find_template("eoy").unwrap().steps.len());
        let weeks = tasks.iter().find(|task| task.step == "complete_weeks").unwrap();
        let reason = "the customer does not use the module absence".to_owned();
        assert_eq!(weeks.state, PlannedState::NotApplicable { reason });
        assert_eq!(weeks.due, None);
    }

    // DOMAIN S2
    #[test]
    fn a_rule_whose_moments_are_all_past_is_over_from_the_start() {
        for (now, state) in [
            ("2024-06-21T00:29:59Z", PlannedState::Planned),
            ("2024-06-21T00:30:00Z", PlannedState::Over { reason: OVER }),
        ] {
            let template = find_template("eoy").unwrap();
            let preview = preview(template, &customer(&[]), &calendar(), 2024, now.parse().unwrap());
            let tasks = to_tasks(&preview).unwrap();
            let import = tasks.iter().find(|task| task.step == "nightly_import").unwrap();
            assert_eq!(
                (&import.state, import.due.is_some()),
                (&state, state == PlannedState::Planned),
                "{now}"
            );
        }
    }

    #[test]
    fn a_refused_plan_has_no_tasks() {
        let refusals = tasks("bts", &[], &Calendar::default()).unwrap_err();
        assert!(matches!(&refusals[..], [Refusal::Missing { .. }]));
    }
}
