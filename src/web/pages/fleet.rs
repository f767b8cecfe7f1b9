//! `/`: the whole fleet at a glance: what needs a person, what runs, what is due, and customers × steps.

use super::{
    matrix::{Matrix, is_late},
    needs::{Needs, Settled, needs_person},
};
use crate::{
    ledger::{Fleet, FleetCustomer, JobRow, TaskRow, Unreadable},
    model::{JobState, TaskState},
    web::{
        desk::{Desk, Frame, Page, filled},
        error::PageError,
        pager::{Pager, address},
        sign::Sign,
        stamp::{Stamp, Wall},
    },
};
use askama::Template;
use axum::extract::Query;
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Customers on one page of the matrix.
const PER_PAGE: usize = 250;
/// Moments in "due next".
const DUE_SHOWN: usize = 6;
/// Jobs without a task that failed are shown so long; nobody can sign them off.
const STUCK_DAYS: i64 = 3;
const STUCK_SHOWN: i64 = 100;
/// Tasks outside plans that are looked at.
const OUTSIDE: i64 = 1_000;

/// What the form of the page asks for; empty fields ask for nothing.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct FleetQuery {
    pub year: Option<String>,
    pub country: Option<String>,
    pub mis: Option<String>,
    pub state: Option<String>,
    pub q: Option<String>,
    pub page: Option<String>,
}

/// The form with what can be chosen.
pub(in crate::web) struct Filters {
    pub years: Vec<i32>,
    pub countries: BTreeSet<String>,
    pub systems: BTreeSet<String>,
    pub states: Vec<(&'static str, &'static str)>,
    pub year: i32,
    pub country: String,
    pub mis: String,
    pub state: String,
    pub q: String,
    /// Anything beside the year is chosen.
    pub narrowed: bool,
}

/// How many jobs are in which state now.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::web) struct Running {
    pub running: i64,
    pub ready: i64,
    pub retrying: i64,
}

/// One moment that is to come, and what is due at it.
pub(in crate::web) struct Due {
    pub at: Stamp,
    pub distance: Stamp,
    pub title: String,
    /// The task, where it is one customer's.
    pub href: Option<String>,
    pub customers: String,
}

#[derive(Template)]
#[template(path = "fleet.html")]
pub(in crate::web) struct FleetPage {
    pub frame: Frame,
    pub filters: Filters,
    /// Customers that this version cannot read, each with why and what to do.
    pub unreadable: Vec<(String, String)>,
    pub needs: Needs,
    pub running: Running,
    pub due: Vec<Due>,
    pub matrix: Matrix,
    pub customers: usize,
    pub of: usize,
    pub pager: Pager,
    pub signs: Vec<Sign>,
}

/// What is read for the page.
pub(in crate::web) struct FleetFacts {
    pub fleet: Fleet,
    pub summers: Vec<i32>,
    pub jobs: HashMap<i64, JobRow>,
    /// Tasks that belong to no customer.
    pub of_nobody: Vec<TaskRow>,
    pub stuck: Vec<JobRow>,
    pub settled: Settled,
    pub counts: Vec<(String, i64)>,
}

pub(in crate::web) async fn fleet(
    desk: Desk,
    Query(query): Query<FleetQuery>,
) -> Result<Page<FleetPage>, PageError> {
    let ledger = desk.ledger();
    let mut fleet = ledger.fleet(filled(&query.year).and_then(|year| year.parse().ok())).await?;
    let of_nobody = hand_out(&mut fleet, ledger.open_tasks_outside_plans(OUTSIDE).await?);
    let in_need: Vec<i64> = fleet
        .customers
        .iter()
        .flat_map(|customer| &customer.tasks)
        .chain(&of_nobody)
        .filter(|task| needs_person(task.state))
        .map(|task| task.id)
        .collect();
    let jobs = ledger.newest_jobs_of_tasks(&in_need).await?;
    let jobs = jobs.into_iter().filter_map(|job| Some((job.task_id?, job))).collect();
    let stuck = ledger.stuck_jobs_without_task(desk.now - Duration::days(STUCK_DAYS), STUCK_SHOWN).await?;
    let facts = FleetFacts {
        summers: ledger.summers().await?,
        settled: Settled::read(ledger, &jobs, &stuck).await?,
        jobs,
        stuck,
        counts: ledger.queued_job_counts().await?,
        of_nobody,
        fleet,
    };
    Ok(Page(FleetPage::new(desk.frame("Fleet"), facts, &query, desk.now)))
}

/// Gives tasks outside plans to their customers, where they count as any other; what belongs to none comes back.
fn hand_out(fleet: &mut Fleet, tasks: Vec<TaskRow>) -> Vec<TaskRow> {
    let mut of_nobody = Vec::new();
    for task in tasks {
        let id = task.customer_id.as_deref();
        match fleet.customers.iter_mut().find(|fleet| Some(fleet.customer.id.as_str()) == id) {
            Some(customer) => customer.tasks.push(task),
            None => of_nobody.push(task),
        }
    }
    of_nobody
}

/// The filter's word for every state that needs a person.
const NEEDS: &str = "needs_person";
/// The filter's word for what is past its deadline.
const LATE: &str = "late";

impl FleetQuery {
    fn keeps(&self, customer: &FleetCustomer, settled: &Settled, now: DateTime<Utc>) -> bool {
        let of = &customer.customer;
        let text = filled(&self.q).map(str::to_lowercase);
        let state = |wanted: &str| {
            customer.tasks.iter().any(|task| match wanted {
                NEEDS => settled.leaves_open(task),
                LATE => is_late(task, now),
                state => task.state.as_str() == state,
            })
        };
        filled(&self.country).is_none_or(|country| of.country.as_str() == country)
            && filled(&self.mis).is_none_or(|mis| of.mis == mis)
            && filled(&self.state).is_none_or(state)
            && text
                .is_none_or(|text| of.name.to_lowercase().contains(&text) || of.id.as_str().contains(&text))
    }

    /// The address of another page of the same choice.
    fn address(&self, page: usize) -> String {
        let field = |field| filled(field).unwrap_or_default();
        let fields = [
            ("page", page.to_string()),
            ("year", field(&self.year).to_owned()),
            ("country", field(&self.country).to_owned()),
            ("mis", field(&self.mis).to_owned()),
            ("state", field(&self.state).to_owned()),
            ("q", field(&self.q).to_owned()),
        ];
        address("/", &fields.each_ref().map(|(name, value)| (*name, value.as_str())))
    }
}

impl FleetPage {
    pub fn new(frame: Frame, facts: FleetFacts, query: &FleetQuery, now: DateTime<Utc>) -> Self {
        let filters = Filters::new(&facts, query);
        let of = facts.fleet.customers.len();
        let told =
            |row: Unreadable<String>| (row.id, format!("{}: {}", row.why, Unreadable::CUSTOMER_ADVICE));
        let mut shown = facts.fleet.customers;
        shown.retain(|customer| query.keeps(customer, &facts.settled, now));
        shown.sort_by(|one, other| one.customer.name.cmp(&other.customer.name));
        let customers = shown.len();
        let mut stuck = stuck(facts.stuck, &shown, filters.narrowed);
        stuck.retain(|job| !facts.settled.is_job(job));
        let of_nobody = if filters.narrowed { Vec::new() } else { facts.of_nobody };
        let needs = Needs::new(&shown, &of_nobody, &facts.jobs, &stuck, &facts.settled, now);
        let due = due(&shown, now);
        let pager = Pager::new(&query.page, customers, PER_PAGE, |page| query.address(page));
        let of_page: Vec<_> = shown.into_iter().skip(pager.passed_over(PER_PAGE)).take(PER_PAGE).collect();
        Self {
            frame,
            filters,
            unreadable: facts.fleet.unreadable.into_iter().map(told).collect(),
            needs,
            running: Running::new(&facts.counts),
            due,
            matrix: Matrix::new(&facts.fleet.plans, &of_page, now),
            customers,
            of,
            pager,
            signs: TaskState::ALL.iter().map(|state| Sign::of_task(*state)).collect(),
        }
    }
}

impl Filters {
    fn new(facts: &FleetFacts, query: &FleetQuery) -> Self {
        let text = |field: &Option<String>| filled(field).unwrap_or_default().to_owned();
        let customers = || facts.fleet.customers.iter().map(|fleet| &fleet.customer);
        let mut states = vec![(NEEDS, "needs a person"), (LATE, "past its deadline")];
        states.extend(TaskState::ALL.iter().map(|state| (state.as_str(), Sign::of_task(*state).word)));
        let (country, mis) = (text(&query.country), text(&query.mis));
        let (state, q) = (text(&query.state), text(&query.q));
        Self {
            years: facts.summers.clone(),
            countries: customers().map(|customer| customer.country.to_string()).collect(),
            systems: customers().map(|customer| customer.mis.clone()).collect(),
            states,
            year: facts.fleet.year.unwrap_or_default(),
            narrowed: ![&country, &mis, &state, &q].iter().all(|field| field.is_empty()),
            country,
            mis,
            state,
            q,
        }
    }
}

impl Running {
    fn new(counts: &[(String, i64)]) -> Self {
        let count = |state: JobState| {
            counts.iter().find(|(name, _)| name == state.as_str()).map_or(0, |(_, count)| *count)
        };
        Self {
            running: count(JobState::Running),
            ready: count(JobState::Ready),
            retrying: count(JobState::Retrying),
        }
    }
}

/// Of the jobs that stand in no plan, those that belong to what is shown.
fn stuck(jobs: Vec<JobRow>, shown: &[FleetCustomer], narrowed: bool) -> Vec<JobRow> {
    let belongs = |job: &JobRow| match &job.customer_id {
        None => !narrowed,
        Some(id) => shown.iter().any(|fleet| fleet.customer.id.as_str() == id),
    };
    jobs.into_iter().filter(belongs).collect()
}

/// A moment with the title of what is due at it.
type Step<'a> = (DateTime<Utc>, &'a str);
/// Customers with the task that is due.
type Of<'a> = Vec<(&'a FleetCustomer, i64)>;

/// The next moments; the same step of many customers at one moment is one line.
fn due(shown: &[FleetCustomer], now: DateTime<Utc>) -> Vec<Due> {
    let mut moments: BTreeMap<Step<'_>, Of<'_>> = BTreeMap::new();
    for customer in shown {
        for task in &customer.tasks {
            if let Some(at) = task.due_at {
                moments.entry((at, task.title.as_str())).or_default().push((customer, task.id));
            }
        }
    }
    let line = |((at, title), of): (Step<'_>, Of<'_>)| {
        let (first, task) = of[0];
        let wall = Wall { now, zone: first.customer.time_zone };
        let (customers, href) = match of.len() {
            1 => (first.customer.name.clone(), Some(format!("/tasks/{task}"))),
            many => (format!("{many} customers"), None),
        };
        Due { at: wall.minute(at), distance: wall.distance(at), title: title.to_owned(), href, customers }
    };
    moments.into_iter().take(DUE_SHOWN).map(line).collect()
}
