//! Courses of the built-in site: a course whose group goes is archived or lives on, and is never destroyed.

use super::put::{Step, details};
use crate::ledger::db::{self, Conn, Tx, execute, query};
use rollover_jobs::{
    CustomerId,
    ports::{Applied, COURSES_PAGE, LooseCourse},
};
use rollover_roster::{
    course_fate::{CourseEnd, Loose},
    model::{Course, SyncKey},
};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::types::Json;

db::statements! {
    // C4: the state is left out on purpose; a course that was archived stays archived.
    RECONNECT_COURSES = postgres "
        UPDATE site_course SET title = x.title, code = x.code, template_source = x.template_source,
            template_key = x.template_key, parent_source = x.parent_source, parent_key = x.parent_key,
            attached = true, made_by = 'integration', details = x.details, hash = x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, title text, code text, template_source text,
            template_key text, parent_source text, parent_key text, details jsonb, hash text)
        WHERE site_course.customer_id = $1 AND site_course.source = x.source AND site_course.sync_key = x.sync_key
            AND NOT site_course.attached",
    sqlite "
        WITH x AS MATERIALIZED (SELECT value ->> 'source' AS source, value ->> 'sync_key' AS sync_key,
            value ->> 'title' AS title, value ->> 'code' AS code,
            value ->> 'template_source' AS template_source, value ->> 'template_key' AS template_key,
            value ->> 'parent_source' AS parent_source, value ->> 'parent_key' AS parent_key,
            value ->> 'details' AS details, value ->> 'hash' AS hash FROM json_each($2))
        UPDATE site_course SET title = x.title, code = x.code, template_source = x.template_source,
            template_key = x.template_key, parent_source = x.parent_source, parent_key = x.parent_key,
            attached = true, made_by = 'integration', details = x.details, hash = x.hash
        FROM x
        WHERE site_course.customer_id = $1 AND site_course.source = x.source AND site_course.sync_key = x.sync_key
            AND NOT site_course.attached";
    UPDATE_COURSES = postgres "
        UPDATE site_course SET title = x.title, code = x.code, template_source = x.template_source,
            template_key = x.template_key, parent_source = x.parent_source, parent_key = x.parent_key,
            made_by = 'integration', details = x.details, hash = x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, title text, code text, template_source text,
            template_key text, parent_source text, parent_key text, details jsonb, hash text)
        WHERE site_course.customer_id = $1 AND site_course.source = x.source AND site_course.sync_key = x.sync_key
            AND (site_course.hash <> x.hash OR site_course.made_by <> 'integration')",
    sqlite "
        WITH x AS MATERIALIZED (SELECT value ->> 'source' AS source, value ->> 'sync_key' AS sync_key,
            value ->> 'title' AS title, value ->> 'code' AS code,
            value ->> 'template_source' AS template_source, value ->> 'template_key' AS template_key,
            value ->> 'parent_source' AS parent_source, value ->> 'parent_key' AS parent_key,
            value ->> 'details' AS details, value ->> 'hash' AS hash FROM json_each($2))
        UPDATE site_course SET title = x.title, code = x.code, template_source = x.template_source,
            template_key = x.template_key, parent_source = x.parent_source, parent_key = x.parent_key,
            made_by = 'integration', details = x.details, hash = x.hash
        FROM x
        WHERE site_course.customer_id = $1 AND site_course.source = x.source AND site_course.sync_key = x.sync_key
            AND (site_course.hash <> x.hash OR site_course.made_by <> 'integration')";
    INSERT_COURSES = postgres "
        INSERT INTO site_course (customer_id, source, sync_key, title, code, template_source, template_key,
            parent_source, parent_key, state, attached, made_by, details, hash)
        SELECT $1, x.source, x.sync_key, x.title, x.code, x.template_source, x.template_key,
            x.parent_source, x.parent_key, 'active', true, 'integration', x.details, x.hash
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text, title text, code text, template_source text,
            template_key text, parent_source text, parent_key text, details jsonb, hash text)
        ON CONFLICT DO NOTHING",
    sqlite "
        INSERT INTO site_course (customer_id, source, sync_key, title, code, template_source, template_key,
            parent_source, parent_key, state, attached, made_by, details, hash)
        SELECT $1, value ->> 'source', value ->> 'sync_key', value ->> 'title', value ->> 'code',
            value ->> 'template_source', value ->> 'template_key', value ->> 'parent_source',
            value ->> 'parent_key', 'active', true, 'integration', value ->> 'details', value ->> 'hash'
        FROM json_each($2) WHERE true
        ON CONFLICT DO NOTHING";
    ARCHIVE_COURSES = postgres "
        UPDATE site_course SET state = 'archived', attached = false
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text)
        WHERE site_course.customer_id = $1 AND site_course.attached AND site_course.made_by <> 'manual'
            AND site_course.source = x.source AND site_course.sync_key = x.sync_key",
    sqlite "
        UPDATE site_course SET state = 'archived', attached = false
        WHERE customer_id = $1 AND attached AND made_by = 'integration' AND (source, sync_key) IN
            (SELECT value ->> 'source', value ->> 'sync_key' FROM json_each($2))";
    DETACH_COURSES = postgres "
        UPDATE site_course SET attached = false, made_by = 'manual'
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text)
        WHERE site_course.customer_id = $1 AND site_course.attached AND site_course.made_by <> 'manual'
            AND site_course.source = x.source AND site_course.sync_key = x.sync_key",
    sqlite "
        UPDATE site_course SET attached = false, made_by = 'manual'
        WHERE customer_id = $1 AND attached AND made_by = 'integration' AND (source, sync_key) IN
            (SELECT value ->> 'source', value ->> 'sync_key' FROM json_each($2))";
    // A course that becomes a plain group: its memberships are the group's, and stay the integration's.
    KEEP_PARTICIPANTS = postgres "
        UPDATE site_membership SET made_by = 'manual'
        FROM jsonb_to_recordset($2) AS x(source text, sync_key text)
        WHERE site_membership.customer_id = $1 AND site_membership.made_by <> 'manual'
            AND site_membership.group_source = x.source AND site_membership.group_key = x.sync_key
            AND NOT EXISTS (SELECT 1 FROM site_group g WHERE g.customer_id = site_membership.customer_id
                AND g.source = site_membership.group_source AND g.sync_key = site_membership.group_key)",
    sqlite "
        UPDATE site_membership SET made_by = 'manual'
        WHERE customer_id = $1 AND made_by = 'integration' AND (group_source, group_key) IN
            (SELECT value ->> 'source', value ->> 'sync_key' FROM json_each($2))
            AND NOT EXISTS (SELECT 1 FROM site_group g WHERE g.customer_id = site_membership.customer_id
                AND g.source = site_membership.group_source AND g.sync_key = site_membership.group_key)";
    LOOSE_COURSES = "
        SELECT c.source, c.sync_key, c.title, c.code, c.state, c.made_by, g.name AS school FROM site_course c
        LEFT JOIN site_group g ON g.customer_id = c.customer_id AND g.source = c.parent_source
            AND g.sync_key = c.parent_key AND g.level = 1
        WHERE c.customer_id = $1 AND (c.source, c.sync_key) > ($2, $3) AND NOT c.attached
        ORDER BY c.source, c.sync_key LIMIT $4";
    COURSES = "
        SELECT c.title, c.code, c.state, c.attached, c.made_by,
            (SELECT count(*) FROM site_membership m WHERE m.customer_id = c.customer_id
                AND m.group_source = c.source AND m.group_key = c.sync_key) AS participants
        FROM site_course c WHERE c.customer_id = $1 ORDER BY c.title, c.source, c.sync_key LIMIT $2";
}

#[derive(sqlx::FromRow)]
struct LooseRow {
    source: String,
    sync_key: String,
    title: String,
    code: Option<String>,
    state: String,
    made_by: String,
    school: Option<String>,
}

/// A course as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct CourseRow {
    pub title: String,
    pub code: Option<String>,
    /// `active` or `archived`.
    pub state: String,
    /// Whether it hangs at its group in the hierarchy.
    pub attached: bool,
    /// `integration` or `manual`.
    pub made_by: String,
    pub participants: i64,
}

pub(super) fn row(course: &Course, hash: String) -> Value {
    json!({
        "source": course.key.source, "sync_key": course.key.id, "title": course.title, "code": course.code,
        "template_source": course.template.as_ref().map(|key| &key.source),
        "template_key": course.template.as_ref().map(|key| &key.id),
        "parent_source": course.parent.as_ref().map(|key| &key.source),
        "parent_key": course.parent.as_ref().map(|key| &key.id), "details": details(&course.details), "hash": hash,
    })
}

/// One whose group came back counts as created: it joins the hierarchy anew (C4).
pub(super) const CREATE: &[Step] =
    &[Step::Creates(INSERT_COURSES), Step::Creates(RECONNECT_COURSES), Step::Updates(UPDATE_COURSES)];
pub(super) const UPDATE: &[Step] =
    &[Step::Creates(RECONNECT_COURSES), Step::Updates(UPDATE_COURSES), Step::Creates(INSERT_COURSES)];

/// C2 with archiving, C3 without. The participants become manual here, so deletes of their memberships that follow
/// find nothing of the integration's to remove.
pub(super) async fn let_go(
    tx: &mut Tx,
    customer: &str,
    end: CourseEnd,
    rows: Json<&[Value]>,
) -> Result<Applied, sqlx::Error> {
    let statement = match end {
        CourseEnd::Archived => ARCHIVE_COURSES,
        CourseEnd::Detached => DETACH_COURSES,
    };
    let deleted = execute!(tx.on(), statement, customer, rows)?;
    execute!(tx.on(), KEEP_PARTICIPANTS, customer, rows)?;
    Ok(Applied { deleted, ..Applied::default() })
}

pub(super) async fn loose(
    conn: &mut Conn,
    customer: &CustomerId,
    after: Option<&SyncKey>,
) -> Result<Vec<LooseCourse>, sqlx::Error> {
    // No source and no key is empty, so every one comes behind these.
    let (source, key) = after.map_or(("", ""), |key| (key.source.as_str(), key.id.as_str()));
    let rows = query!(
        fetch_all as LooseRow,
        conn.on(),
        LOOSE_COURSES,
        customer.as_str(),
        source,
        key,
        COURSES_PAGE
    )?;
    let course = |row: LooseRow| LooseCourse {
        key: SyncKey { source: row.source, id: row.sync_key },
        title: row.title,
        code: row.code,
        school: row.school,
        loose: Loose { archived: row.state == "archived", manual: row.made_by == "manual" },
    };
    Ok(rows.into_iter().map(course).collect())
}

pub(super) async fn list(
    conn: &mut Conn,
    customer: &CustomerId,
    limit: i64,
) -> Result<Vec<CourseRow>, sqlx::Error> {
    query!(fetch_all as CourseRow, conn.on(), COURSES, customer.as_str(), limit)
}
