//! The states of a job, who moves it out of each, and the one function that moves it.
//!
//! | state | moved out by |
//! |---|---|
//! | `ready` | a worker that claims it, or finds a needed step open; a person who cancels |
//! | `running` | its worker (one event), or the reaper when the lease has run out |
//! | `waiting` | the date it waits for, a person who acts, a person who cancels |
//! | `retrying` | a worker that claims it once its pause is over, or finds a needed step open; a person who cancels |
//! | `done` | nobody |
//! | `failed`, `aborted`, `cancelled` | a person who has it run again |

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    Ready,
    Running,
    Waiting,
    Retrying,
    Done,
    Failed,
    Aborted,
    Cancelled,
}

/// What can happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEvent {
    /// A worker took it.
    Claimed,
    /// It returned a report.
    Finished,
    /// The world was not ready, and attempts are left.
    RetryLater,
    /// Trying again cannot help, or no attempt is left.
    GaveUp,
    /// A condition is open; not an attempt.
    Waits,
    /// Going on would do harm.
    Aborted,
    /// Its worker shut down and hands it back; not an attempt.
    GivenBack,
    /// Its worker went silent past the lease.
    LeaseExpired,
    /// The condition may be met now.
    Woken,
    /// A person cancelled it.
    Cancelled,
    /// A person has it run again.
    RunAgain,
    /// It is due, and this version cannot read it.
    Unreadable,
}

/// The state does not know this event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {}, so it cannot be {}", state.replace('_', " "), event.replace('_', " "))]
pub struct NotAllowed {
    pub what: &'static str,
    pub state: &'static str,
    pub event: &'static str,
}

impl JobState {
    pub const ALL: [Self; 8] = [
        Self::Ready,
        Self::Running,
        Self::Waiting,
        Self::Retrying,
        Self::Done,
        Self::Failed,
        Self::Aborted,
        Self::Cancelled,
    ];

    /// The one way from a state to the next.
    pub const fn on(self, event: JobEvent) -> Result<Self, NotAllowed> {
        use JobEvent as E;
        use JobState as S;
        Ok(match (self, event) {
            (S::Ready | S::Retrying | S::Waiting, E::Claimed) => S::Running,
            (S::Running, E::Finished) => S::Done,
            (S::Running, E::RetryLater) => S::Retrying,
            (S::Running, E::GaveUp) => S::Failed,
            (S::Ready | S::Running | S::Waiting | S::Retrying, E::Waits) => S::Waiting,
            (S::Running, E::Aborted) => S::Aborted,
            (S::Running, E::GivenBack | E::LeaseExpired) => S::Ready,
            (S::Waiting | S::Retrying, E::Woken) => S::Ready,
            (S::Ready | S::Running | S::Waiting | S::Retrying, E::Cancelled) => S::Cancelled,
            (S::Failed | S::Aborted | S::Cancelled, E::RunAgain) => S::Ready,
            (S::Ready | S::Running | S::Waiting | S::Retrying, E::Unreadable) => S::Failed,
            (state, event) => {
                return Err(NotAllowed { what: "the job", state: state.as_str(), event: event.as_str() });
            }
        })
    }

    /// Nothing moves it on by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Aborted | Self::Cancelled)
    }

    /// One sign beside the colour, for those who do not see it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Ready => "·",
            Self::Running => "▶",
            Self::Waiting => "W",
            Self::Retrying => "↻",
            Self::Done => "✓",
            Self::Failed => "F",
            Self::Aborted => "H",
            Self::Cancelled => "×",
        }
    }

    /// The stored name read back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Cancelled => "cancelled",
        }
    }
}

impl JobEvent {
    pub const ALL: [Self; 12] = [
        Self::Claimed,
        Self::Finished,
        Self::RetryLater,
        Self::GaveUp,
        Self::Waits,
        Self::Aborted,
        Self::GivenBack,
        Self::LeaseExpired,
        Self::Woken,
        Self::Cancelled,
        Self::RunAgain,
        Self::Unreadable,
    ];

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Finished => "finished",
            Self::RetryLater => "retry_later",
            Self::GaveUp => "gave_up",
            Self::Waits => "waits",
            Self::Aborted => "aborted",
            Self::GivenBack => "given_back",
            Self::LeaseExpired => "lease_expired",
            Self::Woken => "woken",
            Self::Cancelled => "cancelled",
            Self::RunAgain => "run_again",
            Self::Unreadable => "unreadable",
        }
    }
}

impl std::fmt::Display for JobState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for JobState {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).ok_or_else(|| format!("{name:?} is no state that this version knows"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole matrix: a change to it is read like code. `-` is refused.
    #[test]
    fn state_by_event_matrix() {
        let mut table = String::new();
        for state in JobState::ALL {
            for event in JobEvent::ALL {
                let to = state.on(event).map_or("-", JobState::as_str);
                table.push_str(&format!("{:<10} {:<14} {to}\n", state.as_str(), event.as_str()));
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_done_job_never_moves_again() {
        assert!(JobEvent::ALL.iter().all(|event| JobState::Done.on(*event).is_err()));
    }
}
