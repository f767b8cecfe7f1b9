//! What happens to the moments that passed while nothing ran: once, all, or none (DOMAIN S2).

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

    /// The stored name read back; `None` for a name that no version wrote.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::RunOnce, Self::RunAll, Self::Skip].into_iter().find(|policy| policy.as_str() == name)
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

const MOMENT: &str = "%Y-%m-%d %H:%M UTC";

/// Decides about the moments that are due (oldest first, none later than `now`).
///
/// A moment at most `grace` ago was not missed: it fires under every policy. Under [`CatchUp::RunOnce`] it also
/// stands for those that were missed, so that one run follows a downtime, not two. Once the `end` of the rule is more
/// than `grace` ago nothing is caught up under any policy: what was right until then need not be right after (P1).
pub fn decide_catch_up(
    policy: CatchUp,
    missed: &[DateTime<Utc>],
    now: DateTime<Utc>,
    grace: Duration,
    end: Option<DateTime<Utc>>,
) -> CatchUpPlan {
    let due: Vec<DateTime<Utc>> = missed.iter().copied().filter(|at| *at <= now).collect();
    let (late, fresh) = due.split_at(due.partition_point(|at| now - *at > grace));
    let unseen = late.len().saturating_sub(MAX_MISSED);
    let seen = &late[unseen..];
    let over = end.is_some_and(|end| now - end > grace);
    let (skipped, fire) = match policy {
        _ if over => (seen, &seen[..0]),
        CatchUp::RunOnce if fresh.is_empty() => seen.split_at(seen.len().saturating_sub(1)),
        CatchUp::RunOnce | CatchUp::Skip => (seen, &seen[..0]),
        CatchUp::RunAll => (&seen[..0], seen),
    };
    let stands_for_them = policy == CatchUp::RunOnce && !fresh.is_empty();
    let said = late.first().zip(late.last()).and_then(|(first, last)| {
        let not_run = unseen + skipped.len();
        let when = moments_missed(late.len(), *first, *last);
        let said = || match end.filter(|_| over) {
            Some(end) => format!("{when}: not made up for, since the rule ended at {}", end.format(MOMENT)),
            None => sentence(&when, fire.len(), not_run, stands_for_them),
        };
        (not_run > 0 || fire.len() > 1).then(said)
    });
    CatchUpPlan { fire: [fire, fresh].concat(), skipped: skipped.to_vec(), said }
}

fn moments_missed(missed: usize, first: DateTime<Utc>, last: DateTime<Utc>) -> String {
    let (first, last) = (first.format(MOMENT), last.format(MOMENT));
    match missed {
        1 => format!("one moment was missed, at {first}"),
        missed => format!("{missed} moments were missed, from {first} to {last}"),
    }
}

fn sentence(when: &str, run: usize, not_run: usize, stands_for_them: bool) -> String {
    match (run, not_run) {
        (0, _) if stands_for_them => format!("{when}: the run that is due now stands for them"),
        (0, _) => format!("{when}: none of them runs"),
        (run, 0) => format!("{when}: all {run} run now"),
        (1, not_run) => format!("{when}: the newest runs now; skipped: {not_run}"),
        (run, not_run) => format!("{when}: the newest {run} run now; skipped: {not_run}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::minutes(10);

    fn now() -> DateTime<Utc> {
        "2024-06-21T12:00:00Z".parse().unwrap()
    }

    /// Moments so many seconds ago, oldest first.
    fn ago(seconds: &[i64]) -> Vec<DateTime<Utc>> {
        seconds.iter().map(|seconds| now() - Duration::seconds(*seconds)).collect()
    }

    fn decided(policy: CatchUp, seconds: &[i64]) -> (Vec<i64>, Vec<i64>, bool) {
        let plan = decide_catch_up(policy, &ago(seconds), now(), GRACE, None);
        let back = |at: Vec<DateTime<Utc>>| at.into_iter().map(|at| (now() - at).num_seconds()).collect();
        (back(plan.fire), back(plan.skipped), plan.said.is_some())
    }

    /// Policy, seconds ago, those that fire, those that are skipped, whether it is said.
    type Case = (CatchUp, &'static [i64], &'static [i64], &'static [i64], bool);

    // DOMAIN S2
    #[test]
    fn the_policy_decides_what_runs_after_downtime() {
        use CatchUp::{RunAll, RunOnce, Skip};
        let table: [Case; 15] = [
            (RunOnce, &[], &[], &[], false),
            (RunOnce, &[0], &[0], &[], false),
            (RunOnce, &[599], &[599], &[], false),
            (RunOnce, &[600], &[600], &[], false),
            (RunOnce, &[601], &[601], &[], false),
            (RunOnce, &[9000, 8000, 7000], &[7000], &[9000, 8000], true),
            (RunOnce, &[9000, 8000, 600], &[600], &[9000, 8000], true),
            (RunAll, &[601], &[601], &[], false),
            (RunAll, &[9000, 8000, 600], &[9000, 8000, 600], &[], true),
            (Skip, &[600], &[600], &[], false),
            (Skip, &[601], &[], &[601], true),
            (Skip, &[9000, 601, 600], &[600], &[9000, 601], true),
            // Not due yet: neither runs nor is skipped.
            (RunOnce, &[-1], &[], &[], false),
            (RunAll, &[601, -1], &[601], &[], false),
            (Skip, &[0, -1], &[0], &[], false),
        ];
        for (policy, due, fire, skipped, said) in table {
            assert_eq!(decided(policy, due), (fire.to_vec(), skipped.to_vec(), said), "{policy:?} {due:?}");
        }
    }

    // DOMAIN S2, P1
    #[test]
    fn nothing_is_caught_up_once_the_rule_is_over() {
        use CatchUp::{RunAll, RunOnce, Skip};
        // Policy, seconds since the end, moments so many seconds ago, those that fire.
        for (policy, ended, due, fire) in [
            (RunOnce, -1, &[9000, 601][..], &[601][..]),
            (RunOnce, 600, &[9000, 601], &[601]),
            (RunOnce, 601, &[9000, 601], &[]),
            (RunAll, 600, &[9000, 601], &[9000, 601]),
            (RunAll, 601, &[9000, 601], &[]),
            (Skip, 600, &[600], &[600]),
            (Skip, 601, &[601], &[]),
        ] {
            let end = now() - Duration::seconds(ended);
            let plan = decide_catch_up(policy, &ago(due), now(), GRACE, Some(end));
            assert_eq!(plan.fire, ago(fire), "{policy:?}, ended {ended} s ago");
            assert_eq!([plan.skipped, plan.fire].concat(), ago(due));
            let told =
                plan.said.is_some_and(|said| said.contains("not made up for, since the rule ended at"));
            assert_eq!(told, ended > 600, "{policy:?}, ended {ended} s ago");
        }
    }

    #[test]
    fn only_the_newest_are_looked_at_and_the_rest_is_said() {
        for (missed, fired, said) in
            [(999, 999, "all 999 run"), (1_000, 1_000, "all 1000 run"), (1_001, 1_000, "skipped: 1")]
        {
            let seconds: Vec<i64> = (0..missed).rev().map(|n| 700 + n * 60).collect();
            let plan = decide_catch_up(CatchUp::RunAll, &ago(&seconds), now(), GRACE, None);
            assert_eq!(plan.fire.len(), fired);
            assert_eq!(plan.fire.last(), Some(&(now() - Duration::seconds(700))));
            assert!(plan.said.as_ref().unwrap().contains(said), "{:?}", plan.said);
        }
    }

    #[test]
    fn the_stored_names_are_stable() {
        for (policy, name) in
            [(CatchUp::RunOnce, "run_once"), (CatchUp::RunAll, "run_all"), (CatchUp::Skip, "skip")]
        {
            assert_eq!((policy.as_str(), CatchUp::parse(name)), (name, Some(policy)));
            assert_eq!(serde_json::to_value(policy).unwrap(), name);
        }
        assert_eq!(CatchUp::parse("never"), None);
    }

    #[test]
    fn what_is_said_can_be_read_by_people() {
        let said = |policy, seconds: &[i64]| {
            decide_catch_up(policy, &ago(seconds), now(), GRACE, None).said.unwrap()
        };
        assert_eq!(
            said(CatchUp::RunOnce, &[7200, 3600]),
            "2 moments were missed, from 2024-06-21 10:00 UTC to 2024-06-21 11:00 UTC: the newest runs now; skipped: 1"
        );
        assert_eq!(
            said(CatchUp::Skip, &[3600]),
            "one moment was missed, at 2024-06-21 11:00 UTC: none of them runs"
        );
    }
}
