//! What the season came to: customer × step, with state, when, and the evidence.

use crate::{
    ledger::{JobFilter, Ledger, TaskRow},
    model::TaskState,
};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// One step of one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub customer: String,
    pub plan: String,
    pub step: String,
    pub state: TaskState,
    /// When it last changed, or will be due.
    pub when: Option<DateTime<Utc>>,
    /// What shows it: what the job said, who signed off, why it waits.
    pub evidence: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoTable {
    pub rows: Vec<Row>,
}

impl DemoTable {
    /// Reads the table from the ledger.
    pub async fn read(ledger: &Ledger, year: i32) -> anyhow::Result<Self> {
        let mut rows = Vec::new();
        for customer in ledger.fleet(Some(year)).await?.customers {
            for task in customer.tasks {
                let plan = match task.plan_id {
                    Some(plan) => ledger.plan(plan).await?.template,
                    None => String::new(),
                };
                rows.push(row(ledger, plan, task).await?);
            }
        }
        Ok(Self { rows })
    }
}

async fn row(ledger: &Ledger, plan: String, task: TaskRow) -> anyhow::Result<Row> {
    let filter = JobFilter { task: Some(task.id), limit: 1, ..JobFilter::default() };
    let job = ledger.jobs(&filter).await?.into_iter().next();
    let report = job.as_ref().and_then(|job| job.report.as_ref()).map(|report| &report.0);
    let text = |key: &str| report.and_then(|report| report.get(key)).and_then(|value| value.as_str());
    let evidence = match (&task.why, text("said"), text("by"), text("note")) {
        (Some(why), ..) => match &task.who {
            Some(who) => format!("{why} ({})", who.replace('_', " ")),
            None => why.clone(),
        },
        (None, Some(said), ..) => said.to_owned(),
        (None, None, Some(by), Some(note)) => format!("{by}: {note}"),
        _ => String::new(),
    };
    let when = match task.state {
        TaskState::NotApplicable => None,
        TaskState::Planned => task.due_at,
        _ => Some(job.and_then(|job| job.ended_at.or(job.started_at)).unwrap_or(task.updated_at)),
    };
    Ok(Row {
        customer: task.customer_id.unwrap_or_default(),
        plan,
        step: task.step,
        state: task.state,
        when,
        evidence,
    })
}
