//! The demonstration: six invented customers, a season on the simulated clock, and nobody's real data.
//!
//! Only the outside world is invented: the MIS that lays rosters down each night, and the people who sign off and
//! decide. Everything between is the product, from the folder of rosters to the status mails.

mod customers;
mod mis;
mod news;
mod people;
mod play;
mod table;

pub use play::{Day, Demo, Pace};
pub use table::{DemoTable, Row};

use chrono::{DateTime, Duration, TimeZone, Utc};

/// The summer that is played.
pub const YEAR: i32 = 2024;

/// The day before, on which support sets everything up.
pub fn sets_up() -> DateTime<Utc> {
    begins() - Duration::days(1)
}

/// 1 June, as the day begins in UTC.
pub fn begins() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(YEAR, 6, 1, 0, 0, 0).single().expect("a moment that exists once")
}

/// The end of 15 September.
pub fn ends() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(YEAR, 9, 16, 0, 0, 0).single().expect("a moment that exists once")
}
