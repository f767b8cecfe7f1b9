//! The two schemas are one: tables, columns, keys and rules read from the catalogues of two live databases.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines, support::Postgres};
use rollover::ledger::{Ledger, LedgerError, db::Db};
use std::collections::{BTreeMap, BTreeSet};

/// What a schema says, in words that both engines share. Types are the three kinds that SQLite keeps.
#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    /// `table.column` → kind of type, and whether it may be absent.
    columns: BTreeMap<String, String>,
    /// `table(columns)`.
    primary_keys: BTreeSet<String>,
    /// `table(columns) where …`, those behind a primary key left out.
    unique: BTreeSet<String>,
    /// Names of all indexes that a migration made.
    indexes: BTreeSet<String>,
    /// `table(columns) -> table(columns)`.
    foreign_keys: BTreeSet<String>,
}

const POSTGRES_COLUMNS: &str = "
    SELECT table_name::text, column_name::text, data_type::text, is_nullable::text FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";
const POSTGRES_INDEXES: &str = "
    SELECT t.relname::text, i.relname::text, x.indisprimary, x.indisunique,
        (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY AS k(attnum, n)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum),
        coalesce(pg_get_expr(x.indpred, x.indrelid), '')
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = 'public' AND t.relname <> '_sqlx_migrations'";
const POSTGRES_FOREIGN_KEYS: &str = "
    SELECT c.conrelid::regclass::text, a.attname::text, c.confrelid::regclass::text, f.attname::text
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1";
const SQLITE_COLUMNS: &str = "
    SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT IN ('_sqlx_migrations', 'sqlite_sequence') ORDER BY m.name, c.pk";
const SQLITE_INDEXES: &str = "
    SELECT m.name, i.name, i.origin, i.\"unique\",
        (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)),
        coalesce((SELECT sql FROM sqlite_schema WHERE name = i.name), '')
    FROM sqlite_schema m JOIN pragma_index_list(m.name) i
    WHERE m.type = 'table' AND m.name NOT IN ('_sqlx_migrations', 'sqlite_sequence')";
const SQLITE_FOREIGN_KEYS: &str = "
    SELECT m.name, f.\"from\", f.\"table\", f.\"to\" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
    WHERE m.type = 'table'";

/// The type that SQLite has for one of PostgreSQL.
fn kind_of(postgres: &str) -> &'static str {
    match postgres {
        "text" | "date" | "jsonb" | "timestamp with time zone" => "TEXT",
        "bigint" | "integer" | "boolean" => "INTEGER",
        other => panic!("{other}: say which type SQLite keeps it as"),
    }
}

/// A condition without the casts and brackets that PostgreSQL puts into it.
fn plain(condition: &str) -> String {
    let plain = condition.replace("::text[]", "").replace("::text", "").replace("= ANY (ARRAY[", "IN (");
    let plain = plain.replace(['(', ')', '[', ']', '\n'], " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn column(kind: &str, nullable: bool) -> String {
    format!("{kind}{}", if nullable { "" } else { " NOT NULL" })
}

async fn postgres_schema(ledger: &Ledger) -> Schema {
    let Db::Postgres(pool) = ledger.db() else { panic!("postgres was asked for") };
    let mut schema = Schema::default();
    let columns: Vec<(String, String, String, String)> =
        sqlx::query_as(POSTGRES_COLUMNS).fetch_all(pool).await.unwrap();
    for (table, name, kind, nullable) in columns {
        schema.columns.insert(format!("{table}.{name}"), column(kind_of(&kind), nullable == "YES"));
    }
    let indexes: Vec<(String, String, bool, bool, String, String)> =
        sqlx::query_as(POSTGRES_INDEXES).fetch_all(pool).await.unwrap();
    for (table, name, primary, unique, columns, condition) in indexes {
        let over = format!("{table}({columns})");
        if primary {
            schema.primary_keys.insert(over);
            continue;
        }
        let implied = unique && name == format!("{table}_{columns}_key");
        if unique {
            schema.unique.insert(format!("{over} where {}", plain(&condition)));
        }
        if !implied {
            schema.indexes.insert(name);
        }
    }
    let keys: Vec<(String, String, String, String)> =
        sqlx::query_as(POSTGRES_FOREIGN_KEYS).fetch_all(pool).await.unwrap();
    schema.foreign_keys = keys.into_iter().map(|(a, b, c, d)| format!("{a}({b}) -> {c}({d})")).collect();
    schema
}

async fn sqlite_schema(ledger: &Ledger) -> Schema {
    let Db::Sqlite(pool) = ledger.db() else { panic!("sqlite was asked for") };
    let mut schema = Schema::default();
    let mut primary: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let columns: Vec<(String, String, String, bool, i64)> =
        sqlx::query_as(SQLITE_COLUMNS).fetch_all(pool).await.unwrap();
    for (table, name, kind, not_null, key) in columns {
        schema.columns.insert(format!("{table}.{name}"), column(&kind, !not_null && key == 0));
        if key > 0 {
            primary.entry(table).or_default().push(name);
        }
    }
    schema.primary_keys =
        primary.into_iter().map(|(table, names)| format!("{table}({})", names.join(","))).collect();
    let indexes: Vec<(String, String, String, bool, String, String)> =
        sqlx::query_as(SQLITE_INDEXES).fetch_all(pool).await.unwrap();
    for (table, name, origin, unique, columns, sql) in indexes {
        let condition = sql.split_once(" WHERE ").map_or("", |(_, condition)| condition);
        if unique && origin != "pk" {
            schema.unique.insert(format!("{table}({columns}) where {}", plain(condition)));
        }
        if origin == "c" {
            schema.indexes.insert(name);
        }
    }
    let keys: Vec<(String, String, String, String)> =
        sqlx::query_as(SQLITE_FOREIGN_KEYS).fetch_all(pool).await.unwrap();
    schema.foreign_keys = keys.into_iter().map(|(a, b, c, d)| format!("{a}({b}) -> {c}({d})")).collect();
    schema
}

async fn schema_of(ledger: &Ledger) -> Schema {
    if ledger.is_embedded() { sqlite_schema(ledger).await } else { postgres_schema(ledger).await }
}

#[tokio::test]
async fn both_engines_have_one_schema() {
    let (one, other) = (
        TestApp::new(On::Postgres, "2024-06-03T08:00:00Z").await,
        TestApp::new(On::Sqlite, "2024-06-03T08:00:00Z").await,
    );
    let (postgres, sqlite) = (schema_of(one.ledger()).await, schema_of(other.ledger()).await);
    assert!(postgres.columns.len() > 100 && postgres.foreign_keys.len() > 10, "the catalogue was read");
    assert_eq!(postgres.columns, sqlite.columns);
    assert_eq!(postgres.primary_keys, sqlite.primary_keys);
    assert_eq!(postgres.unique, sqlite.unique);
    assert_eq!(postgres.indexes, sqlite.indexes);
    assert_eq!(postgres.foreign_keys, sqlite.foreign_keys);
}

#[tokio::test]
async fn sqlite_keeps_its_types_as_strictly_as_postgres() {
    let test = TestApp::new(On::Sqlite, "2024-06-03T08:00:00Z").await;
    let Db::Sqlite(pool) = test.ledger().db() else { panic!("sqlite was asked for") };
    let loose: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
            AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(loose, [], "every table is STRICT");
    let broken: Vec<(String,)> =
        sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check").fetch_all(pool).await.unwrap();
    assert_eq!(broken, []);
    let (on,): (i64,) = sqlx::query_as("PRAGMA foreign_keys").fetch_one(pool).await.unwrap();
    assert_eq!(on, 1);
}

on_both_engines!(migrating_again_changes_nothing, a_schema_of_another_program_is_refused);

async fn migrating_again_changes_nothing(on: On) {
    let test = TestApp::new(on, "2024-06-03T08:00:00Z").await;
    let nes = test.customer("nes", &[]).await;
    let before = schema_of(test.ledger()).await;
    test.ledger().migrate().await.unwrap();
    assert_eq!(schema_of(test.ledger()).await, before);
    assert_eq!(test.ledger().customers().await.unwrap().read, [nes]);
    test.ledger().check_schema().await.unwrap();
}

const FORGET_MIGRATIONS: &str = "DELETE FROM _sqlx_migrations";
const ANOTHER_MIGRATION: &str = "
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
    SELECT version + 1, 'of tomorrow', success, checksum, 0 FROM _sqlx_migrations";

async fn execute(ledger: &Ledger, sql: &'static str) {
    match ledger.db() {
        Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        Db::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
    }
}

async fn a_schema_of_another_program_is_refused(on: On) {
    let test = TestApp::new(on, "2024-06-03T08:00:00Z").await;
    let (_, wanted) = test.ledger().db().schema_versions().await.unwrap();
    for (change, found) in [(ANOTHER_MIGRATION, wanted + 1), (FORGET_MIGRATIONS, 0)] {
        execute(test.ledger(), change).await;
        let refused = test.ledger().check_schema().await.unwrap_err();
        assert!(matches!(refused, LedgerError::Schema { .. }));
        assert_eq!(
            refused.to_string(),
            format!(
                "the database has schema {found}, this program needs {wanted}: run `rollover migrate` (or the newer \
                 program)"
            )
        );
    }
}

/// Nothing was ever set up there: said as an old schema, not as a fault of the database.
#[tokio::test]
async fn an_empty_database_is_refused_until_it_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let database = Postgres::shared().fresh_database();
    let file = format!("sqlite:{}", folder.path().join("ledger.db").display());
    for url in [file.as_str(), database.url()] {
        let ledger = Ledger::open(url, 2).await.unwrap();
        assert!(matches!(ledger.check_schema().await, Err(LedgerError::Schema { found: 0, .. })));
        ledger.migrate().await.unwrap();
        ledger.check_schema().await.unwrap();
        ledger.close().await;
    }
}

/// A table that is none of ours is in the way: no second attempt could move it.
#[tokio::test]
async fn a_migration_that_cannot_be_done_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let database = Postgres::shared().fresh_database();
    let file = format!("sqlite:{}", folder.path().join("ledger.db").display());
    for url in [file.as_str(), database.url()] {
        let ledger = Ledger::open(url, 2).await.unwrap();
        execute(&ledger, "CREATE TABLE customer (id TEXT)").await;
        assert!(matches!(ledger.migrate().await, Err(LedgerError::Migrate(_))), "{url}");
        ledger.close().await;
    }
}

/// As `rollover up` started twice, and as two machines that are set up by one script.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_is_migrated_by_several_at_once() {
    let postgres = Postgres::shared();
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let database = postgres.fresh_database();
        let file = format!("sqlite:{}", folder.path().join("ledger.db").display());
        for url in [file, database.url().to_owned()] {
            let mut several = tokio::task::JoinSet::new();
            for _ in 0..3 {
                let url = url.clone();
                several.spawn(async move {
                    let ledger = Ledger::open(&url, 2).await?;
                    ledger.migrate().await?;
                    ledger.check_schema().await?;
                    ledger.close().await;
                    Ok::<(), LedgerError>(())
                });
            }
            while let Some(one) = several.join_next().await {
                one.unwrap().unwrap_or_else(|error| panic!("{url}: {error:?}"));
            }
        }
    }
}
