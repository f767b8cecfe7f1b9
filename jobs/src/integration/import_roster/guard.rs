//! Decides whether the new courses of a roster wait for the start of the school year (DOMAIN C1).

use crate::ports::CourseGuard;
use chrono::NaiveDate;

/// Whether new courses wait on this day, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GuardVerdict {
    Holds,
    /// The old year is under way, or the new one has begun.
    OutsideSummer,
    /// The site holds nothing yet and teaching goes on: the courses are those of the year that ends.
    FirstOfThisYear,
}

/// A roster that finds an empty site cannot be told from its mirror, so the last teaching day tells which year its
/// courses are of. Where that day is not known they wait: a course that comes late harms less than one of the new
/// year in the old.
pub(super) fn decide_guard(guard: &CourseGuard, today: NaiveDate, first_import: bool) -> GuardVerdict {
    if !guard.holds(today) {
        GuardVerdict::OutsideSummer
    } else if first_import && guard.last_teaching_day.is_some_and(|last| today <= last) {
        GuardVerdict::FirstOfThisYear
    } else {
        GuardVerdict::Holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use GuardVerdict::{FirstOfThisYear, Holds, OutsideSummer};

    // DOMAIN C1
    #[test]
    fn a_first_import_until_the_last_teaching_day_brings_the_courses_of_its_year() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let (known, unknown) = (Some("2024-06-21"), None);
        let table = [
            // last teaching day, today, first import
            (known, "2024-05-20", true, OutsideSummer),
            (known, "2024-05-20", false, OutsideSummer),
            (known, "2024-05-21", true, FirstOfThisYear),
            (known, "2024-05-21", false, Holds),
            (known, "2024-06-20", true, FirstOfThisYear),
            (known, "2024-06-21", true, FirstOfThisYear),
            (known, "2024-06-21", false, Holds),
            (known, "2024-06-22", true, Holds),
            (known, "2024-08-18", true, Holds),
            (known, "2024-08-18", false, Holds),
            (known, "2024-08-19", true, OutsideSummer),
            (known, "2024-08-19", false, OutsideSummer),
            (unknown, "2024-05-20", true, OutsideSummer),
            (unknown, "2024-05-21", true, Holds),
            (unknown, "2024-08-18", true, Holds),
            (unknown, "2024-08-19", true, OutsideSummer),
        ];
        for (last, today, first, expected) in table {
            let guard = CourseGuard {
                from: day("2024-05-21"),
                opens: day("2024-08-19"),
                last_teaching_day: last.map(day),
                assumed: false,
            };
            assert_eq!(decide_guard(&guard, day(today), first), expected, "{last:?} {today} {first}");
        }
    }
}
