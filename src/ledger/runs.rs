//! Import runs: every attempt, kept whole, once in each life of a job.

use super::{
    Ledger, LedgerError,
    db::{self, Tx, query},
    words::kept,
};
use chrono::{DateTime, Utc};
use rollover_jobs::ports::{NewestRoster, RunRecord, WaitingRoster, WaitingRosters};
use rollover_roster::snapshot::SnapshotId;
use serde::Serialize;
use serde_json::json;
use sqlx::types::Json;

db::statements! {
    INSERT_RUN = "
        INSERT INTO import_run (job_id, round, customer_id, outcome, started_at, ended_at, roster, record, undoes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (job_id, round) DO NOTHING RETURNING id";
    RUN_OF_JOB = "
        SELECT run.*,
            (SELECT undo.id FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed') AS undone_by
        FROM import_run AS run WHERE run.job_id = $1 ORDER BY run.round DESC LIMIT 1";
    RUN_OF_ROUND = "
        SELECT run.*,
            (SELECT undo.id FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed') AS undone_by
        FROM import_run AS run WHERE run.job_id = $1 AND run.round = $2";
    RUN = "
        SELECT run.*,
            (SELECT undo.id FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed') AS undone_by
        FROM import_run AS run WHERE run.id = $1";
    // An undo has dealt with no roster that came.
    NEWEST_WITH_ROSTER = "
        SELECT ended_at FROM import_run WHERE customer_id = $1 AND roster IS NOT NULL AND undoes IS NULL
        ORDER BY id DESC LIMIT 1";
    NEWEST_OF_A_FILE = "
        SELECT run.*,
            (SELECT undo.id FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed') AS undone_by
        FROM import_run AS run
        WHERE run.customer_id = $1 AND run.roster IS NOT NULL AND run.record ->> 'roster_arrived_at' IS NOT NULL
            AND run.undoes IS NULL
        ORDER BY run.id DESC LIMIT 1";
    APPLIED_BEFORE = "
        SELECT run.*,
            (SELECT undo.id FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed') AS undone_by
        FROM import_run AS run WHERE run.customer_id = $1 AND run.id < $2 AND run.outcome = 'completed'
        ORDER BY run.id DESC LIMIT 1";
    // What was undone took nothing in that stands.
    COMPLETED = "
        SELECT run.id, run.ended_at, run.roster, run.record ->> 'mirror' AS mirror FROM import_run AS run
        WHERE run.customer_id = $1 AND run.outcome = 'completed' AND run.undoes IS NULL AND NOT EXISTS
            (SELECT 1 FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed')
        ORDER BY run.id DESC LIMIT $2";
    RUNS_OF_CUSTOMER = "
        SELECT run.*,
            (SELECT undo.id FROM import_run AS undo WHERE undo.undoes = run.id AND undo.outcome = 'completed') AS undone_by
        FROM import_run AS run WHERE run.customer_id = $1 ORDER BY run.id DESC LIMIT $2";
}

/// One attempt to import a roster.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct RunRow {
    pub id: i64,
    pub job_id: i64,
    pub round: i32,
    pub customer_id: String,
    pub outcome: String,
    pub started_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub roster: Option<String>,
    pub record: Json<RunRecord>,
    /// The run that this one takes back, or was to take back.
    pub undoes: Option<i64>,
    /// The run that has taken this one back.
    pub undone_by: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct CompletedRow {
    id: i64,
    ended_at: DateTime<Utc>,
    roster: Option<String>,
    mirror: Option<String>,
}

/// Runs that are looked back at: one an hour, over the longest summer.
const LOOKED_BACK: i64 = 3_000;

/// Keeps a run; `None` when this job has recorded one in this life.
pub(super) async fn insert(tx: &mut Tx, customer: &str, run: &RunRecord) -> Result<Option<i64>, LedgerError> {
    let roster = run.roster.as_ref().map(ToString::to_string);
    let row = query!(
        fetch_optional as (i64,),
        tx.on(),
        INSERT_RUN,
        run.job,
        run.round,
        customer,
        run.outcome.as_str(),
        run.started_at,
        run.ended_at,
        roster.as_deref(),
        Json(kept(json!(run))),
        run.undo_of
    )?;
    Ok(row.map(|(id,)| id))
}

pub(super) async fn by_id(tx: &mut Tx, id: i64) -> Result<RunRow, LedgerError> {
    query!(fetch_optional as RunRow, tx.on(), RUN, id)?
        .ok_or_else(|| LedgerError::not_found("import run", id))
}

/// The run that a job recorded in one life.
pub(super) async fn of_round(tx: &mut Tx, job: i64, round: i32) -> Result<Option<RunRow>, LedgerError> {
    Ok(query!(fetch_optional as RunRow, tx.on(), RUN_OF_ROUND, job, round)?)
}

impl Ledger {
    pub async fn run(&self, id: i64) -> Result<RunRow, LedgerError> {
        let mut conn = self.db.read().await?;
        query!(fetch_optional as RunRow, conn.on(), RUN, id)?
            .ok_or_else(|| LedgerError::not_found("import run", id))
    }

    /// What the site held before a run: what the newest completed run before it left there.
    pub async fn mirror_before(&self, run: &RunRow) -> Result<Option<SnapshotId>, LedgerError> {
        let mut conn = self.db.read().await?;
        let row =
            query!(fetch_optional as RunRow, conn.on(), APPLIED_BEFORE, run.customer_id.as_str(), run.id)?;
        Ok(row.and_then(|row| row.record.0.mirror))
    }

    /// The newest run that a job recorded.
    pub async fn run_of_job(&self, job: i64) -> Result<Option<RunRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_optional as RunRow, conn.on(), RUN_OF_JOB, job)?)
    }

    /// The run that a job recorded in one life.
    pub async fn run_of_round(&self, job: i64, round: i32) -> Result<Option<RunRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_optional as RunRow, conn.on(), RUN_OF_ROUND, job, round)?)
    }

    /// When the newest roster of a customer was dealt with, whatever came of it.
    pub async fn newest_roster_at(&self, customer: &str) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let mut conn = self.db.read().await?;
        let row = query!(fetch_optional as (DateTime<Utc>,), conn.on(), NEWEST_WITH_ROSTER, customer)?;
        Ok(row.map(|(at,)| at))
    }

    /// The rosters that were taken in since the site last held a whole one.
    pub async fn waiting_rosters(&self, customer: &str) -> Result<WaitingRosters, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as CompletedRow, conn.on(), COMPLETED, customer, LOOKED_BACK)?;
        let looked_at = rows.len();
        let waiting: Vec<_> = rows.into_iter().take_while(|row| row.mirror != row.roster).collect();
        let whole =
            waiting.len() < looked_at || looked_at < usize::try_from(LOOKED_BACK).unwrap_or(usize::MAX);
        let roster = |row: CompletedRow| {
            let roster = row.roster.and_then(|roster| roster.parse().ok())?;
            Some(WaitingRoster { run: row.id, taken_in_at: row.ended_at, roster })
        };
        Ok(WaitingRosters { rosters: waiting.into_iter().filter_map(roster).collect(), whole })
    }

    /// The newest roster that was read of a customer's files, whatever became of it.
    pub async fn newest_roster(&self, customer: &str) -> Result<Option<NewestRoster>, LedgerError> {
        let mut conn = self.db.read().await?;
        let row = query!(fetch_optional as RunRow, conn.on(), NEWEST_OF_A_FILE, customer)?;
        Ok(row.and_then(|RunRow { record: Json(run), .. }| {
            Some(NewestRoster {
                snapshot: run.roster?,
                name: run.roster_name.unwrap_or_default(),
                arrived_at: run.roster_arrived_at?,
            })
        }))
    }

    /// The newest runs of one customer, newest first.
    pub async fn runs_of_customer(&self, customer: &str, limit: i64) -> Result<Vec<RunRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as RunRow, conn.on(), RUNS_OF_CUSTOMER, customer, limit)?)
    }
}
