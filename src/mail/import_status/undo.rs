//! What the status mail says of a run that takes another back, and of a roster that is refused since it was undone.

use super::words::Words;
use rollover_jobs::{
    CustomerId,
    ports::{Applied, Outcome, RunId, RunRecord},
};

pub(super) enum UndoHappened<'a> {
    Undone {
        run: RunId,
        applied: Applied,
    },
    /// So many limits would be broken.
    Aborted {
        run: RunId,
        limits: u64,
    },
    /// Why, as far as it is known: a fragment, in English.
    Failed {
        run: RunId,
        why: Option<&'a str>,
    },
    /// A roster that an import found; `roster` is its short name.
    Refused {
        roster: String,
        run: RunId,
        undone_by: RunId,
    },
}

pub(super) enum UndoNext<'a> {
    SendAnother { run: RunId },
    LiftLimits { run: RunId },
    UndoAgain { run: RunId },
    SendOrWithdraw { decision: i64, customer: &'a CustomerId },
}

/// What happened, and what to do next; `None`: it is an import like any other.
pub(super) fn undo_said(
    customer: &CustomerId,
    run: &RunRecord,
    words: &dyn Words,
) -> Option<(String, String)> {
    let (happened, next) = match (run.undo_of, &run.refused) {
        (Some(of), _) => of_undo(run, of),
        (None, Some(refusal)) => (
            UndoHappened::Refused {
                roster: refusal.roster.short(),
                run: refusal.run,
                undone_by: refusal.undone_by,
            },
            UndoNext::SendOrWithdraw { decision: refusal.decision, customer },
        ),
        (None, None) => return None,
    };
    Some((words.undo_happened(&happened), words.undo_next(&next)))
}

fn of_undo(record: &RunRecord, run: RunId) -> (UndoHappened<'_>, UndoNext<'_>) {
    match record.outcome {
        Outcome::Completed => {
            (UndoHappened::Undone { run, applied: record.applied }, UndoNext::SendAnother { run })
        }
        Outcome::Aborted => (
            UndoHappened::Aborted { run, limits: record.breaches.len() as u64 },
            UndoNext::LiftLimits { run },
        ),
        Outcome::Failed | Outcome::Unchanged | Outcome::NoRoster => {
            (UndoHappened::Failed { run, why: record.failure.as_deref() }, UndoNext::UndoAgain { run })
        }
    }
}
