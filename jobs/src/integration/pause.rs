//! The job kinds `pause_integration` and `resume_integration` (DOMAIN P1, P5).

use super::authority::{EndVerdict, decide_end};
use crate::{
    Customer, JobContext, JobKind, Lane, Policy, Stop, Who,
    ports::{Author, Pause},
};
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
pub struct ResumeArgs {
    /// Plans of the same summer whose pause the step ends besides one of its own plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_of: Vec<String>,
}

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

/// What becomes of the pause that there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pausing {
    Pauses,
    /// The pause of a plan would end on the plan's date; a person's lasts until a person ends it.
    TakesOver,
    /// It holds as it is.
    Stays,
}

/// A person who pauses what a plan has paused means it: the plan's resume must not end that.
pub fn decide_pausing(set_by: Option<&Author>, asked_by: &Author) -> Pausing {
    match (set_by, asked_by) {
        (None, _) => Pausing::Pauses,
        (Some(Author::Step { .. }), Author::Person { .. }) => Pausing::TakesOver,
        (Some(_), _) => Pausing::Stays,
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
        let integration = &cx.ports.integration;
        let before = integration.state(customer).await?.pause;
        let pause = Pause { since: cx.now(), why: args.why, by: integration.author(&cx.job).await? };
        let over = match decide_pausing(before.as_ref().map(|before| &before.by), &pause.by) {
            Pausing::Pauses | Pausing::TakesOver => before.as_ref(),
            Pausing::Stays => {
                let said = format!(
                    "the integration of {} was paused already{}",
                    customer.id,
                    whose(before.as_ref())
                );
                return Ok(PauseReport { changed: false, said });
            }
        };
        let changed = integration.pause(&customer.id, &pause, over).await?;
        let said = format!(
            "the integration of {} is paused by {}; rosters that arrive are kept and not applied",
            customer.id, pause.by
        );
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
        ResumeArgs::default()
    }

    async fn run(&self, args: ResumeArgs, cx: &JobContext) -> Result<PauseReport, Stop> {
        let customer = cx.customer()?;
        let integration = &cx.ports.integration;
        let Some(pause) = integration.state(customer).await?.pause else {
            let said = format!("the integration of {} was active already", customer.id);
            return Ok(PauseReport { changed: false, said });
        };
        let by = integration.author(&cx.job).await?;
        if decide_end(&pause.by, &by, &args.also_of) == EndVerdict::WaitsForPerson {
            return Err(Stop::wait_for(Who::SupportAgent, not_ours(customer, &pause)));
        }
        let changed = integration.resume(&customer.id, &pause, &by).await?;
        let said = format!(
            "the integration of {} is active again{}; the next import takes the newest roster",
            customer.id,
            whose(Some(&pause))
        );
        Ok(PauseReport { changed, said })
    }
}

fn whose(pause: Option<&Pause>) -> String {
    pause.map(|pause| format!(" (paused by {}: {})", pause.by, pause.why)).unwrap_or_default()
}

/// S5: who has paused, why, and how to go on.
fn not_ours(customer: &Customer, pause: &Pause) -> String {
    format!(
        "the integration of {id} was paused by {} on {} ({}), and this step does not end that pause: agree on its end, \
         then resume by hand with `rollover job enqueue resume_integration --customer {id}`; the step then goes on by \
         itself",
        pause.by,
        pause.since.with_timezone(&customer.time_zone).date_naive(),
        pause.why,
        id = customer.id,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CustomerSettings,
        integration::authority::tests::{person, step},
    };

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

    // DOMAIN P1
    #[test]
    fn a_persons_pause_takes_over_that_of_a_plan_and_no_other() {
        let cases = [
            (None, person("Kari"), Pausing::Pauses),
            (None, step("eoy", 2024), Pausing::Pauses),
            (Some(step("eoy", 2024)), person("Kari"), Pausing::TakesOver),
            (Some(step("eoy", 2024)), step("eoy", 2024), Pausing::Stays),
            (Some(step("eoy", 2024)), step("change_of_mis", 2024), Pausing::Stays),
            (Some(person("Kari")), person("Kari"), Pausing::Stays),
            (Some(person("Kari")), person("Ingrid"), Pausing::Stays),
            (Some(person("Kari")), step("eoy", 2024), Pausing::Stays),
        ];
        for (set_by, asked_by, expected) in cases {
            assert_eq!(decide_pausing(set_by.as_ref(), &asked_by), expected, "{set_by:?}, {asked_by}");
        }
    }
}
