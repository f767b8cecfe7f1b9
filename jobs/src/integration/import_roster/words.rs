//! The sentences of an import for people.

use super::difference::Difference;
use crate::{
    CustomerId,
    ports::{Pause, Refusal, RunId, RunRecord},
};
use rollover_roster::{filter::Breach, read::ReadReport, shrunken::Shrunken};

pub(super) fn completed_words(customer: &CustomerId, record: &RunRecord) -> String {
    let applied = record.applied;
    format!(
        "{} created, {} updated, {} deleted at the site of {customer}{}{}",
        applied.created,
        applied.updated,
        applied.deleted,
        waiting_words(record),
        duplicates_words(customer, record.predicted_duplicates)
    )
}

pub(super) fn would_apply_words(customer: &CustomerId, difference: &Difference) -> String {
    let changes = difference.flowing.total() + difference.repairs.now;
    let held = match difference.not_released.total() {
        0 => String::new(),
        held => format!("; not released: {}", counted(held, "change")),
    };
    format!(
        "{changes} changes would be applied to the site of {customer}{held}{}",
        duplicates_words(customer, difference.predicted_duplicates)
    )
}

/// K2: how many, and how to see who.
fn duplicates_words(customer: &CustomerId, predicted: u64) -> String {
    if predicted == 0 {
        return String::new();
    }
    format!(
        "; predicted duplicates: {} without a sync key, who are they: rollover customer keys {customer}",
        counted(predicted, "student")
    )
}

pub(super) fn paused_words(customer: &CustomerId, pause: &Pause) -> String {
    format!("the integration of {customer} is paused by {} ({}); nothing was read", pause.by, pause.why)
}

pub(super) fn too_early_words(held_courses: u64) -> String {
    format!(
        "{} came before the school year's start; this customer's setting refuses such a roster",
        counted(held_courses, "new course")
    )
}

pub(super) fn too_small_words(customer: &CustomerId, shrunken: &[Shrunken]) -> String {
    let sizes: Vec<String> = shrunken.iter().map(ToString::to_string).collect();
    format!(
        "the roster of {customer} is too small to be a whole one: it has {}; send a complete file, or, if it is one, \
         record a decision: rollover import decide {customer} --off",
        sizes.join(", and ")
    )
}

pub(super) fn unreadable_words(customer: &CustomerId, report: &ReadReport) -> String {
    format!("the roster of {customer} cannot be read: {report}")
}

pub(super) fn abort_words(customer: &CustomerId, breaches: &[Breach]) -> String {
    format!("the Filter stopped the import of {customer}: {}", broken(breaches))
}

pub(super) fn undo_aborted_words(customer: &CustomerId, run: RunId, breaches: &[Breach]) -> String {
    format!("the Filter stopped the undo of run {run} of {customer}: {}", broken(breaches))
}

pub(super) fn would_undo_words(customer: &CustomerId, run: RunId, difference: &Difference) -> String {
    let changes = counted(difference.flowing.total(), "change");
    format!("{changes} would undo run {run} at the site of {customer}")
}

pub(super) fn undone_words(customer: &CustomerId, record: &RunRecord, run: RunId) -> String {
    let applied = record.applied;
    format!(
        "run {run} is undone: {} created, {} updated, {} deleted at the site of {customer}; its roster is refused until \
         another is taken in or the decision is withdrawn",
        applied.created, applied.updated, applied.deleted
    )
}

fn broken(breaches: &[Breach]) -> String {
    let first = breaches.first().map(ToString::to_string).unwrap_or_default();
    let more = match breaches.len() {
        0 | 1 => String::new(),
        limits => format!(" and {} more limits", limits - 1),
    };
    format!("{first}{more}")
}

/// Who may say otherwise, and how.
pub(super) fn refused_words(customer: &CustomerId, refusal: &Refusal) -> String {
    let Refusal { roster, run, undone_by, decision } = refusal;
    format!(
        "roster {} of {customer} is the one of run {run}, which run {undone_by} has undone: have the MIS send another; if it \
         is right after all: rollover import withdraw {decision} --why …, then rollover import run {customer}",
        roster.short()
    )
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn waiting_words(record: &RunRecord) -> String {
    let mut words = String::new();
    if let Some(until) = record.postponed_until {
        let deletes = counted(record.postponed_deletes.total(), "delete");
        words.push_str(&format!("; waiting until {until}: {deletes}"));
    }
    if let Some(until) = record.held_until {
        let courses = counted(record.held_courses, "course");
        words.push_str(&format!("; held back until {until}: {courses}"));
    }
    if !record.not_released.is_empty() {
        let changes = counted(record.not_released.total(), "change");
        words.push_str(&format!("; not released: {changes}"));
    }
    words
}
