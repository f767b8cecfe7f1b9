//! `/runs/{id}`: one import run: what came, what was done, what was refused and why; never a child's name.

use super::{customer::MailLine, needs::id_and_name};
use crate::{
    ledger::{MailRow, RunRow},
    web::{
        desk::{Desk, Frame, Number, Page},
        error::PageError,
        sign::Sign,
        stamp::{Stamp, Wall, day, span_words},
    },
};
use askama::Template;
use rollover_jobs::{
    Customer,
    ports::{Outcome, RunRecord, SiteCounts},
};
use rollover_roster::{
    course_fate::CourseEnd,
    diff::{Action, ChangeCounts},
    explain::Breakdown,
    figures::thousands,
    filter::Breach,
    model::Kind,
    read::ReadError,
};
use std::collections::BTreeSet;

/// One run in a list.
pub(in crate::web) struct RunLine {
    pub id: i64,
    pub sign: Sign,
    pub at: Stamp,
    pub sentence: String,
    pub before: u64,
    pub after: u64,
}

/// One kind of thing that the site holds, before and after.
pub(in crate::web) struct CountLine {
    pub name: String,
    pub before: u64,
    pub after: u64,
}

impl CountLine {
    /// `+3`, `−12`, or nothing.
    pub fn change(&self) -> String {
        match self.after.cmp(&self.before) {
            std::cmp::Ordering::Greater => format!("+{}", self.after - self.before),
            std::cmp::Ordering::Less => format!("−{}", self.before - self.after),
            std::cmp::Ordering::Equal => String::new(),
        }
    }
}

/// One kind of record: what was planned, and how much of it waits.
pub(in crate::web) struct PlannedLine {
    pub kind: String,
    pub create: u64,
    pub update: u64,
    pub delete: u64,
    pub postponed: u64,
}

pub(in crate::web) struct BreachLine {
    pub text: String,
    /// Why, a fragment each.
    pub causes: Vec<String>,
    pub breakdowns: Vec<Breakdown>,
}

impl BreachLine {
    pub fn new(breach: &Breach) -> Self {
        Self {
            text: breach.to_string(),
            causes: breach.causes.iter().map(ToString::to_string).collect(),
            breakdowns: breach.breakdowns(),
        }
    }
}

/// Courses whose group went with this run.
pub(in crate::web) struct CoursesGone {
    pub count: String,
    pub became: &'static str,
    pub titles: Vec<String>,
    /// How many are not named.
    pub more: u64,
}

impl CoursesGone {
    fn of(record: &RunRecord) -> Option<Self> {
        let gone = &record.courses_gone;
        (gone.count > 0).then(|| Self {
            count: thousands(gone.count),
            became: match gone.end {
                CourseEnd::Archived => {
                    "left the hierarchy for the archive: their groups are gone. Participants became manual participants \
                     and keep access"
                }
                CourseEnd::Detached => {
                    "left the hierarchy and live on as manual courses, since course archiving is off: their groups are \
                     gone. Participants became manual participants"
                }
            },
            titles: gone.titles.clone(),
            more: gone.count.saturating_sub(gone.titles.len() as u64),
        })
    }
}

#[derive(Template)]
#[template(path = "run.html")]
pub(in crate::web) struct RunPage {
    pub frame: Frame,
    pub id: i64,
    pub sign: Sign,
    pub customer: (String, String),
    pub sentence: String,
    /// The run that this one takes back, or was to.
    pub undoes: Option<i64>,
    /// The run that has taken this one back.
    pub undone_by: Option<i64>,
    pub job: i64,
    pub began: Stamp,
    pub took: String,
    pub file: Option<String>,
    pub roster: Option<String>,
    pub used_decision: Option<i64>,
    pub failure: Option<String>,
    pub counts: Vec<CountLine>,
    pub planned: Vec<PlannedLine>,
    pub applied: [(&'static str, u64); 4],
    pub breaches: Vec<BreachLine>,
    pub postponed: u64,
    pub postponed_until: Option<String>,
    pub held_courses: u64,
    pub held_until: Option<String>,
    pub not_released: u64,
    pub courses_gone: Option<CoursesGone>,
    pub predicted_duplicates: u64,
    pub read_errors: Vec<ReadError>,
    pub more_errors: u64,
    pub mails: Vec<MailLine>,
    /// The same to every recipient.
    pub mail_text: String,
}

pub(in crate::web) async fn run(desk: Desk, Number(id): Number) -> Result<Page<RunPage>, PageError> {
    let ledger = desk.ledger();
    let run = ledger.run(id).await?;
    let customer = ledger.customer(&run.customer_id).await?;
    let mails = ledger.mails_of_run(id).await?;
    let wall = desk.wall(customer.time_zone);
    let frame = desk.frame(&format!("Import run {id}"));
    Ok(Page(RunPage::new(frame, &run, &customer, &mails, wall)))
}

/// The outcome as a sentence for people.
pub(super) fn sentence(record: &RunRecord) -> String {
    let nothing = if record.applied_in_part { "nothing more was applied" } else { "nothing was applied" };
    let undo = record.undo_of.map(|run| format!("Undo of run {run}: ")).unwrap_or_default();
    let mut said = match record.outcome {
        Outcome::Completed => {
            let applied = record.applied;
            format!(
                "{undo}{} created, {} updated, {} deleted at the site",
                applied.created, applied.updated, applied.deleted
            )
        }
        Outcome::Unchanged => "The roster is the one that is in already".to_owned(),
        Outcome::Aborted => match record.breaches.first() {
            Some(first) => {
                let more = record.breaches.len() - 1;
                let others = if more > 0 { format!(", and {more} more") } else { String::new() };
                format!("{undo}The Filter stopped it, {nothing}: {first}{others}")
            }
            None => format!("{undo}It was stopped, {nothing}"),
        },
        Outcome::Failed => match (&record.read_errors, &record.failure) {
            (Some(report), _) => format!("The roster cannot be read, {nothing}: {report}"),
            (None, Some(why)) => format!("{undo}It failed, {nothing}: {why}"),
            (None, None) => format!("{undo}It failed, {nothing}"),
        },
        Outcome::NoRoster => format!("No roster came, {nothing}"),
    };
    if record.applied_in_part {
        said.push_str(match record.outcome {
            Outcome::Completed => "; what an earlier roster, applied in part, had left was put right",
            _ => "; the site holds a roster in part until the next is taken in",
        });
    }
    if let Some(until) = record.postponed_until {
        said.push_str(&format!("; {} deletes wait until {}", record.postponed_deletes.total(), day(until)));
    }
    if let Some(until) = record.held_until {
        said.push_str(&format!("; {} courses are held back until {}", record.held_courses, day(until)));
    }
    if record.outcome == Outcome::Completed && !record.not_released.is_empty() {
        said.push_str(&format!("; {} changes were not released and stay held", record.not_released.total()));
    }
    said
}

fn in_all(counts: &SiteCounts) -> u64 {
    counts.persons.values().sum::<u64>() + counts.groups.values().sum::<u64>() + counts.courses_active
}

impl RunLine {
    pub fn new(run: &RunRow, wall: Wall) -> Self {
        let record = &run.record.0;
        Self {
            id: run.id,
            sign: Sign::of_run(record.outcome),
            at: wall.minute(run.ended_at),
            sentence: match run.undone_by {
                Some(by) => format!("{}; undone by run {by}", sentence(record)),
                None => sentence(record),
            },
            before: in_all(&record.before),
            after: in_all(&record.after),
        }
    }
}

fn count_lines(before: &SiteCounts, after: &SiteCounts) -> Vec<CountLine> {
    let mut lines = Vec::new();
    for (what, before, after) in
        [("Persons", &before.persons, &after.persons), ("Groups", &before.groups, &after.groups)]
    {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        lines.extend(names.into_iter().map(|name| CountLine {
            name: format!("{what}: {name}"),
            before: before.get(name).copied().unwrap_or(0),
            after: after.get(name).copied().unwrap_or(0),
        }));
    }
    let line = |name: &str, before, after| CountLine { name: name.to_owned(), before, after };
    lines.push(line("Memberships", before.memberships, after.memberships));
    lines.push(line("Courses, active", before.courses_active, after.courses_active));
    lines.push(line("Courses, archived", before.courses_archived, after.courses_archived));
    lines
}

pub(super) fn planned_lines(planned: &ChangeCounts, postponed: &ChangeCounts) -> Vec<PlannedLine> {
    let line = |kind: Kind| PlannedLine {
        kind: format!("{kind}s"),
        create: planned.get(kind, Action::Create),
        update: planned.get(kind, Action::Update),
        delete: planned.get(kind, Action::Delete),
        postponed: postponed.get(kind, Action::Delete),
    };
    Kind::ALL.into_iter().map(line).collect()
}

impl RunPage {
    pub fn new(frame: Frame, run: &RunRow, customer: &Customer, mails: &[MailRow], wall: Wall) -> Self {
        let record = &run.record.0;
        let errors = record.read_errors.as_ref();
        let applied = record.applied;
        Self {
            frame,
            id: run.id,
            sign: Sign::of_run(record.outcome),
            customer: id_and_name(customer),
            sentence: sentence(record),
            undoes: run.undoes,
            undone_by: run.undone_by,
            job: run.job_id,
            began: wall.second(run.started_at),
            took: span_words(run.ended_at - run.started_at),
            file: record.roster_name.clone(),
            roster: record.roster.as_ref().map(|roster| roster.short()),
            used_decision: record.used_decision,
            failure: record.failure.clone(),
            counts: count_lines(&record.before, &record.after),
            planned: planned_lines(&record.planned, &record.postponed_deletes),
            applied: [
                ("created", applied.created),
                ("updated", applied.updated),
                ("deleted", applied.deleted),
                ("stood so already", applied.unchanged),
            ],
            breaches: record.breaches.iter().map(BreachLine::new).collect(),
            postponed: record.postponed_deletes.total(),
            postponed_until: record.postponed_until.map(day),
            held_courses: record.held_courses,
            held_until: record.held_until.map(day),
            not_released: match record.outcome {
                Outcome::Completed => record.not_released.total(),
                _ => 0,
            },
            courses_gone: CoursesGone::of(record),
            predicted_duplicates: record.predicted_duplicates,
            read_errors: errors.map(|report| report.errors.clone()).unwrap_or_default(),
            more_errors: errors.map_or(0, |report| report.more),
            mails: mails.iter().map(|mail| MailLine::new(mail, wall)).collect(),
            mail_text: mails.first().map(|mail| mail.text_body.clone()).unwrap_or_default(),
        }
    }
}
