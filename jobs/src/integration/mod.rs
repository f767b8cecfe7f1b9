//! Kinds that run the integration: import a roster, pause and resume, delay delete.

mod authority;
mod check_roster_came;
mod delay_delete;
mod import_roster;
mod pause;

pub use check_roster_came::CheckRosterCame;
pub use delay_delete::{EndDelayDelete, StartDelayDelete};
pub use import_roster::{ImportOutcome, ImportReport, ImportRoster};
pub use pause::{PauseIntegration, ResumeIntegration};
