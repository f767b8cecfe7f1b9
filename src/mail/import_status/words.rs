//! The sentences of the status mail: what happened, what to do next, and what waits by design.

use super::problems::sentence;
use chrono::NaiveDate;
use rollover_jobs::ports::{Outcome, RunRecord};
use rollover_roster::{diff::Action, model::Kind};

/// Something of the roster that does not reach the site yet (DOMAIN P4, C1).
pub(super) struct Wait {
    pub title: &'static str,
    pub text: String,
}

/// What a run that applied nothing leaves at the site.
const fn untouched(run: &RunRecord) -> &'static str {
    if run.applied_in_part {
        "Nothing more was applied: the site holds a roster in part, since an import broke off while it was applied. The \
         next roster that is taken in puts that right."
    } else {
        match run.outcome {
            Outcome::Unchanged => "Nothing was changed.",
            Outcome::NoRoster => "The site stays as it is.",
            _ => "Nothing was applied: the site stays as it is.",
        }
    }
}

/// What happened, and what to do next.
pub(super) fn said(run: &RunRecord) -> (String, String) {
    let (happened, next) = match run.outcome {
        Outcome::Completed => completed(run),
        Outcome::Unchanged => (
            format!("The roster is the same as the last one that was taken in. {}", untouched(run)),
            "Nothing is to be done. If you expected changes, see whether the MIS made a new file.".to_owned(),
        ),
        Outcome::Aborted => aborted(run),
        Outcome::Failed => failed(run),
        Outcome::NoRoster => (
            format!("No roster had come when it was due, so nothing was read. {}", untouched(run)),
            "See whether the MIS made its file and whether it was transferred. The next run takes it in by itself."
                .to_owned(),
        ),
    };
    (happened, next)
}

fn completed(run: &RunRecord) -> (String, String) {
    let applied = &run.applied;
    let total = applied.created + applied.updated + applied.deleted;
    let mut happened = if total == 0 {
        "The roster was taken in. Nothing of it had to be changed at the site.".to_owned()
    } else {
        let changes = counted(total, "change");
        let were = if total == 1 { "was" } else { "were" };
        format!(
            "The roster was taken in, and {changes} {were} applied to the site: {} created, {} updated, {} deleted.",
            applied.created, applied.updated, applied.deleted
        )
    };
    // After a run that was interrupted (DOMAIN I5), or for members of a course that was archived or detached (C2).
    if applied.unchanged > 0 {
        happened.push_str(&format!(
            " {} needed no write of its own.",
            counted(applied.unchanged, "further change")
        ));
    }
    if run.applied_in_part {
        happened.push_str(" What an earlier roster, applied in part, had left at the site was put right.");
    }
    let waiting = run.postponed_until.is_some() || run.held_until.is_some();
    let next = if waiting {
        "Nothing is to be done. What waits is by design: see below."
    } else {
        "Nothing is to be done."
    };
    (happened, next.to_owned())
}

fn aborted(run: &RunRecord) -> (String, String) {
    let limits = counted(run.breaches.len() as u64, "limit");
    let roster = run.roster.map_or_else(|| "this roster".to_owned(), |id| format!("roster {}", id.short()));
    (
        format!("The Filter stopped the import because {limits} would be broken. {}", untouched(run)),
        format!(
            "Only the customer can say whether these changes are right. If they are, support records the decision (who \
             at the customer, who at support, why) for exactly {roster}; it holds for one run. If they are not, the \
             customer corrects the data in the MIS and sends a new roster."
        ),
    )
}

fn failed(run: &RunRecord) -> (String, String) {
    if let Some(report) = &run.read_errors {
        return (
            format!(
                "The roster cannot be read: it has {}. {}",
                counted(report.total(), "error"),
                untouched(run)
            ),
            "Correct what is listed below in the MIS, and send the roster again.".to_owned(),
        );
    }
    let why = run.failure.as_deref().unwrap_or("the reason stands on the run's page");
    let next = match run.held_until {
        Some(opens) => format!(
            "Send a roster without the courses of the new year until {}, or ask support to have them held back.",
            day(opens)
        ),
        None => "Support removes the cause and runs the import again.".to_owned(),
    };
    (format!("The import failed: {} {}", uncapped(why), untouched(run)), next)
}

/// Ends as a sentence, begins within one.
fn uncapped(text: &str) -> String {
    let ended = sentence(text);
    let mut signs = text.trim().chars();
    let first = signs.next().map(String::from).unwrap_or_default();
    format!("{first}{}", ended.chars().skip(1).collect::<String>())
}

pub(super) fn waits(run: &RunRecord) -> Vec<Wait> {
    let mut waits = Vec::new();
    // A roster that failed is not taken in: nothing of it waits.
    if run.outcome == Outcome::Failed {
        return waits;
    }
    let accepted = run.outcome != Outcome::Aborted;
    if let Some(until) = run.postponed_until {
        waits.push(Wait { title: "Postponed deletes", text: postponed(run, until, accepted) });
    }
    if let Some(opens) = run.held_until {
        waits.push(Wait { title: "Courses held back", text: held(run, opens, accepted) });
    }
    if run.outcome == Outcome::Completed && !run.not_released.is_empty() {
        waits.push(Wait { title: "Not released", text: not_released(run) });
    }
    waits
}

fn not_released(run: &RunRecord) -> String {
    let changes = counted(run.not_released.total(), "change");
    let stay = if run.not_released.total() == 1 { "stays" } else { "stay" };
    format!(
        "A decision released a part of the roster. {changes} {stay} held, and the site stays as it is there. The \
         Filter looks at the rest in the next run; another decision can release it."
    )
}

fn postponed(run: &RunRecord, until: NaiveDate, accepted: bool) -> String {
    let deletes = counted(run.postponed_deletes.total(), "delete");
    let wait = if accepted { "wait" } else { "would wait" };
    let kinds: Vec<String> = Kind::ALL
        .into_iter()
        .map(|kind| (run.postponed_deletes.get(kind, Action::Delete), kind.as_str()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| counted(count, kind))
        .collect();
    format!(
        "By design, no error: {deletes} ({}) {wait} until {}, that day included, since delay delete is on. Until \
         then these objects stay at the site. Afterwards they are deleted, through the Filter; what has come back \
         in the roster by then is kept.",
        kinds.join(", "),
        day(until)
    )
}

fn held(run: &RunRecord, opens: NaiveDate, accepted: bool) -> String {
    let courses = counted(run.held_courses, "new course");
    let held = match (accepted, run.held_courses) {
        (true, 1) => "is held back",
        (true, _) => "are held back",
        (false, _) => "would be held back",
    };
    if run.start_not_known {
        return format!(
            "{courses} {held} until {}, since the first day of the school year is not known. Support sets it in the \
             customer's calendar; from that day they come by themselves.",
            day(opens)
        );
    }
    format!(
        "By design, no error: {courses} {held} until {}, the first day of the school year. They then come by \
         themselves.",
        day(opens)
    )
}

fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
