//! `/jobs`: the newest jobs, by state, customer and kind.

use super::needs::id_and_name;
use crate::{
    ledger::{JobFilter, JobRow},
    model::JobState,
    web::{
        desk::{Desk, Frame, Page, filled},
        error::PageError,
        sign::{Sign, words},
        stamp::{Stamp, Wall},
    },
};
use askama::Template;
use axum::extract::Query;
use rollover_jobs::{Customer, KINDS};
use serde::Deserialize;
use std::collections::HashMap;

/// Jobs on the page.
const SHOWN: i64 = 200;

#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct JobsQuery {
    state: Option<String>,
    customer: Option<String>,
    kind: Option<String>,
}

pub(in crate::web) struct JobLine {
    pub id: i64,
    pub sign: Sign,
    pub kind: String,
    /// Id and name.
    pub customer: Option<(String, String)>,
    pub task: Option<i64>,
    pub attempt: i32,
    pub due: Stamp,
    pub ended: Option<Stamp>,
    pub why: String,
}

#[derive(Template)]
#[template(path = "jobs.html")]
pub(in crate::web) struct JobsPage {
    pub frame: Frame,
    pub jobs: Vec<JobLine>,
    /// There are more than those shown.
    pub cut: bool,
    pub counts: Vec<(Sign, String, i64)>,
    pub kinds: Vec<&'static str>,
    pub customers: Vec<(String, String)>,
    pub state: String,
    pub customer: String,
    pub kind: String,
}

pub(in crate::web) async fn jobs(
    desk: Desk,
    Query(query): Query<JobsQuery>,
) -> Result<Page<JobsPage>, PageError> {
    let ledger = desk.ledger();
    let chosen = |field: &Option<String>| filled(field).map(str::to_owned);
    let filter = JobFilter {
        state: chosen(&query.state),
        customer: chosen(&query.customer),
        kind: chosen(&query.kind),
        task: None,
        limit: SHOWN + 1,
    };
    let jobs = ledger.jobs(&filter).await?;
    let counts = ledger.job_counts().await?;
    let customers = ledger.customers().await?.read;
    let wall = desk.wall(chrono_tz::UTC);
    Ok(Page(JobsPage::new(desk.frame("Jobs"), jobs, counts, customers, &filter, wall)))
}

impl JobsPage {
    pub fn new(
        frame: Frame,
        jobs: Vec<JobRow>,
        counts: Vec<(String, i64)>,
        customers: Vec<Customer>,
        filter: &JobFilter,
        wall: Wall,
    ) -> Self {
        let by_id: HashMap<&str, &Customer> =
            customers.iter().map(|customer| (customer.id.as_str(), customer)).collect();
        let counted = |state: JobState| {
            let count = counts.iter().find(|(name, _)| name == state.as_str())?.1;
            Some((Sign::of_job(state), state.as_str().to_owned(), count))
        };
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let shown = usize::try_from(SHOWN).unwrap_or(usize::MAX);
        Self {
            frame,
            cut: jobs.len() > shown,
            jobs: jobs.iter().take(shown).map(|job| JobLine::new(job, &by_id, wall)).collect(),
            counts: JobState::ALL.into_iter().filter_map(counted).collect(),
            kinds: KINDS.iter().map(|kind| kind.name()).collect(),
            state: text(&filter.state),
            customer: text(&filter.customer),
            kind: text(&filter.kind),
            customers: customers.iter().map(id_and_name).collect(),
        }
    }
}

impl JobLine {
    pub fn new(job: &JobRow, customers: &HashMap<&str, &Customer>, wall: Wall) -> Self {
        let customer = job.customer_id.as_deref().and_then(|id| customers.get(id));
        let wall = Wall { zone: customer.map_or(wall.zone, |customer| customer.time_zone), ..wall };
        Self {
            id: job.id,
            sign: Sign::of_job(job.state),
            kind: words(&job.kind),
            customer: customer.map(|customer| id_and_name(customer)),
            task: job.task_id,
            attempt: job.attempt,
            due: wall.minute(job.due_at),
            ended: job.ended_at.map(|at| wall.minute(at)),
            why: job.why.clone().unwrap_or_default(),
        }
    }
}
