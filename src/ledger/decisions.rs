//! What people decided: sign-offs, skips, and other limits for the Filter; who, when, why.

use super::{
    Ledger, LedgerError,
    db::{self, Tx, execute, query},
    words::check_words,
};
use chrono::{DateTime, Utc};
use rollover_jobs::{CustomerId, ports::FilterDecision};
use rollover_roster::{filter::Limits, slices::Slice, snapshot::SnapshotId};
use serde::Serialize;
use sqlx::types::Json;

db::statements! {
    INSERT_DECISION = "
        INSERT INTO decision (at, kind, customer_id, task_id, roster, limits, customer_person, support_person, reason,
            mirror, slice)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
            CASE WHEN $2 = 'filter' THEN (SELECT mirror_snapshot FROM integration WHERE customer_id = $3) END, $10)
        RETURNING id";
    SIGN_OFF_OF_TASK = "
        SELECT * FROM decision WHERE task_id = $1 AND kind = 'sign_off' ORDER BY id DESC LIMIT 1";
    NEWEST_OF_TASK = "SELECT * FROM decision WHERE task_id = $1 ORDER BY id DESC LIMIT 1";
    NEWEST_FILTER_DECISION = "
        SELECT * FROM decision WHERE customer_id = $1 AND kind = 'filter' ORDER BY id DESC LIMIT 1";
    USE_DECISION = "UPDATE decision SET used_by_run = $2 WHERE id = $1 AND used_by_run IS NULL";
    DECISIONS_OF_CUSTOMER = "SELECT * FROM decision WHERE customer_id = $1 ORDER BY id DESC LIMIT $2";
}

/// One decision of a person.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct DecisionRow {
    pub id: i64,
    pub at: DateTime<Utc>,
    /// `sign_off`, `skip`, `filter`, `limits`, `personal_data_by_mail`, `undo`.
    pub kind: String,
    pub customer_id: Option<String>,
    pub task_id: Option<i64>,
    /// The run that it takes back.
    pub undoes: Option<i64>,
    pub roster: Option<String>,
    /// What the site held when the decision was made.
    pub mirror: Option<String>,
    pub limits: Option<Json<Limits>>,
    /// What of the difference it releases; without it all.
    pub slice: Option<Json<Slice>>,
    pub customer_person: Option<String>,
    pub support_person: String,
    pub reason: String,
    pub used_by_run: Option<i64>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub withdrawn_by: Option<String>,
    pub withdrawn_why: Option<String>,
}

/// DOMAIN F3: who at the customer, who at support, why, for which roster; without limits the Filter is off.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFilterDecision {
    pub customer: CustomerId,
    pub roster: SnapshotId,
    pub limits: Option<Limits>,
    /// What of the difference flows; `None`: all of it.
    pub slice: Option<Slice>,
    pub customer_person: String,
    pub support_person: String,
    pub reason: String,
}

/// A decision about a task, written in the transaction of what it causes.
pub(super) async fn about_task(
    tx: &mut Tx,
    now: DateTime<Utc>,
    kind: &str,
    task: &super::TaskRow,
    person: &str,
    reason: &str,
) -> Result<(), LedgerError> {
    let nothing: Option<String> = None;
    let no_limits: Option<Json<Limits>> = None;
    query!(
        fetch_one as (i64,),
        tx.on(),
        INSERT_DECISION,
        now,
        kind,
        task.customer_id.as_deref(),
        task.id,
        nothing.as_deref(),
        no_limits.as_ref(),
        nothing.as_deref(),
        person,
        reason,
        None::<Json<Slice>>
    )?;
    Ok(())
}

/// Who decided on a setting that takes a decision, as the limits of the Filter do (DOMAIN F3).
#[derive(Debug, Clone, Copy)]
pub struct SettingsDecision<'a> {
    pub customer_person: &'a str,
    pub support_person: &'a str,
    pub reason: &'a str,
}

/// Kept in the transaction that writes the settings; with the limits, where they are what was decided on.
pub(super) async fn about_settings(
    tx: &mut Tx,
    now: DateTime<Utc>,
    customer: &str,
    (kind, limits): (&str, Option<&Limits>),
    decision: SettingsDecision<'_>,
) -> Result<(), LedgerError> {
    check_words("who at the customer decided", decision.customer_person)?;
    check_words("who at support decided", decision.support_person)?;
    check_words("the reason of the decision", decision.reason)?;
    query!(
        fetch_one as (i64,),
        tx.on(),
        INSERT_DECISION,
        now,
        kind,
        customer,
        None::<i64>,
        None::<String>,
        limits.map(Json),
        decision.customer_person,
        decision.support_person,
        decision.reason,
        None::<Json<Slice>>
    )?;
    Ok(())
}

/// Marks a decision as used by a run; a second use changes nothing.
pub(super) async fn use_up(tx: &mut Tx, decision: i64, run: i64) -> Result<(), LedgerError> {
    execute!(tx.on(), USE_DECISION, decision, run)?;
    Ok(())
}

pub(super) async fn newest_about_filter(
    tx: &mut Tx,
    customer: &str,
) -> Result<Option<DecisionRow>, LedgerError> {
    Ok(query!(fetch_optional as DecisionRow, tx.on(), NEWEST_FILTER_DECISION, customer)?)
}

pub(super) async fn sign_off_of_task(tx: &mut Tx, task: i64) -> Result<Option<DecisionRow>, LedgerError> {
    Ok(query!(fetch_optional as DecisionRow, tx.on(), SIGN_OFF_OF_TASK, task)?)
}

impl Ledger {
    /// Records a decision about the Filter; it holds for one run of exactly that roster.
    pub async fn decide_filter(
        &self,
        now: DateTime<Utc>,
        new: &NewFilterDecision,
    ) -> Result<i64, LedgerError> {
        for (what, text) in [
            ("who at the customer", &new.customer_person),
            ("who at support", &new.support_person),
            ("the reason", &new.reason),
        ] {
            check_words(&format!("{what}, which a decision about the Filter names,"), text)?;
        }
        let mut tx = self.db.begin().await?;
        let (id,) = query!(
            fetch_one as (i64,),
            tx.on(),
            INSERT_DECISION,
            now,
            "filter",
            new.customer.as_str(),
            None::<i64>,
            new.roster.to_string(),
            new.limits.as_ref().map(Json),
            new.customer_person.as_str(),
            new.support_person.as_str(),
            new.reason.as_str(),
            new.slice.as_ref().map(Json)
        )?;
        tx.commit().await?;
        self.tell_news().await;
        Ok(id)
    }

    /// The unused decision about the Filter, if any.
    pub async fn filter_decision(&self, customer: &str) -> Result<Option<FilterDecision>, LedgerError> {
        let mut conn = self.db.read().await?;
        // Only the newest: an older one that was never used is overtaken by it.
        let row = query!(fetch_optional as DecisionRow, conn.on(), NEWEST_FILTER_DECISION, customer)?;
        // One that was withdrawn brings none before it back.
        row.filter(|row| row.used_by_run.is_none() && row.withdrawn_at.is_none())
            .map(|row| {
                let unreadable = || LedgerError::Unreadable {
                    what: format!("decision {}", row.id),
                    why: "a roster of it is no snapshot".to_owned(),
                };
                let mirror =
                    row.mirror.as_deref().map(|text| text.parse().map_err(|_| unreadable())).transpose()?;
                Ok(FilterDecision {
                    id: row.id,
                    roster: row
                        .roster
                        .as_deref()
                        .and_then(|text| text.parse().ok())
                        .ok_or_else(unreadable)?,
                    mirror,
                    limits: row.limits.map(|limits| limits.0),
                    slice: row.slice.map(|slice| slice.0),
                    customer_person: row.customer_person.clone().unwrap_or_default(),
                    support_person: row.support_person.clone(),
                    reason: row.reason.clone(),
                })
            })
            .transpose()
    }

    /// The sign-off of a task, if a person gave one.
    pub async fn sign_off_of(&self, task: i64) -> Result<Option<DecisionRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_optional as DecisionRow, conn.on(), SIGN_OFF_OF_TASK, task)?)
    }

    /// What a person decided about a task last: a sign-off or a skip.
    pub async fn decision_of_task(&self, task: i64) -> Result<Option<DecisionRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_optional as DecisionRow, conn.on(), NEWEST_OF_TASK, task)?)
    }

    /// Decisions about one customer, newest first.
    pub async fn decisions_of_customer(
        &self,
        customer: &str,
        limit: i64,
    ) -> Result<Vec<DecisionRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_all as DecisionRow, conn.on(), DECISIONS_OF_CUSTOMER, customer, limit)?)
    }
}
