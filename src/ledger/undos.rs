//! Runs that are taken back: the decision with its job, what stands on a run, the pointers moved back, what is refused.

use super::{
    DecisionRow, Ledger, LedgerError, RunRow,
    db::{self, Tx, execute, query},
    events::{self, NewEvent},
    jobs::{self, NewJob},
    words::check_words,
};
use chrono::{DateTime, Utc};
use rollover_jobs::{
    CustomerId,
    ports::{Refusal, RunId, RunToUndo, Stood, UndoDecision},
};
use rollover_roster::{filter::Limits, snapshot::SnapshotId};
use sqlx::types::Json;

/// Runs that came after one, as many as a refusal names.
const RUNS_NAMED: i64 = 20;
/// Undos since a roster was taken in; each needs a decision of its own.
const REFUSALS: i64 = 1_000;

db::statements! {
    // Bound to the mirror from which the difference was shown: no row when the site has moved on.
    INSERT_UNDO_DECISION = "
        INSERT INTO decision (at, kind, customer_id, undoes, roster, mirror, limits, customer_person, support_person, reason)
        SELECT $1, 'undo', customer_id, $3, $4, mirror_snapshot, $6, $7, $8, $9 FROM integration
        WHERE customer_id = $2 AND mirror_snapshot = $5
        RETURNING id";
    UNDO_DECISION = "SELECT * FROM decision WHERE id = $1 AND customer_id = $2 AND kind = 'undo'";
    OPEN_UNDOS = "
        SELECT * FROM decision
        WHERE customer_id = $1 AND kind = 'undo' AND used_by_run IS NULL AND withdrawn_at IS NULL ORDER BY id";
    STANDING_AFTER = "
        SELECT id FROM import_run AS run
        WHERE customer_id = $1 AND id > $2 AND outcome = 'completed' AND undoes IS NULL AND NOT EXISTS
            (SELECT 1 FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed')
        ORDER BY id DESC LIMIT $3";
    REFUSED = "
        SELECT decision.id, decision.undoes, decision.used_by_run, undone.roster FROM decision
        JOIN import_run AS undo ON undo.id = decision.used_by_run AND undo.outcome = 'completed'
        JOIN import_run AS undone ON undone.id = decision.undoes
        WHERE decision.customer_id = $1 AND decision.kind = 'undo' AND decision.withdrawn_at IS NULL
            AND undo.id > coalesce((SELECT max(run.id) FROM import_run AS run
                WHERE run.customer_id = $1 AND run.outcome = 'completed' AND run.undoes IS NULL AND NOT EXISTS
                    (SELECT 1 FROM import_run AS other WHERE other.undoes = run.id AND other.outcome = 'completed')), 0)
        ORDER BY decision.id DESC LIMIT $2";
    MOVE_POINTERS_BACK = "
        UPDATE integration SET import_snapshot = $2, mirror_snapshot = $3, under_way = NULL, begun = NULL,
            whole_at = CASE WHEN $4 THEN whole_at END, updated_at = $5
        WHERE customer_id = $1";
}

/// Who wants a run undone, why, and which difference they saw.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUndo {
    pub customer: CustomerId,
    pub run: RunId,
    /// What the site is to hold.
    pub stood: SnapshotId,
    /// What it holds now.
    pub mirror: SnapshotId,
    /// By which the Filter judges it; `None`: it is off.
    pub limits: Option<Limits>,
    pub customer_person: String,
    pub support_person: String,
    pub reason: String,
}

#[derive(Debug, sqlx::FromRow)]
struct RefusedRow {
    id: i64,
    undoes: i64,
    used_by_run: i64,
    roster: Option<String>,
}

impl Ledger {
    /// Records the decision and makes the job that carries it out, both or neither. Gives the numbers of both.
    pub async fn decide_undo(
        &self,
        now: DateTime<Utc>,
        new: &NewUndo,
        job: impl FnOnce(i64) -> NewJob + Send,
    ) -> Result<(i64, i64), LedgerError> {
        for (what, text) in [
            ("who at the customer", &new.customer_person),
            ("who at support", &new.support_person),
            ("the reason", &new.reason),
        ] {
            check_words(&format!("{what}, which a decision to undo a run names,"), text)?;
        }
        let mut tx = self.db.begin().await?;
        let inserted = query!(
            fetch_optional as (i64,),
            tx.on(),
            INSERT_UNDO_DECISION,
            now,
            new.customer.as_str(),
            new.run,
            new.stood.to_string(),
            new.mirror.to_string(),
            new.limits.as_ref().map(Json),
            new.customer_person.as_str(),
            new.support_person.as_str(),
            new.reason.as_str()
        )?;
        let Some((decision,)) = inserted else {
            return Err(LedgerError::Refused(format!(
                "the site of {} has changed since the undo of run {} was looked at: look again",
                new.customer, new.run
            )));
        };
        let row = jobs::insert(&mut tx, now, &[job(decision)]).await?.remove(0);
        let line = |name, note, to| NewEvent {
            customer: Some(new.customer.to_string()),
            job: Some(row.id),
            name,
            to,
            note,
            ..NewEvent::default()
        };
        let why = format!("decision {decision}, run {}: {}", new.run, new.reason);
        let lines = [line("enqueued", None, Some(row.state.as_str())), line("undo_decided", Some(why), None)];
        events::append(&mut tx, now, &new.support_person, &lines).await?;
        tx.commit().await?;
        self.tell_due().await;
        Ok((decision, row.id))
    }

    /// A run of the customer with what tells whether it can be undone.
    pub async fn run_to_undo(
        &self,
        customer: &CustomerId,
        run: RunId,
    ) -> Result<Option<RunToUndo>, LedgerError> {
        let row: RunRow = match self.run(run).await {
            Ok(row) if row.customer_id == customer.as_str() => row,
            Ok(_) | Err(LedgerError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut conn = self.db.read().await?;
        let after =
            query!(fetch_all as (i64,), conn.on(), STANDING_AFTER, customer.as_str(), run, RUNS_NAMED)?;
        Ok(Some(RunToUndo {
            id: run,
            record: row.record.0,
            undone_by: row.undone_by,
            after: after.into_iter().map(|(id,)| id).collect(),
        }))
    }

    pub async fn undo_decision(
        &self,
        customer: &CustomerId,
        id: i64,
    ) -> Result<Option<UndoDecision>, LedgerError> {
        let mut conn = self.db.read().await?;
        let row = query!(fetch_optional as DecisionRow, conn.on(), UNDO_DECISION, id, customer.as_str())?;
        row.map(undo_decision).transpose()
    }

    /// Decisions whose undo is still to come.
    pub(super) async fn open_undos(&self, customer: &str) -> Result<Vec<UndoDecision>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as DecisionRow, conn.on(), OPEN_UNDOS, customer)?;
        rows.into_iter().map(undo_decision).collect()
    }

    /// Rosters that were undone since the newest run that stands, the newest first.
    pub async fn refusals(&self, customer: &str) -> Result<Vec<Refusal>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as RefusedRow, conn.on(), REFUSED, customer, REFUSALS)?;
        rows.into_iter().map(refusal).collect()
    }
}

/// To where they stood before the run that was undone.
pub(super) async fn move_pointers_back(
    tx: &mut Tx,
    now: DateTime<Utc>,
    customer: &str,
    stood: &Stood,
) -> Result<(), LedgerError> {
    execute!(
        tx.on(),
        MOVE_POINTERS_BACK,
        customer,
        stood.import.as_ref().map(ToString::to_string),
        stood.mirror.as_ref().map(ToString::to_string),
        stood.held_whole_roster,
        now
    )?;
    Ok(())
}

fn unreadable(what: &str, id: i64, why: &str) -> LedgerError {
    LedgerError::Unreadable { what: format!("{what} {id}"), why: why.to_owned() }
}

fn undo_decision(row: DecisionRow) -> Result<UndoDecision, LedgerError> {
    let snapshot = |text: Option<&str>| -> Result<Option<SnapshotId>, LedgerError> {
        let parsed = text.map(str::parse).transpose();
        parsed.map_err(|_| unreadable("decision", row.id, "a roster of it is no snapshot"))
    };
    let lacks = |why| unreadable("decision", row.id, why);
    Ok(UndoDecision {
        id: row.id,
        run: row.undoes.ok_or_else(|| lacks("it names no run"))?,
        roster: snapshot(row.roster.as_deref())?.ok_or_else(|| lacks("it names no roster"))?,
        mirror: snapshot(row.mirror.as_deref())?,
        limits: row.limits.map(|limits| limits.0),
        customer_person: row.customer_person.unwrap_or_default(),
        support_person: row.support_person,
        reason: row.reason,
        used_by_run: row.used_by_run,
        withdrawn_by: row.withdrawn_at.map(|_| row.withdrawn_by.unwrap_or_default()),
    })
}

fn refusal(row: RefusedRow) -> Result<Refusal, LedgerError> {
    let roster = row.roster.as_deref().and_then(|text| text.parse().ok());
    Ok(Refusal {
        roster: roster.ok_or_else(|| unreadable("import run", row.undoes, "its roster is no snapshot"))?,
        run: row.undoes,
        undone_by: row.used_by_run,
        decision: row.id,
    })
}
