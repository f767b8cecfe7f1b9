//! A moment at which something is due, and the one way from a time on the customer's wall to it (DOMAIN S3).

use chrono::{DateTime, Duration, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// One due moment: the instant, and the time on the customer's wall that the rule asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub at: DateTime<Utc>,
    /// The local time asked for; it is not the local time of `at` where the clock jumped over it.
    pub local: NaiveDateTime,
    pub note: Option<DstNote>,
}

/// What daylight saving did to a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DstNote {
    /// The clock jumped over the time; the moment is the first one after the jump.
    DoesNotExist,
    /// The clock was put back over the time; the moment is the first of the two.
    ExistsTwice,
}

impl std::fmt::Display for DstNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DoesNotExist => "the clock jumps over this time: it runs once, at the next valid moment",
            Self::ExistsTwice => {
                "this time comes twice as the clock is put back: it runs once, the first time"
            }
        })
    }
}

/// No offset and no jump of a clock is wider than this.
const WIDEST_JUMP: Duration = Duration::hours(36);

/// The instant of a local time. A later local time never has an earlier instant.
pub fn local_to_utc(local: NaiveDateTime, tz: Tz) -> Moment {
    let (at, note) = match tz.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => (at.to_utc(), None),
        MappedLocalTime::Ambiguous(one, other) => (one.min(other).to_utc(), Some(DstNote::ExistsTwice)),
        MappedLocalTime::None => (end_of_gap(local, tz), Some(DstNote::DoesNotExist)),
    };
    Moment { at, local, note }
}

/// The wall time up to which, at the instant `at`, every local time has had its moment.
///
/// Mostly the wall time itself. In the second pass of an hour that comes twice it is the last second of that
/// hour, since each of its local times had its moment in the first pass.
pub fn settled_wall(at: DateTime<Utc>, tz: Tz) -> NaiveDateTime {
    let here = at.with_timezone(&tz);
    let wall = here.naive_local();
    let MappedLocalTime::Ambiguous(one, other) = tz.from_local_datetime(&wall) else { return wall };
    let first = one.min(other);
    let summer = first.offset().fix();
    if here.offset().fix() == summer {
        return wall;
    }
    let put_back = first_second(first.to_utc(), at, |t| t.with_timezone(&tz).offset().fix() != summer);
    put_back.naive_utc() + Duration::seconds(i64::from(summer.local_minus_utc())) - Duration::seconds(1)
}

fn end_of_gap(local: NaiveDateTime, tz: Tz) -> DateTime<Utc> {
    let middle = local.and_utc();
    first_second(middle - WIDEST_JUMP, middle + WIDEST_JUMP, |t| t.with_timezone(&tz).naive_local() > local)
}

/// The first second in `(low, high]` for which `holds`, by halving; it must not hold at `low`, and at `high` it must.
fn first_second(
    low: DateTime<Utc>,
    high: DateTime<Utc>,
    holds: impl Fn(DateTime<Utc>) -> bool,
) -> DateTime<Utc> {
    let start = low.timestamp();
    let (mut before, mut after) = (0, high.timestamp() - start);
    let base = low - Duration::nanoseconds(i64::from(low.timestamp_subsec_nanos()));
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if holds(base + Duration::seconds(middle)) { after = middle } else { before = middle }
    }
    base + Duration::seconds(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::Sao_Paulo, Australia::Lord_Howe, Europe::London, Europe::Oslo, Pacific::Apia};

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        local(text).and_utc()
    }

    #[test]
    fn a_local_time_has_one_moment_across_daylight_saving() {
        use DstNote::{DoesNotExist, ExistsTwice};
        // DOMAIN S3
        let table = [
            (Oslo, "2024-03-31 01:59:59", "2024-03-31 00:59:59", None),
            (Oslo, "2024-03-31 02:00:00", "2024-03-31 01:00:00", Some(DoesNotExist)),
            (Oslo, "2024-03-31 02:30:00", "2024-03-31 01:00:00", Some(DoesNotExist)),
            (Oslo, "2024-03-31 02:59:59", "2024-03-31 01:00:00", Some(DoesNotExist)),
            (Oslo, "2024-03-31 03:00:00", "2024-03-31 01:00:00", None),
            (Oslo, "2024-10-27 01:59:59", "2024-10-26 23:59:59", None),
            (Oslo, "2024-10-27 02:00:00", "2024-10-27 00:00:00", Some(ExistsTwice)),
            (Oslo, "2024-10-27 02:59:59", "2024-10-27 00:59:59", Some(ExistsTwice)),
            (Oslo, "2024-10-27 03:00:00", "2024-10-27 02:00:00", None),
            (London, "2024-03-31 00:59:59", "2024-03-31 00:59:59", None),
            (London, "2024-03-31 01:30:00", "2024-03-31 01:00:00", Some(DoesNotExist)),
            (London, "2024-03-31 02:00:00", "2024-03-31 01:00:00", None),
            (London, "2024-10-27 01:30:00", "2024-10-27 00:30:00", Some(ExistsTwice)),
            (London, "2024-10-27 02:00:00", "2024-10-27 02:00:00", None),
            // The gap is at midnight: the day begins at 01:00.
            (Sao_Paulo, "2018-11-03 23:59:59", "2018-11-04 02:59:59", None),
            (Sao_Paulo, "2018-11-04 00:00:00", "2018-11-04 03:00:00", Some(DoesNotExist)),
            (Sao_Paulo, "2018-11-04 01:00:00", "2018-11-04 03:00:00", None),
            (Sao_Paulo, "2019-02-16 23:30:00", "2019-02-17 01:30:00", Some(ExistsTwice)),
            (Sao_Paulo, "2019-02-17 00:00:00", "2019-02-17 03:00:00", None),
            // A jump of half an hour, and a day that does not exist at all.
            (Lord_Howe, "2024-10-06 02:15:00", "2024-10-05 15:30:00", Some(DoesNotExist)),
            (Apia, "2011-12-30 12:00:00", "2011-12-30 10:00:00", Some(DoesNotExist)),
        ];
        for (tz, asked, at, note) in table {
            let moment = local_to_utc(local(asked), tz);
            assert_eq!(moment, Moment { at: utc(at), local: local(asked), note }, "{tz} {asked}");
        }
    }

    #[test]
    fn in_the_second_pass_of_an_hour_its_local_times_are_settled() {
        let table = [
            ("2024-10-26 23:59:59", "2024-10-27 01:59:59"),
            ("2024-10-27 00:30:00", "2024-10-27 02:30:00"),
            ("2024-10-27 00:59:59", "2024-10-27 02:59:59"),
            ("2024-10-27 01:00:00", "2024-10-27 02:59:59"),
            ("2024-10-27 01:30:00", "2024-10-27 02:59:59"),
            ("2024-10-27 02:00:00", "2024-10-27 03:00:00"),
            ("2024-03-31 00:59:59", "2024-03-31 01:59:59"),
            ("2024-03-31 01:00:00", "2024-03-31 03:00:00"),
        ];
        for (at, wall) in table {
            assert_eq!(settled_wall(utc(at), Oslo), local(wall), "{at}");
        }
    }

    #[test]
    fn a_later_local_time_never_has_an_earlier_moment() {
        for (tz, start) in [
            (Oslo, "2024-03-30 00:00:00"),
            (Oslo, "2024-10-26 00:00:00"),
            (Sao_Paulo, "2018-11-03 00:00:00"),
            (Sao_Paulo, "2019-02-16 00:00:00"),
            (Lord_Howe, "2024-04-06 00:00:00"),
            (Apia, "2011-12-29 00:00:00"),
        ] {
            let start = local(start);
            let moments = (0..3 * 24 * 60).map(|m| local_to_utc(start + Duration::minutes(m), tz).at);
            let moments: Vec<_> = moments.collect();
            assert!(moments.is_sorted(), "{tz}");
            for at in moments {
                let next = settled_wall(at, tz) + Duration::seconds(1);
                assert!(local_to_utc(next, tz).at > at, "{tz} {at}");
            }
        }
    }
}
