//! States as people see them: a letter, a colour and a word, the same on every page.

use crate::model::{JobState, TaskState};
use askama::filters::HtmlSafe;
use rollover_jobs::ports::Outcome;
use std::fmt;

/// How one state looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sign {
    /// Stands alone in the cells of the fleet.
    pub letter: &'static str,
    /// Names the colour in the style sheet.
    pub class: &'static str,
    pub word: &'static str,
}

const fn sign(letter: &'static str, class: &'static str, word: &'static str) -> Sign {
    Sign { letter, class, word }
}

impl Sign {
    pub const fn of_task(state: TaskState) -> Self {
        let class = match state {
            TaskState::Planned => "planned",
            TaskState::Active => "active",
            TaskState::Waiting => "waiting",
            TaskState::Done => "done",
            TaskState::Failed => "failed",
            TaskState::Held => "held",
            TaskState::Skipped => "skipped",
            TaskState::Cancelled => "cancelled",
            TaskState::NotApplicable => "none",
        };
        sign(state.sign(), class, state.words())
    }

    pub const fn of_job(state: JobState) -> Self {
        let class = match state {
            JobState::Ready => "planned",
            JobState::Running => "active",
            JobState::Waiting | JobState::Retrying => "waiting",
            JobState::Done => "done",
            JobState::Failed => "failed",
            JobState::Aborted => "held",
            JobState::Cancelled => "cancelled",
        };
        sign(state.sign(), class, state.as_str())
    }

    pub const fn of_run(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Completed => sign("✓", "done", "completed"),
            Outcome::Unchanged => sign("=", "planned", "unchanged"),
            Outcome::Aborted => sign("H", "held", "aborted by the Filter"),
            Outcome::Failed => sign("F", "failed", "failed"),
            Outcome::NoRoster => sign("?", "waiting", "no roster"),
        }
    }

    /// A mark on its own, as that a mail has left.
    pub const fn plain(class: &'static str, letter: &'static str, word: &'static str) -> Self {
        sign(letter, class, word)
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { letter, class, word } = self;
        write!(f, "<span class=\"sign s-{class}\"><b aria-hidden=\"true\">{letter}</b>{word}</span>")
    }
}

/// All of it is text of this file.
impl HtmlSafe for Sign {}

/// A stored name (`support_agent`, `import_roster`) as words.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_states_of_a_task_look_alike_even_without_colour() {
        let letters: HashSet<_> = TaskState::ALL.iter().map(|state| Sign::of_task(*state).letter).collect();
        assert_eq!(letters.len(), TaskState::ALL.len());
        let words: HashSet<_> = JobState::ALL.iter().map(|state| Sign::of_job(*state).word).collect();
        assert_eq!(words.len(), JobState::ALL.len());
    }
}
