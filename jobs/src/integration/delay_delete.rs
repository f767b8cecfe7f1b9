//! The job kinds `start_delay_delete` and `end_delay_delete` (DOMAIN P2, P3).

use super::authority::{EndVerdict, decide_end};
use crate::{
    Customer, JobContext, JobKind, Lane, Policy, Stop, Who,
    ports::{Author, Window},
};
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
pub struct EndArgs {
    /// Plans of the same summer whose window the step ends besides one of its own plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_of: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelayReport {
    /// `false`: it was so before.
    pub changed: bool,
    pub said: String,
}

/// May this author replace the window, or end it? One that is over holds nothing back any more.
pub fn decide_window(
    held: Window,
    set_by: &Author,
    asked_by: &Author,
    also_of: &[String],
    today: NaiveDate,
) -> EndVerdict {
    if held.end < today { EndVerdict::Ends } else { decide_end(set_by, asked_by, also_of) }
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
        let integration = &cx.ports.integration;
        let state = integration.state(customer).await?;
        let by = integration.author(&cx.job).await?;
        let other = state.delay_delete.zip(state.delay_delete_by).filter(|(held, _)| *held != window);
        if let Some((held, set_by)) = other
            && decide_window(held, &set_by, &by, &[], cx.today()?) == EndVerdict::WaitsForPerson
        {
            let how = format!(
                "enter the window that shall hold by hand with `rollover job enqueue start_delay_delete --customer {}` and \
                 skip this step, or end the other by hand with `rollover job enqueue end_delay_delete --customer {}`, and \
                 the step goes on by itself",
                customer.id, customer.id
            );
            return Err(Stop::wait_for(Who::SupportAgent, not_ours(customer, held, &set_by, &how)));
        }
        let changed = integration.start_delay_delete(&customer.id, window, &by).await?;
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
        EndArgs::default()
    }

    async fn run(&self, args: EndArgs, cx: &JobContext) -> Result<DelayReport, Stop> {
        let customer = cx.customer()?;
        let integration = &cx.ports.integration;
        let state = integration.state(customer).await?;
        let Some((window, set_by)) = state.delay_delete.zip(state.delay_delete_by) else {
            let said = format!("no deletes of {} were waiting by a window", customer.id);
            return Ok(DelayReport { changed: false, said });
        };
        let by = integration.author(&cx.job).await?;
        let verdict = decide_window(window, &set_by, &by, &args.also_of, cx.today()?);
        if verdict == EndVerdict::WaitsForPerson {
            let how = format!(
                "agree on its end, then end it by hand with `rollover job enqueue end_delay_delete --customer {}`; the step \
                 then goes on by itself",
                customer.id
            );
            return Err(Stop::wait_for(Who::SupportAgent, not_ours(customer, window, &set_by, &how)));
        }
        let changed = integration.end_delay_delete(&customer.id, window, &by).await?;
        let said = format!(
            "deletes of {} no longer wait (the window was set by {set_by}): the next import brings them, through the Filter",
            customer.id
        );
        Ok(DelayReport { changed, said })
    }
}

/// S5: who has set the window, from when to when, and how to go on.
fn not_ours(customer: &Customer, window: Window, set_by: &Author, how: &str) -> String {
    format!(
        "deletes of {} wait from {} to {} by a window that {set_by} has set, and this step does not end it: {how}",
        customer.id, window.start, window.end
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::authority::tests::{person, step};

    // DOMAIN P2, S5
    #[test]
    fn a_window_that_holds_is_ended_by_its_plans_or_a_person() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let held = Window { start: day("2024-06-22"), end: day("2024-08-25") };
        let eoy = || step("eoy", 2024);
        let cases = [
            (person("Kari"), step("bts", 2024), "2024-06-01", EndVerdict::WaitsForPerson),
            (person("Kari"), step("bts", 2024), "2024-08-25", EndVerdict::WaitsForPerson),
            (person("Kari"), step("bts", 2024), "2024-08-26", EndVerdict::Ends),
            (person("Kari"), person("Ingrid"), "2024-08-19", EndVerdict::Ends),
            (eoy(), step("bts", 2024), "2024-08-19", EndVerdict::Ends),
            (eoy(), person("Ingrid"), "2024-08-19", EndVerdict::Ends),
            (step("eoy", 2023), step("bts", 2024), "2024-08-19", EndVerdict::WaitsForPerson),
            (step("summer_school", 2024), step("bts", 2024), "2024-08-19", EndVerdict::WaitsForPerson),
        ];
        for (set_by, asked_by, today, expected) in cases {
            let decided = decide_window(held, &set_by, &asked_by, &["eoy".to_owned()], day(today));
            assert_eq!(decided, expected, "{set_by}, {asked_by}, {today}");
        }
    }
}
