//! The throw-away servers themselves: databases are apart, and a restart keeps what was committed.

#![cfg(test)]

mod support;

use sqlx::{Connection, PgConnection};
use support::{Database, Postgres};

async fn connect(database: &Database) -> PgConnection {
    PgConnection::connect(database.url()).await.unwrap()
}

#[tokio::test]
async fn each_test_has_an_empty_database_of_its_own() {
    let postgres = Postgres::shared();
    let (one, other) = (postgres.fresh_database(), postgres.fresh_database());
    sqlx::query("CREATE TABLE t (n INT)").execute(&mut connect(&one).await).await.unwrap();
    sqlx::query("CREATE TABLE t (n INT)").execute(&mut connect(&other).await).await.unwrap();
}

#[tokio::test]
async fn a_restarted_postgres_has_what_was_committed() {
    let database = Postgres::start_own().fresh_database();
    let mut before = connect(&database).await;
    sqlx::query("CREATE TABLE t (n INT)").execute(&mut before).await.unwrap();

    database.server().restart();

    assert!(sqlx::query("SELECT n FROM t").execute(&mut before).await.is_err(), "the connection broke");
    sqlx::query("SELECT n FROM t").execute(&mut connect(&database).await).await.unwrap();
}
