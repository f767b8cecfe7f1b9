//! What the last day of a delay-delete window will bring, seen on any day before it (DOMAIN P4).

use crate::{
    diff::{ChangeCounts, diff},
    filter::{Limits, Verdict, decide_abort},
    model::{KindCounts, Record},
};

/// What will take place when the window ends, if the roster stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The postponed deletes, with whatever else is not at the site yet.
    pub changes: ChangeCounts,
    /// What the Filter will say of them.
    pub verdict: Verdict,
}

/// Both streams are sorted as [`diff`] wants them; memory holds one record of each. `limits` is `None` where a recorded
/// decision has the Filter off.
pub fn forecast_window_end<E>(
    roster: impl Iterator<Item = Result<Record, E>>,
    mirror: impl Iterator<Item = Result<Record, E>>,
    limits: Option<&Limits>,
    first_import: bool,
) -> Result<Forecast, E> {
    let (mut size, mut changes) = (KindCounts::default(), ChangeCounts::default());
    let mirror = mirror.inspect(|record| {
        if let Ok(record) = record {
            size.add(record.kind());
        }
    });
    for change in diff(roster, mirror) {
        changes.add(&change?);
    }
    Ok(Forecast { changes, verdict: decide_abort(limits, &size, &changes, first_import) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diff::{Action, Change},
        filter::Limit,
        mirror::mirror_after,
        model::{Kind, Roster},
        samples::person,
    };
    use std::convert::Infallible;

    fn stream(roster: &Roster) -> impl Iterator<Item = Result<Record, Infallible>> {
        roster.records().iter().cloned().map(Ok)
    }

    fn persons(numbers: std::ops::Range<u32>) -> Roster {
        Roster::from_records(
            numbers.map(|number| person(&format!("p-{number:03}"), "Kari", "Berg", None)).collect(),
        )
    }

    // DOMAIN P3, P4
    #[test]
    fn the_last_day_brings_the_postponed_deletes_through_the_filter() {
        let limits = |max| {
            let mut limits = Limits::default();
            limits.person.delete = Limit { max_abs: Some(max), max_pct: None };
            limits
        };
        let mirror = persons(0..40);
        // (persons still in the roster, limit, deletes, passes)
        let cases = [(40, 0, 0, true), (31, 10, 9, true), (30, 10, 10, true), (29, 10, 11, false)];
        for (left, max, deletes, passes) in cases {
            // Two come in the window; what they make of the mirror is there already.
            let roster = Roster::from_records(
                persons(0..left).records().iter().chain(persons(100..102).records()).cloned().collect(),
            );
            let all: Vec<_> = diff(stream(&roster), stream(&mirror)).map(|change| change.unwrap()).collect();
            let flows = |change: &Change| change.action() != Action::Delete;
            let flowing = all.into_iter().filter(flows).map(Ok::<_, Infallible>);
            let held = mirror.records().iter().map(|record| Ok((record.clone(), record.hash())));
            let in_window = mirror_after(held, flowing).map(|after| after.unwrap().0);
            let in_window = Roster::from_records(in_window.collect());
            let limits = limits(max);
            let forecast =
                forecast_window_end(stream(&roster), stream(&in_window), Some(&limits), false).unwrap();
            let mut expected = ChangeCounts::default();
            expected.person.delete = deletes;
            assert_eq!(forecast.changes, expected, "{left} left");
            assert_eq!(forecast.verdict == Verdict::Pass, passes, "{left} left");
            if let Verdict::Abort(breaches) = &forecast.verdict {
                let found: Vec<_> =
                    breaches.iter().map(|breach| (breach.kind, breach.action, breach.of)).collect();
                assert_eq!(found, [(Kind::Person, Action::Delete, 42)]);
            }
            let off = forecast_window_end(stream(&roster), stream(&in_window), None, false).unwrap();
            assert_eq!(off.verdict, Verdict::Pass, "the Filter is off");
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_no_forecast() {
        let broken = || [Ok(person("a", "Kari", "Berg", None)), Err("broken off")].into_iter();
        assert_eq!(forecast_window_end(broken(), std::iter::empty(), None, false), Err("broken off"));
        assert_eq!(forecast_window_end(std::iter::empty(), broken(), None, false), Err("broken off"));
    }
}
