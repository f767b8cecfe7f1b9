//! The rows of jobs and tasks as they are read, and what each event makes of a job's row.

use super::schedule::Schedule;
use crate::model::{JobEvent, JobState, NotAllowed, TaskState};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;

/// One firing of a task, or a job on its own.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct JobRow {
    pub id: i64,
    pub task_id: Option<i64>,
    pub customer_id: Option<String>,
    pub kind: String,
    pub args: Json<Value>,
    pub lane: Option<String>,
    #[sqlx(try_from = "String")]
    pub state: JobState,
    /// Grows whenever a job becomes claimable again: older tickets and late writes are refused by it.
    pub generation: i32,
    /// Attempts begun; waiting for a condition is none.
    pub attempt: i32,
    /// How often a person had it run again after its end.
    pub round: i32,
    pub due_at: DateTime<Utc>,
    /// When it may be claimed; absent while it waits for a person, or is final.
    pub run_at: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub lease_owner: Option<String>,
    pub lease_until: Option<DateTime<Utc>>,
    pub cancel_requested: bool,
    pub why: Option<String>,
    pub who: Option<String>,
    pub report: Option<Json<Value>>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// An event of a job with what it carries.
#[derive(Debug, Clone, PartialEq)]
pub enum JobMove {
    Claim { owner: String, lease_until: DateTime<Utc> },
    Finish { report: Value },
    RetryLater { run_at: DateTime<Utc>, why: String },
    GiveUp { why: String },
    Wait { until: Option<DateTime<Utc>>, why: String, who: String },
    Abort { why: String },
    GiveBack,
    LeaseExpired,
    Wake,
    Cancel { why: String },
    RunAgain { why: String },
}

impl JobMove {
    pub const fn event(&self) -> JobEvent {
        match self {
            Self::Claim { .. } => JobEvent::Claimed,
            Self::Finish { .. } => JobEvent::Finished,
            Self::RetryLater { .. } => JobEvent::RetryLater,
            Self::GiveUp { .. } => JobEvent::GaveUp,
            Self::Wait { .. } => JobEvent::Waits,
            Self::Abort { .. } => JobEvent::Aborted,
            Self::GiveBack => JobEvent::GivenBack,
            Self::LeaseExpired => JobEvent::LeaseExpired,
            Self::Wake => JobEvent::Woken,
            Self::Cancel { .. } => JobEvent::Cancelled,
            Self::RunAgain { .. } => JobEvent::RunAgain,
        }
    }

    /// A person asked for it while the job ran.
    pub fn cancel_of_running() -> Self {
        Self::Cancel { why: "cancelled by a person while it ran".to_owned() }
    }

    /// After it the job would run again.
    pub(super) const fn goes_on(&self) -> bool {
        matches!(self, Self::RetryLater { .. } | Self::Wait { .. } | Self::GiveBack | Self::LeaseExpired)
    }

    /// What the event's line in the history says beyond its name.
    pub fn note(&self) -> Option<String> {
        match self {
            Self::RetryLater { why, .. }
            | Self::GiveUp { why }
            | Self::Wait { why, .. }
            | Self::Abort { why }
            | Self::Cancel { why }
            | Self::RunAgain { why } => Some(why.clone()),
            Self::Claim { owner, .. } => Some(owner.clone()),
            Self::Finish { .. } | Self::GiveBack | Self::LeaseExpired | Self::Wake => None,
        }
    }
}

impl JobRow {
    /// The row after an event. Pure: what is read goes in, what is to be written comes out.
    pub fn after(&self, event: &JobMove, now: DateTime<Utc>) -> Result<Self, NotAllowed> {
        let state = self.state.on(event.event())?;
        let mut next = Self { state, ..self.clone() };
        if self.state == JobState::Running {
            (next.lease_owner, next.lease_until, next.cancel_requested) = (None, None, false);
        }
        if !matches!(event, JobMove::Claim { .. }) {
            (next.generation, next.sent_at) = (self.generation + 1, None);
            (next.why, next.who, next.run_at) = (event.note(), None, None);
        }
        match event {
            JobMove::Claim { owner, lease_until } => {
                (next.lease_owner, next.lease_until) = (Some(owner.clone()), Some(*lease_until));
                next.attempt += 1;
                next.started_at = next.started_at.or(Some(now));
            }
            JobMove::RetryLater { run_at, .. } => next.run_at = Some(*run_at),
            JobMove::Wait { until, who, .. } => {
                (next.run_at, next.who) = (*until, Some(who.clone()));
                // One that finds its condition open before it runs has begun no attempt.
                let begun = i32::from(self.state == JobState::Running);
                next.attempt = (self.attempt - begun).max(0);
            }
            JobMove::GiveBack => {
                next.run_at = Some(now);
                next.attempt = (self.attempt - 1).max(0);
            }
            JobMove::LeaseExpired | JobMove::Wake => next.run_at = Some(now),
            JobMove::RunAgain { .. } => {
                (next.run_at, next.attempt, next.ended_at, next.report) = (Some(now), 0, None, None);
                (next.round, next.started_at) = (self.round + 1, None);
            }
            JobMove::Finish { report } => next.report = Some(Json(report.clone())),
            JobMove::GiveUp { .. } | JobMove::Abort { .. } | JobMove::Cancel { .. } => {}
        }
        if state.is_final() {
            next.ended_at = Some(now);
        }
        Ok(next)
    }
}

/// One line of the scheduled-task list.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct TaskRow {
    pub id: i64,
    pub customer_id: Option<String>,
    pub plan_id: Option<i64>,
    pub position: i32,
    pub step: String,
    pub title: String,
    pub help: String,
    pub kind: String,
    pub args: Json<Value>,
    pub schedule: Json<Schedule>,
    /// Steps of its plan that must be settled well before a job of it runs (S5).
    pub needs: Json<Vec<String>>,
    pub catch_up: String,
    pub owner: String,
    pub sign_off: bool,
    pub deadline: Option<DateTime<Utc>>,
    #[sqlx(try_from = "String")]
    pub state: TaskState,
    pub why: Option<String>,
    pub who: Option<String>,
    /// The next moment at which it fires.
    pub due_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_717_200_000 + seconds, 0).unwrap()
    }

    fn running() -> JobRow {
        JobRow {
            id: 1,
            task_id: None,
            customer_id: None,
            kind: "noop".into(),
            args: Json(Value::Null),
            lane: None,
            state: JobState::Running,
            generation: 3,
            attempt: 2,
            round: 0,
            due_at: moment(0),
            run_at: Some(moment(0)),
            sent_at: Some(moment(1)),
            lease_owner: Some("w".into()),
            lease_until: Some(moment(60)),
            cancel_requested: false,
            why: None,
            who: None,
            report: None,
            created_at: moment(0),
            started_at: Some(moment(2)),
            ended_at: None,
        }
    }

    #[test]
    fn leaving_running_frees_the_lease_and_makes_old_tickets_void() {
        let wait = JobMove::Wait { until: None, why: "open".into(), who: "mentor".into() };
        let moves = [
            (JobMove::Finish { report: Value::Null }, 2, None),
            (JobMove::RetryLater { run_at: moment(9), why: "busy".into() }, 2, Some(moment(9))),
            (JobMove::GiveUp { why: "no".into() }, 2, None),
            (wait, 1, None),
            (JobMove::GiveBack, 1, Some(moment(5))),
            (JobMove::LeaseExpired, 2, Some(moment(5))),
        ];
        for (event, attempt, run_at) in moves {
            let next = running().after(&event, moment(5)).unwrap();
            assert_eq!((next.lease_owner, next.lease_until, next.sent_at), (None, None, None), "{event:?}");
            assert_eq!((next.generation, next.attempt, next.run_at), (4, attempt, run_at), "{event:?}");
            assert_eq!(next.ended_at.is_some(), next.state.is_final(), "{event:?}");
        }
    }
}
