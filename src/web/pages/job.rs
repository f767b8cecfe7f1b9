//! `/jobs/{id}`: one job: state, attempts, times, what it was asked, what it reported, its history.

use super::{
    customer::EventLine,
    facts::{Fact, facts, pretty},
    needs::id_and_name,
};
use crate::{
    ledger::{EventRow, JobRow, RunRow, TaskRow},
    web::{
        desk::{Desk, Frame, Number, Page},
        error::PageError,
        sign::{Sign, words},
        stamp::{Stamp, Wall, span_words},
    },
};
use askama::Template;
use rollover_jobs::{Customer, find_kind};

#[derive(Template)]
#[template(path = "job.html")]
pub(in crate::web) struct JobPage {
    pub frame: Frame,
    pub id: i64,
    pub sign: Sign,
    pub kind: String,
    pub summary: &'static str,
    pub customer: Option<(String, String)>,
    pub task: Option<(i64, String)>,
    pub run: Option<(i64, Sign)>,
    pub why: Option<String>,
    pub who: Option<String>,
    /// What the report says in one sentence.
    pub said: Option<String>,
    pub attempt: i32,
    pub attempts: Option<u32>,
    pub times: Vec<(&'static str, Stamp)>,
    pub took: Option<String>,
    pub lease: Option<(String, Option<Stamp>)>,
    pub lane: Option<String>,
    pub cancel_requested: bool,
    pub args: Vec<Fact>,
    pub args_json: String,
    pub report: Vec<Fact>,
    pub report_json: Option<String>,
    pub events: Vec<EventLine>,
}

/// What is read for the page.
pub(in crate::web) struct JobFacts {
    pub job: JobRow,
    pub customer: Option<Customer>,
    pub task: Option<TaskRow>,
    pub run: Option<RunRow>,
    pub events: Vec<EventRow>,
}

pub(in crate::web) async fn job(desk: Desk, Number(id): Number) -> Result<Page<JobPage>, PageError> {
    let ledger = desk.ledger();
    let job = ledger.job(id).await?;
    let customer = match &job.customer_id {
        Some(id) => Some(ledger.customer(id).await?),
        None => None,
    };
    let task = match job.task_id {
        Some(task) => Some(ledger.task(task).await?),
        None => None,
    };
    let wall = desk.wall(customer.as_ref().map_or(chrono_tz::UTC, |customer| customer.time_zone));
    let facts = JobFacts {
        run: ledger.run_of_job(id).await?,
        events: ledger.events_of_job(id).await?,
        job,
        customer,
        task,
    };
    Ok(Page(JobPage::new(desk.frame(&format!("Job {id}")), facts, wall)))
}

impl JobPage {
    pub fn new(frame: Frame, read: JobFacts, wall: Wall) -> Self {
        let JobFacts { job, customer, task, run, events } = read;
        let kind = find_kind(&job.kind);
        let report = job.report.as_ref().map(|report| &report.0);
        let times = [
            ("due", Some(job.due_at)),
            ("made", Some(job.created_at)),
            ("may run", job.run_at),
            ("begun", job.started_at),
            ("ended", job.ended_at),
        ];
        Self {
            frame,
            id: job.id,
            sign: Sign::of_job(job.state),
            kind: words(&job.kind),
            summary: kind.map_or("this version does not know this kind", |kind| kind.summary()),
            customer: customer.as_ref().map(id_and_name),
            task: task.map(|task| (task.id, task.title)),
            run: run.map(|run| (run.id, Sign::of_run(run.record.0.outcome))),
            why: job.why.clone(),
            who: job.who.as_deref().map(words),
            said: report.and_then(|report| report.get("said")?.as_str()).map(str::to_owned),
            attempt: job.attempt,
            attempts: kind.map(|kind| kind.policy().attempts),
            times: times.into_iter().filter_map(|(name, at)| Some((name, wall.second(at?)))).collect(),
            took: job.started_at.zip(job.ended_at).map(|(begun, ended)| span_words(ended - begun)),
            lease: job
                .lease_owner
                .clone()
                .map(|owner| (owner, job.lease_until.map(|until| wall.second(until)))),
            lane: job.lane.clone(),
            cancel_requested: job.cancel_requested,
            args: facts(&job.args.0),
            args_json: pretty(&job.args.0),
            report: report.map(facts).unwrap_or_default(),
            report_json: report.map(pretty),
            events: events.iter().map(|event| EventLine::new(event, wall)).collect(),
        }
    }
}
