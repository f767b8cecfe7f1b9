//! A customer and a calendar for the tests of this folder.

use crate::{Calendar, Customer, CustomerSettings, TermDates};
use chrono::NaiveDate;

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A Norwegian customer with these modules.
pub fn customer(modules: &[&str]) -> Customer {
    Customer {
        id: "nes".parse().unwrap(),
        name: "Nes kommune".to_owned(),
        country: "NO".parse().unwrap(),
        time_zone: chrono_tz::Europe::Oslo,
        mis: "fjordsas".to_owned(),
        middleware: None,
        modules: modules.iter().map(|module| (*module).to_owned()).collect(),
        settings: CustomerSettings::default(),
    }
}

pub fn calendar() -> Calendar {
    Calendar {
        last_teaching_day: Some(day("2024-06-21")),
        school_year_start: Some(day("2024-08-19")),
        terms: vec![
            TermDates { name: "Spring".to_owned(), start: day("2024-01-02"), end: day("2024-06-21") },
            TermDates { name: "Autumn".to_owned(), start: day("2024-08-19"), end: day("2024-12-20") },
        ],
        vendor_date: Some(day("2024-08-01")),
    }
}
