//! When a task fires, as it stands in its row: a trigger, or what another version wrote.

use rollover_jobs::plan::Trigger;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reading a row never fails by its schedule: a task that cannot fire can still be seen, skipped and cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Schedule {
    Known(Trigger),
    Unknown(Value),
}

impl Schedule {
    /// `None`: of another version.
    pub const fn trigger(&self) -> Option<&Trigger> {
        match self {
            Self::Known(trigger) => Some(trigger),
            Self::Unknown(_) => None,
        }
    }

    /// The trigger, or what hinders reading it.
    pub fn read(&self) -> Result<&Trigger, String> {
        match self {
            Self::Known(trigger) => Ok(trigger),
            Self::Unknown(stored) => {
                let why = Trigger::deserialize(stored).err().map(|error| error.to_string());
                Err(why.unwrap_or_default())
            }
        }
    }
}

impl From<Trigger> for Schedule {
    fn from(trigger: Trigger) -> Self {
        Self::Known(trigger)
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(trigger) => trigger.fmt(f),
            Self::Unknown(_) => f.write_str("by a trigger that this version does not know"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_another_version_wrote_is_kept_as_it_stands() {
        let known = json!({"type": "cron", "cron": "0 6 * * *"});
        let unknown = [json!({"type": "lunar", "phase": 3}), json!({"type": "date", "on": "x"}), json!(7)];
        let schedule: Schedule = serde_json::from_value(known.clone()).unwrap();
        assert!(schedule.trigger().is_some() && schedule.read().is_ok());
        assert_eq!(json!(schedule), known);
        for stored in unknown {
            let schedule: Schedule = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(schedule, Schedule::Unknown(stored.clone()));
            assert!(!schedule.read().unwrap_err().is_empty());
            assert_eq!(json!(schedule), stored);
        }
    }
}
