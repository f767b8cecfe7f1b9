//! The invented MIS of each customer: a roster file every night, with the summer's turns in it.

use super::customers::{Invented, Script};
use anyhow::Context;
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use rollover_jobs::RosterFormat;
use rollover_roster::{
    invent::Municipality,
    read::oneroster::Version,
    write::{Sender, write_imse, write_oneroster_zip},
};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// Files in the backup area of a customer.
const ROSTERS_KEPT: usize = 10;

/// One customer's MIS.
pub(super) struct Mis {
    municipality: Municipality,
    script: Script,
    source: String,
    format: RosterFormat,
    folder: PathBuf,
}

impl Mis {
    pub fn new(invented: &Invented, rosters: &Path) -> Self {
        Self {
            municipality: Municipality::new(&invented.municipality),
            script: invented.script,
            source: invented.municipality.source.clone(),
            format: invented.customer.settings.roster_format,
            folder: rosters.join(invented.customer.id.as_str()),
        }
    }

    /// Lays down the file of one night. On Sunday and Monday morning nothing has changed since.
    pub fn deliver(&mut self, now: DateTime<Utc>, day: NaiveDate) -> anyhow::Result<()> {
        self.change(day);
        fs::create_dir_all(&self.folder).with_context(|| format!("folder {}", self.folder.display()))?;
        let ending = match self.format {
            RosterFormat::ImsEnterprise => "xml",
            RosterFormat::OneRosterCsv => "zip",
        };
        let name = format!("roster-{day}.{ending}");
        let part = self.folder.join(format!("{name}.part"));
        let mut file = BufWriter::new(File::create(&part).with_context(|| part.display().to_string())?);
        let roster = self.municipality.roster();
        match self.format {
            RosterFormat::ImsEnterprise => write_imse(&mut file, &roster, &self.source, &now.to_rfc3339())?,
            RosterFormat::OneRosterCsv => write_oneroster_zip(&mut file, &roster, &self.sender(day))?,
        }
        file.flush()?;
        fs::rename(&part, self.folder.join(name)).with_context(|| part.display().to_string())?;
        self.thin_out_backup()
    }

    /// School years begin in August.
    fn sender(&self, day: NaiveDate) -> Sender {
        let autumn = if day.month() < 8 { day.year() - 1 } else { day.year() };
        let date = |year, month, day| {
            NaiveDate::from_ymd_opt(year, month, day).expect("a year of the calendar has this day")
        };
        Sender {
            source: self.source.clone(),
            system_name: self.source.clone(),
            version: Version::V1_1,
            year_begin: date(autumn, 8, 1),
            year_end: date(autumn + 1, 7, 31),
        }
    }

    /// As an operator's own housekeeping would: a summer of rosters fills a disk.
    fn thin_out_backup(&self) -> anyhow::Result<()> {
        let folder = self.folder.join("backup");
        let mut kept: Vec<PathBuf> =
            fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        kept.sort();
        let too_many = kept.len().saturating_sub(ROSTERS_KEPT);
        for old in kept.drain(..too_many) {
            fs::remove_file(&old).with_context(|| old.display().to_string())?;
        }
        Ok(())
    }

    fn change(&mut self, day: NaiveDate) {
        let script = self.script;
        if script.early_courses == Some(day) {
            self.municipality.new_courses_early();
        }
        if script.turns == day {
            self.municipality.turn_school_year();
        }
        if script.loses_school == Some(day) {
            self.municipality.lose_school();
        }
        if script.loses_school.is_some_and(|lost| lost.succ_opt() == Some(day)) {
            self.municipality.find_school_again();
        }
        if let Some((first, last)) = script.summer_school {
            if day == first {
                self.municipality.add_summer_school();
            }
            if day == last {
                self.municipality.end_summer_school();
            }
        }
        if !matches!(day.weekday(), Weekday::Sun | Weekday::Mon) {
            self.municipality.small_changes(2);
        }
    }
}
