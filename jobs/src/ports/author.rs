//! Who has a pause or a window set, or asks to end it: a person, or a step of a plan.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// By a job of theirs, or by a task of theirs that belongs to no plan.
    Person { name: String },
    /// By the plan, not by its row: a plan that is made again goes on with what the former has begun.
    Step { plan: String, year: i32, step: String },
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { name } => f.write_str(name),
            Self::Step { plan, year, step } => write!(f, "plan {plan} {year}, step {step}"),
        }
    }
}
