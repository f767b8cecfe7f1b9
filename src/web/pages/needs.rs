//! What needs a person: who must act, why, since when; what broke first, then what waits.

use super::matrix::is_late;
use crate::{
    ledger::{FleetCustomer, JobRow, Ledger, LedgerError, TaskRow},
    model::{JobState, TaskState},
    web::{
        sign::{Sign, words},
        stamp::{Stamp, Wall},
    },
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rollover_jobs::Customer;
use std::collections::{HashMap, HashSet};

/// Lines shown of each of the two lists.
const SHOWN: usize = 100;

/// Lines that stand open.
const OPEN: usize = 8;

pub(super) const fn needs_person(state: TaskState) -> bool {
    matches!(state, TaskState::Waiting | TaskState::Held | TaskState::Failed)
}

/// What looks as if it needed a person, and does not: a later import of the customer made it good.
#[derive(Debug, Clone, Default)]
pub(in crate::web) struct Settled {
    jobs: HashSet<i64>,
    tasks: HashSet<i64>,
}

impl Settled {
    /// Looks at the newest job of each task, by task, and at jobs without a task.
    pub async fn read(
        ledger: &Ledger,
        of_tasks: &HashMap<i64, JobRow>,
        without_task: &[JobRow],
    ) -> Result<Self, LedgerError> {
        let failed = |job: &&JobRow| matches!(job.state, JobState::Failed | JobState::Aborted);
        let ids: Vec<i64> = of_tasks.values().chain(without_task).filter(failed).map(|job| job.id).collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let jobs = ledger.superseded_imports(&ids).await?;
        let tasks =
            of_tasks.iter().filter(|(_, job)| jobs.contains(&job.id)).map(|(task, _)| *task).collect();
        Ok(Self { jobs, tasks })
    }

    /// A task needs a person still. One that fires no more holds its plan up until a person settles it, whatever
    /// another import did.
    pub fn leaves_open(&self, task: &TaskRow) -> bool {
        decide_need(task.state, self.tasks.contains(&task.id), task.due_at.is_some())
    }

    pub fn is_job(&self, job: &JobRow) -> bool {
        self.jobs.contains(&job.id)
    }
}

/// `superseded`: a later import of the customer took the newest roster in. `recurs`: the task fires again by itself.
const fn decide_need(state: TaskState, superseded: bool, recurs: bool) -> bool {
    let broke = matches!(state, TaskState::Held | TaskState::Failed);
    needs_person(state) && !(broke && superseded && recurs)
}

/// One step, or one job without a task, that goes on only when a person acts.
pub(in crate::web) struct Need {
    pub sign: Sign,
    pub customer: Option<(String, String)>,
    pub href: String,
    pub title: String,
    pub why: String,
    pub who: String,
    pub since: Stamp,
    pub deadline: Option<Stamp>,
    pub late: bool,
    at: DateTime<Utc>,
}

/// Both lists, and how much there is of each state.
#[derive(Default)]
pub(in crate::web) struct Needs {
    /// Failed or held: something broke, or stopped before it did harm.
    pub urgent: Vec<Need>,
    pub waiting: Vec<Need>,
    /// Lines beyond those shown.
    pub more_urgent: usize,
    pub more_waiting: usize,
    pub failed: usize,
    pub held: usize,
    pub late: usize,
}

impl Needs {
    pub fn new(
        customers: &[FleetCustomer],
        of_nobody: &[TaskRow],
        jobs: &HashMap<i64, JobRow>,
        stuck: &[JobRow],
        settled: &Settled,
        now: DateTime<Utc>,
    ) -> Self {
        let mut needs = Self::default();
        for fleet in customers {
            needs.add_tasks(Some(&fleet.customer), &fleet.tasks, (jobs, settled), now);
        }
        needs.add_tasks(None, of_nobody, (jobs, settled), now);
        for job in stuck {
            let need = Need::of_job(customers, job, now);
            match job.state {
                JobState::Waiting => needs.waiting.push(need),
                state => {
                    needs.failed += usize::from(state == JobState::Failed);
                    needs.held += usize::from(state == JobState::Aborted);
                    needs.urgent.push(need);
                }
            }
        }
        // What broke last is what the phone rings about; what waits longest is what is forgotten.
        needs.urgent.sort_by_key(|need| std::cmp::Reverse(need.at));
        needs.waiting.sort_by_key(|need| (!need.late, need.at));
        needs.more_urgent = needs.urgent.len().saturating_sub(SHOWN);
        needs.more_waiting = needs.waiting.len().saturating_sub(SHOWN);
        needs.urgent.truncate(SHOWN);
        needs.waiting.truncate(SHOWN);
        needs
    }

    fn add_tasks(
        &mut self,
        customer: Option<&Customer>,
        tasks: &[TaskRow],
        (jobs, settled): (&HashMap<i64, JobRow>, &Settled),
        now: DateTime<Utc>,
    ) {
        self.late += tasks.iter().filter(|task| is_late(task, now)).count();
        for task in tasks.iter().filter(|task| settled.leaves_open(task)) {
            let need = Need::of_task(customer, task, jobs.get(&task.id), now);
            match task.state {
                TaskState::Waiting => self.waiting.push(need),
                state => {
                    self.failed += usize::from(state == TaskState::Failed);
                    self.held += usize::from(state == TaskState::Held);
                    self.urgent.push(need);
                }
            }
        }
    }

    /// Of what broke, the lines that stand open and those that unfold: the matrix below must stay in sight.
    pub fn urgent_parts(&self) -> (&[Need], &[Need]) {
        self.urgent.split_at(self.urgent.len().min(OPEN))
    }

    pub const fn waiting_in_all(&self) -> usize {
        self.waiting.len() + self.more_waiting
    }

    pub const fn urgent_in_all(&self) -> usize {
        self.urgent.len() + self.more_urgent
    }
}

impl Need {
    fn of_task(
        customer: Option<&Customer>,
        task: &TaskRow,
        job: Option<&JobRow>,
        now: DateTime<Utc>,
    ) -> Self {
        let wall = Wall { now, zone: zone_of(customer) };
        let at = since(task, job);
        Self {
            sign: Sign::of_task(task.state),
            customer: customer.map(id_and_name),
            href: format!("/tasks/{}", task.id),
            title: task.title.clone(),
            why: task.why.clone().unwrap_or_default(),
            who: words(task.who.as_deref().unwrap_or(&task.owner)),
            since: wall.distance(at),
            deadline: task.deadline.map(|deadline| wall.minute(deadline)),
            late: is_late(task, now),
            at,
        }
    }

    fn of_job(customers: &[FleetCustomer], job: &JobRow, now: DateTime<Utc>) -> Self {
        let customer = customers
            .iter()
            .map(|fleet| &fleet.customer)
            .find(|customer| Some(customer.id.as_str()) == job.customer_id.as_deref());
        let wall = Wall { now, zone: zone_of(customer) };
        let at = job.ended_at.or(job.started_at).unwrap_or(job.created_at);
        Self {
            sign: Sign::of_job(job.state),
            customer: customer.map(id_and_name),
            href: format!("/jobs/{}", job.id),
            title: format!("{}, job {}", words(&job.kind), job.id),
            why: job.why.clone().unwrap_or_default(),
            who: words(job.who.as_deref().unwrap_or("support_agent")),
            since: wall.distance(at),
            deadline: None,
            late: false,
            at,
        }
    }
}

fn zone_of(customer: Option<&Customer>) -> Tz {
    customer.map_or(chrono_tz::UTC, |customer| customer.time_zone)
}

pub(super) fn id_and_name(customer: &Customer) -> (String, String) {
    (customer.id.to_string(), customer.name.clone())
}

/// Since when a task is stuck. A waiting job that looks again each night waits since its first look, so the row's
/// last change would tell a lie.
pub(super) fn since(task: &TaskRow, job: Option<&JobRow>) -> DateTime<Utc> {
    job.and_then(|job| job.ended_at.or(job.started_at)).unwrap_or(task.updated_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_import_made_good_needs_nobody() {
        use TaskState as S;
        for (state, superseded, recurs, needs) in [
            (S::Failed, false, true, true),
            (S::Failed, true, true, false),
            (S::Held, true, true, false),
            (S::Failed, true, false, true),
            (S::Waiting, true, true, true),
            (S::Planned, false, true, false),
            (S::Done, false, false, false),
        ] {
            assert_eq!(decide_need(state, superseded, recurs), needs, "{state} {superseded} {recurs}");
        }
    }
}
