//! What an import says of itself: its report, assembled.

use super::{Import, difference::Difference};
use crate::ports::{Applied, CoursesGone, RunId};
use rollover_roster::{diff::ChangeCounts, filter::Breach, read::ReadReport, snapshot::SnapshotId};
use serde::{Deserialize, Serialize};

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    pub outcome: ImportOutcome,
    /// The recorded run; absent after a dry run and while paused.
    pub run: Option<RunId>,
    pub roster: Option<SnapshotId>,
    pub planned: ChangeCounts,
    pub applied: Applied,
    pub postponed_deletes: ChangeCounts,
    pub held_courses: u64,
    /// K2: students of the site whom this roster makes a second time.
    #[serde(default)]
    pub predicted_duplicates: u64,
    /// C2, C3: courses whose group is gone.
    #[serde(default)]
    pub courses_gone: CoursesGone,
    pub breaches: Vec<Breach>,
    pub read_errors: Option<ReadReport>,
    /// One sentence for people.
    pub said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    Completed,
    Unchanged,
    NoRoster,
    /// P1: nothing is taken in.
    Paused,
    /// A dry run: this is what would happen.
    WouldApply,
    /// A dry run: the Filter would abort.
    WouldAbort,
    /// A dry run: it would be refused, and no decision about the Filter lets it pass.
    WouldRefuse,
    /// A dry run: the file cannot be read.
    Unreadable,
}

impl Import<'_> {
    pub(super) fn report(&self, outcome: ImportOutcome, said: String) -> ImportReport {
        ImportReport {
            outcome,
            run: None,
            roster: None,
            planned: ChangeCounts::default(),
            applied: Applied::default(),
            postponed_deletes: ChangeCounts::default(),
            held_courses: 0,
            predicted_duplicates: 0,
            courses_gone: CoursesGone::default(),
            breaches: Vec::new(),
            read_errors: None,
            said,
        }
    }

    pub(super) fn would(
        &self,
        outcome: ImportOutcome,
        roster: SnapshotId,
        difference: &Difference,
        said: String,
    ) -> ImportReport {
        ImportReport {
            roster: Some(roster),
            planned: difference.planned,
            postponed_deletes: difference.postponed,
            held_courses: difference.held_courses,
            predicted_duplicates: difference.predicted_duplicates,
            courses_gone: difference.courses_gone.clone(),
            ..self.report(outcome, said)
        }
    }
}
