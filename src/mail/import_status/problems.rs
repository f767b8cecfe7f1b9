//! What stopped a run: broken limits of the Filter with what they consist of (DOMAIN F2), errors of the file (I4).

use super::{
    name,
    words::{Departure, Words},
};
use crate::mail::layout;
use rollover_jobs::ports::RunRecord;
use rollover_roster::{
    explain::Cause,
    filter::Breach,
    model::{Profile, Role},
    read::{ReadError, ReadReport},
};

/// Errors of a file that are told one by one.
const ERRORS_TOLD: usize = 20;

pub(super) struct BrokenLimit {
    /// Figures and limit.
    pub what: String,
    /// Why, a sentence each.
    pub causes: Vec<String>,
    pub breakdowns: Vec<Parts>,
}

/// One way in which a broken limit falls into parts.
pub(super) struct Parts {
    pub title: &'static str,
    /// Name and changes.
    pub lines: Vec<(String, String)>,
}

/// Something that was let pass in the file, and what the vendor is asked for.
pub(super) struct Conceded {
    pub what: String,
    pub times: String,
    pub ask: String,
}

pub(super) struct FileErrors {
    pub errors: Vec<FileError>,
    /// As `and 3 more errors`; empty when all are told.
    pub more: String,
}

pub(super) struct FileError {
    /// File, line, column, record, field: as much as is known.
    pub place: String,
    pub what: String,
    pub fix: String,
}

pub(super) fn broken_limits(run: &RunRecord, words: &dyn Words) -> Vec<BrokenLimit> {
    run.breaches.iter().map(|breach| broken_limit(breach, words)).collect()
}

fn broken_limit(breach: &Breach, words: &dyn Words) -> BrokenLimit {
    let causes = breach.causes.iter().map(|one| words.cause(&cause(one, words))).collect();
    BrokenLimit { what: words.breach(breach), causes, breakdowns: breakdowns(breach, words) }
}

/// With names that are safe to show.
fn cause(cause: &Cause, words: &dyn Words) -> Cause {
    let mut cause = cause.clone().with_names(name);
    if let Cause::OneSort { sort: shown, .. } = &mut cause {
        *shown = sort(shown, words);
    }
    cause
}

/// A way that tells nothing is left out.
fn breakdowns(breach: &Breach, words: &dyn Words) -> Vec<Parts> {
    let labels = words.labels();
    let schools = breach.parts.iter().map(|part| (name(&part.school), part.count)).collect();
    let class = |class: &str, school: &str| words.class_at(&name(class), &name(school));
    let classes = breach.classes.iter().map(|part| (class(&part.class, &part.school), part.count)).collect();
    let sorts = breach.sorts.iter().map(|part| (sort(&name(&part.sort), words), part.count)).collect();
    [(labels.by_school, schools), (labels.by_class, classes), (labels.by_sort, sorts)]
        .into_iter()
        .filter_map(|(title, lines)| parts(title, lines, breach.count, words))
        .collect()
}

fn parts(title: &'static str, mut lines: Vec<(String, u64)>, whole: u64, words: &dyn Words) -> Option<Parts> {
    if lines.is_empty() {
        return None;
    }
    let told: u64 = lines.iter().map(|(_, count)| count).sum();
    if told < whole {
        lines.push((words.labels().elsewhere.to_owned(), whole - told));
    }
    let lines = lines.into_iter().map(|(part, count)| (part, words.number(count))).collect();
    Some(Parts { title, lines })
}

/// A profile, or a role in groups or in courses, as a breach names it; other texts stay.
fn sort(text: &str, words: &dyn Words) -> String {
    let role = |name: &str| Role::parse(&name.replace(' ', "_"));
    let in_groups = text.strip_suffix(" in groups").and_then(role).map(|role| words.in_groups(role));
    let in_courses = || text.strip_suffix(" in courses").and_then(role).map(|role| words.in_courses(role));
    in_groups.or_else(in_courses).unwrap_or_else(|| words.profile(&Profile::from(text.to_owned())))
}

pub(super) fn conceded(run: &RunRecord, words: &dyn Words) -> Vec<Conceded> {
    let one = |(leniency, count)| {
        let Departure { what, ask } = words.departure(leniency);
        let ask = format!("{} {ask}.", words.labels().ask);
        Conceded { what: capitalised(what), times: words.times(count), ask }
    };
    run.concessions.iter().map(|(leniency, concession)| (leniency, concession.count)).map(one).collect()
}

pub(super) fn file_errors(report: &ReadReport, words: &dyn Words) -> FileErrors {
    let told = report.errors.iter().take(ERRORS_TOLD);
    let errors: Vec<FileError> = told.map(|error| file_error(error, words)).collect();
    let more = match report.total() - errors.len() as u64 {
        0 => String::new(),
        more => words.more_errors(more),
    };
    FileErrors { errors, more }
}

fn file_error(error: &ReadError, words: &dyn Words) -> FileError {
    let part = |text: &str| (!text.is_empty()).then(|| name(text));
    let at = (error.line > 0).then(|| words.place(error.line, error.column));
    let place: Vec<String> =
        [part(&error.file), at, part(&error.record), part(&error.field)].into_iter().flatten().collect();
    FileError { place: place.join(", "), what: sentence(&error.what), fix: sentence(&error.fix) }
}

/// A fragment as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let text = layout::words(text).collect::<Vec<_>>().join(" ");
    let end = if text.is_empty() || text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{end}", capitalised(&text))
}

pub(super) fn capitalised(text: &str) -> String {
    let mut signs = text.chars();
    let start: String = signs.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{start}{}", signs.as_str())
}
