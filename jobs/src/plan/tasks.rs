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
    NotApplicable { reason: String },
}

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
        due: laid.first.as_ref().map(|first| first.at),
        catch_up: laid.step.catch_up,
        owner: laid.step.owner,
        deadline: laid.deadline,
        sign_off: laid.step.needs_sign_off(),
        help: laid.step.help.clone(),
        state: match &laid.applies {
            Applicability::Yes => PlannedState::Planned,
            Applicability::No { reason } => PlannedState::NotApplicable { reason: reason.clone() },
        },
    }
}
