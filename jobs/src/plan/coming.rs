//! The moments that a task has before it: the one that it stands at, then those of its rule.

use super::{Moment, Trigger, TriggerError};
use crate::Calendar;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// `due` is where the task stands, which a person may have moved: to a moment that its trigger does not know. Only a
/// cron rule goes on after it; a date that was moved does not come again.
pub fn coming(
    trigger: Option<&Trigger>,
    due: DateTime<Utc>,
    count: usize,
    tz: Tz,
    calendar: &Calendar,
) -> Result<Vec<Moment>, TriggerError> {
    let mut moments = vec![Moment { at: due, local: due.with_timezone(&tz).naive_local(), note: None }];
    if let Some(rule @ Trigger::Cron { .. }) = trigger {
        let found = rule.moments(due - Duration::microseconds(1), count, tz, calendar)?;
        // The rule's own moment says what daylight saving did to it.
        if found.first().is_some_and(|first| first.at == due) {
            moments.clear();
        }
        moments.extend(found);
    }
    moments.truncate(count);
    Ok(moments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Oslo;

    fn told(trigger: &Trigger, due: &str) -> Vec<String> {
        let found = coming(Some(trigger), due.parse().unwrap(), 3, Oslo, &Calendar::default()).unwrap();
        found.iter().map(|moment| moment.local.format("%m-%d %H:%M").to_string()).collect()
    }

    #[test]
    fn a_moved_task_stands_where_it_was_moved_to() {
        let date = Trigger::Date { at: "2024-06-21 18:00".parse().unwrap() };
        let night = Trigger::Cron { cron: "30 2 * * *".parse().unwrap(), from: None, until: None };
        for (trigger, due, expected) in [
            (&date, "2024-06-21T16:00:00Z", vec!["06-21 18:00"]),
            (&date, "2024-06-20T04:00:00Z", vec!["06-20 06:00"]),
            (&Trigger::Hand, "2024-06-20T04:00:00Z", vec!["06-20 06:00"]),
            (&night, "2024-06-20T00:30:00Z", vec!["06-20 02:30", "06-21 02:30", "06-22 02:30"]),
            (&night, "2024-06-20T04:00:00Z", vec!["06-20 06:00", "06-21 02:30", "06-22 02:30"]),
        ] {
            assert_eq!(told(trigger, due), expected, "{trigger}, due {due}");
        }
    }

    // DOMAIN S3
    #[test]
    fn the_note_of_the_night_of_daylight_saving_is_kept() {
        let night = Trigger::Cron { cron: "30 2 * * *".parse().unwrap(), from: None, until: None };
        let due = "2024-03-31T01:00:00Z".parse().unwrap();
        let found = coming(Some(&night), due, 1, Oslo, &Calendar::default()).unwrap();
        assert!(found[0].note.is_some(), "{found:?}");
    }
}
