//! Decides whether an import that finds no file tells people that none came (DOMAIN I2).

use chrono::{DateTime, TimeDelta, Utc};

/// A roster comes once a night: one that was dealt with so lately is tonight's.
const ONE_NIGHT: TimeDelta = TimeDelta::hours(20);

/// What a missing file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRoster {
    /// None came: people are told.
    Alarm,
    /// An import by hand, or an earlier one, has dealt with it.
    CameBefore,
}

/// `newest` is when the newest roster was dealt with, whatever came of it.
pub(super) fn decide_no_roster(newest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> NoRoster {
    match newest {
        Some(at) if now - at < ONE_NIGHT => NoRoster::CameBefore,
        _ => NoRoster::Alarm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // DOMAIN I2
    #[test]
    fn a_roster_of_tonight_is_no_alarm() {
        let now: DateTime<Utc> = "2024-06-03T00:30:00Z".parse().unwrap();
        let cases = [
            (None, NoRoster::Alarm),
            (Some("2024-06-02T00:30:00Z"), NoRoster::Alarm),
            (Some("2024-06-02T04:30:00Z"), NoRoster::Alarm),
            (Some("2024-06-02T04:30:01Z"), NoRoster::CameBefore),
            (Some("2024-06-03T00:29:59Z"), NoRoster::CameBefore),
        ];
        for (newest, expected) in cases {
            let newest = newest.map(|text: &str| text.parse().unwrap());
            assert_eq!(decide_no_roster(newest, now), expected, "{newest:?}");
        }
    }
}
