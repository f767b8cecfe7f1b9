//! The ledger is the truth: customers, plans, tasks, jobs, events, decisions, runs, mails; all SQL of it.
//!
//! Every state is written by one function that reads the row, asks its transition function, writes guarded by
//! what it read, and appends the event; all in one transaction, so a crash leaves either everything or nothing.

mod advance;
mod authors;
mod changes;
pub(crate) mod claim;
mod clock;
mod customers;
pub mod db;
mod decisions;
mod dispatch;
mod ends;
mod error;
mod events;
mod filter_decisions;
mod grouped;
mod integration;
mod jobs;
mod late_rosters;
mod leader;
mod mails;
mod needs;
mod overview;
mod plans;
mod reach;
mod retention;
mod rows;
mod runs;
mod schedule;
mod scheduling;
mod standing;
mod superseded;
mod tasks;
mod undos;
mod unreadable;
mod wakeups;
mod words;

pub use customers::{CustomerRow, takes_decision};
pub use db::check_url;
pub use decisions::{DecisionRow, NewFilterDecision, SettingsDecision};
pub use error::{LedgerError, Trouble};
pub use events::EventRow;
pub use filter_decisions::{FilterDecisionRow, FilterDecisionState};
pub use grouped::Grouped;
pub use integration::QueuedMail;
pub use jobs::{JobMove, NewJob};
pub use leader::LeaderRow;
pub use mails::MailRow;
pub use overview::{Fleet, FleetCustomer, JobFilter, TaskFilter};
pub use plans::{NewPlan, PlanRow};
pub use reach::ONE_ATTEMPT;
pub use rows::{JobRow, TaskRow};
pub use runs::RunRow;
pub use schedule::Schedule;
pub use scheduling::{DueTask, Fired, TaskFire};
pub use tasks::NewTaskRow;
pub use undos::NewUndo;
pub use unreadable::{Rows, Unreadable};
pub use wakeups::Wakeups;

use db::Db;

/// One open ledger; clones share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) db: Db,
    pub(crate) wakeups: Wakeups,
}

impl Ledger {
    /// Opens the database of this URL; the schema is not touched.
    pub async fn open(url: &str, postgres_connections: u32) -> Result<Self, LedgerError> {
        Ok(Self { db: Db::connect(url, postgres_connections).await?, wakeups: Wakeups::default() })
    }

    /// Opens a database that is there; `None`: the SQLite file is not there, and is not made.
    pub async fn open_existing(url: &str, postgres_connections: u32) -> Result<Option<Self>, LedgerError> {
        if db::is_missing_file(url)? {
            Ok(None)
        } else {
            Self::open(url, postgres_connections).await.map(Some)
        }
    }

    pub async fn migrate(&self) -> Result<(), LedgerError> {
        self.db.migrate().await
    }

    /// Refuses a schema that is not this program's, and says which command to run.
    pub async fn check_schema(&self) -> Result<(), LedgerError> {
        let (found, wanted) = self.db.schema_versions().await?;
        if found == wanted { Ok(()) } else { Err(LedgerError::Schema { found, wanted }) }
    }

    /// The number of the schema that stands in the database; 0 when none does.
    pub async fn schema(&self) -> Result<i64, LedgerError> {
        Ok(self.db.schema_versions().await?.0)
    }

    pub const fn engine_name(&self) -> &'static str {
        if self.db.is_sqlite() { "SQLite" } else { "PostgreSQL" }
    }

    pub async fn close(&self) {
        self.db.close().await;
    }

    pub const fn is_embedded(&self) -> bool {
        self.db.is_sqlite()
    }

    pub const fn db(&self) -> &Db {
        &self.db
    }

    pub const fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every statement of the ledger and of the built-in site, with the file it stands in.
    fn every_statement() -> Vec<(&'static str, &'static [(&'static str, db::Sql)])> {
        vec![
            ("advance", advance::ALL),
            ("authors", authors::ALL),
            ("claim", claim::ALL),
            ("clock", clock::ALL),
            ("customers", customers::ALL),
            ("decisions", decisions::ALL),
            ("dispatch", dispatch::ALL),
            ("ends", ends::ALL),
            ("events", events::ALL),
            ("filter_decisions", filter_decisions::ALL),
            ("integration", integration::ALL),
            ("jobs", jobs::ALL),
            ("leader", leader::ALL),
            ("mails", mails::ALL),
            ("needs", needs::ALL),
            ("overview", overview::ALL),
            ("plans", plans::ALL),
            ("retention", retention::ALL),
            ("runs", runs::ALL),
            ("undos", undos::ALL),
            ("scheduling", scheduling::ALL),
            ("standing", standing::ALL),
            ("superseded", superseded::ALL),
            ("tasks", tasks::ALL),
            ("unreadable", unreadable::ALL),
            ("wakeups", wakeups::ALL),
            ("site", crate::site::embedded::ALL),
        ]
    }

    async fn prepare_all(ledger: &Ledger, engine: &str) {
        let mut refused = Vec::new();
        for (file, statements) in every_statement() {
            assert!(!statements.is_empty(), "{file} declares no statement");
            for (name, sql) in statements {
                if let Err(error) = ledger.db.prepare(*sql).await {
                    refused.push(format!("{file}::{name}: {error}"));
                }
            }
        }
        assert!(refused.is_empty(), "{engine} refuses {refused:#?}");
    }

    #[tokio::test]
    async fn sqlite_accepts_every_statement() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        let ledger = Ledger::open(&url, 1).await.unwrap();
        ledger.migrate().await.unwrap();
        prepare_all(&ledger, "sqlite").await;
    }

    #[tokio::test]
    async fn postgres_accepts_every_statement() {
        let database = crate::test_servers::Postgres::shared().fresh_database();
        let ledger = Ledger::open(database.url(), 2).await.unwrap();
        ledger.migrate().await.unwrap();
        prepare_all(&ledger, "postgres").await;
    }
}
