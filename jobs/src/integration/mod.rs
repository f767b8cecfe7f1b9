//! Kinds that run the integration: import a roster, pause and resume, delay delete.

mod authority;
mod check_roster_came;
mod check_sync_keys;
mod delay_delete;
mod import_roster;
mod pause;
mod sync_keys;

pub use check_roster_came::CheckRosterCame;
pub use check_sync_keys::{CheckSyncKeys, CheckSyncKeysReport};
pub use delay_delete::{EndDelayDelete, StartDelayDelete};
pub use import_roster::{
    AskedRoster, Caveat, CaveatKind, ClassCounts, CourseForecast, ForecastAsk, ForecastCourse, ImportOutcome,
    ImportReport, ImportRoster, LINES_REACHED, Outlook, Postponed, PostponedAsk, PostponedLine,
    PostponedWindow, SchoolCounts, UndoImport, UndoPreview, WaitingSince, WaitsFor, WindowEnd, WindowStands,
    forecast_courses, postponed, preview_undo,
};
pub use pause::{PauseIntegration, ResumeIntegration};
pub use sync_keys::{KeyCheck, KeyCounts, SchoolKeys, check_keys, check_keys_by};
