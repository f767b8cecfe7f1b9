//! The job kind `check_sync_keys`: counts students whose sync key is missing or wrong, and administrators that have one
//! (DOMAIN K1, K2, K3).
//!
//! It changes nothing: what is to be done about a person is decided by a person. The report holds counts by school; the
//! names are read anew when somebody asks for them.

use super::sync_keys::{KeyCheck, KeyCounts, SchoolKeys, check_keys};
use crate::{Customer, JobContext, JobKind, Lane, Policy, Stop};
use rollover_roster::{figures::thousands, snapshot::SnapshotId};
use serde::{Deserialize, Serialize};

pub struct CheckSyncKeys;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSyncKeysArgs {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSyncKeysReport {
    /// By which roster it was looked at; the list with names is by the same.
    pub roster: SnapshotId,
    pub persons: u64,
    #[serde(flatten)]
    pub counts: KeyCounts,
    pub schools: Vec<SchoolKeys>,
    /// One sentence for people.
    pub said: String,
}

impl JobKind for CheckSyncKeys {
    const NAME: &'static str = "check_sync_keys";
    const SUMMARY: &'static str = "compare the sync keys at the site with the newest roster";
    type Args = CheckSyncKeysArgs;
    type Report = CheckSyncKeysReport;

    /// Not beside an import, which changes what is compared.
    fn policy(&self) -> Policy {
        Policy::attempts(8).timeout_minutes(60).lane(Lane::Site)
    }

    fn sample(&self) -> CheckSyncKeysArgs {
        CheckSyncKeysArgs {}
    }

    async fn run(&self, _: CheckSyncKeysArgs, cx: &JobContext) -> Result<CheckSyncKeysReport, Stop> {
        let check = check_keys(cx).await?;
        let said = said(cx.customer()?, &check);
        let (roster, persons, counts) = (check.roster, check.persons, check.counts());
        Ok(CheckSyncKeysReport { roster, persons, counts, schools: check.schools(), said })
    }
}

fn said(customer: &Customer, check: &KeyCheck) -> String {
    let (counts, persons) = (check.counts(), thousands(check.persons));
    if counts.total() == 0 {
        return format!(
            "the sync keys of all {persons} persons at the site of {} are as they should be",
            customer.id
        );
    }
    let sorts: Vec<String> = counts
        .named()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name}: {}", thousands(count)))
        .collect();
    format!(
        "of {persons} persons at the site of {}: {}; who they are and what to do: rollover customer keys {}",
        customer.id,
        sorts.join(", "),
        customer.id
    )
}
