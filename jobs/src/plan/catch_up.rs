//! What happens to the moments that passed while nothing ran: once, all, or none (DOMAIN S2).

use super::Moment;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// The policy of a task for the moments it missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// One run stands for all that were missed.
    #[default]
    RunOnce,
    RunAll,
    /// None that was missed; the next one in time runs.
    Skip,
}

impl CatchUp {
    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunOnce => "run_once",
            Self::RunAll => "run_all",
            Self::Skip => "skip",
        }
    }
}

/// What to do with the moments that are due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatchUpPlan {
    /// Oldest first.
    pub fire: Vec<DateTime<Utc>>,
    /// Oldest first; to be recorded as skipped.
    pub skipped: Vec<DateTime<Utc>>,
    /// For people, whenever a moment does not run or more than one runs late.
    pub said: Option<String>,
}

/// Of the moments that were missed only the newest are looked at; the rest is counted in `said`.
pub const MAX_MISSED: usize = 1_000;

/// Decides about the moments that are due (oldest first, none later than `now`).
///
/// A moment at most `grace` ago was not missed: it fires under every policy. Under [`CatchUp::RunOnce`] it also
/// stands for those that were missed, so that one run follows a downtime, not two.
pub fn decide_catch_up(
    policy: CatchUp,
    missed: &[Moment],
    now: DateTime<Utc>,
    grace: Duration,
) -> CatchUpPlan {
    let due: Vec<DateTime<Utc>> = missed.iter().map(|moment| moment.at).filter(|at| *at <= now).collect();
    let (late, fresh) = due.split_at(due.partition_point(|at| now - *at > grace));
    let unseen = late.len().saturating_sub(MAX_MISSED);
    let seen = &late[unseen..];
    let (skipped, fire) = match policy {
        CatchUp::RunOnce if fresh.is_empty() => seen.split_at(seen.len().saturating_sub(1)),
        CatchUp::RunOnce | CatchUp::Skip => (seen, &seen[..0]),
        CatchUp::RunAll => (&seen[..0], seen),
    };
    let said = late.first().zip(late.last()).and_then(|(first, last)| {
        let not_run = unseen + skipped.len();
        (not_run > 0 || fire.len() > 1).then(|| sentence(late.len(), *first, *last, fire.len(), not_run))
    });
    CatchUpPlan { fire: [fire, fresh].concat(), skipped: skipped.to_vec(), said }
}

fn sentence(missed: usize, first: DateTime<Utc>, last: DateTime<Utc>, run: usize, not_run: usize) -> String {
    let when = if missed == 1 {
        format!("one moment was missed, at {}", first.format("%Y-%m-%d %H:%M UTC"))
    } else {
        format!(
            "{missed} moments were missed, from {} to {}",
            first.format("%Y-%m-%d %H:%M UTC"),
            last.format("%Y-%m-%d %H:%M UTC")
        )
    };
    match (run, not_run) {
        (0, _) => format!("{when}: none of them runs"),
        (run, 0) => format!("{when}: all {run} run now"),
        (1, not_run) => format!("{when}: the newest runs now, {not_run} are skipped"),
        (run, not_run) => format!("{when}: the newest {run} run now, {not_run} are skipped"),
    }
}
