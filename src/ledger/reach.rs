//! The first word with a database server: which one it is, and within seconds why it does not answer.
//!
//! A pool waits long for a connection, which is right in the middle of work: the server comes back. Who has just typed
//! a command wants to know at once. So a connection of its own is tried first, and its error is the server's own.

use super::{Ledger, LedgerError, Trouble, db::Db};
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// For a command: one attempt, which ends by itself within [`LONGEST_ATTEMPT`].
pub const ONE_ATTEMPT: Duration = Duration::ZERO;
/// A server that takes the connection and says nothing.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(500);

impl Ledger {
    /// Tries to reach the server until it answers or `patience` is over; SQLite needs none.
    pub async fn reach(&self, patience: Duration) -> Result<(), LedgerError> {
        let Db::Postgres(pool) = &self.db else { return Ok(()) };
        let options = pool.connect_options();
        let start = Instant::now();
        let mut told = false;
        loop {
            let trouble = match attempt(&options).await {
                Ok(()) => return Ok(()),
                Err(trouble) => trouble,
            };
            let error = LedgerError::Unreachable { server: server(&options), trouble };
            if start.elapsed() >= patience {
                return Err(error);
            }
            if !told {
                tracing::warn!(%error, patience_seconds = patience.as_secs(), "waiting for the ledger");
                told = true;
            }
            sleep(PAUSE).await;
        }
    }
}

async fn attempt(options: &PgConnectOptions) -> Result<(), Trouble> {
    let conversation = async {
        let connection = options.connect().await?;
        connection.close().await
    };
    match timeout(LONGEST_ATTEMPT, conversation).await {
        Ok(done) => done.map_err(|error| Trouble::of(&error)),
        Err(_) => Err(Trouble::Away(format!("it was silent for {} s", LONGEST_ATTEMPT.as_secs()))),
    }
}

/// `host:port/database`; the database is the user's name where none is set, as PostgreSQL has it.
fn server(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_without_user_and_password() {
        for (url, name) in [
            ("postgres://me:s3cret@db.example/rollover", "db.example:5432/rollover"),
            ("postgres://me:s3cret@db.example:6543", "db.example:6543/me"),
        ] {
            assert_eq!(server(&url.parse().unwrap()), name);
        }
    }
}
