//! Kinds that run the integration: import a roster, pause and resume, delay delete.

mod authority;
mod delay_delete;
mod import_roster;
mod pause;

pub use delay_delete::{EndDelayDelete, StartDelayDelete};
pub use import_roster::{ImportOutcome, ImportReport, ImportRoster};
pub use pause::{PauseIntegration, ResumeIntegration};
