//! The outside world as a job sees it: one trait per neighbour, each with its error and what that means.

mod author;
mod clock;
mod decisions;
mod integration;
mod mailer;
mod rosters;
mod site;
mod undo;

pub use author::Author;
pub use clock::Clock;
pub use decisions::{Decisions, SignOff};
pub use integration::{
    Begun, COURSES_NAMED, CourseGuard, CoursesGone, FilterDecision, Integration, IntegrationState,
    LateRoster, NewestRoster, Outcome, Pause, Retained, RunId, RunRecord, WaitingRoster, WaitingRosters,
    Window,
};
pub use mailer::{MailError, MailKind, MailQueued, Mailer};
pub use rosters::{Backup, Delivery, Rosters, SourceError};
pub use site::{
    Applied, COURSES_PAGE, Capability, LooseCourse, PERSONS_PAGE, Persons, Site, SiteCounts, SiteError,
};
pub use undo::{Refusal, RunToUndo, Stood, UndoDecision};

/// A neighbour that is ours (ledger, queue) did not answer; always worth another attempt.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

impl From<Unavailable> for crate::Stop {
    fn from(error: Unavailable) -> Self {
        Self::retry(error.0)
    }
}
