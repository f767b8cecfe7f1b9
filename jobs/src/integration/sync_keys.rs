//! Looks at the sync keys of a customer's site by a roster (DOMAIN K1, K2, K3): who has none, another, or one too many.
//!
//! What it gives names children. It is for a person who asks for it; jobs, logs and mails take the counts.

use super::import_roster::{Prepared, blocking, prepare};
use crate::{
    CustomerId, JobContext, Ports, Stop, Who,
    ports::{IntegrationState, Persons},
};
use chrono::TimeDelta;
use rollover_roster::{
    keys::{Finding, Findings, Problem, RosterPersons, SitePerson},
    snapshot::{SnapshotError, SnapshotId},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A check that finds no roster yet looks again so much later.
const LOOKS_AGAIN_AFTER: TimeDelta = TimeDelta::days(1);

/// Persons of a site that are looked at. A site with more is not checked in part: the answer would be wrong.
const MOST_PERSONS: usize = 2_000_000;

/// What is wrong with keys, and whose they are.
pub struct KeyCheck {
    /// By which roster it was looked at.
    pub roster: SnapshotId,
    /// Active persons at the site.
    pub persons: u64,
    pub findings: Findings,
    /// Those of whom something is found, by account.
    people: HashMap<i64, SitePerson>,
}

impl KeyCheck {
    /// Every finding with its school and its person, in the order of schools and accounts.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &SitePerson, &Finding)> {
        self.findings.schools.iter().flat_map(move |(school, findings)| {
            let lines =
                findings.iter().filter_map(|finding| Some((self.people.get(&finding.account)?, finding)));
            lines.map(move |(person, finding)| (school.as_str(), person, finding))
        })
    }

    /// A person of several schools counts at each.
    pub fn schools(&self) -> Vec<SchoolKeys> {
        let of_school = |(school, findings): (&String, &Vec<Finding>)| {
            let (mut counts, mut created_by) = (KeyCounts::default(), BTreeMap::new());
            for finding in findings {
                counts.add(&finding.problem);
                *created_by.entry(finding.created_by.clone()).or_default() += 1;
            }
            SchoolKeys { school: school.clone(), counts, created_by }
        };
        self.findings.schools.iter().map(of_school).collect()
    }

    /// A person of several schools counts once.
    pub fn counts(&self) -> KeyCounts {
        let (mut counts, mut counted) = (KeyCounts::default(), HashSet::new());
        for finding in self.findings.schools.values().flatten() {
            if counted.insert(finding.account) {
                counts.add(&finding.problem);
            }
        }
        counts
    }
}

/// How many of each sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCounts {
    /// K1: students without a key, and nobody in the roster is like them.
    pub no_key: u64,
    /// K1: students whom the MIS knows by another key.
    pub other_key: u64,
    /// K1: students whose key the roster does not have.
    pub unknown_key: u64,
    /// K2: students whom the import would make a second time.
    pub predicted_duplicates: u64,
    /// K3: administrators with a key.
    pub administrators_with_key: u64,
}

impl KeyCounts {
    const fn add(&mut self, problem: &Problem) {
        let count = match problem {
            Problem::NoKey => &mut self.no_key,
            Problem::OtherKey { .. } => &mut self.other_key,
            Problem::UnknownKey { .. } => &mut self.unknown_key,
            Problem::Duplicate { .. } => &mut self.predicted_duplicates,
            Problem::AdministratorWithKey { .. } => &mut self.administrators_with_key,
        };
        *count += 1;
    }

    /// Each sort with its name for people.
    pub const fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("predicted duplicates", self.predicted_duplicates),
            ("students without a key", self.no_key),
            ("students under another key of the MIS", self.other_key),
            ("students whose key the roster lacks", self.unknown_key),
            ("administrators with a key", self.administrators_with_key),
        ]
    }

    pub fn total(&self) -> u64 {
        self.named().iter().map(|(_, count)| count).sum()
    }
}

/// What is found at one school, and who made those accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchoolKeys {
    pub school: String,
    #[serde(flatten)]
    pub counts: KeyCounts,
    pub created_by: BTreeMap<String, u64>,
}

/// By the newest roster: the one that waits, or the import database where none waits or it cannot be read.
///
/// # Errors
/// [`Stop::Wait`] where no roster has come yet; what the ports give.
pub async fn check_keys(cx: &JobContext) -> Result<KeyCheck, Stop> {
    let customer = cx.customer()?;
    let state = cx.ports.integration.state(customer).await?;
    let roster = newest_roster(cx, &state).await?.ok_or_else(|| Stop::Wait {
        until: Some(cx.now() + LOOKS_AGAIN_AFTER),
        why: format!(
            "no roster of {} has come that the keys of its site could be compared with: have the MIS send one",
            customer.id
        ),
        who: Who::SupportAgent,
    })?;
    check_keys_by(&cx.ports, &customer.id, roster).await
}

/// By a roster that lies in the store.
///
/// # Errors
/// A snapshot that is not there; what the ports give.
pub async fn check_keys_by(
    ports: &Ports,
    customer: &CustomerId,
    roster: SnapshotId,
) -> Result<KeyCheck, Stop> {
    let Some(site) = all_persons(ports, customer).await? else {
        return Err(Stop::fail(format!(
            "the site of {customer} has more than {MOST_PERSONS} persons, too many to be compared at once"
        )));
    };
    check_persons(ports, roster, site).await
}

async fn check_persons(ports: &Ports, roster: SnapshotId, site: Vec<SitePerson>) -> Result<KeyCheck, Stop> {
    let snapshots = ports.rosters.snapshots().clone();
    blocking(move || {
        let learnt = || -> Result<RosterPersons, SnapshotError> {
            let mut persons = RosterPersons::default();
            for record in snapshots.read(&roster)? {
                persons.learn(&record?);
            }
            Ok(persons)
        };
        let learnt = learnt().map_err(|error| Stop::retry(format!("a roster cannot be read: {error}")))?;
        let findings = learnt.check(site.iter());
        let found: HashSet<i64> =
            findings.schools.values().flatten().map(|finding| finding.account).collect();
        let persons = site.len() as u64;
        let people = site.into_iter().filter(|person| found.contains(&person.account));
        Ok(KeyCheck {
            roster,
            persons,
            findings,
            people: people.map(|person| (person.account, person)).collect(),
        })
    })
    .await
}

/// K2: students of the site whom an import of this roster would make a second time. Where the site has no student
/// without a key, which is how it should be, nothing else is read. A site that is too large to be looked through is told as
/// having none: no import stops for a figure that only advises.
pub(super) async fn predicted_duplicates(
    ports: &Ports,
    customer: &CustomerId,
    roster: SnapshotId,
) -> Result<u64, Stop> {
    if ports.site.persons(customer, Persons::WithoutKey, None).await?.is_empty() {
        return Ok(0);
    }
    let Some(site) = all_persons(ports, customer).await? else { return Ok(0) };
    Ok(check_persons(ports, roster, site).await?.counts().predicted_duplicates)
}

/// `None`: more than [`MOST_PERSONS`].
async fn all_persons(ports: &Ports, customer: &CustomerId) -> Result<Option<Vec<SitePerson>>, Stop> {
    let mut all: Vec<SitePerson> = Vec::new();
    loop {
        let after = all.last().map(|person| person.account);
        let page = ports.site.persons(customer, Persons::All, after).await?;
        if page.is_empty() {
            return Ok(Some(all));
        }
        all.extend(page);
        if all.len() > MOST_PERSONS {
            return Ok(None);
        }
    }
}

async fn newest_roster(cx: &JobContext, state: &IntegrationState) -> Result<Option<SnapshotId>, Stop> {
    let customer = cx.customer()?;
    let Some(delivery) = cx.ports.rosters.newest(customer).await? else { return Ok(state.import) };
    match (prepare(cx, customer, &delivery).await?, state.import) {
        (Prepared::Roster(taken), _) => Ok(Some(taken.id)),
        (Prepared::Unreadable(_), Some(import)) => Ok(Some(import)),
        (Prepared::Unreadable(report), None) => {
            Err(Stop::fail(format!("the first roster of {} cannot be read: {report}", customer.id)))
        }
    }
}
