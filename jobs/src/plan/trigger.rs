//! What starts a task: a date, a cron rule, another step, or a hand (DOMAIN S1 to S3).

use super::{Cron, MissingDate, Moment, Span, When, local_to_utc, settled_wall};
use crate::Calendar;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// Once.
    Date { at: When },
    /// Each local time of the rule from `from` to `until`, both included.
    Cron {
        cron: Cron,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<When>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<When>,
    },
    /// When another step of the plan is done.
    After {
        step: String,
        #[serde(default)]
        on: AfterWhat,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delay: Option<Span>,
    },
    /// When a person starts it.
    Hand,
}

/// Which end of the other step counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterWhat {
    #[default]
    Succeeded,
    /// However it ended.
    Ended,
}

/// No moments can be told from the trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    #[error(transparent)]
    Missing(#[from] MissingDate),
    #[error("the trigger ends at {until}, before it begins at {from}")]
    EndsBeforeItBegins { from: NaiveDateTime, until: NaiveDateTime },
}

impl Trigger {
    /// No more moments than this are told in one call.
    pub const MAX_MOMENTS: usize = 1_000;

    /// The first moment strictly after `after`. A trigger after a step and a trigger by hand have none.
    pub fn next_after(
        &self,
        after: DateTime<Utc>,
        tz: Tz,
        calendar: &Calendar,
    ) -> Result<Option<Moment>, TriggerError> {
        match self {
            Self::Date { at } => {
                Ok(Some(local_to_utc(at.resolve(calendar)?, tz)).filter(|moment| moment.at > after))
            }
            Self::Cron { cron, from, until } => {
                let window = Window::resolve(from.as_ref(), until.as_ref(), calendar)?;
                Ok(next_of_cron(cron, window, after, tz))
            }
            Self::After { .. } | Self::Hand => Ok(None),
        }
    }

    /// The next moments strictly after `from`, oldest first; at most `count` and [`Self::MAX_MOMENTS`].
    pub fn moments(
        &self,
        from: DateTime<Utc>,
        count: usize,
        tz: Tz,
        calendar: &Calendar,
    ) -> Result<Vec<Moment>, TriggerError> {
        let mut moments: Vec<Moment> = Vec::new();
        while moments.len() < count.min(Self::MAX_MOMENTS) {
            let after = moments.last().map_or(from, |last| last.at);
            match self.next_after(after, tz, calendar)? {
                Some(next) => moments.push(next),
                None => break,
            }
        }
        Ok(moments)
    }

    /// The same trigger without need of a calendar: what is stored with a task.
    pub fn fixed(&self, calendar: &Calendar) -> Result<Self, MissingDate> {
        let fixed = |when: &Option<When>| when.as_ref().map(|when| when.fixed(calendar)).transpose();
        Ok(match self {
            Self::Date { at } => Self::Date { at: at.fixed(calendar)? },
            Self::Cron { cron, from, until } => {
                Self::Cron { cron: cron.clone(), from: fixed(from)?, until: fixed(until)? }
            }
            Self::After { .. } | Self::Hand => self.clone(),
        })
    }

    /// How long after the end of the other step the task is due, in real time; zero where it does not say.
    pub fn delay(&self) -> Duration {
        match self {
            Self::After { delay: Some(delay), .. } => delay.length(),
            _ => Duration::zero(),
        }
    }

    /// The last moment of a cron rule; none where it goes on for ever.
    pub fn end(&self, tz: Tz, calendar: &Calendar) -> Result<Option<DateTime<Utc>>, MissingDate> {
        match self {
            Self::Cron { until: Some(until), .. } => Ok(Some(local_to_utc(until.resolve(calendar)?, tz).at)),
            _ => Ok(None),
        }
    }

    /// Every point that it is resolved from.
    pub fn whens(&self) -> impl Iterator<Item = &When> {
        let (one, other) = match self {
            Self::Date { at } => (Some(at), None),
            Self::Cron { from, until, .. } => (from.as_ref(), until.as_ref()),
            Self::After { .. } | Self::Hand => (None, None),
        };
        one.into_iter().chain(other)
    }
}

/// `once at …`, `cron … from … until …`, `after … succeeded`, `by hand`.
impl std::fmt::Display for Trigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Date { at } => write!(f, "once, {at}"),
            Self::Cron { cron, from, until } => {
                write!(f, "cron {cron}")?;
                from.as_ref().map_or(Ok(()), |from| write!(f, ", from {from}"))?;
                until.as_ref().map_or(Ok(()), |until| write!(f, ", until {until}"))
            }
            Self::After { step, on, delay } => {
                delay.map_or(Ok(()), |delay| write!(f, "{delay} "))?;
                let end = match on {
                    AfterWhat::Succeeded => "succeeded",
                    AfterWhat::Ended => "ended",
                };
                write!(f, "after {step} {end}")
            }
            Self::Hand => f.write_str("by hand"),
        }
    }
}

/// The local times between which a cron rule fires, both included.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: Option<NaiveDateTime>,
    until: Option<NaiveDateTime>,
}

impl Window {
    fn resolve(from: Option<&When>, until: Option<&When>, calendar: &Calendar) -> Result<Self, TriggerError> {
        let resolve = |when: Option<&When>| when.map(|when| when.resolve(calendar)).transpose();
        let (from, until) = (resolve(from)?, resolve(until)?);
        match (from, until) {
            (Some(from), Some(until)) if until < from => {
                Err(TriggerError::EndsBeforeItBegins { from, until })
            }
            _ => Ok(Self { from, until }),
        }
    }
}

/// One step on the wall clock, then one translation: since a later local time never has an earlier moment, the
/// result is always later than `after`, and local times that share a moment give it once.
fn next_of_cron(cron: &Cron, window: Window, after: DateTime<Utc>, tz: Tz) -> Option<Moment> {
    let settled = settled_wall(after, tz);
    let start = window.from.map_or(settled, |from| settled.max(from - Duration::seconds(1)));
    let local = cron.next_wall(start)?;
    window.until.is_none_or(|until| local <= until).then(|| local_to_utc(local, tz))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::Sao_Paulo, Australia::Lord_Howe, Europe::London, Europe::Oslo, Pacific::Apia};

    fn utc(text: &str) -> DateTime<Utc> {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc()
    }

    fn cron(rule: &str) -> Trigger {
        Trigger::Cron { cron: rule.parse().unwrap(), from: None, until: None }
    }

    fn window(rule: &str, from: &str, until: &str) -> Trigger {
        let when = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        Trigger::Cron { cron: rule.parse().unwrap(), from: when(from), until: when(until) }
    }

    fn moments(trigger: &Trigger, from: &str, count: usize, tz: Tz) -> Vec<String> {
        let found = trigger.moments(utc(from), count, tz, &Calendar::default()).unwrap();
        found.iter().map(|moment| moment.at.format("%m-%d %H:%M").to_string()).collect()
    }

    // DOMAIN S3
    #[test]
    fn a_nightly_rule_runs_once_each_night_across_daylight_saving() {
        let night = cron("30 2 * * *");
        assert_eq!(
            moments(&night, "2024-03-29 12:00", 3, Oslo),
            ["03-30 01:30", "03-31 01:00", "04-01 00:30"]
        );
        assert_eq!(
            moments(&night, "2024-10-25 12:00", 3, Oslo),
            ["10-26 00:30", "10-27 00:30", "10-28 01:30"]
        );
        let night = cron("30 1 * * *");
        assert_eq!(
            moments(&night, "2024-03-29 12:00", 3, London),
            ["03-30 01:30", "03-31 01:00", "04-01 00:30"]
        );
        assert_eq!(
            moments(&night, "2024-10-25 12:00", 3, London),
            ["10-26 00:30", "10-27 00:30", "10-28 01:30"]
        );
        let midnight = cron("0 0 * * *");
        assert_eq!(
            moments(&midnight, "2018-11-02 12:00", 3, Sao_Paulo),
            ["11-03 03:00", "11-04 03:00", "11-05 02:00"]
        );
        let late = cron("30 23 * * *");
        assert_eq!(
            moments(&late, "2019-02-15 12:00", 3, Sao_Paulo),
            ["02-16 01:30", "02-17 01:30", "02-18 02:30"]
        );
    }

    // DOMAIN S3
    #[test]
    fn between_the_two_passes_of_an_hour_the_rule_does_not_run_again() {
        let night = cron("30 2 * * *");
        for asked in [
            "2024-10-27 00:30",
            "2024-10-27 00:59",
            "2024-10-27 01:00",
            "2024-10-27 01:29",
            "2024-10-27 01:30",
        ] {
            assert_eq!(moments(&night, asked, 1, Oslo), ["10-28 01:30"], "{asked}");
        }
        assert_eq!(moments(&night, "2024-10-27 00:29", 1, Oslo), ["10-27 00:30"]);
    }

    // DOMAIN S3
    #[test]
    fn an_hourly_rule_runs_once_per_hour_of_the_wall_clock() {
        let hourly = cron("0 * * * *");
        assert_eq!(
            moments(&hourly, "2024-03-30 23:30", 3, Oslo),
            ["03-31 00:00", "03-31 01:00", "03-31 02:00"],
            "02:00 and 03:00 share a moment"
        );
        assert_eq!(
            moments(&hourly, "2024-10-26 23:30", 3, Oslo),
            ["10-27 00:00", "10-27 02:00", "10-27 03:00"]
        );
        let day = |start: &str, end: &str| {
            let found =
                hourly.moments(utc(start) - Duration::seconds(1), 48, Oslo, &Calendar::default()).unwrap();
            found.iter().filter(|moment| moment.at < utc(end)).count()
        };
        assert_eq!(day("2024-03-30 23:00", "2024-03-31 22:00"), 23);
        assert_eq!(day("2024-10-26 22:00", "2024-10-27 23:00"), 24);
    }

    // DOMAIN S3
    #[test]
    fn a_rule_for_every_minute_never_repeats_a_moment() {
        let minutely = cron("* * * * *");
        for (tz, from) in [
            (Oslo, "2024-03-31 00:00"),
            (Oslo, "2024-10-26 23:00"),
            (London, "2024-03-31 00:00"),
            (Sao_Paulo, "2018-11-04 02:00"),
            (Sao_Paulo, "2019-02-17 01:00"),
            (Lord_Howe, "2024-10-05 14:00"),
            (Lord_Howe, "2024-04-06 14:00"),
            (Apia, "2011-12-30 09:00"),
        ] {
            let found = minutely.moments(utc(from), 300, tz, &Calendar::default()).unwrap();
            assert_eq!(found.len(), 300);
            assert!(found.is_sorted_by(|one, next| one.at < next.at), "{tz} {from}");
            let gaps: Vec<i64> = found.windows(2).map(|two| (two[1].at - two[0].at).num_minutes()).collect();
            assert!(gaps.iter().filter(|gap| **gap != 1).count() <= 1, "{tz} {from}: {gaps:?}");
        }
        assert_eq!(
            moments(&minutely, "2024-03-31 00:58", 3, Oslo),
            ["03-31 00:59", "03-31 01:00", "03-31 01:01"],
            "the sixty minutes of the gap are one moment"
        );
        assert_eq!(moments(&minutely, "2024-10-27 00:58", 2, Oslo), ["10-27 00:59", "10-27 02:00"]);
    }

    #[test]
    fn moments_do_not_depend_on_where_one_starts() {
        let rule = cron("*/20 * * * *");
        for (tz, from) in
            [(Oslo, "2024-03-30 22:00"), (Oslo, "2024-10-26 22:00"), (Sao_Paulo, "2018-11-04 00:00")]
        {
            let all = rule.moments(utc(from), 30, tz, &Calendar::default()).unwrap();
            for minute in 0..360 {
                let after = utc(from) + Duration::minutes(minute) + Duration::milliseconds(500);
                let next = rule.next_after(after, tz, &Calendar::default()).unwrap().unwrap();
                assert_eq!(next, *all.iter().find(|moment| moment.at > after).unwrap(), "{tz} {after}");
            }
        }
    }

    #[test]
    fn both_ends_of_a_window_are_included() {
        let rule = window("30 2 * * *", "2024-06-20 02:30", "2024-06-22 02:30");
        assert_eq!(
            moments(&rule, "2024-01-01 00:00", 9, Oslo),
            ["06-20 00:30", "06-21 00:30", "06-22 00:30"]
        );
        let rule = window("30 2 * * *", "2024-06-20 02:31", "2024-06-22 02:29");
        assert_eq!(moments(&rule, "2024-01-01 00:00", 9, Oslo), ["06-21 00:30"]);
        let rule = window("30 2 * * *", "", "2024-03-31 02:29");
        assert_eq!(
            moments(&rule, "2024-03-30 00:00", 9, Oslo),
            ["03-30 01:30"],
            "the wall time decides in the gap"
        );
        let rule = window("30 2 * * *", "2024-03-31 02:31", "2024-04-01");
        assert!(moments(&rule, "2024-03-30 00:00", 9, Oslo).is_empty());
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_an_error() {
        let next =
            |trigger: &Trigger| trigger.next_after(utc("2024-01-01 00:00"), Oslo, &Calendar::default());
        assert!(next(&window("0 0 * * *", "2024-06-22", "2024-06-22")).is_ok());
        assert!(matches!(
            next(&window("0 0 * * *", "2024-06-22", "2024-06-21 23:59")),
            Err(TriggerError::EndsBeforeItBegins { .. })
        ));
        assert!(matches!(next(&window("0 0 * * *", "vendor_date", "")), Err(TriggerError::Missing(_))));
    }

    #[test]
    fn a_date_fires_once() {
        let date = Trigger::Date { at: "2024-03-31 02:30".parse().unwrap() };
        assert_eq!(moments(&date, "2024-03-31 00:59", 9, Oslo), ["03-31 01:00"]);
        assert!(moments(&date, "2024-03-31 01:00", 9, Oslo).is_empty());
        assert!(moments(&Trigger::Hand, "2024-03-31 01:00", 9, Oslo).is_empty());
    }

    #[test]
    fn no_more_moments_than_the_limit() {
        assert_eq!(
            moments(&cron("* * * * * *"), "2024-03-31 00:59", 5_000, Oslo).len(),
            Trigger::MAX_MOMENTS
        );
    }

    #[test]
    fn only_a_step_after_another_has_a_delay() {
        let after = |delay: &str| Trigger::After {
            step: "close_terms".to_owned(),
            on: AfterWhat::Succeeded,
            delay: (!delay.is_empty()).then(|| delay.parse().unwrap()),
        };
        assert_eq!(after("2w").delay(), Duration::days(14));
        assert_eq!(after("").delay(), Duration::zero());
        assert_eq!(Trigger::Hand.delay(), Duration::zero());
    }

    #[test]
    fn the_stored_form_is_stable() {
        for json in [
            r#"{"type":"date","at":"last_teaching_day + 1d 18:00"}"#,
            r#"{"type":"cron","cron":"30 2 * * *","until":"2024-06-21 23:59"}"#,
            r#"{"type":"after","step":"close_terms","on":"ended","delay":"2d"}"#,
            r#"{"type":"hand"}"#,
        ] {
            let trigger: Trigger = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&trigger).unwrap(), json);
        }
        assert!(
            serde_json::from_str::<Trigger>(r#"{"type":"date","at":"2024-06-21","every":"day"}"#).is_err()
        );
    }
}
