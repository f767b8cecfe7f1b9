//! Groups of the built-in site.

use super::put::{Step, details};
use crate::ledger::db::{self, Tx, execute};
use rollover_jobs::ports::Applied;
use rollover_roster::model::Group;
use serde_json::{Value, json};
use sqlx::types::Json;

db::statements! {
    UPDATE_GROUPS = postgres "
        UPDATE site_group SET group_type = x.group_type, level = x.level, name = x.name,
            parent_source = x.parent_source, parent_key = x.parent_key, made_by = 'integration', details = x.details,
            hash = x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, group_type text, level integer, name text,
            parent_source text, parent_key text, details jsonb, hash text)
        WHERE site_group.customer_id = $1 AND site_group.source = x.source AND site_group.sync_key = x.sync_key
            AND (site_group.hash <> x.hash OR site_group.made_by <> 'integration')",
    sqlite "
        WITH x AS MATERIALIZED (SELECT value ->> 'source' AS source, value ->> 'sync_key' AS sync_key,
            value ->> 'group_type' AS group_type, value ->> 'level' AS level, value ->> 'name' AS name,
            value ->> 'parent_source' AS parent_source, value ->> 'parent_key' AS parent_key,
            value ->> 'details' AS details, value ->> 'hash' AS hash FROM json_each($2))
        UPDATE site_group SET group_type = x.group_type, level = x.level, name = x.name,
            parent_source = x.parent_source, parent_key = x.parent_key, made_by = 'integration', details = x.details,
            hash = x.hash
        FROM x
        WHERE site_group.customer_id = $1 AND site_group.source = x.source AND site_group.sync_key = x.sync_key
            AND (site_group.hash <> x.hash OR site_group.made_by <> 'integration')";
    INSERT_GROUPS = postgres "
        INSERT INTO site_group (customer_id, source, sync_key, group_type, level, name, parent_source, parent_key,
            made_by, details, hash)
        SELECT $1, x.source, x.sync_key, x.group_type, x.level, x.name, x.parent_source, x.parent_key,
            'integration', x.details, x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, group_type text, level integer, name text,
            parent_source text, parent_key text, details jsonb, hash text)
        ON CONFLICT DO NOTHING",
    sqlite "
        INSERT INTO site_group (customer_id, source, sync_key, group_type, level, name, parent_source, parent_key,
            made_by, details, hash)
        SELECT $1, value ->> 'source', value ->> 'sync_key', value ->> 'group_type', value ->> 'level',
            value ->> 'name', value ->> 'parent_source', value ->> 'parent_key', 'integration',
            value ->> 'details', value ->> 'hash'
        FROM json_each($2) WHERE true
        ON CONFLICT DO NOTHING";
    DELETE_GROUPS = postgres "
        DELETE FROM site_group USING jsonb_to_recordset($2) AS x(source text, sync_key text)
        WHERE site_group.customer_id = $1 AND site_group.made_by <> 'manual'
            AND site_group.source = x.source AND site_group.sync_key = x.sync_key",
    sqlite "
        DELETE FROM site_group WHERE customer_id = $1 AND made_by = 'integration' AND (source, sync_key) IN
            (SELECT value ->> 'source', value ->> 'sync_key' FROM json_each($2))";
    // A course may have the key of the group that was; its participants are not the group's.
    DELETE_MEMBERS = postgres "
        DELETE FROM site_membership USING jsonb_to_recordset($2) AS x(source text, sync_key text)
        WHERE site_membership.customer_id = $1 AND site_membership.group_source = x.source
            AND site_membership.group_key = x.sync_key
            AND NOT EXISTS (SELECT 1 FROM site_course c WHERE c.customer_id = site_membership.customer_id
                AND c.source = site_membership.group_source AND c.sync_key = site_membership.group_key)
            AND NOT EXISTS (SELECT 1 FROM site_group g WHERE g.customer_id = site_membership.customer_id
                AND g.source = site_membership.group_source AND g.sync_key = site_membership.group_key)",
    sqlite "
        DELETE FROM site_membership WHERE customer_id = $1 AND (group_source, group_key) IN
            (SELECT value ->> 'source', value ->> 'sync_key' FROM json_each($2))
            AND NOT EXISTS (SELECT 1 FROM site_course c WHERE c.customer_id = site_membership.customer_id
                AND c.source = site_membership.group_source AND c.sync_key = site_membership.group_key)
            AND NOT EXISTS (SELECT 1 FROM site_group g WHERE g.customer_id = site_membership.customer_id
                AND g.source = site_membership.group_source AND g.sync_key = site_membership.group_key)";
}

pub(super) fn row(group: &Group, hash: String) -> Value {
    json!({
        "source": group.key.source, "sync_key": group.key.id, "group_type": group.group_type, "level": group.level,
        "name": group.name, "parent_source": group.parent.as_ref().map(|key| &key.source),
        "parent_key": group.parent.as_ref().map(|key| &key.id), "details": details(&group.details), "hash": hash,
    })
}

pub(super) const CREATE: &[Step] = &[Step::Creates(INSERT_GROUPS), Step::Updates(UPDATE_GROUPS)];
pub(super) const UPDATE: &[Step] = &[Step::Updates(UPDATE_GROUPS), Step::Creates(INSERT_GROUPS)];

/// What people added to the group goes with it.
pub(super) async fn remove(
    tx: &mut Tx,
    customer: &str,
    rows: Json<&[Value]>,
) -> Result<Applied, sqlx::Error> {
    let deleted = execute!(tx.on(), DELETE_GROUPS, customer, rows)?;
    execute!(tx.on(), DELETE_MEMBERS, customer, rows)?;
    Ok(Applied { deleted, ..Applied::default() })
}
