//! The job kind `check_roster_came`: tells people when a roster did not come by its time (DOMAIN I2).
//!
//! It runs at each moment at which a roster is due and looks back to the one before. An alert is told once per due
//! moment, however often the job runs; the job then fails, so that the list and the pages show what is missing.

use crate::{Customer, JobContext, JobKind, Lane, Policy, Stop, ports::LateRoster};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub struct CheckRosterCame;

/// A source that cannot be reached so often in a row has brought no roster; before, it is asked again.
const TROUBLE_TOLD_FROM: u32 = 5;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRosterCameArgs {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRosterCameReport {
    pub said: String,
}

impl JobKind for CheckRosterCame {
    const NAME: &'static str = "check_roster_came";
    const SUMMARY: &'static str = "tell people when a roster did not come by its time";
    type Args = CheckRosterCameArgs;
    type Report = CheckRosterCameReport;

    /// After an import that runs at the due moment, not beside it: it may be reading the roster.
    fn policy(&self) -> Policy {
        Policy::attempts(8).timeout_minutes(60).lane(Lane::Site)
    }

    fn sample(&self) -> CheckRosterCameArgs {
        CheckRosterCameArgs {}
    }

    async fn run(&self, _: CheckRosterCameArgs, cx: &JobContext) -> Result<CheckRosterCameReport, Stop> {
        let customer = cx.customer()?;
        let report = |said: String| Ok(CheckRosterCameReport { said });
        let due_at = cx.job.due_at;
        let Some((due_by, since)) = customer
            .settings
            .roster_due_by
            .as_ref()
            .and_then(|due_by| Some((due_by, due_by.last_before(due_at, customer.time_zone)?)))
        else {
            return report(format!("no time is set by which rosters of {} must come", customer.id));
        };
        let state = cx.ports.integration.state(customer).await?;
        // P1: nothing is taken in, so nothing is awaited, and the source is left alone.
        if state.pause.is_some() {
            return report(format!("the integration of {} is paused: no roster is awaited", customer.id));
        }
        let Arrivals { newest, trouble } = Arrivals::look(cx, customer, state.newest_roster_at).await;
        match (decide_late(newest, since), trouble) {
            (Late::Came, _) => report(format!("a roster of {} came in time", customer.id)),
            (Late::Alert, Some(trouble)) if cx.job.attempt < TROUBLE_TOLD_FROM => Err(Stop::retry(trouble)),
            (Late::Alert, trouble) => {
                let alert = LateRoster { due_at, since, newest, trouble };
                if let Some(proof) = cx.proof() {
                    cx.ports.integration.alert_late_roster(customer, &alert, proof).await?;
                }
                Err(Stop::fail(alert.told(customer, &due_by.to_string())))
            }
        }
    }
}

/// What came last, and what hindered looking for it.
struct Arrivals {
    newest: Option<DateTime<Utc>>,
    trouble: Option<String>,
}

impl Arrivals {
    /// A roster that waits or was put away has come, also one that could not be read: its own status mail tells that.
    /// A source that cannot be reached has brought none, and the alert says so.
    async fn look(cx: &JobContext, customer: &Customer, dealt_with: Option<DateTime<Utc>>) -> Self {
        let put_away =
            cx.ports.rosters.backups(customer).await.map(|all| all.first().map(|file| file.came_at));
        let waiting = cx.ports.rosters.newest(customer).await.map(|file| file.map(|file| file.arrived_at));
        let trouble = waiting.as_ref().err().or(put_away.as_ref().err()).map(ToString::to_string);
        let newest =
            [put_away.ok().flatten(), waiting.ok().flatten(), dealt_with].into_iter().flatten().max();
        Self { newest, trouble }
    }
}

/// What a due moment finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    Came,
    Alert,
}

/// `since` is the due moment before: what came up to then was that one's.
fn decide_late(newest: Option<DateTime<Utc>>, since: DateTime<Utc>) -> Late {
    match newest {
        Some(came) if came > since => Late::Came,
        _ => Late::Alert,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // DOMAIN I2
    #[test]
    fn a_roster_is_late_when_none_came_since_the_last_was_due() {
        let since = "2024-06-03T04:00:00Z".parse().unwrap();
        let cases = [
            (None, Late::Alert),
            (Some("2024-06-03T04:00:00Z"), Late::Alert),
            (Some("2024-06-03T04:00:01Z"), Late::Came),
        ];
        for (newest, expected) in cases {
            let newest = newest.map(|text: &str| text.parse().unwrap());
            assert_eq!(decide_late(newest, since), expected, "{newest:?}");
        }
    }
}
