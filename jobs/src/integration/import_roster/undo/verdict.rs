//! Decides whether a run can be undone now, and says why not.

use crate::{
    CustomerId,
    ports::{IntegrationState, Outcome, RunId, RunToUndo, Stood},
};
use rollover_roster::snapshot::SnapshotId;

/// Can this run be undone?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UndoVerdict {
    Ready(Stood),
    Refused(UndoRefusal),
}

/// Why a run is not undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UndoRefusal {
    /// It took that run back.
    IsUndo(RunId),
    /// It ended so; whether the site was left with a roster in part.
    NotCompleted {
        outcome: Outcome,
        in_part: bool,
    },
    Undone {
        by: RunId,
    },
    /// They stand on what it left; the newest first.
    RunsAfter(Vec<RunId>),
    /// Its record does not say what stood before it.
    NotKnown,
    /// The mirror is not the one that it left.
    MovedOn,
    /// P1.
    Paused,
    /// I5: what another roster left in part is not settled yet.
    UnderWay,
}

/// `nothing` is the snapshot without a record: what stood before a first import.
pub(super) fn decide_undo(run: &RunToUndo, state: &IntegrationState, nothing: SnapshotId) -> UndoVerdict {
    let record = &run.record;
    let refused = UndoVerdict::Refused;
    if let Some(of) = record.undo_of {
        return refused(UndoRefusal::IsUndo(of));
    }
    if record.outcome != Outcome::Completed {
        let (outcome, in_part) = (record.outcome, record.applied_in_part);
        return refused(UndoRefusal::NotCompleted { outcome, in_part });
    }
    if let Some(by) = run.undone_by {
        return refused(UndoRefusal::Undone { by });
    }
    if !run.after.is_empty() {
        return refused(UndoRefusal::RunsAfter(run.after.clone()));
    }
    let Some(stood) = record.stood else { return refused(UndoRefusal::NotKnown) };
    if state.mirror != record.mirror {
        return refused(UndoRefusal::MovedOn);
    }
    if state.pause.is_some() {
        return refused(UndoRefusal::Paused);
    }
    let goal = stood.mirror.unwrap_or(nothing);
    match state.under_way {
        // An undo of it that broke off goes on.
        Some(under_way) if under_way != goal => refused(UndoRefusal::UnderWay),
        _ => UndoVerdict::Ready(stood),
    }
}

impl UndoRefusal {
    /// What it is, and what to do.
    pub fn words(&self, customer: &CustomerId, run: RunId) -> String {
        match self {
            Self::IsUndo(of) => format!(
                "run {run} has undone run {of}: to have that roster again, withdraw the decision (rollover import decisions \
                 {customer}), and the next import takes it in"
            ),
            Self::NotCompleted { in_part: true, .. } => format!(
                "run {run} did not complete, and the site holds a roster in part: the next roster that is taken in settles \
                 that (rollover import run {customer})"
            ),
            Self::NotCompleted { outcome, .. } => format!(
                "run {run} changed nothing at the site, so there is nothing to undo: its outcome is {}",
                outcome.as_str().replace('_', " ")
            ),
            Self::Undone { by } => format!("run {run} is undone already, by run {by}"),
            Self::RunsAfter(runs) => {
                let listed: Vec<String> = runs.iter().map(ToString::to_string).collect();
                let (noun, have) = if runs.len() == 1 { ("run", "has") } else { ("runs", "have") };
                format!(
                    "{noun} {} came after run {run} and {have} to be undone first, the newest first: rollover import undo {}",
                    listed.join(", "),
                    runs[0]
                )
            }
            Self::NotKnown => {
                format!("what stood before run {run} is not in its record: an older version made it")
            }
            Self::MovedOn => format!(
                "the site of {customer} is no longer known to hold what run {run} left: look at its runs with rollover \
                 import list {customer}"
            ),
            Self::Paused => format!(
                "the integration of {customer} is paused, and until it is resumed the site stays as it is: rollover job \
                 enqueue resume_integration --customer {customer}, then undo; the roster of run {run} does not come back by \
                 itself"
            ),
            Self::UnderWay => format!(
                "the site of {customer} holds a part of another roster, of an import that broke off or of which something \
                 waits: the next import settles it (rollover import run {customer}), then run {run} can be undone unless that \
                 import came to change the site"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Author, Pause, RunRecord};

    fn id(letter: char) -> SnapshotId {
        letter.to_string().repeat(64).parse().unwrap()
    }

    /// Run 7, that led from `a` to `b`.
    fn completed() -> RunToUndo {
        let at = "2024-06-03T01:30:00Z";
        let counts = serde_json::json!({
            "persons": {}, "groups": {}, "memberships": 0, "courses_active": 0, "courses_archived": 0
        });
        let no_changes = serde_json::to_value(rollover_roster::diff::ChangeCounts::default()).unwrap();
        let record: RunRecord = serde_json::from_value(serde_json::json!({
            "job": 1, "outcome": "completed", "started_at": at, "ended_at": at, "roster_name": "r.xml",
            "roster": id('b'), "mirror": id('b'), "before": counts, "after": counts, "planned": no_changes,
            "applied": { "created": 0, "updated": 0, "deleted": 0, "unchanged": 0 }, "postponed_deletes": no_changes,
            "postponed_until": null, "held_courses": 0, "held_until": null, "breaches": [], "read_errors": null,
            "failure": null, "used_decision": null,
        }))
        .unwrap();
        let stood = Stood { import: Some(id('a')), mirror: Some(id('a')), held_whole_roster: true };
        let record = RunRecord { stood: Some(stood), ..record };
        RunToUndo { id: 7, record, undone_by: None, after: Vec::new() }
    }

    fn state() -> IntegrationState {
        IntegrationState { import: Some(id('b')), mirror: Some(id('b')), ..IntegrationState::default() }
    }

    // DOMAIN P1, I5
    #[test]
    fn only_the_newest_run_that_stands_can_be_undone_and_not_in_a_pause() {
        let nothing = id('0');
        let run = |change: &dyn Fn(&mut RunToUndo)| {
            let mut run = completed();
            change(&mut run);
            run
        };
        let with = |change: &dyn Fn(&mut IntegrationState)| {
            let mut state = state();
            change(&mut state);
            state
        };
        let pause = Pause {
            since: "2024-06-03T01:30:00Z".parse().unwrap(),
            why: "summer".to_owned(),
            by: Author::Person { name: "Kari".to_owned() },
        };
        let ended = |outcome, in_part| {
            run(&|run| (run.record.outcome, run.record.applied_in_part) = (outcome, in_part))
        };
        let not_completed = |outcome, in_part| Some(UndoRefusal::NotCompleted { outcome, in_part });
        let first = run(&|run| run.record.stood = Some(Stood::default()));
        let cases = [
            (completed(), state(), None),
            (run(&|run| run.record.undo_of = Some(6)), state(), Some(UndoRefusal::IsUndo(6))),
            (ended(Outcome::Aborted, false), state(), not_completed(Outcome::Aborted, false)),
            (ended(Outcome::Unchanged, false), state(), not_completed(Outcome::Unchanged, false)),
            (ended(Outcome::NoRoster, false), state(), not_completed(Outcome::NoRoster, false)),
            (ended(Outcome::Failed, true), state(), not_completed(Outcome::Failed, true)),
            (run(&|run| run.undone_by = Some(9)), state(), Some(UndoRefusal::Undone { by: 9 })),
            (run(&|run| run.after = vec![9, 8]), state(), Some(UndoRefusal::RunsAfter(vec![9, 8]))),
            (run(&|run| run.record.stood = None), state(), Some(UndoRefusal::NotKnown)),
            (completed(), with(&|state| state.mirror = Some(id('c'))), Some(UndoRefusal::MovedOn)),
            (completed(), with(&|state| state.mirror = None), Some(UndoRefusal::MovedOn)),
            (completed(), with(&|state| state.pause = Some(pause.clone())), Some(UndoRefusal::Paused)),
            (completed(), with(&|state| state.under_way = Some(id('c'))), Some(UndoRefusal::UnderWay)),
            (completed(), with(&|state| state.under_way = Some(id('a'))), None),
            (first.clone(), state(), None),
            (first.clone(), with(&|state| state.under_way = Some(nothing)), None),
            (first, with(&|state| state.under_way = Some(id('a'))), Some(UndoRefusal::UnderWay)),
        ];
        for (run, state, refusal) in cases {
            let stood = run.record.stood.unwrap_or_default();
            let expected = refusal.map_or(UndoVerdict::Ready(stood), UndoVerdict::Refused);
            assert_eq!(decide_undo(&run, &state, nothing), expected, "{run:?} {state:?}");
        }
    }

    #[test]
    fn a_refusal_says_which_runs_come_first() {
        let nes: CustomerId = "nes".parse().unwrap();
        let said = UndoRefusal::RunsAfter(vec![9, 8]).words(&nes, 7);
        assert_eq!(
            said,
            "runs 9, 8 came after run 7 and have to be undone first, the newest first: rollover import undo 9"
        );
        let one = UndoRefusal::RunsAfter(vec![9]).words(&nes, 7);
        assert!(one.starts_with("run 9 came after run 7 and has to be undone first"), "{one}");
    }
}
