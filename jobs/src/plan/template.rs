//! A plan template: the steps of one change of school year, before a customer and a year are known.

use super::{Applies, CatchUp, Trigger, When};
use crate::Who;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Stored with every plan: never rename.
    pub name: String,
    pub title: String,
    pub summary: String,
    pub version: u32,
    /// Begun later than this many weeks before the start of the school year, the plan is warned against (M2).
    #[serde(default)]
    pub lead_weeks: Option<u32>,
    pub steps: Vec<Step>,
}

/// One step of a template; for one customer it becomes one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique in the template, stored with every task: never rename.
    pub name: String,
    pub title: String,
    /// The stored name of a job kind; [`SIGN_OFF`] for what only a person can do.
    pub kind: String,
    /// Arguments of the kind. A text that begins with `when:` is a date, resolved when the plan is made.
    #[serde(default)]
    pub args: Map<String, Value>,
    pub trigger: Trigger,
    /// Steps that must be settled well before this one runs (DOMAIN S5): done, skipped, or not applicable. Fired
    /// earlier, it waits.
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub catch_up: CatchUp,
    /// Who must act, or answer for it.
    pub owner: Who,
    /// The job's own success is not enough: a person signs it off as well.
    #[serde(default)]
    pub sign_off: bool,
    /// The rules of DOMAIN that the step carries out.
    #[serde(default)]
    pub rules: Vec<String>,
    #[serde(default)]
    pub applies: Applies,
    #[serde(default)]
    pub deadline: Option<When>,
    /// The run that is meant to bring the courses of the new year; the preview keeps it behind the start date (C1).
    #[serde(default)]
    pub brings_new_courses: bool,
    /// What the person does, and what to look at.
    pub help: String,
}

/// The kind of a step that only a person can do (DOMAIN S4).
pub const SIGN_OFF: &str = "sign_off";

impl Template {
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl Step {
    /// A person ends the step, with a note.
    pub fn needs_sign_off(&self) -> bool {
        self.sign_off || self.kind == SIGN_OFF
    }
}
