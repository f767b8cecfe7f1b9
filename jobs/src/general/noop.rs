//! The job kind `noop`: does nothing, for benches and for trying out a set-up.

use crate::{JobContext, JobKind, Policy, Stop};
use serde::{Deserialize, Serialize};

pub struct Noop;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoopArgs {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoopReport {}

impl JobKind for Noop {
    const NAME: &'static str = "noop";
    const SUMMARY: &'static str = "do nothing, to measure or to try out a set-up";
    type Args = NoopArgs;
    type Report = NoopReport;

    fn policy(&self) -> Policy {
        Policy::attempts(3)
    }

    fn sample(&self) -> NoopArgs {
        NoopArgs {}
    }

    async fn run(&self, _args: NoopArgs, _cx: &JobContext) -> Result<NoopReport, Stop> {
        Ok(NoopReport {})
    }
}
