//! Memberships of the built-in site: the integration removes its own and leaves those alone that people made.

use super::put::{Step, details};
use crate::ledger::db::{self, Tx, execute};
use rollover_jobs::ports::Applied;
use rollover_roster::model::Membership;
use serde_json::{Value, json};
use sqlx::types::Json;

db::statements! {
    UPDATE_MEMBERSHIPS = postgres "
        UPDATE site_membership SET role = x.role, begins = x.begins, ends = x.ends, made_by = 'integration',
            details = x.details, hash = x.hash
        FROM jsonb_to_recordset($2) AS x(group_source text, group_key text, person_source text, person_key text,
            role text, begins date, ends date, details jsonb, hash text)
        WHERE site_membership.customer_id = $1 AND site_membership.group_source = x.group_source
            AND site_membership.group_key = x.group_key AND site_membership.person_source = x.person_source
            AND site_membership.person_key = x.person_key
            AND (site_membership.hash <> x.hash OR site_membership.made_by <> 'integration')",
    sqlite "
        WITH x AS MATERIALIZED (SELECT value ->> 'group_source' AS group_source,
            value ->> 'group_key' AS group_key, value ->> 'person_source' AS person_source,
            value ->> 'person_key' AS person_key, value ->> 'role' AS role, value ->> 'begins' AS begins,
            value ->> 'ends' AS ends, value ->> 'details' AS details, value ->> 'hash' AS hash FROM json_each($2))
        UPDATE site_membership SET role = x.role, begins = x.begins, ends = x.ends, made_by = 'integration',
            details = x.details, hash = x.hash
        FROM x
        WHERE site_membership.customer_id = $1 AND site_membership.group_source = x.group_source
            AND site_membership.group_key = x.group_key AND site_membership.person_source = x.person_source
            AND site_membership.person_key = x.person_key
            AND (site_membership.hash <> x.hash OR site_membership.made_by <> 'integration')";
    INSERT_MEMBERSHIPS = postgres "
        INSERT INTO site_membership (customer_id, group_source, group_key, person_source, person_key, role, begins,
            ends, made_by, details, hash)
        SELECT $1, x.group_source, x.group_key, x.person_source, x.person_key, x.role, x.begins, x.ends,
            'integration', x.details, x.hash
        FROM jsonb_to_recordset($2) AS x(group_source text, group_key text, person_source text, person_key text,
            role text, begins date, ends date, details jsonb, hash text)
        ON CONFLICT DO NOTHING",
    sqlite "
        INSERT INTO site_membership (customer_id, group_source, group_key, person_source, person_key, role, begins,
            ends, made_by, details, hash)
        SELECT $1, value ->> 'group_source', value ->> 'group_key', value ->> 'person_source',
            value ->> 'person_key', value ->> 'role', value ->> 'begins', value ->> 'ends', 'integration',
            value ->> 'details', value ->> 'hash'
        FROM json_each($2) WHERE true
        ON CONFLICT DO NOTHING";
    DELETE_MEMBERSHIPS = postgres "
        DELETE FROM site_membership m
        USING jsonb_to_recordset($2) AS x(group_source text, group_key text, person_source text, person_key text)
        WHERE m.customer_id = $1 AND m.made_by <> 'manual' AND m.group_source = x.group_source
            AND m.group_key = x.group_key AND m.person_source = x.person_source AND m.person_key = x.person_key",
    sqlite "
        DELETE FROM site_membership
        WHERE customer_id = $1 AND made_by = 'integration'
            AND (group_source, group_key, person_source, person_key) IN
                (SELECT value ->> 'group_source', value ->> 'group_key', value ->> 'person_source',
                    value ->> 'person_key' FROM json_each($2))";
}

pub(super) fn row(membership: &Membership, hash: String) -> Value {
    json!({
        "group_source": membership.group.source, "group_key": membership.group.id,
        "person_source": membership.person.source, "person_key": membership.person.id,
        "role": membership.role.as_str(), "begins": membership.begin, "ends": membership.end,
        "details": details(&membership.details), "hash": hash,
    })
}

/// C4: a manual participant whom the roster names becomes the integration's again.
pub(super) const CREATE: &[Step] = &[Step::Creates(INSERT_MEMBERSHIPS), Step::Updates(UPDATE_MEMBERSHIPS)];
pub(super) const UPDATE: &[Step] = &[Step::Updates(UPDATE_MEMBERSHIPS), Step::Creates(INSERT_MEMBERSHIPS)];

pub(super) async fn remove(
    tx: &mut Tx,
    customer: &str,
    rows: Json<&[Value]>,
) -> Result<Applied, sqlx::Error> {
    let deleted = execute!(tx.on(), DELETE_MEMBERSHIPS, customer, rows)?;
    Ok(Applied { deleted, ..Applied::default() })
}
