//! Decisions about imports as people look them up (the Filter, an undo), and the withdrawal of one (DOMAIN F3).

use super::{
    DecisionRow, Ledger, LedgerError,
    db::{self, execute, query},
    decisions::newest_about_filter,
    events::{self, NewEvent},
    words::check_words,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashSet;

db::statements! {
    DECISIONS_ON_FILTER = "
        SELECT * FROM decision WHERE customer_id = $1 AND kind IN ('filter', 'limits', 'undo') ORDER BY id DESC LIMIT $2";
    DECISION_ON_FILTER = "SELECT * FROM decision WHERE id = $1 AND kind IN ('filter', 'limits', 'undo')";
    RUNS_AT_SITE = "
        SELECT id FROM job WHERE customer_id = $1 AND lane = 'site' AND state = 'running' ORDER BY id LIMIT 1";
    WITHDRAW = "
        UPDATE decision SET withdrawn_at = $2, withdrawn_by = $3, withdrawn_why = $4
        WHERE id = $1 AND (used_by_run IS NULL OR kind = 'undo') AND withdrawn_at IS NULL";
}

/// What a decision about the Filter, or about an undo, is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterDecisionState {
    /// The next run of its roster uses it; of an undo, its job.
    Open,
    Used,
    /// A run was undone by it, and its roster is not taken in again.
    Refuses,
    Withdrawn,
    /// A newer one took its place.
    Overtaken,
    /// The customer's own limits, until they are decided anew.
    InForce,
}

impl FilterDecisionState {
    /// What people read.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Refuses => "its roster is refused",
            Self::Withdrawn => "withdrawn",
            Self::Overtaken => "overtaken",
            Self::InForce => "in force",
        }
    }
}

/// One decision about imports: the Filter for one run of one roster (`filter`), the customer's own limits (`limits`), a run
/// that is taken back (`undo`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilterDecisionRow {
    #[serde(flatten)]
    pub decision: DecisionRow,
    pub state: FilterDecisionState,
}

/// Only the newest of its kind holds; what a run has used stays used, whatever a person did meanwhile. Each undo stands for
/// itself, and while it refuses a roster it can be taken back.
fn decide_filter_state(row: &DecisionRow, newest: bool, refuses: bool) -> FilterDecisionState {
    use FilterDecisionState as S;
    if row.kind == "undo" {
        return match (row.used_by_run, row.withdrawn_at) {
            (_, Some(_)) => S::Withdrawn,
            (Some(_), None) if refuses => S::Refuses,
            (Some(_), None) => S::Used,
            (None, None) => S::Open,
        };
    }
    match (row.used_by_run, row.withdrawn_at) {
        (Some(_), _) => S::Used,
        (None, Some(_)) => S::Withdrawn,
        (None, None) if !newest => S::Overtaken,
        (None, None) if row.kind == "limits" => S::InForce,
        (None, None) => S::Open,
    }
}

impl Ledger {
    async fn decision_about_import(&self, id: i64) -> Result<Option<DecisionRow>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(query!(fetch_optional as DecisionRow, conn.on(), DECISION_ON_FILTER, id)?)
    }

    /// Every decision about the imports of one customer, newest first.
    pub async fn filter_decisions(
        &self,
        customer: &str,
        limit: i64,
    ) -> Result<Vec<FilterDecisionRow>, LedgerError> {
        let refusing = self.refusing(customer).await?;
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as DecisionRow, conn.on(), DECISIONS_ON_FILTER, customer, limit)?;
        let mut seen = HashSet::new();
        let with_state = |decision: DecisionRow| {
            let newest = seen.insert(decision.kind.clone());
            let state = decide_filter_state(&decision, newest, refusing.contains(&decision.id));
            FilterDecisionRow { decision, state }
        };
        Ok(rows.into_iter().map(with_state).collect())
    }

    /// The decisions by which rosters are refused.
    async fn refusing(&self, customer: &str) -> Result<HashSet<i64>, LedgerError> {
        Ok(self.refusals(customer).await?.into_iter().map(|refusal| refusal.decision).collect())
    }

    /// Takes back an open decision, or the refusal of an undone roster, with who and why. An import that runs right now may have read it, so it ends first.
    pub async fn withdraw_decision(
        &self,
        now: DateTime<Utc>,
        person: &str,
        id: i64,
        why: &str,
    ) -> Result<DecisionRow, LedgerError> {
        check_words("the reason", why)?;
        check_words("who withdraws the decision", person)?;
        let refusing = match self.decision_about_import(id).await?.and_then(|row| row.customer_id) {
            Some(customer) => self.refusing(&customer).await?,
            None => HashSet::new(),
        };
        let mut tx = self.db.begin().await?;
        let row = query!(fetch_optional as DecisionRow, tx.on(), DECISION_ON_FILTER, id)?
            .ok_or_else(|| LedgerError::not_found("decision about an import", id))?;
        let customer = row.customer_id.clone().unwrap_or_default();
        let newest = newest_about_filter(&mut tx, &customer).await?.is_none_or(|newest| newest.id == id);
        match decide_filter_state(&row, newest, refusing.contains(&id)) {
            FilterDecisionState::Open | FilterDecisionState::Refuses => {}
            state => return Err(not_open(&row, state)),
        }
        if let Some((job,)) = query!(fetch_optional as (i64,), tx.on(), RUNS_AT_SITE, customer.as_str())? {
            return Err(LedgerError::Refused(format!(
                "decision {id} may be in use: job {job} runs at the site of {customer}; wait until it ends, or cancel it \
                 with `rollover job cancel {job} --why …`"
            )));
        }
        if execute!(tx.on(), WITHDRAW, id, now, person, why)? == 0 {
            return Err(LedgerError::Raced { what: "decision", id });
        }
        let line = NewEvent {
            customer: Some(customer),
            name: "decision_withdrawn",
            note: Some(format!("decision {id}: {why}")),
            ..NewEvent::default()
        };
        events::append(&mut tx, now, person, &[line]).await?;
        let row = query!(fetch_one as DecisionRow, tx.on(), DECISION_ON_FILTER, id)?;
        tx.commit().await?;
        self.tell_news().await;
        Ok(row)
    }
}

fn not_open(row: &DecisionRow, state: FilterDecisionState) -> LedgerError {
    let id = row.id;
    LedgerError::Refused(match state {
        FilterDecisionState::Used => format!(
            "decision {id} was used by run {}: it holds for no further run",
            row.used_by_run.unwrap_or_default()
        ),
        FilterDecisionState::Withdrawn => format!(
            "decision {id} was withdrawn by {} already",
            row.withdrawn_by.as_deref().unwrap_or("somebody")
        ),
        _ if row.kind == "limits" => format!(
            "decision {id} is about the customer's own limits: change them with `rollover customer set {} --filter`",
            row.customer_id.as_deref().unwrap_or("CUSTOMER")
        ),
        _ => format!("decision {id} was overtaken by a newer one: it holds for no run"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, used_by_run: Option<i64>, withdrawn: bool) -> DecisionRow {
        let at = DateTime::UNIX_EPOCH;
        DecisionRow {
            id: 1,
            at,
            kind: kind.to_owned(),
            customer_id: Some("nes".to_owned()),
            task_id: None,
            undoes: None,
            roster: None,
            mirror: None,
            limits: None,
            slice: None,
            customer_person: None,
            support_person: "Ingrid".to_owned(),
            reason: "figures compared".to_owned(),
            used_by_run,
            withdrawn_at: withdrawn.then_some(at),
            withdrawn_by: None,
            withdrawn_why: None,
        }
    }

    // DOMAIN F3
    #[test]
    fn a_decision_holds_until_it_is_used_withdrawn_or_overtaken() {
        use FilterDecisionState as S;
        for (kind, used, withdrawn, newest, state) in [
            ("filter", None, false, true, S::Open),
            ("filter", None, false, false, S::Overtaken),
            ("filter", Some(7), false, true, S::Used),
            ("filter", Some(7), false, false, S::Used),
            ("filter", None, true, true, S::Withdrawn),
            ("filter", None, true, false, S::Withdrawn),
            ("filter", Some(7), true, true, S::Used),
            ("limits", None, false, true, S::InForce),
            ("limits", None, false, false, S::Overtaken),
        ] {
            let decided = decide_filter_state(&row(kind, used, withdrawn), newest, false);
            assert_eq!(decided, state, "{kind} {used:?} {withdrawn} {newest}");
        }
        for (used, withdrawn, refuses, state) in [
            (None, false, false, S::Open),
            (None, true, false, S::Withdrawn),
            (Some(7), false, true, S::Refuses),
            (Some(7), false, false, S::Used),
            (Some(7), true, false, S::Withdrawn),
        ] {
            for newest in [true, false] {
                let decided = decide_filter_state(&row("undo", used, withdrawn), newest, refuses);
                assert_eq!(decided, state, "undo {used:?} {withdrawn} {newest} {refuses}");
            }
        }
    }
}
