//! `rollover roster stats`: what a roster holds, in figures.

use super::input::ReadArgs;
use crate::{
    cli::{context::Context, output, progress},
    exit::Exit,
};
use clap::Args;
use rollover_roster::{
    figures::thousands,
    model::{Kind, KindCounts, Profile, Record},
    places::SCHOOL,
    read::ReadRoster,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct StatsArgs {
    /// An IMS Enterprise file, a OneRoster ZIP or folder.
    file: PathBuf,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Default, Serialize)]
struct Stats {
    records: KindCounts,
    schools: u64,
    /// Groups by the feed's word for their sort.
    groups_by_type: BTreeMap<String, u64>,
    persons_by_profile: BTreeMap<String, u64>,
    memberships_by_role: BTreeMap<&'static str, u64>,
    memberships_per_student: f64,
    persons_without_birth_date: u64,
    persons_without_email: u64,
    datasource: Option<String>,
    target: Option<String>,
    datetime: Option<String>,
}

impl Stats {
    fn of(read: ReadRoster) -> Self {
        let mut stats = Self {
            records: read.roster.counts(),
            datasource: read.properties.datasource,
            target: read.properties.target,
            datetime: read.properties.datetime,
            ..Self::default()
        };
        read.roster.records().iter().for_each(|record| stats.add(record));
        stats.memberships_per_student = memberships_per_student(read.roster.records());
        stats
    }

    fn add(&mut self, record: &Record) {
        match record {
            Record::Group(group) => {
                self.schools += u64::from(group.level == SCHOOL);
                *self.groups_by_type.entry(group.group_type.clone()).or_default() += 1;
            }
            Record::Person(person) => {
                *self.persons_by_profile.entry(person.profile.as_str().to_owned()).or_default() += 1;
                self.persons_without_birth_date += u64::from(person.birth_date.is_none());
                self.persons_without_email += u64::from(person.email.is_none());
            }
            Record::Membership(member) => {
                *self.memberships_by_role.entry(member.role.as_str()).or_default() += 1;
            }
            Record::Course(_) => {}
        }
    }
}

/// Of groups and courses alike; 0 where there is no student.
fn memberships_per_student(records: &[Record]) -> f64 {
    let students: HashSet<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Person(person) if person.profile == Profile::Student => Some(&person.key),
            _ => None,
        })
        .collect();
    let of_students = records
        .iter()
        .filter(|record| matches!(record, Record::Membership(member) if students.contains(&member.person)));
    of_students.count() as f64 / students.len().max(1) as f64
}

pub(super) fn run(cx: &Context, args: &StatsArgs) -> anyhow::Result<Exit> {
    let spinner = progress::spinner(&format!("reading {}", args.file.display()));
    let stats = Stats::of(args.read.read_good(&args.file)?);
    spinner.finish_and_clear();
    if cx.json {
        output::json(&stats)?;
    } else {
        print(&stats);
    }
    Ok(Exit::Done)
}

fn print(stats: &Stats) {
    let figure = |count: u64, what: &str| output::line(format!("{:>12}  {what}", thousands(count)));
    for kind in Kind::ALL {
        figure(stats.records.get(kind), &format!("{kind}s"));
    }
    figure(stats.schools, "schools");
    output::line(format!("{:>12.1}  memberships a student", stats.memberships_per_student));
    figure(stats.persons_without_birth_date, "persons without birth date");
    figure(stats.persons_without_email, "persons without e-mail");
    stats.groups_by_type.iter().for_each(|(name, count)| figure(*count, &format!("groups of type {name}")));
    stats.persons_by_profile.iter().for_each(|(name, count)| figure(*count, &format!("persons: {name}")));
    stats
        .memberships_by_role
        .iter()
        .for_each(|(name, count)| figure(*count, &format!("memberships: {name}")));
    for (name, value) in
        [("data source", &stats.datasource), ("target", &stats.target), ("written at", &stats.datetime)]
    {
        if let Some(value) = value {
            output::line(format!("{name}: {value}"));
        }
    }
}
