//! The port for the integration's state, answered by the ledger; here a run gets its status mail.

use crate::{
    ledger::{Ledger, NewJob, QueuedMail},
    mail,
};
use async_trait::async_trait;
use chrono::{Datelike, Duration, NaiveDate};
use rollover_jobs::{
    Calendar, Customer, CustomerId, JobFacts, JobKind, Retention, SendStatusMail, WriteProof,
    ports::{
        Author, Begun, Clock, CourseGuard, Integration, IntegrationState, LateRoster, NewestRoster, Pause,
        Retained, RunId, RunRecord, RunToUndo, Unavailable, UndoDecision, WaitingRosters, Window,
    },
};
use rollover_roster::snapshot::SnapshotId;
use std::sync::Arc;

pub struct LedgerIntegration {
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
    /// Where people find the pages, for links in mails.
    pub base_url: String,
    /// For customers that set none of their own.
    pub retention: Retention,
    /// Our side of the recipients of status mails (I2); the customer's side stands in its settings.
    pub copy_to: Vec<String>,
}

/// New courses this long before the school year's start are taken for courses of the new year.
const GUARD_DAYS: i64 = 90;
/// A MIS may change to the new year this long before the last teaching day.
const GUARD_BEFORE_LAST_DAY: i64 = 30;

/// Without a known start date, new courses wait in these months: (month, day) of the first and of the first after.
const SUMMER: [(u32, u32); 2] = [(5, 1), (10, 1)];

/// C1: from when until when new courses are held back, by the calendars of this year and the next. The one whose
/// time is now counts; a summer without a start date is guarded all the same, since a course that comes late harms
/// less than one of the new year in the old.
pub fn decide_course_guard(calendars: &[(i32, Calendar)], today: NaiveDate) -> Option<CourseGuard> {
    let known = || calendars.iter().filter_map(|(_, calendar)| guard_of(calendar));
    let of_this_year = |guard: &CourseGuard| guard.opens.year() == today.year();
    known().find(|guard| guard.holds(today)).or_else(|| known().find(of_this_year)).or_else(|| {
        let day = |(month, day)| NaiveDate::from_ymd_opt(today.year(), month, day);
        let last = calendars.iter().find(|(year, _)| *year == today.year());
        let last_teaching_day = last.and_then(|(_, calendar)| calendar.last_teaching_day);
        Some(CourseGuard { from: day(SUMMER[0])?, opens: day(SUMMER[1])?, last_teaching_day, assumed: true })
    })
}

fn guard_of(calendar: &Calendar) -> Option<CourseGuard> {
    let opens = calendar.school_year_start?;
    let early = opens - Duration::days(GUARD_DAYS);
    let from = calendar
        .last_teaching_day
        .map_or(early, |day| early.min(day - Duration::days(GUARD_BEFORE_LAST_DAY)));
    Some(CourseGuard { from, opens, last_teaching_day: calendar.last_teaching_day, assumed: false })
}

impl LedgerIntegration {
    fn today(&self, customer: &Customer) -> NaiveDate {
        self.clock.now().with_timezone(&customer.time_zone).date_naive()
    }

    /// I2: the status mails of a run, to both sides.
    fn mails(&self, customer: &Customer, run: &RunRecord, id: RunId) -> Vec<QueuedMail> {
        mail::status_mails(customer, run, id, &self.base_url, &self.copy_to)
    }

    fn mail_job(&self, customer: &Customer, mail: i64) -> NewJob {
        NewJob {
            task: None,
            customer: Some(customer.id.to_string()),
            kind: SendStatusMail::NAME.to_owned(),
            args: serde_json::json!({ "mail": mail }),
            lane: None,
            due_at: self.clock.now(),
        }
    }
}

#[async_trait]
impl Integration for LedgerIntegration {
    async fn state(&self, customer: &Customer) -> Result<IntegrationState, Unavailable> {
        let calendars = self.ledger.calendars(customer.id.as_str()).await?;
        Ok(IntegrationState {
            course_guard: decide_course_guard(&calendars, self.today(customer)),
            newest_roster_at: self.ledger.newest_roster_at(customer.id.as_str()).await?,
            filter_decision: self.ledger.filter_decision(customer.id.as_str()).await?,
            refusals: self.ledger.refusals(customer.id.as_str()).await?,
            ..self.ledger.integration(&customer.id).await?
        })
    }

    async fn author(&self, job: &JobFacts) -> Result<Author, Unavailable> {
        Ok(self.ledger.author_of_job(job.id).await?)
    }

    async fn pause(
        &self,
        customer: &CustomerId,
        pause: &Pause,
        over: Option<&Pause>,
    ) -> Result<bool, Unavailable> {
        Ok(self.ledger.pause(self.clock.now(), customer, pause, over).await?)
    }

    async fn resume(&self, customer: &CustomerId, pause: &Pause, by: &Author) -> Result<bool, Unavailable> {
        Ok(self.ledger.resume(self.clock.now(), customer, pause, by).await?)
    }

    async fn start_delay_delete(
        &self,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, Unavailable> {
        Ok(self.ledger.start_delay_delete(self.clock.now(), customer, window, by).await?)
    }

    async fn end_delay_delete(
        &self,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, Unavailable> {
        Ok(self.ledger.end_delay_delete(self.clock.now(), customer, window, by).await?)
    }

    async fn newest_roster(&self, customer: &Customer) -> Result<Option<NewestRoster>, Unavailable> {
        Ok(self.ledger.newest_roster(customer.id.as_str()).await?)
    }

    async fn recorded(&self, job: &JobFacts) -> Result<Option<(RunId, RunRecord)>, Unavailable> {
        let row = self.ledger.run_of_round(job.id, job.round).await?;
        Ok(row.map(|row| (row.id, row.record.0)))
    }

    async fn begin(
        &self,
        customer: &CustomerId,
        under_way: &SnapshotId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), Unavailable> {
        Ok(self.ledger.begin_import(self.clock.now(), customer, under_way, begun, proof).await?)
    }

    async fn progress(
        &self,
        customer: &CustomerId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), Unavailable> {
        Ok(self.ledger.import_progress(customer, begun, proof).await?)
    }

    async fn run_to_undo(&self, customer: &CustomerId, run: RunId) -> Result<Option<RunToUndo>, Unavailable> {
        Ok(self.ledger.run_to_undo(customer, run).await?)
    }

    async fn undo_decision(
        &self,
        customer: &CustomerId,
        decision: i64,
    ) -> Result<Option<UndoDecision>, Unavailable> {
        Ok(self.ledger.undo_decision(customer, decision).await?)
    }

    async fn record_run(
        &self,
        customer: &Customer,
        run: &RunRecord,
        proof: &WriteProof,
    ) -> Result<RunId, Unavailable> {
        let (render, mail_job) = (|id| self.mails(customer, run, id), |mail| self.mail_job(customer, mail));
        Ok(self.ledger.record_run(self.clock.now(), customer, run, proof, render, mail_job).await?)
    }

    async fn retained(&self) -> Result<Vec<Retained>, Unavailable> {
        let now = self.clock.now();
        let mut all = Vec::new();
        for id in self.ledger.customer_ids().await? {
            let customer = self.ledger.customer(&id).await?;
            let retention = customer.settings.retention.unwrap_or(self.retention);
            let snapshots = self.ledger.snapshots_kept(now, &customer, retention).await?;
            all.push(Retained { customer, retention, snapshots });
        }
        Ok(all)
    }

    async fn waiting_rosters(&self, customer: &CustomerId) -> Result<WaitingRosters, Unavailable> {
        Ok(self.ledger.waiting_rosters(customer.as_str()).await?)
    }

    async fn record_end(&self, customer: &Customer, run: &RunRecord) -> Result<RunId, Unavailable> {
        let (render, mail_job) = (|id| self.mails(customer, run, id), |mail| self.mail_job(customer, mail));
        Ok(self.ledger.record_end(self.clock.now(), customer, run, render, mail_job).await?)
    }

    async fn alert_late_roster(
        &self,
        customer: &Customer,
        late: &LateRoster,
        proof: &WriteProof,
    ) -> Result<bool, Unavailable> {
        let mails = mail::late_roster_mails(customer, late, &self.base_url, &self.copy_to);
        let mail_job = |mail| self.mail_job(customer, mail);
        Ok(self.ledger.alert_late_roster(self.clock.now(), customer, mails, proof, mail_job).await?)
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
        let calendar = |year: i32, last: Option<&str>, start: Option<&str>| {
            let (last_teaching_day, school_year_start) = (last.map(day), start.map(day));
            (year, Calendar { last_teaching_day, school_year_start, ..Calendar::default() })
        };
        let summer = calendar(2024, Some("2024-06-21"), Some("2024-08-19"));
        let early = calendar(2024, Some("2024-06-07"), Some("2024-08-19"));
        let without_last_day = calendar(2024, None, Some("2024-08-19"));
        let without_start = calendar(2024, Some("2024-06-21"), None);
        let january = calendar(2025, None, Some("2025-01-27"));
        // (calendars, today, from, opens, assumed)
        let cases = [
            (vec![summer.clone()], "2024-06-01", "2024-05-21", "2024-08-19", false),
            (vec![early], "2024-06-01", "2024-05-08", "2024-08-19", false),
            (vec![without_last_day], "2024-06-01", "2024-05-21", "2024-08-19", false),
            // A year that starts in January is guarded in the year before.
            (vec![summer.clone(), january.clone()], "2024-11-01", "2024-10-29", "2025-01-27", false),
            (vec![summer.clone(), january], "2024-07-01", "2024-05-21", "2024-08-19", false),
            // Nobody has entered the dates of this summer.
            (vec![], "2024-06-01", "2024-05-01", "2024-10-01", true),
            (vec![summer], "2025-06-01", "2025-05-01", "2025-10-01", true),
            (vec![without_start], "2024-06-01", "2024-05-01", "2024-10-01", true),
        ];
        for (calendars, today, from, opens, assumed) in cases {
            let guard = decide_course_guard(&calendars, day(today)).unwrap();
            let found = (guard.from, guard.opens, guard.assumed);
            assert_eq!(found, (day(from), day(opens), assumed), "{calendars:?} on {today}");
        }
    }
}
