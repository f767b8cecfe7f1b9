//! Wake-ups: who waits for work or for news is told at once, in this process and (PostgreSQL) in the others.
//!
//! A wake-up is a hint. One that is lost costs the waiter its polling interval, never a job.

use super::{
    Ledger, LedgerError,
    db::{self, Db, execute},
};
use std::sync::Arc;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

db::statements! {
    NOTIFY = postgres "SELECT pg_notify('rollover', $1)", sqlite "SELECT $1";
}

/// What one process tells the others.
const DUE: &str = "due";
const NEWS: &str = "news";

/// Handles on both wake-ups of one process.
#[derive(Debug, Clone)]
pub struct Wakeups {
    due: Arc<Notify>,
    news: Arc<watch::Sender<u64>>,
}

impl Default for Wakeups {
    fn default() -> Self {
        Self { due: Arc::new(Notify::new()), news: Arc::new(watch::channel(0).0) }
    }
}

impl Wakeups {
    /// A job may be ready to send.
    pub fn due(&self) {
        self.due.notify_one();
    }

    /// Waits for [`Wakeups::due`].
    pub async fn until_due(&self) {
        self.due.notified().await;
    }

    /// Something that people look at has changed.
    pub fn news(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    /// A receiver that sees every later change at least once.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }
}

impl Ledger {
    /// Tells this process, and on PostgreSQL every other, that jobs are due.
    pub(super) async fn tell_due(&self) {
        self.wakeups.due();
        self.wakeups.news();
        self.tell_others(DUE).await;
    }

    /// Tells this process, and on PostgreSQL every other, that something people look at has changed.
    pub(super) async fn tell_news(&self) {
        self.wakeups.news();
        self.tell_others(NEWS).await;
    }

    async fn tell_others(&self, what: &str) {
        if !self.is_embedded()
            && let Err(error) = self.notify(what).await
        {
            tracing::debug!(error = %error, "wake-up of other processes failed; they will poll");
        }
    }

    async fn notify(&self, what: &str) -> Result<(), LedgerError> {
        let mut conn = self.db.read().await?;
        execute!(conn.on(), NOTIFY, what)?;
        Ok(())
    }

    /// Passes the wake-ups of other processes on to this one, until stopped; reconnects by itself.
    pub async fn listen(&self, stop: CancellationToken) {
        let Db::Postgres(pool) = &self.db else { return };
        while !stop.is_cancelled() {
            let listening = async {
                let mut listener = sqlx::postgres::PgListener::connect_with(pool).await?;
                listener.listen("rollover").await?;
                loop {
                    if listener.recv().await?.payload() != NEWS {
                        self.wakeups.due();
                    }
                    self.wakeups.news();
                }
                #[expect(unreachable_code, reason = "names the error type of the block")]
                Ok::<(), sqlx::Error>(())
            };
            tokio::select! {
                () = stop.cancelled() => return,
                ended = listening => if let Err(error) = ended {
                    tracing::debug!(error = %error, "listening for wake-ups ended; polling until it is back");
                },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RECONNECT_PAUSE) => {}
            }
        }
    }
}

const RECONNECT_PAUSE: std::time::Duration = std::time::Duration::from_secs(2);
