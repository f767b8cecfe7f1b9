//! Plans: templates of steps, the triggers that start them, and the preview before anything is written.
//!
//! All of it is pure. A template and a customer's calendar give a [`Preview`]; a preview without refusals gives
//! [`NewTask`]s; [`Trigger`] and [`decide_catch_up`] say at which moments a task is due.

mod applies;
mod args;
mod catch_up;
mod check;
mod coming;
mod cron;
mod moment;
mod preview;
mod span;
mod tasks;
mod template;
mod templates;
mod trigger;
mod warnings;
mod when;

pub use applies::{Applicability, Applies, decide_applies};
pub use args::ArgError;
pub use catch_up::{CatchUp, CatchUpPlan, MAX_MISSED, decide_catch_up};
pub use check::{Problem, check};
pub use coming::coming;
pub use cron::{Cron, CronError};
pub use moment::{DstNote, Moment, local_to_utc, settled_wall};
pub use preview::{Preview, PreviewStep, Refusal, preview};
pub use span::{BadSpan, Span, Unit};
pub use tasks::{NewTask, PlannedState, to_tasks};
pub use template::{SIGN_OFF, Step, Template};
pub use templates::{TEMPLATES, find_template};
pub use trigger::{AfterWhat, Trigger, TriggerError};
pub use warnings::Warning;
pub use when::{Base, CalendarDate, MissingDate, Shift, When, WhenError};

#[cfg(test)]
mod sample;
