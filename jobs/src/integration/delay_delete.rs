//! The job kinds `start_delay_delete` and `end_delay_delete` (DOMAIN P2, P3).

use crate::{JobContext, JobKind, Lane, Policy, Stop, ports::Window};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub struct StartDelayDelete;
pub struct EndDelayDelete;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartArgs {
    /// First day of the window.
    pub start: NaiveDate,
    /// Last day of the window; both dates are required (P2).
    pub end: NaiveDate,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndArgs {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelayReport {
    /// `false`: it was so before.
    pub changed: bool,
    pub said: String,
}

impl JobKind for StartDelayDelete {
    const NAME: &'static str = "start_delay_delete";
    const SUMMARY: &'static str = "hold deletes back from the site between two dates";
    type Args = StartArgs;
    type Report = DelayReport;

    fn policy(&self) -> Policy {
        Policy::attempts(10).lane(Lane::Site)
    }

    fn sample(&self) -> StartArgs {
        let day = |month, day| NaiveDate::from_ymd_opt(2024, month, day).expect("a day of 2024");
        StartArgs { start: day(6, 22), end: day(8, 30) }
    }

    async fn run(&self, args: StartArgs, cx: &JobContext) -> Result<DelayReport, Stop> {
        let customer = cx.customer()?;
        if args.end < args.start {
            return Err(Stop::fail(format!(
                "delay delete of {} would end on {}, before it starts on {}: give an end date on or after the start",
                customer.id, args.end, args.start
            )));
        }
        if args.end < cx.today()? {
            return Err(Stop::fail(format!(
                "delay delete of {} would have ended on {}, which is past: give an end date that is to come",
                customer.id, args.end
            )));
        }
        let window = Window { start: args.start, end: args.end };
        let changed = cx.ports.integration.start_delay_delete(&customer.id, window).await?;
        let said = format!(
            "deletes of {} wait from {} to {}; creates and updates go on",
            customer.id, window.start, window.end
        );
        Ok(DelayReport { changed, said })
    }
}

impl JobKind for EndDelayDelete {
    const NAME: &'static str = "end_delay_delete";
    const SUMMARY: &'static str = "let postponed deletes take place with the next import, through the Filter";
    type Args = EndArgs;
    type Report = DelayReport;

    fn policy(&self) -> Policy {
        Policy::attempts(10).lane(Lane::Site)
    }

    fn sample(&self) -> EndArgs {
        EndArgs {}
    }

    async fn run(&self, _args: EndArgs, cx: &JobContext) -> Result<DelayReport, Stop> {
        let customer = cx.customer()?;
        let changed = cx.ports.integration.end_delay_delete(&customer.id).await?;
        let said = if changed {
            format!(
                "deletes of {} no longer wait: the next import brings them, through the Filter",
                customer.id
            )
        } else {
            format!("no deletes of {} were waiting by a window", customer.id)
        };
        Ok(DelayReport { changed, said })
    }
}
