//! `customer set --unset NAME`: the one way in which an optional setting is taken away.

use crate::exit::ExitError;
use rollover_jobs::{Calendar, Customer, CustomerSettings};
use std::str::FromStr;

/// What can be taken away, under the name by which it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unset {
    /// Of the customer.
    Setting(Setting),
    /// Of the calendar of one summer.
    Date(Date),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Middleware,
    StatusMailTo,
    Language,
    PersonalDataByMail,
    RosterFolder,
    RosterFrom,
    RosterDueBy,
    RosterTarget,
    RosterSource,
    RosterFormat,
    CourseArchiving,
    EarlyCourses,
    SummerCoursePrefix,
    Lenient,
    Mapping,
    Filter,
    RosterAtLeast,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Date {
    LastTeachingDay,
    SchoolYearStart,
    Vendor,
    Term(String),
}

const SETTINGS: [(&str, Setting); 17] = [
    ("middleware", Setting::Middleware),
    ("status-mail-to", Setting::StatusMailTo),
    ("language", Setting::Language),
    ("personal-data-by-mail", Setting::PersonalDataByMail),
    ("roster-folder", Setting::RosterFolder),
    ("roster-from", Setting::RosterFrom),
    ("roster-due-by", Setting::RosterDueBy),
    ("roster-target", Setting::RosterTarget),
    ("roster-source", Setting::RosterSource),
    ("roster-format", Setting::RosterFormat),
    ("course-archiving", Setting::CourseArchiving),
    ("early-courses", Setting::EarlyCourses),
    ("summer-course-prefix", Setting::SummerCoursePrefix),
    ("lenient", Setting::Lenient),
    ("mapping", Setting::Mapping),
    ("filter", Setting::Filter),
    ("roster-at-least", Setting::RosterAtLeast),
];

const DATES: [(&str, Date); 3] = [
    ("last-teaching-day", Date::LastTeachingDay),
    ("school-year-start", Date::SchoolYearStart),
    ("vendor-date", Date::Vendor),
];

impl FromStr for Unset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let setting = SETTINGS.iter().find(|(name, _)| *name == text).map(|(_, what)| Self::Setting(*what));
        let date = || DATES.iter().find(|(name, _)| *name == text).map(|(_, what)| Self::Date(what.clone()));
        let term = || text.strip_prefix("term=").map(|name| Self::Date(Date::Term(name.trim().to_owned())));
        setting.or_else(date).or_else(term).ok_or_else(|| {
            let known: Vec<&str> =
                SETTINGS.iter().map(|(name, _)| *name).chain(DATES.iter().map(|(name, _)| *name)).collect();
            format!("expected one of {} or term=NAME", known.join(", "))
        })
    }
}

/// Something of a calendar is taken away, so a summer must be named.
pub(super) fn changes_dates(unset: &[Unset]) -> bool {
    unset.iter().any(|what| matches!(what, Unset::Date(_)))
}

/// Every setting that is named becomes what it is for a new customer.
pub(super) fn take_settings(unset: &[Unset], customer: &mut Customer) {
    let usual = CustomerSettings::default();
    let settings = &mut customer.settings;
    for what in unset {
        let Unset::Setting(setting) = what else { continue };
        match setting {
            Setting::Middleware => customer.middleware = None,
            Setting::StatusMailTo => settings.status_mail_to.clear(),
            Setting::Language => settings.language = None,
            Setting::PersonalDataByMail => settings.personal_data_by_mail = false,
            Setting::RosterFolder => settings.roster_folder = None,
            Setting::RosterFrom => settings.fetch = None,
            Setting::RosterDueBy => settings.roster_due_by = None,
            Setting::RosterTarget => settings.roster_target = None,
            Setting::RosterSource => settings.roster_source = None,
            Setting::RosterFormat => settings.roster_format = usual.roster_format,
            Setting::CourseArchiving => settings.course_archiving = usual.course_archiving,
            Setting::EarlyCourses => settings.early_courses = usual.early_courses,
            Setting::SummerCoursePrefix => settings.summer_course_prefix = None,
            Setting::Lenient => settings.lenient = usual.lenient.clone(),
            Setting::Mapping => settings.mapping = usual.mapping.clone(),
            Setting::Filter => settings.filter = usual.filter,
            Setting::RosterAtLeast => settings.roster_at_least = usual.roster_at_least,
        }
    }
}

/// Every date that is named is not known any more.
pub(super) fn take_dates(unset: &[Unset], calendar: &mut Calendar) -> Result<(), ExitError> {
    for what in unset {
        let Unset::Date(date) = what else { continue };
        match date {
            Date::LastTeachingDay => calendar.last_teaching_day = None,
            Date::SchoolYearStart => calendar.school_year_start = None,
            Date::Vendor => calendar.vendor_date = None,
            Date::Term(name) => {
                let before = calendar.terms.len();
                calendar.terms.retain(|term| term.name != *name);
                if calendar.terms.len() == before {
                    return Err(ExitError::usage(format!(
                        "the calendar of that summer has no term {name:?}"
                    )));
                }
            }
        }
    }
    Ok(())
}
