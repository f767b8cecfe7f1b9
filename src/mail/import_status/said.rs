//! What the status mail says: what happened, what to do next, what else is to know; each in the words of a language.

use super::{name, undo::undo_said, words::Words};
use chrono::NaiveDate;
use rollover_jobs::{
    CustomerId,
    ports::{Applied, CoursesGone, Outcome, RunRecord},
};
use rollover_roster::{course_fate::CourseEnd, diff::Action, model::Kind, shrunken::Shrunken};

pub(super) enum Happened<'a> {
    Completed(Applied),
    Unchanged,
    /// So many limits would be broken.
    Aborted(u64),
    /// So many errors are in the file.
    Unreadable(u64),
    /// So many courses came before the school year's start, and the customer's setting refuses that (C1).
    TooEarly(u64),
    /// The kinds of which most is missing (I4).
    TooSmall(&'a [Shrunken]),
    /// Why, as far as it is known: a fragment, in English.
    Failed(Option<&'a str>),
    NoRoster,
}

/// What a run that applied nothing leaves at the site.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left {
    /// What an import that broke off had brought.
    InPart,
    Unchanged,
    AsItWas,
    NothingApplied,
}

/// The one thing to do.
pub(super) enum Next {
    Nothing,
    /// What waits does so by design.
    NothingButWait,
    /// Unless changes were expected.
    NothingUnlessExpected,
    /// The Filter's question to the customer, about the roster of this short name.
    Decide(Option<String>),
    CorrectFile,
    /// A whole file, or a decision about the roster of this short name.
    SendWhole(Option<String>),
    SendWithoutNewCourses(NaiveDate),
    RemoveCause,
    LookForFile,
}

/// What else the reader must know: what does not reach the site yet, who may get a second account, which courses went
/// (DOMAIN P4, C1, F3, K2, C2, C3).
pub(super) enum Note<'a> {
    Deletes {
        count: u64,
        kinds: Vec<(Kind, u64)>,
        time: Time,
    },
    /// New courses; whether the day on which they come is known.
    Courses {
        count: u64,
        start_known: bool,
        time: Time,
    },
    /// Changes outside the part that a decision released.
    NotReleased(u64),
    /// Students without a sync key who look like one whom the roster makes; who they are is no matter of a mail.
    SecondAccounts {
        count: u64,
        customer: &'a CustomerId,
        accepted: bool,
    },
    CoursesGone {
        count: u64,
        end: CourseEnd,
        titles: Vec<String>,
        more: u64,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub until: NaiveDate,
    /// `false`: it would wait if the roster were taken in.
    pub accepted: bool,
}

pub(super) struct Told {
    pub title: &'static str,
    pub text: String,
}

/// What happened, and what to do next.
pub(super) fn said(customer: &CustomerId, run: &RunRecord, words: &dyn Words) -> (String, String) {
    let (mut happened, next) = undo_said(customer, run, words)
        .unwrap_or_else(|| (words.happened(&happened(run)), words.next(&next(run))));
    let addition = match run.outcome {
        Outcome::Completed if run.applied_in_part => words.put_right(),
        Outcome::Completed => "",
        _ => words.left(left(run)),
    };
    if !addition.is_empty() {
        happened.push(' ');
        happened.push_str(addition);
    }
    (happened, next)
}

fn happened(run: &RunRecord) -> Happened<'_> {
    match run.outcome {
        Outcome::Completed => Happened::Completed(run.applied),
        Outcome::Unchanged => Happened::Unchanged,
        Outcome::Aborted => Happened::Aborted(run.breaches.len() as u64),
        Outcome::NoRoster => Happened::NoRoster,
        Outcome::Failed => match &run.read_errors {
            Some(report) => Happened::Unreadable(report.total()),
            None if !run.shrunken.is_empty() => Happened::TooSmall(&run.shrunken),
            None if run.held_until.is_some() => Happened::TooEarly(run.held_courses),
            None => Happened::Failed(run.failure.as_deref()),
        },
    }
}

const fn left(run: &RunRecord) -> Left {
    if run.applied_in_part {
        return Left::InPart;
    }
    match run.outcome {
        Outcome::Unchanged => Left::Unchanged,
        Outcome::NoRoster => Left::AsItWas,
        _ => Left::NothingApplied,
    }
}

fn next(run: &RunRecord) -> Next {
    match run.outcome {
        Outcome::Completed if run.postponed_until.is_some() || run.held_until.is_some() => {
            Next::NothingButWait
        }
        Outcome::Completed => Next::Nothing,
        Outcome::Unchanged => Next::NothingUnlessExpected,
        Outcome::Aborted => Next::Decide(run.roster.map(|id| id.short())),
        Outcome::NoRoster => Next::LookForFile,
        Outcome::Failed if run.read_errors.is_some() => Next::CorrectFile,
        Outcome::Failed if !run.shrunken.is_empty() => Next::SendWhole(run.roster.map(|id| id.short())),
        Outcome::Failed => run.held_until.map_or(Next::RemoveCause, Next::SendWithoutNewCourses),
    }
}

/// Titles of courses in a mail; the run's page has more of them.
const TITLES_IN_MAIL: usize = 30;

pub(super) fn notes(customer: &CustomerId, run: &RunRecord, words: &dyn Words) -> Vec<Told> {
    let told = |note: Note<'_>| Told { title: words.note_title(&note), text: words.note(&note) };
    noted(customer, run).into_iter().map(told).collect()
}

fn noted<'a>(customer: &'a CustomerId, run: &RunRecord) -> Vec<Note<'a>> {
    // A roster that failed is not taken in: nothing of it waits.
    if run.outcome == Outcome::Failed {
        return Vec::new();
    }
    let accepted = run.outcome != Outcome::Aborted;
    let deletes = run.postponed_until.map(|until| {
        let of = |kind| (kind, run.postponed_deletes.get(kind, Action::Delete));
        let kinds = Kind::ALL.map(of).into_iter().filter(|(_, count)| *count > 0).collect();
        Note::Deletes { count: run.postponed_deletes.total(), kinds, time: Time { until, accepted } }
    });
    let courses = run.held_until.map(|until| Note::Courses {
        count: run.held_courses,
        start_known: !run.start_not_known,
        time: Time { until, accepted },
    });
    let held = (run.outcome == Outcome::Completed && !run.not_released.is_empty())
        .then(|| Note::NotReleased(run.not_released.total()));
    let duplicates = (run.predicted_duplicates > 0).then_some(Note::SecondAccounts {
        count: run.predicted_duplicates,
        customer,
        accepted,
    });
    let gone = (accepted && run.courses_gone.count > 0).then(|| courses_gone(&run.courses_gone));
    [deletes, courses, held, duplicates, gone].into_iter().flatten().collect()
}

fn courses_gone(gone: &CoursesGone) -> Note<'static> {
    let titles: Vec<String> = gone.titles.iter().take(TITLES_IN_MAIL).map(|title| name(title)).collect();
    let more = gone.count.saturating_sub(titles.len() as u64);
    Note::CoursesGone { count: gone.count, end: gone.end, titles, more }
}
