//! The options that describe a customer: the same for `customer add` and `customer set`.

use super::{
    fetch_fields::FetchFields,
    limits::{LimitField, apply_limits},
    unset::{self, Unset},
};
use crate::{config::MAX_KEEP_DAYS, exit::ExitError, mail::address::parse_recipient};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use rollover_jobs::{
    Calendar, CustomerSettings, DueBy, EarlyCourses, Language, LeastShare, Retention, RosterFormat,
    TermDates, plan::TEMPLATES,
};
use rollover_roster::read::{Leniency, Lenient, Mapping};
use std::{collections::BTreeSet, str::FromStr};

/// Settings of a customer; what is not given stays as it is.
#[derive(Debug, Default, Args)]
pub(super) struct SettingsFields {
    /// Recipient of the status mails; several times for several. Replaces the list.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_recipient)]
    status_mail_to: Vec<String>,
    /// The language of its mails: en, nb or sv. Without it the one of its country, for NO nb, for SE sv, else en.
    #[arg(long, value_name = "CODE", value_parser = Language::from_str)]
    language: Option<Language>,
    /// Folder that the rosters arrive in.
    #[arg(long, value_name = "FOLDER")]
    roster_folder: Option<String>,
    #[command(flatten)]
    fetch: FetchFields,
    /// By when a roster must have come, by the customer's clock: HH:MM, and weekdays if not on every day, as
    /// "06:00 mon-fri". When none came since the time before, an alert mail goes to both sides.
    #[arg(long, value_name = "HH:MM [DAYS]", value_parser = DueBy::from_str)]
    roster_due_by: Option<DueBy>,
    /// Whom a roster must be meant for, as its <target> says; another is not taken in.
    #[arg(long, value_name = "NAME")]
    roster_target: Option<String>,
    /// Where a roster must come from, as its <datasource> says; another is not taken in.
    #[arg(long, value_name = "NAME")]
    roster_source: Option<String>,
    /// What the MIS sends.
    #[arg(long, value_enum)]
    roster_format: Option<Format>,
    /// Archive a course whose group is gone; without it the course lives on by itself.
    #[arg(long, value_name = "on|off", value_parser = parse_switch)]
    course_archiving: Option<bool>,
    /// What to do with courses of the new year that come before its start date.
    #[arg(long, value_enum)]
    early_courses: Option<Early>,
    /// New courses whose code begins so are of the summer school and flow at once.
    #[arg(long, value_name = "PREFIX")]
    summer_course_prefix: Option<String>,
    /// A departure from the roster's format that is read all the same, as bad_dates, or all, or none; several times
    /// for several. Replaces the list.
    #[arg(long, value_name = "NAME", value_parser = parse_lenient)]
    lenient: Vec<Lenient>,
    /// File with the mapping of the feed's roles, profiles, groups, sources and special courses, as TOML; an empty
    /// one takes the mapping away.
    #[arg(long, value_name = "FILE", value_parser = parse_mapping)]
    mapping: Option<Mapping>,
    /// Keep rosters for so many days, and so many of the newest however old they are; "default" as everybody's.
    #[arg(long, value_name = "DAYS,COUNT", value_parser = parse_retention)]
    keep_rosters: Option<Keep>,
    /// A limit of the Filter, as person.delete=5% or course.create=200 or group.update=off; several times for several.
    #[arg(long, value_name = "KIND.CHANGE=LIMIT", value_parser = LimitField::from_str)]
    filter: Vec<LimitField>,
    /// How much of the last roster's persons, and of its groups, a new one must hold to be taken for a whole one, as
    /// 50%, or off.
    #[arg(long, value_name = "PERCENT", value_parser = LeastShare::from_str)]
    roster_at_least: Option<LeastShare>,
}

/// `None`: as everybody's.
#[derive(Debug, Clone, Copy)]
struct Keep(Option<Retention>);

fn parse_retention(text: &str) -> Result<Keep, String> {
    if text == "default" {
        return Ok(Keep(None));
    }
    let figures = text.split_once(',').and_then(|(days, count)| {
        let (days, at_least) = (days.trim().parse().ok()?, count.trim().parse().ok()?);
        (days <= MAX_KEEP_DAYS).then_some(Retention { days, at_least })
    });
    let wrong = || format!("expected DAYS,COUNT with at most {MAX_KEEP_DAYS} days, as 400,10, or default");
    figures.map(|retention| Keep(Some(retention))).ok_or_else(wrong)
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    ImsEnterprise,
    OnerosterCsv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Early {
    HoldBack,
    Refuse,
}

pub(super) fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected on or off".to_owned()),
    }
}

impl SettingsFields {
    pub fn apply(self, settings: &mut CustomerSettings) -> Result<(), ExitError> {
        self.fetch.apply(&mut settings.fetch)?;
        if !self.status_mail_to.is_empty() {
            settings.status_mail_to = self.status_mail_to;
        }
        settings.language = self.language.or(settings.language);
        if self.roster_folder.is_some() {
            settings.roster_folder = self.roster_folder;
        }
        if self.roster_due_by.is_some() {
            settings.roster_due_by = self.roster_due_by;
        }
        if self.roster_target.is_some() {
            settings.roster_target = self.roster_target;
        }
        if self.roster_source.is_some() {
            settings.roster_source = self.roster_source;
        }
        if let Some(format) = self.roster_format {
            settings.roster_format = match format {
                Format::ImsEnterprise => RosterFormat::ImsEnterprise,
                Format::OnerosterCsv => RosterFormat::OneRosterCsv,
            };
        }
        if let Some(archiving) = self.course_archiving {
            settings.course_archiving = archiving;
        }
        if let Some(early) = self.early_courses {
            settings.early_courses = match early {
                Early::HoldBack => EarlyCourses::HoldBack,
                Early::Refuse => EarlyCourses::Refuse,
            };
        }
        if self.summer_course_prefix.is_some() {
            settings.summer_course_prefix = self.summer_course_prefix;
        }
        if !self.lenient.is_empty() {
            settings.lenient = self.lenient.iter().flat_map(Lenient::iter).collect();
        }
        if let Some(mapping) = self.mapping {
            settings.mapping = mapping;
        }
        if let Some(Keep(retention)) = self.keep_rosters {
            settings.retention = retention;
        }
        apply_limits(&self.filter, &mut settings.filter);
        settings.roster_at_least = self.roster_at_least.unwrap_or(settings.roster_at_least);
        Ok(())
    }
}

pub(super) fn parse_lenient(text: &str) -> Result<Lenient, String> {
    match text {
        "all" => Ok(Lenient::all()),
        "none" => Ok(Lenient::default()),
        name => match Leniency::parse(name) {
            Some(leniency) => Ok([leniency].into_iter().collect()),
            None => {
                let known: Vec<String> = Leniency::ALL.into_iter().map(Leniency::name).collect();
                Err(format!("{name:?}: expected all, none, or one of {}", known.join(", ")))
            }
        },
    }
}

pub(super) fn parse_mapping(file: &str) -> Result<Mapping, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let mapping: Mapping = toml::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    mapping.check().map_err(|error| format!("{file}: {error}"))?;
    Ok(mapping)
}

/// A module that some plan template asks for; a misspelt one would make its steps vanish without a word.
pub(super) fn parse_module(text: &str) -> Result<String, String> {
    let known: BTreeSet<&str> = TEMPLATES
        .iter()
        .flat_map(|template| &template.steps)
        .flat_map(|step| step.applies.modules.iter().chain(&step.applies.without_modules))
        .map(String::as_str)
        .collect();
    if known.contains(text) {
        return Ok(text.to_owned());
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(format!("expected one of {}", known.join(", ")))
}

/// A name that people read in lists: not empty, one line.
pub(super) fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("expected a name on one line".to_owned());
    }
    Ok(name.to_owned())
}

/// Dates of one summer; what is not given stays as it is.
#[derive(Debug, Default, Args)]
pub(super) struct CalendarFields {
    /// The summer that the dates belong to, as the calendar year in which it falls.
    #[arg(long, value_name = "YEAR")]
    year: Option<i32>,
    #[arg(long, value_name = "DATE")]
    last_teaching_day: Option<NaiveDate>,
    #[arg(long, value_name = "DATE")]
    school_year_start: Option<NaiveDate>,
    /// The MIS vendor's own date for its change of school year.
    #[arg(long, value_name = "DATE")]
    vendor_date: Option<NaiveDate>,
    /// A school term, as "Spring=2024-01-02..2024-06-21"; several times for several. Replaces one of that name.
    #[arg(long, value_name = "NAME=START..END", value_parser = parse_term)]
    term: Vec<TermDates>,
}

fn parse_term(text: &str) -> Result<TermDates, String> {
    let wrong = || format!("{text:?}: expected NAME=START..END, as \"Spring=2024-01-02..2024-06-21\"");
    let (name, dates) = text.split_once('=').ok_or_else(wrong)?;
    let (start, end) = dates.split_once("..").ok_or_else(wrong)?;
    let date = |text: &str| text.trim().parse::<NaiveDate>().map_err(|_| wrong());
    let (start, end) = (date(start)?, date(end)?);
    if name.trim().is_empty() || end < start {
        return Err(wrong());
    }
    Ok(TermDates { name: name.trim().to_owned(), start, end })
}

impl CalendarFields {
    /// The summer that is meant; `None` when no date is given.
    pub fn summer(&self, unset: &[Unset]) -> Result<Option<i32>, ExitError> {
        let dates = unset::changes_dates(unset)
            || self.last_teaching_day.is_some()
            || self.school_year_start.is_some()
            || self.vendor_date.is_some()
            || !self.term.is_empty();
        match (dates, self.year) {
            (true, None) => Err(ExitError::usage(
                "dates belong to one summer: say which with --year, as --year 2024".to_owned(),
            )),
            (true, year) => Ok(year),
            (false, _) => Ok(None),
        }
    }

    /// The dates put in; refuses a year that starts before the old one ends.
    pub fn apply(self, calendar: &mut Calendar) -> Result<(), ExitError> {
        calendar.last_teaching_day = self.last_teaching_day.or(calendar.last_teaching_day);
        calendar.school_year_start = self.school_year_start.or(calendar.school_year_start);
        calendar.vendor_date = self.vendor_date.or(calendar.vendor_date);
        for term in self.term {
            match calendar.terms.iter_mut().find(|known| known.name == term.name) {
                Some(known) => *known = term,
                None => calendar.terms.push(term),
            }
        }
        match calendar.last_teaching_day.zip(calendar.school_year_start) {
            Some((last, start)) if start <= last => Err(ExitError::usage(format!(
                "the school year would start on {start}, not after the last teaching day, {last}: correct one of them"
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leniency_is_named_as_it_is_stored() {
        assert_eq!(parse_lenient("bad_dates"), Ok([Leniency::BadDates].into_iter().collect()));
        assert_eq!(
            (parse_lenient("all"), parse_lenient("none")),
            (Ok(Lenient::all()), Ok(Lenient::default()))
        );
        assert!(
            parse_lenient("bad_manners")
                .unwrap_err()
                .contains("\"bad_manners\": expected all, none, or one of ")
        );
    }

    #[test]
    fn a_mapping_comes_from_a_file_and_names_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mapping.toml");
        let parse = |text: &str| {
            std::fs::write(&file, text).unwrap();
            parse_mapping(&file.to_string_lossy())
        };
        let good = "[[groups]]\nof = { type = \"fag\" }\nbecomes = \"course\"\n";
        assert_eq!(parse(good).unwrap().groups.len(), 1);
        assert_eq!(parse(""), Ok(Mapping::default()));
        let wrong = parse("[[groups]]\nof = { level = 99 }\nbecomes = \"course\"\n").unwrap_err();
        assert!(wrong.contains("mapping, groups[0].of.level: \"99\": expected 0 to 20"), "{wrong}");
    }

    #[test]
    fn a_term_has_a_name_and_two_dates_in_order() {
        assert_eq!(parse_term("Spring = 2024-01-02..2024-06-21").unwrap().name, "Spring");
        for wrong in
            ["", "Spring", "Spring=2024-01-02", "=2024-01-02..2024-06-21", "Spring=2024-06-21..2024-01-02"]
        {
            assert!(parse_term(wrong).is_err(), "{wrong}");
        }
    }
}
