//! The state of each customer's integration: pause, delay delete, the pointers to import database and mirror.

use super::{
    Ledger, LedgerError, advance, claim,
    db::{self, Tx, execute, query},
    decisions,
    events::{self, NewEvent},
    jobs::{self, NewJob},
    mails::{self, NewMail},
    runs, undos,
};
use chrono::{DateTime, NaiveDate, Utc};
use rollover_jobs::{
    Customer, CustomerId, WriteProof,
    ports::{Author, Begun, IntegrationState, Pause, RunId, RunRecord, Window},
};
use rollover_roster::snapshot::SnapshotId;
use sqlx::types::Json;

db::statements! {
    BEGIN_IMPORT =
        "UPDATE integration SET under_way = $2, begun = $3, updated_at = $4 WHERE customer_id = $1";
    IMPORT_PROGRESS = "UPDATE integration SET begun = $2 WHERE customer_id = $1";
    INTEGRATION = "SELECT * FROM integration WHERE customer_id = $1";
    PAUSE = "
        UPDATE integration SET pause_since = $2, pause_why = $3, pause_by = $4, updated_at = $5
        WHERE customer_id = $1 AND (pause_since IS NULL OR pause_since = $6)";
    RESUME = "
        UPDATE integration SET pause_since = NULL, pause_why = NULL, pause_by = NULL, updated_at = $2
        WHERE customer_id = $1 AND pause_since = $3";
    SET_DELAY = "
        UPDATE integration SET delay_start = $2, delay_end = $3, delay_by = $4, updated_at = $5
        WHERE customer_id = $1 AND (delay_start IS NULL OR delay_start <> $2 OR delay_end <> $3)";
    END_DELAY = "
        UPDATE integration SET delay_start = NULL, delay_end = NULL, delay_by = NULL, updated_at = $2
        WHERE customer_id = $1 AND delay_start = $3 AND delay_end = $4";
    MOVE_POINTERS = "
        UPDATE integration SET import_snapshot = coalesce($2, import_snapshot),
            mirror_snapshot = coalesce($3, mirror_snapshot),
            under_way = CASE WHEN $3 IS NULL THEN under_way ELSE $6 END,
            begun = CASE WHEN $3 IS NULL THEN begun END,
            whole_at = coalesce(whole_at, $5), updated_at = $4
        WHERE customer_id = $1";
}

#[derive(Debug, sqlx::FromRow)]
struct IntegrationRow {
    customer_id: String,
    pause_since: Option<DateTime<Utc>>,
    pause_why: Option<String>,
    pause_by: Option<Json<Author>>,
    delay_start: Option<NaiveDate>,
    delay_end: Option<NaiveDate>,
    delay_by: Option<Json<Author>>,
    import_snapshot: Option<String>,
    mirror_snapshot: Option<String>,
    under_way: Option<String>,
    begun: Option<Json<Begun>>,
    whole_at: Option<DateTime<Utc>>,
}

impl IntegrationRow {
    /// A pause or a window without its author is an error: taken for none, it would let an import through.
    fn state(self) -> Result<IntegrationState, LedgerError> {
        let what = format!("integration of {}", self.customer_id);
        let unreadable = |why: &str| LedgerError::Unreadable { what: what.clone(), why: why.to_owned() };
        let snapshot = |text: Option<String>| -> Result<Option<SnapshotId>, LedgerError> {
            text.map(|text| text.parse()).transpose().map_err(|_| unreadable("a pointer is no snapshot"))
        };
        let pause = match (self.pause_since, self.pause_by, self.pause_why) {
            (None, _, _) => None,
            (Some(since), Some(Json(by)), Some(why)) => Some(Pause { since, why, by }),
            (Some(_), _, _) => return Err(unreadable("it is paused, and by whom or why is not known")),
        };
        let window = self.delay_start.zip(self.delay_end).map(|(start, end)| Window { start, end });
        if window.is_some() && self.delay_by.is_none() {
            return Err(unreadable("deletes wait by a window, and by whom it was set is not known"));
        }
        Ok(IntegrationState {
            pause,
            delay_delete: window,
            delay_delete_by: self.delay_by.map(|by| by.0),
            import: snapshot(self.import_snapshot)?,
            mirror: snapshot(self.mirror_snapshot)?,
            under_way: snapshot(self.under_way)?,
            begun: self.begun.map(|begun| begun.0),
            held_whole_roster: self.whole_at.is_some(),
            newest_roster_at: None,
            course_guard: None,
            filter_decision: None,
            refusals: Vec::new(),
        })
    }
}

/// A mail as rendered, to one recipient.
pub struct QueuedMail {
    pub kind: &'static str,
    pub recipient: String,
    pub message_id: String,
    pub subject: String,
    pub text_body: String,
    pub html_body: String,
}

/// A turn of the integration, for the history.
struct Turn<'a> {
    name: &'static str,
    by: &'a Author,
    note: Option<String>,
}

impl Ledger {
    /// Pause, window and pointers of one customer; the guard and the decision are added by who asks.
    pub async fn integration(&self, customer: &CustomerId) -> Result<IntegrationState, LedgerError> {
        let mut conn = self.db.read().await?;
        query!(fetch_optional as IntegrationRow, conn.on(), INTEGRATION, customer.as_str())?
            .ok_or_else(|| LedgerError::not_found("customer", customer))?
            .state()
    }

    /// Pauses what is active, or takes over the pause `over`. `true` when it changed.
    pub async fn pause(
        &self,
        now: DateTime<Utc>,
        customer: &CustomerId,
        pause: &Pause,
        over: Option<&Pause>,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.db.begin().await?;
        let changed = execute!(
            tx.on(),
            PAUSE,
            customer.as_str(),
            pause.since,
            pause.why.as_str(),
            Json(&pause.by),
            now,
            over.map(|over| over.since)
        )? == 1;
        let turn = Turn { name: "paused", by: &pause.by, note: Some(pause.why.clone()) };
        self.integration_changed(tx, now, customer, changed, turn).await
    }

    /// Ends exactly this pause; `true` when it held. What waited for that looks again.
    pub async fn resume(
        &self,
        now: DateTime<Utc>,
        customer: &CustomerId,
        pause: &Pause,
        by: &Author,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.db.begin().await?;
        let changed = execute!(tx.on(), RESUME, customer.as_str(), now, pause.since)? == 1;
        if changed {
            jobs::wake_at_site(&mut tx, now, customer.as_str()).await?;
        }
        let note = format!("paused by {}: {}", pause.by, pause.why);
        let turn = Turn { name: "resumed", by, note: Some(note) };
        self.integration_changed(tx, now, customer, changed, turn).await
    }

    /// `true` when the window is another than before.
    pub async fn start_delay_delete(
        &self,
        now: DateTime<Utc>,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.db.begin().await?;
        let changed =
            execute!(tx.on(), SET_DELAY, customer.as_str(), window.start, window.end, Json(by), now)? == 1;
        let note = format!("{} to {}", window.start, window.end);
        let turn = Turn { name: "delay_delete_started", by, note: Some(note) };
        self.integration_changed(tx, now, customer, changed, turn).await
    }

    /// Ends exactly this window; `true` when there was one. What waited for that looks again.
    pub async fn end_delay_delete(
        &self,
        now: DateTime<Utc>,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, LedgerError> {
        let mut tx = self.db.begin().await?;
        let changed = execute!(tx.on(), END_DELAY, customer.as_str(), now, window.start, window.end)? == 1;
        if changed {
            jobs::wake_at_site(&mut tx, now, customer.as_str()).await?;
        }
        let turn = Turn { name: "delay_delete_ended", by, note: None };
        self.integration_changed(tx, now, customer, changed, turn).await
    }

    async fn integration_changed(
        &self,
        mut tx: Tx,
        now: DateTime<Utc>,
        customer: &CustomerId,
        changed: bool,
        turn: Turn<'_>,
    ) -> Result<bool, LedgerError> {
        if changed {
            let customer = Some(customer.to_string());
            let line = NewEvent { customer, name: turn.name, note: turn.note, ..NewEvent::default() };
            events::append(&mut tx, now, &turn.by.to_string(), &[line]).await?;
        }
        tx.commit().await?;
        if changed {
            self.tell_due().await;
        }
        Ok(changed)
    }

    /// Keeps what is under way at the site of a customer, for the worker that has the claim.
    pub async fn begin_import(
        &self,
        now: DateTime<Utc>,
        customer: &CustomerId,
        under_way: &SnapshotId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        check_claim(&mut tx, proof).await?;
        execute!(tx.on(), BEGIN_IMPORT, customer.as_str(), under_way.to_string(), Json(begun), now)?;
        tx.commit().await
    }

    /// Keeps what the import under way has come to, for the worker that has the claim.
    pub async fn import_progress(
        &self,
        customer: &CustomerId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), LedgerError> {
        let mut tx = self.db.begin().await?;
        check_claim(&mut tx, proof).await?;
        execute!(tx.on(), IMPORT_PROGRESS, customer.as_str(), Json(begun))?;
        tx.commit().await
    }

    /// Keeps a run of the worker that has the claim; moves the pointers; uses up the decision; puts the status
    /// mails into the outbox, each with the job that sends it: all, or nothing. A job that records twice in one life
    /// keeps its first record.
    pub async fn record_run(
        &self,
        now: DateTime<Utc>,
        customer: &Customer,
        run: &RunRecord,
        proof: &WriteProof,
        render: impl FnOnce(RunId) -> Vec<QueuedMail> + Send,
        mail_job: impl Fn(i64) -> NewJob + Send,
    ) -> Result<RunId, LedgerError> {
        let mut tx = self.db.begin().await?;
        check_claim(&mut tx, proof).await?;
        self.keep_run(tx, now, customer, run, render, mail_job).await
    }

    /// The same for a job that has ended and recorded none: nobody has its claim, and no pointer moves.
    pub async fn record_end(
        &self,
        now: DateTime<Utc>,
        customer: &Customer,
        run: &RunRecord,
        render: impl FnOnce(RunId) -> Vec<QueuedMail> + Send,
        mail_job: impl Fn(i64) -> NewJob + Send,
    ) -> Result<RunId, LedgerError> {
        if run.mirror.is_some() {
            return Err(LedgerError::Refused("an import that has ended moves no pointer".to_owned()));
        }
        let tx = self.db.begin().await?;
        self.keep_run(tx, now, customer, run, render, mail_job).await
    }

    async fn keep_run(
        &self,
        mut tx: Tx,
        now: DateTime<Utc>,
        customer: &Customer,
        run: &RunRecord,
        render: impl FnOnce(RunId) -> Vec<QueuedMail> + Send,
        mail_job: impl Fn(i64) -> NewJob + Send,
    ) -> Result<RunId, LedgerError> {
        let Some(id) = runs::insert(&mut tx, customer.id.as_str(), run).await? else {
            let before = runs::of_round(&mut tx, run.job, run.round).await?;
            return before.map(|row| row.id).ok_or_else(|| LedgerError::not_found("run of job", run.job));
        };
        self.move_pointers(&mut tx, now, customer, run).await?;
        if let Some(decision) = run.used_decision {
            decisions::use_up(&mut tx, decision, id).await?;
        }
        let line = NewEvent {
            customer: Some(customer.id.to_string()),
            job: Some(run.job),
            name: if run.undo_of.is_some() { "undo_run" } else { "import_run" },
            to: Some(run.outcome.as_str()),
            note: Some(format!("run {id}")),
            ..NewEvent::default()
        };
        events::append(&mut tx, now, advance::ENGINE, &[line]).await?;
        for mail in render(id) {
            let mail = mails::insert(&mut tx, now, &NewMail::new(&customer.id, Some(id), mail)).await?;
            jobs::insert(&mut tx, now, &[mail_job(mail)]).await?;
        }
        tx.commit().await?;
        self.tell_due().await;
        Ok(id)
    }

    async fn move_pointers(
        &self,
        tx: &mut Tx,
        now: DateTime<Utc>,
        customer: &Customer,
        run: &RunRecord,
    ) -> Result<(), LedgerError> {
        // The import database moves only with a roster that was accepted (I1, I4).
        let accepted = run.mirror.is_some();
        if let Some(of) = run.undo_of.filter(|_| accepted) {
            let undone = runs::by_id(tx, of).await?;
            let stood = undone.record.0.stood.ok_or_else(|| LedgerError::Unreadable {
                what: format!("import run {of}"),
                why: "what stood before it is not known".to_owned(),
            })?;
            return undos::move_pointers_back(tx, now, customer.id.as_str(), &stood).await;
        }
        let import = run.roster.as_ref().filter(|_| accepted).map(ToString::to_string);
        let mirror = run.mirror.as_ref().map(ToString::to_string);
        // F4: from the first time that the site holds all of a roster, the import is no first one any more.
        let whole_at = (accepted && run.mirror == run.roster).then_some(now);
        execute!(
            tx.on(),
            MOVE_POINTERS,
            customer.id.as_str(),
            import.as_deref(),
            mirror.as_deref(),
            now,
            whole_at,
            run.under_way.as_ref().map(ToString::to_string)
        )?;
        Ok(())
    }
}

pub(super) async fn check_claim(tx: &mut Tx, proof: &WriteProof) -> Result<(), LedgerError> {
    let stands = claim::stands(tx, proof).await?;
    if stands { Ok(()) } else { Err(LedgerError::Raced { what: "job", id: proof.job() }) }
}
