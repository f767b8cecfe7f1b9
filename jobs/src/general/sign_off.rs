//! The job kind `sign_off`: waits until a person declares a step done (DOMAIN S4).

use crate::{JobContext, JobKind, Policy, Stop, Who};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub struct SignOff;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOffArgs {
    /// What the person declares to be done.
    pub what: String,
    /// Who must act; a support agent when not said.
    #[serde(default = "support_agent")]
    pub who: Who,
}

const fn support_agent() -> Who {
    Who::SupportAgent
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignOffReport {
    pub by: String,
    pub at: DateTime<Utc>,
    pub note: String,
}

impl JobKind for SignOff {
    const NAME: &'static str = "sign_off";
    const SUMMARY: &'static str = "wait until a person declares a step done";
    type Args = SignOffArgs;
    type Report = SignOffReport;

    fn policy(&self) -> Policy {
        Policy::attempts(10)
    }

    fn sample(&self) -> SignOffArgs {
        SignOffArgs { what: "all course templates carry the new terms".to_owned(), who: Who::SupportAgent }
    }

    async fn run(&self, args: SignOffArgs, cx: &JobContext) -> Result<SignOffReport, Stop> {
        let Some(task) = cx.job.task else {
            return Err(Stop::fail("a sign-off belongs to a task, and this job has none: add it as a task"));
        };
        match cx.ports.decisions.sign_off(task).await? {
            Some(signed) => Ok(SignOffReport { by: signed.by, at: signed.at, note: signed.note }),
            None => Err(Stop::wait_for(args.who, args.what)),
        }
    }
}
