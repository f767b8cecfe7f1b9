//! What stopped a run: broken limits of the Filter with what they consist of (DOMAIN F2), errors of the file (I4).

use super::name;
use rollover_jobs::ports::RunRecord;
use rollover_roster::{
    explain::Breakdown,
    filter::Breach,
    read::{ReadError, ReadReport},
};

/// Errors of a file that are told one by one.
const ERRORS_TOLD: usize = 20;

pub(super) struct BrokenLimit {
    /// Figures and limit.
    pub what: String,
    /// Why, a sentence each.
    pub causes: Vec<String>,
    pub breakdowns: Vec<Breakdown>,
}

pub(super) struct FileErrors {
    pub errors: Vec<FileError>,
    /// As `and 3 more errors`; empty when all are told.
    pub more: String,
}

pub(super) struct FileError {
    /// Line, column, record, field: as much as is known.
    pub place: String,
    pub what: String,
    pub fix: String,
}

pub(super) fn broken_limits(run: &RunRecord) -> Vec<BrokenLimit> {
    run.breaches.iter().map(broken_limit).collect()
}

fn broken_limit(breach: &Breach) -> BrokenLimit {
    let mut breakdowns = breach.breakdowns();
    for (line, _) in breakdowns.iter_mut().flat_map(|breakdown| &mut breakdown.lines) {
        *line = name(line);
    }
    let causes =
        breach.causes.iter().map(|cause| sentence(&cause.clone().with_names(name).to_string())).collect();
    BrokenLimit { what: breach.to_string(), causes, breakdowns }
}

pub(super) fn file_errors(report: &ReadReport) -> FileErrors {
    let errors: Vec<FileError> = report.errors.iter().take(ERRORS_TOLD).map(file_error).collect();
    let more = match report.total() - errors.len() as u64 {
        0 => String::new(),
        1 => "and 1 more error".to_owned(),
        more => format!("and {more} more errors"),
    };
    FileErrors { errors, more }
}

fn file_error(error: &ReadError) -> FileError {
    let mut place = Vec::new();
    if error.line > 0 {
        place.push(format!("line {}, column {}", error.line, error.column));
    }
    place.extend([&error.record, &error.field].into_iter().filter(|part| !part.is_empty()).map(|p| name(p)));
    FileError { place: place.join(", "), what: sentence(&error.what), fix: sentence(&error.fix) }
}

/// A fragment as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut signs = text.chars();
    let start: String = signs.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if text.is_empty() || text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{start}{}{end}", signs.as_str())
}
