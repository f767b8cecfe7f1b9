//! What Rollover runs: the contract of a job kind, the ports it may use, every kind, the plan templates.
//!
//! A job never sees the ledger, the queue, the web or the configuration: it receives its arguments and a
//! [`JobContext`], and returns a report or a [`Stop`]. Only a job kind brings roster and site together.

mod context;
mod customer;
mod due_by;
mod fetch;
mod general;
mod integration;
mod kind;
mod kinds;
mod language;
mod least_share;
pub mod plan;
pub mod ports;
mod stop;

pub use context::{JobContext, JobFacts, Ports, WriteProof};
pub use customer::{
    BadCustomerId, Calendar, Country, Customer, CustomerId, CustomerSettings, EarlyCourses, Retention,
    RosterFormat, TermDates,
};
pub use due_by::DueBy;
pub use fetch::{BadFetch, Fetch, FetchAddress, HostKey, Protocol, SecretName};
pub use general::{Noop, PurgeReport, PurgeSnapshots, Purged, SendStatusMail, SignOff};
pub use integration::{
    AskedRoster, Caveat, CaveatKind, CheckRosterCame, CheckSyncKeys, CheckSyncKeysReport, ClassCounts,
    CourseForecast, EndDelayDelete, ForecastAsk, ForecastCourse, ImportOutcome, ImportReport, ImportRoster,
    KeyCheck, KeyCounts, LINES_REACHED, Outlook, PauseIntegration, Postponed, PostponedAsk, PostponedLine,
    PostponedWindow, ResumeIntegration, SchoolCounts, SchoolKeys, StartDelayDelete, UndoImport, UndoPreview,
    WaitingSince, WaitsFor, WindowEnd, WindowStands, check_keys, check_keys_by, forecast_courses, postponed,
    preview_undo,
};
pub use kind::{AnyKind, ArgsError, End, JobKind, Lane, Policy};
pub use kinds::{KINDS, find_kind};
pub use language::Language;
pub use least_share::LeastShare;
pub use stop::{Stop, Who};
