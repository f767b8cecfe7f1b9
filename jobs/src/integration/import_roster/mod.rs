//! The job kind `import_roster`: reads the newest roster, compares, checks, applies, records (DOMAIN I, F, P, C1).
//!
//! The order is the safety: nothing is written to the site before every limit of the Filter was looked at; deletes
//! come last; the pointers move in the transaction that keeps the run. A crash before that transaction leaves the
//! mirror where it was, so the next attempt finds the same difference and writes it again, to the same end (I5); and
//! when it is another roster that comes next, the ledger knows what the earlier one may have left at the site.
//! A crash after it leaves the file in its folder and the job open: the next attempt ends as the record says.

mod addressee;
mod bundles;
mod course_forecast;
mod difference;
mod ended;
mod guard;
mod hierarchy;
mod judgement;
mod no_roster;
mod pointers;
mod postponed;
mod prepare;
mod record;
mod refused;
mod report;
mod resume;
mod undo;
mod unwritten;
mod words;
mod write;

pub(super) use self::prepare::{Prepared, blocking, prepare};
use self::{
    difference::{Difference, compare},
    prepare::Taken,
    words::{completed_words, would_apply_words},
};
use crate::{
    Customer, End, JobContext, JobKind, Lane, Policy, Stop,
    ports::{Begun, Capability, Delivery, IntegrationState, Outcome, Refusal, RunRecord},
};
use chrono::{DateTime, NaiveDate, Utc};
use rollover_roster::{
    course_fate::{CourseEnd, decide_course_end},
    filter::{Breach, Verdict},
    snapshot::SnapshotId,
};
use serde::{Deserialize, Serialize};

pub use self::{
    course_forecast::{AskedRoster, CourseForecast, ForecastAsk, ForecastCourse, forecast_courses},
    postponed::{
        ClassCounts, LINES_REACHED, Postponed, PostponedAsk, PostponedLine, PostponedWindow, SchoolCounts,
        WaitingSince, WaitsFor, WindowEnd, WindowStands, postponed,
    },
    report::{ImportOutcome, ImportReport},
    undo::{Caveat, CaveatKind, UndoImport, UndoPreview, preview_undo},
};

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
        if args.dry_run {
            return Ok(());
        }
        ended::record_end(end, cx, None).await
    }
}

/// What comes of an import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outlook", content = "detail", rename_all = "snake_case")]
pub enum Outlook {
    /// A person has undone a run that brought it, and it is not taken in again by itself.
    Refused(Refusal),
    /// Nothing differs, or all that does waits.
    Unchanged,
    /// C1: it holds courses before the school year, and the customer's setting refuses it.
    TooEarly,
    /// I4: it lacks most of the last roster, and the Filter is silent.
    TooSmall,
    /// F2: the Filter stops it.
    Aborts(Vec<Breach>),
    Passes,
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

impl<'a> Import<'a> {
    /// One that looks and writes nothing.
    fn looking(cx: &'a JobContext, state: IntegrationState, on: Option<NaiveDate>) -> Result<Self, Stop> {
        let (customer, started_at, when_paused) = (cx.customer()?, cx.now(), WhenPaused::Pass);
        Ok(Self { cx, customer, state, started_at, dry_run: true, on, when_paused })
    }
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
        let delivery = self.cx.ports.rosters.newest(self.customer).await?;
        let prepared = match &delivery {
            Some(delivery) => prepare(self.cx, self.customer, delivery).await?,
            None => match &self.state.import {
                // No file, but something is left of earlier ones: postponed deletes, courses that were held back,
                // changes of a roster that broke off and is gone.
                Some(import)
                    if (self.state.mirror.as_ref() != Some(import) || self.state.under_way.is_some())
                        && self.refusal_of(import).is_none() =>
                {
                    Prepared::Roster(Taken::again(*import))
                }
                _ => return self.no_roster().await,
            },
        };
        let taken = match prepared {
            Prepared::Roster(taken) => taken,
            Prepared::Unreadable(report) => return self.unreadable(delivery.as_ref(), report).await,
        };
        let roster = taken.id;
        let difference = compare(self, taken).await?;
        match self.decide_outlook(&roster, &difference) {
            Outlook::Refused(refusal) => self.refused(delivery.as_ref(), difference, refusal).await,
            Outlook::TooSmall => self.too_small(delivery.as_ref(), roster, difference).await,
            Outlook::Unchanged => self.unchanged(delivery.as_ref(), roster, difference).await,
            Outlook::TooEarly => self.too_early(delivery.as_ref(), roster, difference).await,
            Outlook::Aborts(breaches) => self.abort(delivery.as_ref(), roster, difference, breaches).await,
            Outlook::Passes => self.apply(delivery.as_ref(), roster, difference).await,
        }
    }

    /// What comes of a difference, before anything is touched.
    fn decide_outlook(&self, roster: &SnapshotId, difference: &Difference) -> Outlook {
        if let Some(refusal) = self.refusal_of(roster) {
            return Outlook::Refused(refusal);
        }
        match &difference.verdict {
            _ if difference.nothing_flows() && self.is_known(roster) => Outlook::Unchanged,
            _ if difference.is_broken_off() => Outlook::TooSmall,
            _ if self.refuses_early_courses(difference) => Outlook::TooEarly,
            Verdict::Abort(breaches) => Outlook::Aborts(breaches.clone()),
            Verdict::Pass => Outlook::Passes,
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

    /// What becomes of a course whose group is gone (C2, C3).
    fn course_end(&self) -> CourseEnd {
        let platform = self.cx.ports.site.capabilities().contains(&Capability::ArchiveCourses);
        decide_course_end(platform, self.customer.settings.course_archiving)
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
            let said = would_apply_words(&self.customer.id, &difference);
            return Ok(self.would(ImportOutcome::WouldApply, roster, &difference, said));
        };
        let begun = self.begin(roster, &difference, proof).await?;
        let Begun { before, applied, predicted_duplicates } = self.write(begun, &difference, proof).await?;
        let mirror = self.mirror_after(roster, &difference).await?;
        let record = RunRecord {
            roster: Some(roster),
            mirror: Some(mirror),
            before,
            after: self.cx.ports.site.counts(&self.customer.id).await?,
            applied,
            predicted_duplicates,
            courses_gone: difference.courses_gone.clone(),
            under_way: self.left_under_way(mirror, &difference).await?,
            applied_in_part: difference.repairs.now > 0,
            used_decision: difference.used_decision,
            ..self.record(Outcome::Completed, delivery, Some(&difference))
        };
        let run = self.keep(&record, delivery).await?;
        let said = completed_words(&self.customer.id, &record);
        Ok(ImportReport {
            run: Some(run),
            applied,
            predicted_duplicates,
            ..self.would(ImportOutcome::Completed, roster, &difference, said)
        })
    }
}
