//! The job kinds `pause_integration` and `resume_integration` (DOMAIN P1, P5).

use crate::{Customer, JobContext, JobKind, Lane, Policy, Stop, ports::Pause};
use serde::{Deserialize, Serialize};

pub struct PauseIntegration;
pub struct ResumeIntegration;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseArgs {
    /// Shown wherever the pause is.
    pub why: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeArgs {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseReport {
    /// `false`: it was so before.
    pub changed: bool,
    pub said: String,
}

/// May this customer be paused?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseVerdict {
    Allowed,
    /// P5: teaching goes on in summer, and the courses for it come through the integration.
    SummerSchool,
}

/// P5: a customer with summer school cannot be paused.
pub fn decide_pause(customer: &Customer) -> PauseVerdict {
    if customer.modules.iter().any(|module| module == "summer_school") {
        PauseVerdict::SummerSchool
    } else {
        PauseVerdict::Allowed
    }
}

impl JobKind for PauseIntegration {
    const NAME: &'static str = "pause_integration";
    const SUMMARY: &'static str = "take in no roster until the integration is resumed";
    type Args = PauseArgs;
    type Report = PauseReport;

    fn policy(&self) -> Policy {
        Policy::attempts(10).lane(Lane::Site)
    }

    fn sample(&self) -> PauseArgs {
        PauseArgs { why: "summer 2024".to_owned() }
    }

    async fn run(&self, args: PauseArgs, cx: &JobContext) -> Result<PauseReport, Stop> {
        let customer = cx.customer()?;
        if decide_pause(customer) == PauseVerdict::SummerSchool {
            return Err(Stop::fail(format!(
                "{} has summer school, so its integration cannot be paused: use delay delete with a start and an end \
                 date in its place",
                customer.id
            )));
        }
        let pause = Pause { since: cx.now(), why: args.why };
        let changed = cx.ports.integration.pause(&customer.id, &pause).await?;
        let said = if changed {
            format!(
                "the integration of {} is paused; rosters that arrive are kept and not applied",
                customer.id
            )
        } else {
            format!("the integration of {} was paused already", customer.id)
        };
        Ok(PauseReport { changed, said })
    }
}

impl JobKind for ResumeIntegration {
    const NAME: &'static str = "resume_integration";
    const SUMMARY: &'static str = "take in rosters again after a pause";
    type Args = ResumeArgs;
    type Report = PauseReport;

    fn policy(&self) -> Policy {
        Policy::attempts(10).lane(Lane::Site)
    }

    fn sample(&self) -> ResumeArgs {
        ResumeArgs {}
    }

    async fn run(&self, _args: ResumeArgs, cx: &JobContext) -> Result<PauseReport, Stop> {
        let customer = cx.customer()?;
        let changed = cx.ports.integration.resume(&customer.id).await?;
        let said = if changed {
            format!("the integration of {} is active; the next import takes the newest roster", customer.id)
        } else {
            format!("the integration of {} was active already", customer.id)
        };
        Ok(PauseReport { changed, said })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CustomerSettings;

    fn customer(modules: &[&str]) -> Customer {
        Customer {
            id: "nes".parse().unwrap(),
            name: "Nes".to_owned(),
            country: "NO".parse().unwrap(),
            time_zone: chrono_tz::Europe::Oslo,
            mis: "fjordsas".to_owned(),
            middleware: None,
            modules: modules.iter().map(|module| (*module).to_owned()).collect(),
            settings: CustomerSettings::default(),
        }
    }

    // DOMAIN P5
    #[test]
    fn summer_school_forbids_the_pause() {
        let cases = [
            (&[][..], PauseVerdict::Allowed),
            (&["absence", "courses"][..], PauseVerdict::Allowed),
            (&["summer_school"][..], PauseVerdict::SummerSchool),
            (&["absence", "summer_school"][..], PauseVerdict::SummerSchool),
        ];
        for (modules, expected) in cases {
            assert_eq!(decide_pause(&customer(modules)), expected, "{modules:?}");
        }
    }
}
