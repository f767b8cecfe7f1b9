//! The state of a customer's integration, and the record of its runs.

use super::{Applied, Author, Refusal, RunToUndo, SiteCounts, Stood, Unavailable, UndoDecision};
use crate::{Customer, CustomerId, JobFacts, Retention, WriteProof};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rollover_roster::{
    course_fate::CourseEnd,
    diff::ChangeCounts,
    filter::{Breach, Limits},
    read::{Concessions, ReadReport},
    shrunken::Shrunken,
    slices::Slice,
    snapshot::SnapshotId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// DOMAIN P1: no roster is taken in until somebody, or the date, resumes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub since: DateTime<Utc>,
    pub why: String,
    pub by: Author,
}

/// DOMAIN P2: both days belong to the window, by the customer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub start: NaiveDate,
    pub end: NaiveDate,
}

impl Window {
    /// Whether deletes wait on this day.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.start <= day && day <= self.end
    }
}

/// DOMAIN C1: new courses are taken for courses of the new year from one day on, and held back until another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseGuard {
    pub from: NaiveDate,
    /// The school year's start: the first day on which they flow.
    pub opens: NaiveDate,
    /// The last of the year that ends, if it is known; a first import until then brings that year's courses.
    pub last_teaching_day: Option<NaiveDate>,
    /// The customer's start date is not known: the guard stands for the months in which school years start.
    pub assumed: bool,
}

impl CourseGuard {
    /// Whether new courses are held back on this day.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && day < self.opens
    }
}

/// DOMAIN F3: other limits, for one run of exactly one roster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilterDecision {
    pub id: i64,
    pub roster: SnapshotId,
    /// What the site held when it was made: it is about the difference of the two, and holds for no other.
    pub mirror: Option<SnapshotId>,
    /// `None`: the Filter is off for that run.
    pub limits: Option<Limits>,
    /// What of the difference flows in that run; `None`: all of it.
    pub slice: Option<Slice>,
    pub customer_person: String,
    pub support_person: String,
    pub reason: String,
}

/// The figures of an import over all its attempts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// When the first of them began to write.
    pub before: SiteCounts,
    /// Never more than was applied; of a batch whose answer was lost, nothing.
    pub applied: Applied,
    #[serde(default)]
    pub predicted_duplicates: u64,
}

/// What the ledger knows of a customer's integration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IntegrationState {
    pub pause: Option<Pause>,
    pub delay_delete: Option<Window>,
    /// Who has set the window; present with it.
    pub delay_delete_by: Option<Author>,
    /// The import database: the newest accepted roster.
    pub import: Option<SnapshotId>,
    /// What the site is known to hold.
    pub mirror: Option<SnapshotId>,
    /// The mirror with the changes of a roster that was begun and not ended: where the two differ, the site may hold
    /// either.
    pub under_way: Option<SnapshotId>,
    /// What the import that made it so has come to.
    pub begun: Option<Begun>,
    /// The site has once held a whole roster; until then the first import is under way (F4).
    pub held_whole_roster: bool,
    /// When the newest roster was dealt with, whatever came of it.
    pub newest_roster_at: Option<DateTime<Utc>>,
    /// The course guard of this summer.
    pub course_guard: Option<CourseGuard>,
    /// The unused decision about the Filter, if any.
    pub filter_decision: Option<FilterDecision>,
    /// Rosters that were undone and are not taken in again.
    pub refusals: Vec<Refusal>,
}

/// Courses named in a run; of the others only the number is kept.
pub const COURSES_NAMED: usize = 500;

/// Courses whose group is gone, and that were archived or detached with it. Titles, no persons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoursesGone {
    pub end: CourseEnd,
    pub count: u64,
    /// At most [`COURSES_NAMED`].
    pub titles: Vec<String>,
}

/// How a run ended. Every value stands in the subject of a status mail, so it says what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Completed,
    /// The roster is the one that is already in, and nothing waits.
    Unchanged,
    /// The Filter stopped it; nothing was applied.
    Aborted,
    /// The roster cannot be read, or is refused; nothing was applied.
    Failed,
    /// No roster came.
    NoRoster,
}

impl Outcome {
    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Unchanged => "unchanged",
            Self::Aborted => "aborted",
            Self::Failed => "failed",
            Self::NoRoster => "no_roster",
        }
    }
}

/// Everything that is kept of one attempt, and that its status mail tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub job: i64,
    /// Which life of the job, as in [`JobFacts`].
    #[serde(default)]
    pub round: i32,
    pub outcome: Outcome,
    pub started_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    /// The file's name, if one came.
    pub roster_name: Option<String>,
    /// When it came.
    #[serde(default)]
    pub roster_arrived_at: Option<DateTime<Utc>>,
    pub roster: Option<SnapshotId>,
    /// The mirror after the run; `None` leaves it as it is.
    pub mirror: Option<SnapshotId>,
    pub before: SiteCounts,
    pub after: SiteCounts,
    /// The whole difference roster − mirror.
    pub planned: ChangeCounts,
    pub applied: Applied,
    /// Deletes that wait for the end of delay delete (P2), and until when.
    pub postponed_deletes: ChangeCounts,
    pub postponed_until: Option<NaiveDate>,
    /// Courses held back until the start date (C1).
    pub held_courses: u64,
    pub held_until: Option<NaiveDate>,
    /// What a decision did not release; the Filter looks at it again (F3).
    #[serde(default)]
    pub not_released: ChangeCounts,
    /// The customer's start date is not known: they are held back by the usual months.
    #[serde(default)]
    pub start_not_known: bool,
    /// What was let pass in the file (I4).
    #[serde(default)]
    pub concessions: Concessions,
    /// K2: students of the site without a key who are like students that this roster creates.
    #[serde(default)]
    pub predicted_duplicates: u64,
    /// C2, C3: of a completed run.
    #[serde(default)]
    pub courses_gone: CoursesGone,
    pub breaches: Vec<Breach>,
    /// What made it too small to be a whole roster (I4).
    #[serde(default)]
    pub shrunken: Vec<Shrunken>,
    /// What was wrong with the file.
    pub read_errors: Option<ReadReport>,
    /// Why it failed, when no file is to blame.
    pub failure: Option<String>,
    /// The decision that this run used up.
    pub used_decision: Option<i64>,
    /// After a completed run: what of an earlier roster is still under way.
    #[serde(default)]
    pub under_way: Option<SnapshotId>,
    /// A roster was applied in part when this run ended; of a completed run: when it began.
    #[serde(default)]
    pub applied_in_part: bool,
    /// Of a completed run: what was before it.
    #[serde(default)]
    pub stood: Option<Stood>,
    /// The run that this one takes back; `roster` then is what stood before that run.
    #[serde(default)]
    pub undo_of: Option<RunId>,
    /// Why a roster was not taken in that can be read: it was undone.
    #[serde(default)]
    pub refused: Option<Refusal>,
}

impl RunRecord {
    /// Whether a person can let exactly this roster pass (F3): its file stays until then.
    pub fn awaits_decision(&self) -> bool {
        self.outcome == Outcome::Aborted || (self.outcome == Outcome::Failed && !self.shrunken.is_empty())
    }
}

/// The newest roster that was read of a customer's files, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestRoster {
    pub snapshot: SnapshotId,
    /// Of the file that it was made of, or of the last one of several.
    pub name: String,
    pub arrived_at: DateTime<Utc>,
}

/// What is kept of one customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Retained {
    pub customer: Customer,
    /// The customer's own, or everybody's.
    pub retention: Retention,
    pub snapshots: BTreeSet<SnapshotId>,
}

/// A roster that was taken in while something of it, or of one before, waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingRoster {
    pub run: RunId,
    pub taken_in_at: DateTime<Utc>,
    pub roster: SnapshotId,
}

/// Since when the site has not held the whole roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingRosters {
    /// The newest first.
    pub rosters: Vec<WaitingRoster>,
    /// They reach back to when the site last held a whole roster.
    pub whole: bool,
}

/// I2: a roster that did not come by its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRoster {
    pub due_at: DateTime<Utc>,
    /// When the one before was due.
    pub since: DateTime<Utc>,
    /// When the newest came, if one ever did.
    pub newest: Option<DateTime<Utc>>,
    /// What hindered looking for one.
    pub trouble: Option<String>,
}

impl LateRoster {
    /// One sentence for lists and pages.
    pub fn told(&self, customer: &Customer, due_by: &str) -> String {
        let due = self.due_at.with_timezone(&customer.time_zone).format("%Y-%m-%d");
        let trouble = self.trouble.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        format!(
            "no roster of {} came by its time, {due} {due_by}{trouble}: see whether the MIS has sent it, and ask the customer",
            customer.id
        )
    }
}

/// Number of an import run.
pub type RunId = i64;

#[async_trait]
pub trait Integration: Send + Sync {
    async fn state(&self, customer: &Customer) -> Result<IntegrationState, Unavailable>;

    /// Who asks by this job: the plan of its step, or a person.
    async fn author(&self, job: &JobFacts) -> Result<Author, Unavailable>;

    /// Pauses an active integration, or takes over the pause `over`; another pause stays. `true` when it changed.
    async fn pause(
        &self,
        customer: &CustomerId,
        pause: &Pause,
        over: Option<&Pause>,
    ) -> Result<bool, Unavailable>;
    /// Ends exactly this pause. `true` when it changed.
    async fn resume(&self, customer: &CustomerId, pause: &Pause, by: &Author) -> Result<bool, Unavailable>;
    async fn start_delay_delete(
        &self,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, Unavailable>;
    /// Ends exactly this window. `true` when it changed.
    async fn end_delay_delete(
        &self,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, Unavailable>;

    /// What a bundle of changes is to be applied to.
    async fn newest_roster(&self, customer: &Customer) -> Result<Option<NewestRoster>, Unavailable>;

    /// The run that this job has recorded in this life, if it has.
    async fn recorded(&self, job: &JobFacts) -> Result<Option<(RunId, RunRecord)>, Unavailable>;

    /// Keeps what is under way, before the first write to the site. Refused when the claim has ended.
    async fn begin(
        &self,
        customer: &CustomerId,
        under_way: &SnapshotId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), Unavailable>;

    /// Keeps what the import under way has come to, after each batch. Refused when the claim has ended.
    async fn progress(
        &self,
        customer: &CustomerId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), Unavailable>;

    /// A run of the customer, as somebody who wants it undone must know it; `None` where there is no such run.
    async fn run_to_undo(&self, customer: &CustomerId, run: RunId) -> Result<Option<RunToUndo>, Unavailable>;

    /// A decision to undo a run of the customer, used or not; `None` where there is no such decision.
    async fn undo_decision(
        &self,
        customer: &CustomerId,
        decision: i64,
    ) -> Result<Option<UndoDecision>, Unavailable>;

    /// Keeps the run, moves the pointers to import database and mirror, uses up the decision and queues the
    /// status mail: in one transaction, refused when the claim has ended. A completed undo moves the pointers back to
    /// where they stood before the run that it undoes. A job that records twice in one life keeps its first record.
    async fn record_run(
        &self,
        customer: &Customer,
        run: &RunRecord,
        proof: &WriteProof,
    ) -> Result<RunId, Unavailable>;

    /// What of every customer must not be taken away: the import database, the mirror, what is under way, what an
    /// open decision is about, and what a run names that is young enough, what stood before it included. An error where one cannot be told.
    async fn retained(&self) -> Result<Vec<Retained>, Unavailable>;

    /// The rosters that were taken in since the site last held a whole one.
    async fn waiting_rosters(&self, customer: &CustomerId) -> Result<WaitingRosters, Unavailable>;

    /// Keeps the run of a job that has ended and recorded none, and queues the status mail. Moves no pointer.
    async fn record_end(&self, customer: &Customer, run: &RunRecord) -> Result<RunId, Unavailable>;

    /// Queues the alert to both sides, once for each due moment. `false` when it was queued before. Refused when the
    /// claim has ended.
    async fn alert_late_roster(
        &self,
        customer: &Customer,
        late: &LateRoster,
        proof: &WriteProof,
    ) -> Result<bool, Unavailable>;
}
