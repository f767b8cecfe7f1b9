//! Two database engines behind one set of statements: pools, transactions, and the macros that run a statement.
//!
//! The body of every macro is compiled once per engine, so moments, dates and JSON keep each engine's own form.

use super::LedgerError;
use sqlx::{
    PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::MigrateError,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{str::FromStr, time::Duration};

/// One statement: the same text for both engines, or one text each.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub postgres: &'static str,
    pub sqlite: &'static str,
}

impl Sql {
    pub const fn both(text: &'static str) -> Self {
        Self { postgres: text, sqlite: text }
    }
    pub const fn each(postgres: &'static str, sqlite: &'static str) -> Self {
        Self { postgres, sqlite }
    }
}

/// The pools of one engine.
#[derive(Debug, Clone)]
pub enum Db {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// A transaction; dropped without commit, it never was.
pub enum Tx {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

/// A connection for reading.
pub enum Conn {
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

/// What a statement runs on.
pub enum On<'c> {
    Postgres(&'c mut PgConnection),
    Sqlite(&'c mut SqliteConnection),
}

/// How long SQLite waits for another writer of the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
const SQLITE_CONNECTIONS: u32 = 8;
/// Two processes that make a new file at the same time collide; the later one tries again.
const MIGRATE_ATTEMPTS: u32 = 5;
const MIGRATE_PAUSE: Duration = Duration::from_millis(200);

/// Digits of a second that both engines keep.
const MICROSECONDS: u16 = 6;

static MIGRATIONS_POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");
static MIGRATIONS_SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// What is wrong with the address of a database; never a part of it, which may hold a password.
pub fn check_url(url: &str) -> Result<(), String> {
    const EXPECTED: &str = "expected postgres://user:password@host:5432/database or sqlite:PATH, or nothing for the built-in ledger";
    let read = match url.split_once(':') {
        Some(("postgres" | "postgresql", _)) => PgConnectOptions::from_str(url).map(drop),
        Some(("sqlite", _)) => SqliteConnectOptions::from_str(url).map(drop),
        _ => return Err(EXPECTED.to_owned()),
    };
    read.map_err(|error| format!("{error}: {EXPECTED}"))
}

/// Whether the address names an SQLite file that is not there.
pub(super) fn is_missing_file(url: &str) -> Result<bool, LedgerError> {
    if !url.starts_with("sqlite:") {
        return Ok(false);
    }
    let options = SqliteConnectOptions::from_str(url).map_err(LedgerError::Url)?;
    Ok(!options.get_filename().exists())
}

impl Db {
    /// Opens `postgres://…` or `sqlite:PATH`. PostgreSQL is not asked yet; an SQLite file is made when missing.
    pub async fn connect(url: &str, postgres_connections: u32) -> Result<Self, LedgerError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(LedgerError::Url)?;
            let pool = PgPoolOptions::new()
                .max_connections(postgres_connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_lazy_with(options);
            return Ok(Self::Postgres(pool));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(LedgerError::Url)?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        Ok(Self::Sqlite(open_file(options).await?))
    }

    /// Brings the schema to this version. What cannot be done fails at once; only what another process hinders is
    /// tried again.
    pub async fn migrate(&self) -> Result<(), LedgerError> {
        let mut attempt = 1;
        loop {
            let (before, _) = self.schema_versions().await?;
            let result = match self {
                Self::Postgres(pool) => MIGRATIONS_POSTGRES.run(pool).await,
                Self::Sqlite(pool) => MIGRATIONS_SQLITE.run(pool).await,
            };
            let Err(error) = result else { return Ok(()) };
            // Only a committed migration of another process can stand in the way, and then its version is there.
            let overtaken = self.schema_versions().await?.0 > before;
            if attempt == MIGRATE_ATTEMPTS || !decide_migrate_again(&error, overtaken) {
                return Err(LedgerError::Migrate(error));
            }
            tracing::debug!(attempt, error = %error, "migration collided, trying again");
            attempt += 1;
            tokio::time::sleep(MIGRATE_PAUSE).await;
        }
    }

    /// Versions of the schema: what stands in the database, and what this program wants.
    pub async fn schema_versions(&self) -> Result<(i64, i64), LedgerError> {
        let wanted = MIGRATIONS_POSTGRES.iter().map(|m| m.version).max().unwrap_or(0);
        let found: Result<Option<i64>, sqlx::Error> = match self {
            Self::Postgres(pool) => sqlx::query_scalar(NEWEST_MIGRATION).fetch_one(pool).await,
            Self::Sqlite(pool) => sqlx::query_scalar(NEWEST_MIGRATION).fetch_one(pool).await,
        };
        match found {
            Ok(version) => Ok((version.unwrap_or(0), wanted)),
            // The table of migrations does not exist: nothing was ever set up here.
            Err(sqlx::Error::Database(_)) => Ok((0, wanted)),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn begin(&self) -> Result<Tx, LedgerError> {
        Ok(match self {
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
            // The write lock at once: a read that later writes would fail when another writer came between.
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    pub async fn read(&self) -> Result<Conn, LedgerError> {
        Ok(match self {
            Self::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
            Self::Sqlite(pool) => Conn::Sqlite(pool.acquire().await?),
        })
    }

    pub async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(pool) => pool.close().await,
        }
    }

    pub const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Has the engine read a statement without running it.
    pub async fn prepare(&self, sql: Sql) -> Result<(), sqlx::Error> {
        use sqlx::{Executor, SqlSafeStr};
        match self {
            Self::Postgres(pool) => {
                pool.acquire().await?.prepare(sql.postgres.into_sql_str()).await.map(drop)
            }
            Self::Sqlite(pool) => pool.acquire().await?.prepare(sql.sqlite.into_sql_str()).await.map(drop),
        }
    }
}

/// A new file is put into its journal mode by whoever opens it first; the engine does not wait there, but refuses
/// the others.
async fn open_file(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let mut attempt = 1;
    loop {
        let pool = SqlitePoolOptions::new()
            .max_connections(SQLITE_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
            .await;
        match pool {
            Err(sqlx::Error::Database(error)) if attempt < MIGRATE_ATTEMPTS && is_busy(&*error) => {
                tracing::debug!(attempt, error = %error, "opening collided, trying again");
            }
            done => return done,
        }
        attempt += 1;
        tokio::time::sleep(MIGRATE_PAUSE).await;
    }
}

/// Whether a migration that failed can succeed without anybody's help: another process held a lock, or was faster.
fn decide_migrate_again(error: &MigrateError, overtaken: bool) -> bool {
    let (MigrateError::Execute(sqlx::Error::Database(error))
    | MigrateError::ExecuteMigration(sqlx::Error::Database(error), _)) = error
    else {
        return false;
    };
    overtaken || is_busy(&**error)
}

/// SQLITE_BUSY and SQLITE_LOCKED, in their plain or an extended form.
const SQLITE_LOCKS: [u32; 2] = [5, 6];
/// PostgreSQL: serialization_failure, deadlock_detected, lock_not_available.
const POSTGRES_LOCKS: [&str; 3] = ["40001", "40P01", "55P03"];

/// Another connection held what this one needed.
fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    match error.try_downcast_ref::<SqliteError>() {
        Some(_) => code.parse::<u32>().is_ok_and(|code| SQLITE_LOCKS.contains(&(code & 0xff))),
        None => POSTGRES_LOCKS.contains(&code.as_ref()),
    }
}

const NEWEST_MIGRATION: &str = "SELECT max(version) FROM _sqlx_migrations WHERE success";

impl Tx {
    pub async fn commit(self) -> Result<(), LedgerError> {
        match self {
            Self::Postgres(tx) => tx.commit().await?,
            Self::Sqlite(tx) => tx.commit().await?,
        }
        Ok(())
    }

    pub fn on(&mut self) -> On<'_> {
        match self {
            Self::Postgres(tx) => On::Postgres(tx),
            Self::Sqlite(tx) => On::Sqlite(tx),
        }
    }
}

impl Conn {
    pub fn on(&mut self) -> On<'_> {
        match self {
            Self::Postgres(conn) => On::Postgres(conn),
            Self::Sqlite(conn) => On::Sqlite(conn),
        }
    }
}

/// Runs a statement; gives the number of rows it changed.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $on {
            $crate::ledger::db::On::Postgres(conn) => sqlx::query($sql.postgres)$(.bind($bind))*
                .execute(conn).await.map(|done| done.rows_affected()),
            $crate::ledger::db::On::Sqlite(conn) => sqlx::query($sql.sqlite)$(.bind($bind))*
                .execute(conn).await.map(|done| done.rows_affected()),
        }
    };
}
pub(crate) use execute;

/// Runs a query; gives rows of a `FromRow` type by `fetch_all`, `fetch_one` or `fetch_optional`.
macro_rules! query {
    ($fetch:ident as $row:ty, $on:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $on {
            $crate::ledger::db::On::Postgres(conn) => {
                sqlx::query_as::<_, $row>($sql.postgres)$(.bind($bind))*.$fetch(conn).await
            }
            $crate::ledger::db::On::Sqlite(conn) => {
                sqlx::query_as::<_, $row>($sql.sqlite)$(.bind($bind))*.$fetch(conn).await
            }
        }
    };
}
pub(crate) use query;

/// Declares the statements of one file, and lists them so that a test can prepare each on each engine.
macro_rules! statements {
    ($($name:ident = $(postgres $pg:literal, sqlite $lite:literal)? $($both:literal)?;)*) => {
        $(const $name: $crate::ledger::db::Sql =
            $($crate::ledger::db::Sql::each($pg, $lite))? $($crate::ledger::db::Sql::both($both))?;)*
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, $crate::ledger::db::Sql)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use statements;

/// A moment as it stands in a JSON argument: the text that both engines compare rightly, in the microseconds that
/// both keep. A finer moment would lie between two ticks of the clock on one engine alone.
pub fn stamp(moment: chrono::DateTime<chrono::Utc>) -> String {
    use chrono::SubsecRound;
    moment.trunc_subsecs(MICROSECONDS).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn file(folder: &tempfile::TempDir, busy_timeout: Duration) -> SqlitePool {
        let path = folder.path().join("ledger.db");
        let options =
            SqliteConnectOptions::new().filename(path).create_if_missing(true).busy_timeout(busy_timeout);
        SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
    }

    #[tokio::test]
    async fn only_a_migration_that_another_process_hinders_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (file(&folder, Duration::ZERO).await, file(&folder, Duration::ZERO).await);
        let broken = || async { sqlx::query("broken").execute(&one).await.unwrap_err() };
        let held = one.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let busy = || async { sqlx::query("BEGIN IMMEDIATE").execute(&other).await.unwrap_err() };
        let cases = [
            ("locked", MigrateError::Execute(busy().await), false, true),
            ("locked in a migration", MigrateError::ExecuteMigration(busy().await, 1), false, true),
        ];
        drop(held);
        let more = [
            ("broken", MigrateError::ExecuteMigration(broken().await, 1), false, false),
            ("overtaken", MigrateError::ExecuteMigration(broken().await, 1), true, true),
            ("another text", MigrateError::VersionMismatch(1), true, false),
            ("from the future", MigrateError::VersionMissing(9), false, false),
            ("away", MigrateError::Execute(sqlx::Error::PoolTimedOut), false, false),
        ];
        for (name, error, overtaken, again) in cases.into_iter().chain(more) {
            assert_eq!(decide_migrate_again(&error, overtaken), again, "{name}: {error}");
        }
    }
}
