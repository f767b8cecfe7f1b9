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
    #[error(
        "step {step} never runs: no moment of its cron rule is left, and it is put down as skipped; to have it run, \
         correct the dates of the calendar first"
    )]
    NothingLeft { step: String },
    #[error(
        "step {step} never runs: it ends at {until}, before it begins at {from}, and it is put down as skipped; to \
         have it run, correct the dates of the calendar first"
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
    #[error("step {step} starts delay delete without its {missing} date; both dates are required")]
    DelayDeleteIncomplete { step: String, missing: &'static str },
    #[error(
        "step {step} would end delay delete on {end}, before its start on {start}; correct the dates of the calendar"
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
                | Self::DelayDeleteEndsTooEarly { .. }
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

/// DOMAIN P2: both dates, and an end that is not before the start; both days belong to the window. `args` have their dates put in.
pub fn decide_delay_delete(step: &str, args: &Map<String, Value>) -> Option<Warning> {
    let date = |name: &str| -> Option<NaiveDate> { args.get(name)?.as_str()?.get(..10)?.parse().ok() };
    let step = step.to_owned();
    match (date("start"), date("end")) {
        (None, _) => Some(Warning::DelayDeleteIncomplete { step, missing: "start" }),
        (_, None) => Some(Warning::DelayDeleteIncomplete { step, missing: "end" }),
        (Some(start), Some(end)) if end < start => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        local_to_utc,
        sample::{calendar, day},
    };
    use chrono_tz::Europe::Oslo;
    use serde_json::json;

    fn moment(local: &str) -> Moment {
        local_to_utc(NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S").unwrap(), Oslo)
    }

    #[test]
    fn a_date_before_now_is_past() {
        let now = moment("2024-06-21 18:00:00").at;
        for (due, warned) in
            [("2024-06-21 17:59:59", true), ("2024-06-21 18:00:00", false), ("2024-06-21 18:00:01", false)]
        {
            assert_eq!(decide_past("a", &moment(due), CatchUp::Skip, now).is_some(), warned, "{due}");
        }
    }

    // DOMAIN C1
    #[test]
    fn courses_come_on_the_start_date_and_not_before() {
        for (due, warned) in
            [("2024-08-18 23:59:59", true), ("2024-08-19 00:00:00", false), ("2024-08-19 00:00:01", false)]
        {
            let decided = decide_courses("a", &moment(due), day("2024-08-19"), Oslo);
            assert_eq!(decided.is_some(), warned, "{due}");
        }
    }

    // DOMAIN P2
    #[test]
    fn delay_delete_needs_both_dates_and_no_end_before_the_start() {
        for (args, warned, refused) in [
            (json!({}), true, true),
            (json!({"start": "2024-06-22"}), true, true),
            (json!({"end": "2024-08-19"}), true, true),
            (json!({"start": "soon", "end": "2024-08-19"}), true, true),
            (json!({"start": "2024-06-22", "end": ""}), true, true),
            (json!({"start": "2024-06-22", "end": "2024-06-21"}), true, true),
            (json!({"start": "2024-06-22", "end": "2024-06-22"}), false, false),
            (json!({"start": "2024-06-22", "end": "2024-06-23"}), false, false),
            (json!({"start": "2024-06-22T18:00:00", "end": "2024-06-23"}), false, false),
        ] {
            let decided = decide_delay_delete("a", args.as_object().unwrap());
            assert_eq!(decided.is_some(), warned, "{args}");
            assert_eq!(decided.is_some_and(|warning| warning.refuses()), refused, "{args}");
        }
    }

    // DOMAIN P5
    #[test]
    fn a_customer_with_summer_school_cannot_be_paused() {
        for (modules, refused) in
            [(vec![], false), (vec!["absence"], false), (vec!["absence", "summer_school"], true)]
        {
            let modules: Vec<String> = modules.into_iter().map(str::to_owned).collect();
            assert_eq!(decide_pause("a", &modules).is_some_and(|warning| warning.refuses()), refused);
        }
    }

    #[test]
    fn dates_belong_to_the_year_of_the_plan() {
        let with_start = |start: &str| Calendar { school_year_start: Some(day(start)), ..calendar() };
        for (start, warned) in [("2023-12-31", 1), ("2024-01-01", 0), ("2024-12-31", 0), ("2025-01-01", 1)] {
            assert_eq!(decide_year(&with_start(start), 2024).len(), warned, "{start}");
        }
        let with_term = |start: &str, end: &str| {
            let mut calendar = calendar();
            (calendar.terms[0].start, calendar.terms[0].end) = (day(start), day(end));
            calendar
        };
        for (start, end, warned) in [
            ("2023-01-01", "2025-12-31", 0),
            ("2022-12-31", "2025-12-31", 1),
            ("2023-01-01", "2026-01-01", 1),
        ] {
            assert_eq!(decide_year(&with_term(start, end), 2024).len(), warned, "{start} {end}");
        }
    }

    #[test]
    fn the_year_starts_after_the_last_teaching_day() {
        for (start, warned) in [("2024-06-20", true), ("2024-06-21", true), ("2024-06-22", false)] {
            let calendar = Calendar { school_year_start: Some(day(start)), ..calendar() };
            assert_eq!(decide_order(&calendar).is_some(), warned, "{start}");
        }
    }

    // DOMAIN M2
    #[test]
    fn lead_time_is_counted_to_the_day() {
        let start = Some(day("2024-08-19"));
        for (today, warned) in [
            ("2024-06-23", false),
            ("2024-06-24", false),
            ("2024-06-25", true),
            ("2024-08-18", true),
            ("2024-08-19", false),
        ] {
            assert_eq!(decide_lead(Some(8), start, day(today)).is_some(), warned, "{today}");
        }
        assert_eq!(decide_lead(None, start, day("2024-08-18")), None);
        assert_eq!(decide_lead(Some(8), None, day("2024-08-18")), None);
    }

    // DOMAIN M3
    #[test]
    fn dates_that_are_not_known_are_asked_for() {
        assert_eq!(decide_vendor_date(&calendar()), None);
        assert_eq!(decide_vendor_date(&Calendar::default()), Some(Warning::VendorDateMissing));
        assert_eq!(decide_last_teaching_day(&calendar()), None);
        assert_eq!(decide_last_teaching_day(&Calendar::default()), Some(Warning::LastTeachingDayMissing));
    }

    // DOMAIN S6
    #[test]
    fn two_steps_of_a_lane_in_one_minute_are_told_once() {
        let used = |step: &str, moments: &[&str]| LaneUse {
            step: step.to_owned(),
            lane: Lane::Site,
            moments: moments.iter().map(|local| moment(local)).collect(),
        };
        let first = ["2024-06-21 02:30:00", "2024-06-22 02:30:00"];
        for (second, warned) in [
            (["2024-06-21 02:29:59", "2024-06-22 02:29:59"], 0),
            (["2024-06-21 02:30:00", "2024-06-22 02:30:00"], 1),
            (["2024-06-21 02:30:59", "2024-06-22 02:31:00"], 1),
            (["2024-06-21 02:31:00", "2024-06-22 02:31:00"], 0),
        ] {
            assert_eq!(
                decide_same_lane(&[used("a", &first), used("b", &second)]).len(),
                warned,
                "{second:?}"
            );
        }
        let three = [used("a", &first), used("b", &first), used("c", &first)];
        assert_eq!(decide_same_lane(&three).len(), 3);
        assert!(decide_same_lane(&[used("a", &[first[0], first[0]])]).is_empty());
    }
}
