//! The states of a task of the scheduled-task list, and the one function that moves it.
//!
//! A task fires jobs; its state says what people see of them. A recurring task goes back to `planned` after each
//! job; one whose job failed or was aborted stays red until its next moment, or until a person acts.

use super::NotAllowed;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Its moment, its predecessor or a person's hand is still to come.
    Planned,
    /// A job of it is queued or runs.
    Active,
    /// A condition is open; the reason and who must act stand beside it (DOMAIN S5).
    Waiting,
    Done,
    Failed,
    /// Its job stopped before doing harm: a person must decide.
    Held,
    Skipped,
    Cancelled,
    NotApplicable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEvent {
    Fired,
    /// Its moment passed unused, as its catch-up policy says.
    MomentSkipped,
    JobStarted,
    JobWaits,
    JobDone,
    JobFailed,
    JobAborted,
    JobCancelled,
    SignedOff,
    Skipped,
    Cancelled,
    /// It is due, and this version cannot read it.
    Unreadable,
}

/// What the transition must know beside state and event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskFacts {
    /// Another moment is to come.
    pub recurs: bool,
    /// A person must sign off what the job did (DOMAIN S4), and has not.
    pub sign_off_open: bool,
}

impl TaskState {
    pub const ALL: [Self; 9] = [
        Self::Planned,
        Self::Active,
        Self::Waiting,
        Self::Done,
        Self::Failed,
        Self::Held,
        Self::Skipped,
        Self::Cancelled,
        Self::NotApplicable,
    ];

    /// The one way from a state to the next.
    pub const fn on(self, event: TaskEvent, facts: TaskFacts) -> Result<Self, NotAllowed> {
        use TaskEvent as E;
        use TaskState as S;
        let rest = if facts.recurs { S::Planned } else { S::Done };
        Ok(match (self, event) {
            // Whatever it was: it must not stay due.
            (_, E::Unreadable) => S::Failed,
            (S::Cancelled | S::NotApplicable, _) => return Err(self.refuse(event)),
            // A job that was under way when a person skipped its task changes nothing any more.
            (
                S::Skipped,
                E::JobStarted | E::JobWaits | E::JobDone | E::JobFailed | E::JobAborted | E::JobCancelled,
            ) => S::Skipped,
            (S::Skipped, _) => return Err(self.refuse(event)),
            (S::Planned | S::Active | S::Waiting | S::Failed | S::Held | S::Done, E::Fired) => S::Active,
            (S::Planned, E::MomentSkipped) => {
                if facts.recurs {
                    S::Planned
                } else {
                    S::Skipped
                }
            }
            // What failed or is held stays so: a moment that nothing used settles nothing.
            (state, E::MomentSkipped) => state,
            (_, E::JobStarted) => S::Active,
            (_, E::JobWaits) => S::Waiting,
            (_, E::JobDone) => {
                if facts.sign_off_open {
                    S::Waiting
                } else {
                    rest
                }
            }
            (_, E::JobFailed) => S::Failed,
            (_, E::JobAborted) => S::Held,
            (_, E::JobCancelled) => {
                if facts.recurs {
                    S::Planned
                } else {
                    S::Cancelled
                }
            }
            (S::Waiting | S::Failed | S::Held, E::SignedOff) => rest,
            (S::Planned | S::Active, E::SignedOff) => self,
            (S::Done, E::SignedOff | E::Skipped | E::Cancelled) => return Err(self.refuse(event)),
            (_, E::Skipped) => S::Skipped,
            (_, E::Cancelled) => S::Cancelled,
        })
    }

    const fn refuse(self, event: TaskEvent) -> NotAllowed {
        NotAllowed { what: "the task", state: self.as_str(), event: event.as_str() }
    }

    /// A follower of the kind "succeeded" may start.
    pub const fn counts_as_success(self) -> bool {
        matches!(self, Self::Done | Self::Skipped | Self::NotApplicable)
    }

    /// A follower of the kind "ended" may start.
    pub const fn has_ended(self) -> bool {
        matches!(
            self,
            Self::Done | Self::Failed | Self::Held | Self::Skipped | Self::Cancelled | Self::NotApplicable
        )
    }

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// What people read.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotApplicable => "not applicable",
            other => other.as_str(),
        }
    }

    /// One sign beside the colour, for those who do not see it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Planned => "·",
            Self::Active => "▶",
            Self::Waiting => "W",
            Self::Done => "✓",
            Self::Failed => "F",
            Self::Held => "H",
            Self::Skipped => "»",
            Self::Cancelled => "×",
            Self::NotApplicable => "–",
        }
    }

    /// The stored name read back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl TaskEvent {
    pub const ALL: [Self; 12] = [
        Self::Fired,
        Self::MomentSkipped,
        Self::JobStarted,
        Self::JobWaits,
        Self::JobDone,
        Self::JobFailed,
        Self::JobAborted,
        Self::JobCancelled,
        Self::SignedOff,
        Self::Skipped,
        Self::Cancelled,
        Self::Unreadable,
    ];

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::MomentSkipped => "moment_skipped",
            Self::JobStarted => "job_started",
            Self::JobWaits => "job_waits",
            Self::JobDone => "job_done",
            Self::JobFailed => "job_failed",
            Self::JobAborted => "job_aborted",
            Self::JobCancelled => "job_cancelled",
            Self::SignedOff => "signed_off",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Unreadable => "unreadable",
        }
    }
}

impl std::fmt::Display for TaskState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for TaskState {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).ok_or_else(|| format!("{name:?} is no state that this version knows"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole matrix, for a task that fires once and one that recurs. `-` is refused.
    #[test]
    fn state_by_event_matrix() {
        let mut table = String::new();
        for state in TaskState::ALL {
            for event in TaskEvent::ALL {
                let to = |recurs| {
                    let facts = TaskFacts { recurs, sign_off_open: false };
                    state.on(event, facts).map_or("-", TaskState::as_str)
                };
                let (once, again) = (to(false), to(true));
                table.push_str(&format!(
                    "{:<15} {:<15} {once:<15} {again}\n",
                    state.as_str(),
                    event.as_str()
                ));
            }
        }
        insta::assert_snapshot!(table);
    }

    // DOMAIN S4
    #[test]
    fn what_a_job_did_waits_for_its_sign_off() {
        let open = TaskFacts { recurs: false, sign_off_open: true };
        let given = TaskFacts { recurs: false, sign_off_open: false };
        assert_eq!(TaskState::Active.on(TaskEvent::JobDone, open), Ok(TaskState::Waiting));
        assert_eq!(TaskState::Waiting.on(TaskEvent::SignedOff, given), Ok(TaskState::Done));
    }
}
