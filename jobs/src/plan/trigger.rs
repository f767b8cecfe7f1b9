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
