//! The job kind `import_roster`: reads the newest roster, compares, checks, applies, records (DOMAIN I, F, P, C1).
//!
//! The order is the safety: nothing is written to the site before every limit of the Filter was looked at; deletes
//! come last; the pointers move in the transaction that keeps the run. A crash before that transaction leaves the
//! mirror where it was, so the next attempt finds the same difference and writes it again, to the same end (I5); and
//! when it is another roster that comes next, the ledger knows what the earlier one may have left at the site.
//! A crash after it leaves the file in its folder and the job open: the next attempt ends as the record says.

mod addressee;
mod difference;
mod ended;
mod guard;
mod no_roster;
mod prepare;
mod resume;
mod write;

use self::{
    difference::{Difference, compare},
    no_roster::{NoRoster, decide_no_roster},
    prepare::{Prepared, prepare},
};
use crate::{
    Customer, CustomerId, End, JobContext, JobKind, Lane, Policy, Stop, Who,
    customer::RosterFormat,
    ports::{Applied, Delivery, IntegrationState, Outcome, Pause, RunId, RunRecord, SiteCounts},
};
use chrono::{DateTime, NaiveDate, Utc};
use rollover_roster::{
    diff::ChangeCounts,
    filter::{Breach, Verdict},
    read::ReadReport,
    snapshot::SnapshotId,
};
use serde::{Deserialize, Serialize};

pub struct ImportRoster;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportArgs {
    /// Look at everything, write nothing, record nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// With a dry run: as it would be on this day, when windows have ended and courses flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<NaiveDate>,
    /// What a pause makes of it.
    #[serde(default, skip_serializing_if = "WhenPaused::is_default")]
    pub when_paused: WhenPaused,
}

/// What an import does that meets a pause (P1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenPaused {
    /// It is over for tonight: the next night looks again.
    #[default]
    Pass,
    /// It waits until the integration is resumed: the plan needs this very import.
    Wait,
}

impl WhenPaused {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    pub outcome: ImportOutcome,
    /// The recorded run; absent after a dry run and while paused.
    pub run: Option<RunId>,
    pub roster: Option<SnapshotId>,
    pub planned: ChangeCounts,
    pub applied: Applied,
    pub postponed_deletes: ChangeCounts,
    pub held_courses: u64,
    pub breaches: Vec<Breach>,
    pub read_errors: Option<ReadReport>,
    /// One sentence for people.
    pub said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    Completed,
    Unchanged,
    NoRoster,
    /// P1: nothing is taken in.
    Paused,
    /// A dry run: this is what would happen.
    WouldApply,
    /// A dry run: the Filter would abort.
    WouldAbort,
    /// A dry run: the file cannot be read.
    Unreadable,
}

impl JobKind for ImportRoster {
    const NAME: &'static str = "import_roster";
    const SUMMARY: &'static str = "read the newest roster, check it, and apply what changed to the site";
    type Args = ImportArgs;
    type Report = ImportReport;

    /// Attempts over more than half an hour: a source may be away for the restart of a night, and a broken file is taken
    /// for one that is on its way for less.
    fn policy(&self) -> Policy {
        Policy::attempts(14).timeout_minutes(60).lane(Lane::Site)
    }

    fn sample(&self) -> ImportArgs {
        ImportArgs { dry_run: false, on: None, when_paused: WhenPaused::Pass }
    }

    async fn run(&self, args: ImportArgs, cx: &JobContext) -> Result<ImportReport, Stop> {
        let customer = cx.customer()?;
        let dry_run = args.dry_run || cx.proof().is_none();
        if args.on.is_some() && !dry_run {
            return Err(Stop::fail("another day than today can be asked for in a dry run only"));
        }
        let import = Import {
            cx,
            customer,
            state: cx.ports.integration.state(customer).await?,
            started_at: cx.now(),
            dry_run,
            on: args.on,
            when_paused: args.when_paused,
        };
        import.run().await
    }

    const IS_TOLD_OF_ENDS: bool = true;

    async fn ended(&self, args: ImportArgs, end: &End, cx: &JobContext) -> Result<(), Stop> {
        ended::record_end(args, end, cx).await
    }
}

/// One attempt under way.
struct Import<'a> {
    cx: &'a JobContext,
    customer: &'a Customer,
    state: IntegrationState,
    started_at: DateTime<Utc>,
    dry_run: bool,
    on: Option<NaiveDate>,
    when_paused: WhenPaused,
}

impl Import<'_> {
    async fn run(&self) -> Result<ImportReport, Stop> {
        let recorded = self.cx.ports.integration.recorded(&self.cx.job).await?;
        if let Some((run, record)) = recorded.filter(|_| !self.dry_run) {
            return self.finish_recorded(run, record).await;
        }
        // I3: what a roster would do can be looked at during a pause too.
        if let Some(pause) = self.state.pause.as_ref().filter(|_| !self.dry_run) {
            return self.paused(pause);
        }
        if self.customer.settings.roster_format != RosterFormat::ImsEnterprise {
            return Err(Stop::wait_for(
                Who::IntegrationConsultant,
                format!("{} sends OneRoster CSV, which this version does not read yet", self.customer.id),
            ));
        }
        let delivery = self.cx.ports.rosters.newest(self.customer).await?;
        let prepared = match &delivery {
            Some(delivery) => prepare(self.cx, self.customer, delivery).await?,
            None => match &self.state.import {
                // No file, but something is left of earlier ones: postponed deletes, courses that were held back,
                // changes of a roster that broke off and is gone.
                Some(import)
                    if self.state.mirror.as_ref() != Some(import) || self.state.under_way.is_some() =>
                {
                    Prepared::Roster(*import)
                }
                _ => return self.no_roster().await,
            },
        };
        let roster = match prepared {
            Prepared::Roster(roster) => roster,
            Prepared::Unreadable(report) => return self.unreadable(delivery.as_ref(), report).await,
        };
        let difference = compare(self, &roster).await?;
        if difference.nothing_flows() && self.is_known(&roster) {
            return self.unchanged(delivery.as_ref(), roster, difference).await;
        }
        if self.refuses_early_courses(&difference) {
            return self.too_early(delivery.as_ref(), roster, difference).await;
        }
        match difference.verdict.clone() {
            Verdict::Abort(breaches) => self.abort(delivery.as_ref(), roster, difference, breaches).await,
            Verdict::Pass => self.apply(delivery.as_ref(), roster, difference).await,
        }
    }

    fn paused(&self, pause: &Pause) -> Result<ImportReport, Stop> {
        let said =
            format!("the integration of {} is paused ({}); nothing was read", self.customer.id, pause.why);
        match self.when_paused {
            WhenPaused::Pass => Ok(self.report(ImportOutcome::Paused, said)),
            WhenPaused::Wait => {
                Err(Stop::wait_for(Who::SupportAgent, format!("{said}: it goes on once it is resumed")))
            }
        }
    }

    /// The day by which windows and guard are reckoned.
    fn today(&self) -> Result<NaiveDate, Stop> {
        self.on.map_or_else(|| self.cx.today(), Ok)
    }

    /// The roster is the import database already.
    fn is_known(&self, roster: &SnapshotId) -> bool {
        self.state.import.as_ref() == Some(roster)
    }

    fn refuses_early_courses(&self, difference: &Difference) -> bool {
        difference.held_courses > 0
            && self.customer.settings.early_courses == crate::customer::EarlyCourses::Refuse
    }

    async fn apply(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
    ) -> Result<ImportReport, Stop> {
        let Some(proof) = self.cx.proof().filter(|_| !self.dry_run) else {
            let said = format!(
                "{} changes would be applied to the site of {}",
                difference.now.len() + difference.repair.now.len(),
                self.customer.id
            );
            return Ok(self.would(ImportOutcome::WouldApply, roster, &difference, said));
        };
        let before = self.cx.ports.site.counts(&self.customer.id).await?;
        let applied = self.write(roster, &difference, proof).await?;
        let mirror = self.mirror_after(roster, &difference).await?;
        let record = RunRecord {
            roster: Some(roster),
            mirror: Some(mirror),
            before,
            after: self.cx.ports.site.counts(&self.customer.id).await?,
            applied,
            under_way: self.left_under_way(mirror, &difference).await?,
            applied_in_part: !difference.repair.now.is_empty(),
            used_decision: difference.used_decision,
            ..self.record(Outcome::Completed, delivery, Some(&difference))
        };
        let run = self.keep(&record, delivery).await?;
        let said = format!(
            "{} created, {} updated, {} deleted at the site of {}{}",
            applied.created,
            applied.updated,
            applied.deleted,
            self.customer.id,
            waiting_words(&record)
        );
        Ok(ImportReport {
            run: Some(run),
            applied,
            ..self.would(ImportOutcome::Completed, roster, &difference, said)
        })
    }

    async fn unchanged(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
    ) -> Result<ImportReport, Stop> {
        let said = format!("the roster of {} is the one that is in already", self.customer.id);
        let report = self.would(ImportOutcome::Unchanged, roster, &difference, said);
        let Some(delivery) = delivery else {
            return self.no_roster().await;
        };
        if self.dry_run {
            return Ok(report);
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(roster),
            before: counts.clone(),
            after: counts,
            ..self.record(Outcome::Unchanged, Some(delivery), Some(&difference))
        };
        let run = self.keep(&record, Some(delivery)).await?;
        Ok(ImportReport { run: Some(run), ..report })
    }

    async fn no_roster(&self) -> Result<ImportReport, Stop> {
        let (outcome, kept, said) = match decide_no_roster(self.state.newest_roster_at, self.cx.now()) {
            NoRoster::Alarm => (
                ImportOutcome::NoRoster,
                Outcome::NoRoster,
                format!("no roster of {} waits to be read", self.customer.id),
            ),
            NoRoster::CameBefore => (
                ImportOutcome::Unchanged,
                Outcome::Unchanged,
                format!("the roster of {} that came tonight was dealt with before", self.customer.id),
            ),
        };
        let report = self.report(outcome, said);
        if self.dry_run {
            return Ok(report);
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord { before: counts.clone(), after: counts, ..self.record(kept, None, None) };
        let run = self.keep(&record, None).await?;
        Ok(ImportReport { run: Some(run), ..report })
    }

    /// I4: nothing changes, and the record says where the file is wrong.
    async fn unreadable(
        &self,
        delivery: Option<&Delivery>,
        report: ReadReport,
    ) -> Result<ImportReport, Stop> {
        let said = unreadable_words(&self.customer.id, &report);
        if self.dry_run {
            let seen = self.report(ImportOutcome::Unreadable, said);
            return Ok(ImportReport { read_errors: Some(report), ..seen });
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            before: counts.clone(),
            after: counts,
            read_errors: Some(report),
            ..self.record(Outcome::Failed, delivery, None)
        };
        self.keep(&record, delivery).await?;
        Err(Stop::fail(said))
    }

    /// C1, where the customer's setting refuses such a run.
    async fn too_early(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
    ) -> Result<ImportReport, Stop> {
        let why = format!(
            "{} came before the school year's start; this customer's setting refuses such a roster",
            counted(difference.held_courses, "new course")
        );
        if self.dry_run {
            return Ok(self.would(ImportOutcome::WouldAbort, roster, &difference, why));
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(roster),
            before: counts.clone(),
            after: counts,
            failure: Some(why.clone()),
            ..self.record(Outcome::Failed, delivery, Some(&difference))
        };
        self.keep(&record, delivery).await?;
        Err(Stop::fail(why))
    }

    /// F2: the whole import stops; the file stays, so that a decision about exactly this roster can use it (F3).
    async fn abort(
        &self,
        delivery: Option<&Delivery>,
        roster: SnapshotId,
        difference: Difference,
        breaches: Vec<Breach>,
    ) -> Result<ImportReport, Stop> {
        let why = abort_words(&self.customer.id, &breaches);
        if self.dry_run {
            let seen = self.would(ImportOutcome::WouldAbort, roster, &difference, why);
            return Ok(ImportReport { breaches, ..seen });
        }
        let counts = self.cx.ports.site.counts(&self.customer.id).await?;
        let record = RunRecord {
            roster: Some(roster),
            before: counts.clone(),
            after: counts,
            breaches,
            ..self.record(Outcome::Aborted, delivery, Some(&difference))
        };
        self.record_run(&record).await?;
        Err(Stop::abort(why))
    }

    /// Records the run, then puts the file away.
    async fn keep(&self, record: &RunRecord, delivery: Option<&Delivery>) -> Result<RunId, Stop> {
        let run = self.record_run(record).await?;
        if let Some(delivery) = delivery {
            self.cx.ports.rosters.put_away(self.customer, delivery).await?;
        }
        Ok(run)
    }

    async fn record_run(&self, record: &RunRecord) -> Result<RunId, Stop> {
        let proof = self.cx.proof().expect("a dry run has ended before it would record");
        Ok(self.cx.ports.integration.record_run(self.customer, record, proof).await?)
    }

    fn record(
        &self,
        outcome: Outcome,
        delivery: Option<&Delivery>,
        difference: Option<&Difference>,
    ) -> RunRecord {
        let postponed = difference.map(|difference| difference.postponed).unwrap_or_default();
        let held_courses = difference.map_or(0, |difference| difference.held_courses);
        RunRecord {
            job: self.cx.job.id,
            round: self.cx.job.round,
            outcome,
            started_at: self.started_at,
            ended_at: self.cx.now(),
            roster_name: delivery.map(|delivery| delivery.name.clone()),
            roster: None,
            mirror: None,
            before: SiteCounts::default(),
            after: SiteCounts::default(),
            planned: difference.map(|difference| difference.planned).unwrap_or_default(),
            applied: Applied::default(),
            postponed_until: self
                .state
                .delay_delete
                .filter(|_| !postponed.is_empty())
                .map(|window| window.end),
            postponed_deletes: postponed,
            held_courses,
            held_until: self.state.course_guard.filter(|_| held_courses > 0).map(|guard| guard.opens),
            start_not_known: held_courses > 0 && self.state.course_guard.is_some_and(|guard| guard.assumed),
            breaches: Vec::new(),
            read_errors: None,
            failure: None,
            used_decision: None,
            under_way: None,
            applied_in_part: self.state.under_way.is_some(),
        }
    }

    fn report(&self, outcome: ImportOutcome, said: String) -> ImportReport {
        ImportReport {
            outcome,
            run: None,
            roster: None,
            planned: ChangeCounts::default(),
            applied: Applied::default(),
            postponed_deletes: ChangeCounts::default(),
            held_courses: 0,
            breaches: Vec::new(),
            read_errors: None,
            said,
        }
    }

    fn would(
        &self,
        outcome: ImportOutcome,
        roster: SnapshotId,
        difference: &Difference,
        said: String,
    ) -> ImportReport {
        ImportReport {
            roster: Some(roster),
            planned: difference.planned,
            postponed_deletes: difference.postponed,
            held_courses: difference.held_courses,
            ..self.report(outcome, said)
        }
    }
}

fn unreadable_words(customer: &CustomerId, report: &ReadReport) -> String {
    format!("the roster of {customer} cannot be read: {report}")
}

fn abort_words(customer: &CustomerId, breaches: &[Breach]) -> String {
    let first = breaches.first().map(ToString::to_string).unwrap_or_default();
    let more = match breaches.len() {
        0 | 1 => String::new(),
        limits => format!(" and {} more limits", limits - 1),
    };
    format!("the Filter stopped the import of {customer}: {first}{more}")
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn waiting_words(record: &RunRecord) -> String {
    let mut words = String::new();
    if let Some(until) = record.postponed_until {
        let deletes = counted(record.postponed_deletes.total(), "delete");
        words.push_str(&format!("; waiting until {until}: {deletes}"));
    }
    if let Some(until) = record.held_until {
        let courses = counted(record.held_courses, "course");
        words.push_str(&format!("; held back until {until}: {courses}"));
    }
    words
}
