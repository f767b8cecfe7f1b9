//! Taking back what a run did: what stood before it, the decision about it, and the roster that is refused from then on.

use super::{RunId, RunRecord};
use rollover_roster::{filter::Limits, snapshot::SnapshotId};
use serde::{Deserialize, Serialize};

/// The pointers as they were before a run: an undo leads back to exactly these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    pub import: Option<SnapshotId>,
    /// `None`: it was the customer's first import.
    pub mirror: Option<SnapshotId>,
    /// F4: the site had held a whole roster by then.
    pub held_whole_roster: bool,
}

/// A run that somebody wants undone, with what the ledger knows besides its record.
#[derive(Debug, Clone, PartialEq)]
pub struct RunToUndo {
    pub id: RunId,
    pub record: RunRecord,
    /// The run that took it back already.
    pub undone_by: Option<RunId>,
    /// Completed runs that came after it and were not taken back, the newest first.
    pub after: Vec<RunId>,
}

/// Two persons' word that one run is to be taken back: from one mirror to the one before that run, once.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoDecision {
    pub id: i64,
    pub run: RunId,
    /// What the site is to hold then.
    pub roster: SnapshotId,
    /// What it held when this was decided.
    pub mirror: Option<SnapshotId>,
    /// By which the Filter judges the way back; `None`: it is off for it.
    pub limits: Option<Limits>,
    pub customer_person: String,
    pub support_person: String,
    pub reason: String,
    pub used_by_run: Option<RunId>,
    pub withdrawn_by: Option<String>,
}

/// The roster of a run that was taken back: no import takes it in until the decision is withdrawn, or another roster is
/// taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub roster: SnapshotId,
    /// The run that brought it.
    pub run: RunId,
    /// The run that took that back.
    pub undone_by: RunId,
    pub decision: i64,
}
