//! What a preview warns of, each decided on its own (DOMAIN C1, M2, M3, P2, P5, S6).

use super::{CalendarDate, CatchUp, Moment, WhenError};
use crate::{Calendar, Lane};
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// One thing that a person should know before the plan is made; its text is a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error("step {step} was due at {due}, which is past: {then}", then = then(*catch_up))]
    DateInPast { step: String, due: NaiveDateTime, catch_up: CatchUp },
    #[error("step {step} never runs: no moment of its cron rule is left; move its dates")]
    NothingLeft { step: String },
    #[error(
        "step {step} never runs: it ends at {until}, before it begins at {from}; correct the dates of the calendar"
    )]
    EndsBeforeItBegins { step: String, from: NaiveDateTime, until: NaiveDateTime },
    #[error("the last teaching day is not known; ask the customer and set it")]
    LastTeachingDayMissing,
    #[error("the MIS vendor's date for the change of school year is not known; ask the vendor and set it")]
    VendorDateMissing,
    #[error(
        "step {step} would bring the new courses on {date}, before the school year starts on {start}: \
         they would be added to the old year; move the step to {start} or later"
    )]
    CoursesBeforeStart { step: String, date: NaiveDate, start: NaiveDate },
    #[error("step {step} starts delay delete without a {missing} date; both dates are required")]
    DelayDeleteIncomplete { step: String, missing: &'static str },
    #[error(
        "step {step} ends delay delete on {end}, not after its start on {start}; no delete would be withheld"
    )]
    DelayDeleteEndsTooEarly { step: String, start: NaiveDate, end: NaiveDate },
    #[error(
        "steps {first} and {second} are due in the same minute, {at}, and both use the {lane}: one will wait"
    )]
    SameLane { first: String, second: String, at: NaiveDateTime, lane: &'static str },
    #[error(
        "step {step} would pause the integration, but the customer teaches in the summer and needs it; \
         use delay delete instead"
    )]
    PauseInSummerSchool { step: String },
    #[error("the {which} is {date}, which does not belong to the plan's year {year}; check the calendar")]
    DateOutsideYear { which: CalendarDate, date: NaiveDate, year: i32 },
    #[error("the school year starts on {start}, not after the last teaching day, {last}; check the calendar")]
    DatesOutOfOrder { last: NaiveDate, start: NaiveDate },
    #[error(
        "the school year starts on {start}; this work should have begun by {latest}, {weeks} weeks before: \
         agree with the customer to do it after the change of school year"
    )]
    TooCloseToSchoolYear { start: NaiveDate, latest: NaiveDate, weeks: u32 },
    #[error("step {step}, argument {argument}: {source}")]
    UnreadableArgument { step: String, argument: String, source: WhenError },
}

impl Warning {
    /// The plan cannot be made with it; the others are for a person to weigh.
    pub const fn refuses(&self) -> bool {
        matches!(
            self,
            Self::PauseInSummerSchool { .. }
                | Self::DelayDeleteIncomplete { .. }
                | Self::UnreadableArgument { .. }
        )
    }
}

const fn then(catch_up: CatchUp) -> &'static str {
    match catch_up {
        CatchUp::RunOnce | CatchUp::RunAll => "it runs as soon as the plan is made",
        CatchUp::Skip => "it is skipped",
    }
}

/// A date before `now`; what is due right now is not past.
pub fn decide_past(step: &str, first: &Moment, catch_up: CatchUp, now: DateTime<Utc>) -> Option<Warning> {
    (first.at < now).then(|| Warning::DateInPast { step: step.to_owned(), due: first.local, catch_up })
}

/// The plan stands on this date even where no step names it.
pub fn decide_last_teaching_day(calendar: &Calendar) -> Option<Warning> {
    calendar.last_teaching_day.is_none().then_some(Warning::LastTeachingDayMissing)
}

/// DOMAIN M3.
pub fn decide_vendor_date(calendar: &Calendar) -> Option<Warning> {
    calendar.vendor_date.is_none().then_some(Warning::VendorDateMissing)
}

/// DOMAIN C1: not before the start date, by the customer's clock.
pub fn decide_courses(step: &str, first: &Moment, start: NaiveDate, tz: Tz) -> Option<Warning> {
    let date = first.at.with_timezone(&tz).date_naive();
    (date < start).then(|| Warning::CoursesBeforeStart { step: step.to_owned(), date, start })
}

/// DOMAIN P2: both dates, and the end after the start. `args` have their dates put in.
pub fn decide_delay_delete(step: &str, args: &Map<String, Value>) -> Option<Warning> {
    let date = |name: &str| -> Option<NaiveDate> { args.get(name)?.as_str()?.get(..10)?.parse().ok() };
    let step = step.to_owned();
    match (date("start"), date("end")) {
        (None, _) => Some(Warning::DelayDeleteIncomplete { step, missing: "start" }),
        (_, None) => Some(Warning::DelayDeleteIncomplete { step, missing: "end" }),
        (Some(start), Some(end)) if end <= start => {
            Some(Warning::DelayDeleteEndsTooEarly { step, start, end })
        }
        _ => None,
    }
}

pub const SUMMER_SCHOOL: &str = "summer_school";

/// DOMAIN P5.
pub fn decide_pause(step: &str, modules: &[String]) -> Option<Warning> {
    modules
        .iter()
        .any(|module| module == SUMMER_SCHOOL)
        .then(|| Warning::PauseInSummerSchool { step: step.to_owned() })
}

/// The dates of the summer lie in the plan's year; terms may reach one year to either side.
pub fn decide_year(calendar: &Calendar, year: i32) -> Vec<Warning> {
    let of_summer = [
        (CalendarDate::LastTeachingDay, calendar.last_teaching_day),
        (CalendarDate::SchoolYearStart, calendar.school_year_start),
        (CalendarDate::VendorDate, calendar.vendor_date),
    ];
    let summer = of_summer.into_iter().filter_map(|(which, date)| Some((which, date?, 0)));
    let terms = calendar.terms.iter().flat_map(|term| {
        [
            (CalendarDate::TermStart(term.name.clone()), term.start, 1),
            (CalendarDate::TermEnd(term.name.clone()), term.end, 1),
        ]
    });
    summer
        .chain(terms)
        .filter(|(_, date, reach)| (date.year() - year).abs() > *reach)
        .map(|(which, date, _)| Warning::DateOutsideYear { which, date, year })
        .collect()
}

pub fn decide_order(calendar: &Calendar) -> Option<Warning> {
    let (last, start) = calendar.last_teaching_day.zip(calendar.school_year_start)?;
    (start <= last).then_some(Warning::DatesOutOfOrder { last, start })
}

/// DOMAIN M2: too late to begin before the school year starts; once it has started there is time again.
pub fn decide_lead(lead_weeks: Option<u32>, start: Option<NaiveDate>, today: NaiveDate) -> Option<Warning> {
    let (weeks, start) = lead_weeks.zip(start)?;
    let latest = start - Duration::weeks(i64::from(weeks));
    (today > latest && today < start).then_some(Warning::TooCloseToSchoolYear { start, latest, weeks })
}

/// When the steps of a lane are due.
#[derive(Debug, Clone)]
pub struct LaneUse {
    pub step: String,
    pub lane: Lane,
    pub moments: Vec<Moment>,
}

/// DOMAIN S6: two steps of one lane in one minute; told once per pair, at the first such minute.
pub fn decide_same_lane(uses: &[LaneUse]) -> Vec<Warning> {
    let mut taken: HashMap<(Lane, i64), Vec<&LaneUse>> = HashMap::new();
    let mut told = HashSet::new();
    let mut warnings = Vec::new();
    for used in uses {
        for moment in &used.moments {
            let here = taken.entry((used.lane, moment.at.timestamp().div_euclid(60))).or_default();
            let others: Vec<&LaneUse> =
                here.iter().copied().filter(|other| other.step != used.step).collect();
            here.push(used);
            for other in others {
                if told.insert((&other.step, &used.step)) {
                    warnings.push(Warning::SameLane {
                        first: other.step.clone(),
                        second: used.step.clone(),
                        at: moment.local,
                        lane: used.lane.as_str(),
                    });
                }
            }
        }
    }
    warnings
}
