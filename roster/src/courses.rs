//! The guard on courses of the new school year: none of them before its start date (DOMAIN C1).

use crate::model::Course;
use chrono::NaiveDate;

/// Whether a new course flows or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CourseVerdict {
    Flows,
    HeldBack,
}

/// C1: before the start date a new course waits; on the day itself it flows.
pub fn decide_hold_back(today: NaiveDate, opens: NaiveDate) -> CourseVerdict {
    if today < opens { CourseVerdict::HeldBack } else { CourseVerdict::Flows }
}

pub(crate) fn is_summer_school(course: &Course, prefix: Option<&str>) -> bool {
    prefix.is_some_and(|prefix| course.code.as_deref().is_some_and(|code| code.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // DOMAIN C1
    #[test]
    fn the_start_date_itself_opens_the_guard() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let opens = day("2024-08-19");
        let cases = [
            ("2024-08-18", CourseVerdict::HeldBack),
            ("2024-08-19", CourseVerdict::Flows),
            ("2024-08-20", CourseVerdict::Flows),
        ];
        for (today, expected) in cases {
            assert_eq!(decide_hold_back(day(today), opens), expected, "{today}");
        }
    }
}
