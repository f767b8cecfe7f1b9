//! Persons of the built-in site: one who is no longer sent goes to the administrator's trash, and can come back.

use super::put::{Step, details};
use crate::ledger::db::{self, Tx, execute};
use rollover_jobs::ports::Applied;
use rollover_roster::model::Person;
use serde_json::{Value, json};
use sqlx::types::Json;

db::statements! {
    RESTORE_PERSONS = postgres "
        UPDATE site_person SET userid = x.userid, given = x.given, family = x.family, email = x.email,
            birth_date = x.birth_date, profile = x.profile, state = 'active', made_by = 'integration',
            details = x.details, hash = x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, userid text, given text, family text,
            email text, birth_date date, profile text, details jsonb, hash text)
        WHERE site_person.customer_id = $1 AND site_person.source = x.source AND site_person.sync_key = x.sync_key
            AND site_person.state = 'trashed'",
    sqlite "
        WITH x AS MATERIALIZED (SELECT value ->> 'source' AS source, value ->> 'sync_key' AS sync_key,
            value ->> 'userid' AS userid, value ->> 'given' AS given, value ->> 'family' AS family,
            value ->> 'email' AS email, value ->> 'birth_date' AS birth_date,
            value ->> 'profile' AS profile, value ->> 'details' AS details,
            value ->> 'hash' AS hash FROM json_each($2))
        UPDATE site_person SET userid = x.userid, given = x.given, family = x.family, email = x.email,
            birth_date = x.birth_date, profile = x.profile, state = 'active', made_by = 'integration',
            details = x.details, hash = x.hash
        FROM x
        WHERE site_person.customer_id = $1 AND site_person.source = x.source AND site_person.sync_key = x.sync_key
            AND site_person.state = 'trashed'";
    UPDATE_PERSONS = postgres "
        UPDATE site_person SET userid = x.userid, given = x.given, family = x.family, email = x.email,
            birth_date = x.birth_date, profile = x.profile, made_by = 'integration',
            details = x.details, hash = x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, userid text, given text, family text,
            email text, birth_date date, profile text, details jsonb, hash text)
        WHERE site_person.customer_id = $1 AND site_person.source = x.source AND site_person.sync_key = x.sync_key
            AND (site_person.hash <> x.hash OR site_person.made_by <> 'integration')",
    sqlite "
        WITH x AS MATERIALIZED (SELECT value ->> 'source' AS source, value ->> 'sync_key' AS sync_key,
            value ->> 'userid' AS userid, value ->> 'given' AS given, value ->> 'family' AS family,
            value ->> 'email' AS email, value ->> 'birth_date' AS birth_date,
            value ->> 'profile' AS profile, value ->> 'details' AS details,
            value ->> 'hash' AS hash FROM json_each($2))
        UPDATE site_person SET userid = x.userid, given = x.given, family = x.family, email = x.email,
            birth_date = x.birth_date, profile = x.profile, made_by = 'integration',
            details = x.details, hash = x.hash
        FROM x
        WHERE site_person.customer_id = $1 AND site_person.source = x.source AND site_person.sync_key = x.sync_key
            AND (site_person.hash <> x.hash OR site_person.made_by <> 'integration')";
    INSERT_PERSONS = postgres "
        INSERT INTO site_person (customer_id, source, sync_key, userid, given, family, email, birth_date, profile,
            state, made_by, details, hash)
        SELECT $1, x.source, x.sync_key, x.userid, x.given, x.family, x.email, x.birth_date, x.profile,
            'active', 'integration', x.details, x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, userid text, given text, family text,
            email text, birth_date date, profile text, details jsonb, hash text)
        ON CONFLICT DO NOTHING",
    sqlite "
        INSERT INTO site_person (customer_id, source, sync_key, userid, given, family, email, birth_date, profile,
            state, made_by, details, hash)
        SELECT $1, value ->> 'source', value ->> 'sync_key', value ->> 'userid', value ->> 'given',
            value ->> 'family', value ->> 'email', value ->> 'birth_date', value ->> 'profile',
            'active', 'integration', value ->> 'details', value ->> 'hash'
        FROM json_each($2) WHERE true
        ON CONFLICT DO NOTHING";
    TRASH_PERSONS = postgres "
        UPDATE site_person SET state = 'trashed'
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text)
        WHERE site_person.customer_id = $1 AND site_person.made_by <> 'manual' AND site_person.state <> 'trashed'
            AND site_person.source = x.source AND site_person.sync_key = x.sync_key",
    sqlite "
        UPDATE site_person SET state = 'trashed'
        WHERE customer_id = $1 AND made_by = 'integration' AND state = 'active' AND (source, sync_key) IN
            (SELECT value ->> 'source', value ->> 'sync_key' FROM json_each($2))";
}

pub(super) fn row(person: &Person, hash: String) -> Value {
    json!({
        "source": person.key.source, "sync_key": person.key.id, "userid": person.userid, "given": person.given,
        "family": person.family, "email": person.email, "birth_date": person.birth_date,
        "profile": person.profile.as_str(), "details": details(&person.details), "hash": hash,
    })
}

/// One who comes back out of the trash counts as created: to everybody who looks, they were not there.
pub(super) const CREATE: &[Step] =
    &[Step::Creates(INSERT_PERSONS), Step::Creates(RESTORE_PERSONS), Step::Updates(UPDATE_PERSONS)];
pub(super) const UPDATE: &[Step] =
    &[Step::Creates(RESTORE_PERSONS), Step::Updates(UPDATE_PERSONS), Step::Creates(INSERT_PERSONS)];

pub(super) async fn trash(tx: &mut Tx, customer: &str, rows: Json<&[Value]>) -> Result<Applied, sqlx::Error> {
    let deleted = execute!(tx.on(), TRASH_PERSONS, customer, rows)?;
    Ok(Applied { deleted, ..Applied::default() })
}
