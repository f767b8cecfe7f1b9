//! `rollover roster generate`: the roster of an invented municipality, as a file.

use super::input::Format;
use crate::{
    cli::progress,
    exit::{Exit, ExitError},
};
use anyhow::Context as _;
use chrono::NaiveDate;
use clap::Args;
use rollover_roster::{
    invent::{Invention, Municipality},
    model::Roster,
    read::oneroster::Version,
    write::{Sender, write_imse, write_oneroster_zip},
};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// The roster is built in memory, 6 KB a person; more would not fit a small server.
const MOST_PERSONS: usize = 250_000;
/// With school and class, twelve memberships a student.
const COURSES_PER_CLASS: usize = 10;
/// So many persons to one change of a night.
const PERSONS_PER_CHANGE: usize = 100;

#[derive(Debug, Args)]
pub(in crate::cli) struct GenerateArgs {
    /// About so many persons, in schools of about 800.
    #[arg(long, default_value_t = 2_000)]
    persons: usize,
    /// Another seed gives another municipality.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, value_enum, default_value_t = Format::Imse)]
    format: Format,
    /// The same municipality a night later: about one student in a hundred came, left, moved or has another name.
    #[arg(long, conflicts_with = "new_year")]
    next_night: bool,
    /// The same municipality a school year later: all move up, the last grade leaves, the courses are others.
    #[arg(long)]
    new_year: bool,
    /// Where it is written; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &GenerateArgs) -> anyhow::Result<Exit> {
    if !(1..=MOST_PERSONS).contains(&args.persons) {
        return Err(
            ExitError::usage(format!("--persons {}: expected 1 to {MOST_PERSONS}", args.persons)).into()
        );
    }
    let named = || args.out.display();
    let file = File::create_new(&args.out).with_context(|| format!("{} cannot be made", named()))?;
    let spinner = progress::spinner(&format!("inventing about {} persons", args.persons));
    let invention =
        Invention { courses_per_class: COURSES_PER_CLASS, ..Invention::large(args.seed, args.persons) };
    let mut municipality = Municipality::new(&invention);
    if args.next_night {
        municipality.small_changes((args.persons / PERSONS_PER_CHANGE).max(1));
    }
    if args.new_year {
        municipality.turn_school_year();
    }
    let year = invention.first_year + i32::from(args.new_year);
    write(file, &municipality.roster(), args.format, &invention.source, year)
        .with_context(|| format!("{} cannot be written", named()))
        .inspect_err(|_| remove(&args.out))?;
    spinner.finish_and_clear();
    Ok(Exit::Done)
}

fn write(file: File, roster: &Roster, format: Format, source: &str, year: i32) -> anyhow::Result<()> {
    let mut out = BufWriter::new(file);
    match format {
        Format::Imse => write_imse(&mut out, roster, source, &format!("{year}-10-01T02:00:00"))?,
        Format::Oneroster => {
            let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).context("no such day");
            let sender = Sender {
                source: source.to_owned(),
                system_name: "Invented municipality".to_owned(),
                version: Version::V1_2,
                year_begin: day(year, 8, 1)?,
                year_end: day(year + 1, 7, 31)?,
            };
            write_oneroster_zip(&mut out, roster, &sender)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Half a roster must not be taken for one.
fn remove(file: &Path) {
    let _left = std::fs::remove_file(file);
}
