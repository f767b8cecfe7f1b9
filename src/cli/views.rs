//! How moments and states read in a list.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// A moment on the customer's wall, with the zone's own letters: `2024-06-22 00:00 CEST`.
pub(super) fn local(moment: DateTime<Utc>, zone: Tz) -> String {
    moment.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z").to_string()
}

/// A moment in UTC: `2024-06-21 22:00 UTC`.
pub(super) fn utc(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A local time without a zone.
pub(super) fn wall(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// How far away: `in 3 days`, `2 hours ago`, `now`.
pub(super) fn distance(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let gap = moment - now;
    let size = gap.abs();
    let (count, unit) = if size < TimeDelta::minutes(1) {
        return "now".to_owned();
    } else if size < TimeDelta::hours(1) {
        (size.num_minutes(), "minute")
    } else if size < TimeDelta::days(1) {
        (size.num_hours(), "hour")
    } else {
        (size.num_days(), "day")
    };
    let plural = if count == 1 { "" } else { "s" };
    if gap > TimeDelta::zero() {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

/// A text cut to a width that a list can bear.
pub(super) fn short(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_read_like_speech() {
        let now: DateTime<Utc> = "2024-06-03T08:00:00Z".parse().unwrap();
        for (seconds, words) in [
            (0, "now"),
            (59, "now"),
            (60, "in 1 minute"),
            (-3_599, "59 minutes ago"),
            (3_600, "in 1 hour"),
            (-86_399, "23 hours ago"),
            (86_400, "in 1 day"),
            (-864_000, "10 days ago"),
        ] {
            assert_eq!(distance(now + TimeDelta::seconds(seconds), now), words);
        }
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(short("short", 5), "short");
        assert_eq!(short("longer", 5), "long…");
    }
}
