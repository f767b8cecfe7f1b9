//! Six invented customers, each with what makes its summer worth watching.

use super::YEAR;
use chrono::NaiveDate;
use chrono_tz::Tz;
use rollover_jobs::{Calendar, Country, Customer, CustomerId, CustomerSettings, RosterFormat, TermDates};
use rollover_roster::invent::{Invention, Land};

/// A customer with its calendar, and the municipality behind it.
pub(super) struct Invented {
    pub customer: Customer,
    pub calendar: Calendar,
    pub municipality: Invention,
    /// What its MIS does in the course of the summer.
    pub script: Script,
    pub plans: &'static [&'static str],
}

/// The days on which a MIS does something out of the ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Script {
    /// Changes to the new school year.
    pub turns: NaiveDate,
    /// Sends the new courses before that, beside the old ones.
    pub early_courses: Option<NaiveDate>,
    /// Loses a school for one night.
    pub loses_school: Option<NaiveDate>,
    /// First and last day of its summer school.
    pub summer_school: Option<(NaiveDate, NaiveDate)>,
}

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(YEAR, month, day).expect("a day of the summer that is played")
}

struct Facts {
    id: &'static str,
    name: &'static str,
    country: &'static str,
    zone: Tz,
    mis: &'static str,
    middleware: Option<&'static str>,
    modules: &'static [&'static str],
    last_teaching_day: NaiveDate,
    school_year_start: NaiveDate,
    land: Land,
    seed: u64,
    schools: usize,
}

impl Facts {
    fn invent(self, script: Script, plans: &'static [&'static str]) -> Invented {
        let id: CustomerId = self.id.parse().expect("the ids of the demonstration are well formed");
        let country: Country = self.country.parse().expect("the countries of the demonstration exist");
        let settings = CustomerSettings {
            status_mail_to: vec![format!("it@{}.example", self.id), "support@rollover.example".to_owned()],
            course_archiving: self.modules.contains(&"courses"),
            summer_course_prefix: script.summer_school.map(|_| "SUMMER".to_owned()),
            ..CustomerSettings::default()
        };
        Invented {
            customer: Customer {
                id,
                name: self.name.to_owned(),
                country,
                time_zone: self.zone,
                mis: self.mis.to_owned(),
                middleware: self.middleware.map(str::to_owned),
                modules: self.modules.iter().map(|module| (*module).to_owned()).collect(),
                settings,
            },
            calendar: Calendar {
                last_teaching_day: Some(self.last_teaching_day),
                school_year_start: Some(self.school_year_start),
                terms: vec![
                    TermDates { name: "Autumn".to_owned(), start: self.school_year_start, end: day(12, 20) },
                    TermDates { name: "Spring".to_owned(), start: day(1, 3), end: self.last_teaching_day },
                ],
                vendor_date: Some(script.turns),
            },
            municipality: Invention {
                source: self.mis.to_owned(),
                country: self.land,
                schools: self.schools,
                first_year: YEAR - 1,
                ..Invention::small(self.seed)
            },
            script,
            plans,
        }
    }
}

const SCRIPT: Script =
    Script { turns: NaiveDate::MIN, early_courses: None, loses_school: None, summer_school: None };

/// All six, in the order of their ids.
pub(super) fn all() -> Vec<Invented> {
    let norway = |id, name, seed, modules| Facts {
        id,
        name,
        country: "NO",
        zone: Tz::Europe__Oslo,
        mis: "fjordsas",
        middleware: None,
        modules,
        last_teaching_day: day(6, 21),
        school_year_start: day(8, 19),
        land: Land::Norway,
        seed,
        schools: 3,
    };
    vec![
        Facts {
            id: "ashcombe",
            name: "Ashcombe Learning Trust",
            country: "GB",
            zone: Tz::Europe__London,
            mis: "quadmis",
            middleware: Some("wonde"),
            modules: &["courses", "absence"],
            last_teaching_day: day(7, 19),
            school_year_start: day(9, 3),
            land: Land::England,
            seed: 3,
            schools: 2,
        }
        .invent(Script { turns: day(8, 20), ..SCRIPT }, &["eoy", "bts"]),
        // Its file of 11 June lacks a whole school: the Filter stops it.
        norway("bergdal", "Bergdal kommune", 5, &["absence", "behaviour", "courses"])
            .invent(Script { turns: day(8, 5), loses_school: Some(day(6, 11)), ..SCRIPT }, &["eoy", "bts"]),
        // Teaching goes on in July: no pause, delay delete in its place.
        norway("fjordvik", "Fjordvik kommune", 4, &["absence", "courses", "summer_school"]).invent(
            Script { turns: day(8, 1), summer_school: Some((day(6, 24), day(7, 26))), ..SCRIPT },
            &["eoy", "summer_school", "bts"],
        ),
        lillevik(),
        norway("nes", "Nes kommune", 1, &["absence", "behaviour", "courses"])
            .invent(Script { turns: day(8, 1), ..SCRIPT }, &["eoy", "bts"]),
        // Its MIS changes early and sends the new courses early: deletes wait, courses are held back.
        Facts {
            id: "solberga",
            name: "Solberga kommun",
            country: "SE",
            zone: Tz::Europe__Stockholm,
            mis: "skolsas",
            middleware: None,
            modules: &["absence", "courses", "delay_delete"],
            last_teaching_day: day(6, 13),
            school_year_start: day(8, 20),
            land: Land::Sweden,
            seed: 2,
            schools: 3,
        }
        .invent(Script { turns: day(7, 1), early_courses: Some(day(6, 24)), ..SCRIPT }, &["eoy", "bts"]),
    ]
}

/// Two small schools whose MIS sends OneRoster.
fn lillevik() -> Invented {
    let facts = Facts {
        id: "lillevik",
        name: "Lillevik friskoler",
        country: "NO",
        zone: Tz::Europe__Oslo,
        mis: "klassebok",
        middleware: None,
        modules: &["courses"],
        last_teaching_day: day(6, 20),
        school_year_start: day(8, 15),
        land: Land::Norway,
        seed: 6,
        schools: 2,
    };
    let mut invented = facts.invent(Script { turns: day(8, 1), ..SCRIPT }, &["eoy", "bts"]);
    invented.customer.settings.roster_format = RosterFormat::OneRosterCsv;
    invented
}
