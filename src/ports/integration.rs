//! The port for the integration's state, answered by the ledger; here a run gets its status mail.

use crate::{
    ledger::{Ledger, NewJob},
    mail,
};
use async_trait::async_trait;
use chrono::{Datelike, Duration, NaiveDate};
use rollover_jobs::{
    Calendar, Customer, CustomerId, JobKind, SendStatusMail,
    ports::{
        Clock, CourseGuard, Integration, IntegrationState, Pause, RunId, RunRecord, Unavailable, Window,
    },
};
use std::sync::Arc;

pub struct LedgerIntegration {
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
    /// Where people find the pages, for links in mails.
    pub base_url: String,
    /// Our side of the recipients of status mails (I2); the customer's side stands in its settings.
    pub copy_to: Vec<String>,
}

/// New courses this long before the school year's start are taken for courses of the new year.
const GUARD_DAYS: i64 = 90;
/// A MIS may change to the new year this long before the last teaching day.
const GUARD_BEFORE_LAST_DAY: i64 = 30;

/// C1: from when until when new courses are held back in one summer; `None` without a start date.
pub fn decide_course_guard(calendar: &Calendar) -> Option<CourseGuard> {
    let opens = calendar.school_year_start?;
    let early = opens - Duration::days(GUARD_DAYS);
    let from = calendar
        .last_teaching_day
        .map_or(early, |day| early.min(day - Duration::days(GUARD_BEFORE_LAST_DAY)));
    Some(CourseGuard { from, opens, last_teaching_day: calendar.last_teaching_day })
}

impl LedgerIntegration {
    fn today(&self, customer: &Customer) -> NaiveDate {
        self.clock.now().with_timezone(&customer.time_zone).date_naive()
    }
}

#[async_trait]
impl Integration for LedgerIntegration {
    async fn state(&self, customer: &Customer) -> Result<IntegrationState, Unavailable> {
        let calendar = self.ledger.calendar(customer.id.as_str(), self.today(customer).year()).await?;
        Ok(IntegrationState {
            course_guard: decide_course_guard(&calendar),
            filter_decision: self.ledger.filter_decision(customer.id.as_str()).await?,
            ..self.ledger.integration(&customer.id).await?
        })
    }

    async fn pause(&self, customer: &CustomerId, pause: &Pause) -> Result<bool, Unavailable> {
        Ok(self.ledger.pause(self.clock.now(), customer, pause).await?)
    }

    async fn resume(&self, customer: &CustomerId) -> Result<bool, Unavailable> {
        Ok(self.ledger.resume(self.clock.now(), customer).await?)
    }

    async fn start_delay_delete(&self, customer: &CustomerId, window: Window) -> Result<bool, Unavailable> {
        Ok(self.ledger.start_delay_delete(self.clock.now(), customer, window).await?)
    }

    async fn end_delay_delete(&self, customer: &CustomerId) -> Result<bool, Unavailable> {
        Ok(self.ledger.end_delay_delete(self.clock.now(), customer).await?)
    }

    async fn recorded(&self, job: i64) -> Result<Option<(RunId, RunRecord)>, Unavailable> {
        Ok(self.ledger.run_of_job(job).await?.map(|row| (row.id, row.record.0)))
    }

    async fn record_run(&self, customer: &Customer, run: &RunRecord) -> Result<RunId, Unavailable> {
        let now = self.clock.now();
        let render = |id: RunId| mail::status_mails(customer, run, id, &self.base_url, &self.copy_to);
        let mail_job = |mail: i64| NewJob {
            task: None,
            customer: Some(customer.id.to_string()),
            kind: SendStatusMail::NAME.to_owned(),
            args: serde_json::json!({ "mail": mail }),
            lane: None,
            due_at: now,
        };
        Ok(self.ledger.record_run(now, customer, run, render, mail_job).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    // DOMAIN C1
    #[test]
    fn the_guard_stands_from_the_end_of_the_old_year_to_the_start_of_the_new() {
        let calendar = |last: Option<&str>, start: Option<&str>| Calendar {
            last_teaching_day: last.map(day),
            school_year_start: start.map(day),
            ..Calendar::default()
        };
        let guard = |from, opens, last: Option<&str>| {
            Some(CourseGuard { from: day(from), opens: day(opens), last_teaching_day: last.map(day) })
        };
        let cases = [
            (calendar(None, None), None),
            (calendar(Some("2024-06-21"), None), None),
            (calendar(None, Some("2024-08-19")), guard("2024-05-21", "2024-08-19", None)),
            (
                calendar(Some("2024-06-21"), Some("2024-08-19")),
                guard("2024-05-21", "2024-08-19", Some("2024-06-21")),
            ),
            (
                calendar(Some("2024-06-07"), Some("2024-08-19")),
                guard("2024-05-08", "2024-08-19", Some("2024-06-07")),
            ),
        ];
        for (calendar, expected) in cases {
            assert_eq!(decide_course_guard(&calendar), expected, "{calendar:?}");
        }
    }
}
