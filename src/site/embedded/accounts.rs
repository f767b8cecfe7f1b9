//! Persons of the built-in site as people see them: every account with its key and its schools, and those made by hand.

use crate::ledger::db::{self, Conn, Tx, query};
use chrono::NaiveDate;
use rollover_jobs::{
    CustomerId,
    ports::{PERSONS_PAGE, Persons},
};
use rollover_roster::{
    keys::SitePerson,
    model::{Profile, SyncKey},
};
use std::collections::HashMap;

db::statements! {
    PERSONS = "
        SELECT account, source, sync_key, given, family, birth_date, profile, created_by FROM site_person
        WHERE customer_id = $1 AND account > $2 AND state = 'active' ORDER BY account LIMIT $3";
    PERSONS_WITHOUT_KEY = "
        SELECT account, source, sync_key, given, family, birth_date, profile, created_by FROM site_person
        WHERE customer_id = $1 AND account > $2 AND sync_key IS NULL AND state = 'active' ORDER BY account LIMIT $3";
    // From each group up to its school. No hierarchy is as deep as the limit; one that is a circle ends there.
    SCHOOLS = "
        WITH RECURSIVE up (group_source, group_key, level, name, parent_source, parent_key, steps) AS (
            SELECT source, sync_key, level, name, parent_source, parent_key, 0 FROM site_group WHERE customer_id = $1
            UNION ALL
            SELECT up.group_source, up.group_key, g.level, g.name, g.parent_source, g.parent_key, up.steps + 1
            FROM up JOIN site_group g
                ON g.customer_id = $1 AND g.source = up.parent_source AND g.sync_key = up.parent_key
            WHERE up.level > 1 AND up.steps < 32)
        SELECT p.account, up.name FROM up
        JOIN site_membership m
            ON m.customer_id = $1 AND m.group_source = up.group_source AND m.group_key = up.group_key
        JOIN site_person p
            ON p.customer_id = $1 AND p.source = m.person_source AND p.sync_key = m.person_key
        WHERE up.level = 1 AND p.account BETWEEN $2 AND $3
        UNION
        SELECT p.account, up.name FROM up
        JOIN site_person p
            ON p.customer_id = $1 AND p.made_in_source = up.group_source AND p.made_in_key = up.group_key
        WHERE up.level = 1 AND p.account BETWEEN $2 AND $3
        ORDER BY 1, 2";
    GROUPS_OF_NAME = "SELECT source, sync_key FROM site_group WHERE customer_id = $1 AND name = $2 LIMIT 2";
    ADD_PERSON = "
        INSERT INTO site_person (customer_id, source, sync_key, given, family, birth_date, profile, state, made_by,
            created_by, made_in_source, made_in_key, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', 'manual', $8, $9, $10, '')
        ON CONFLICT DO NOTHING RETURNING account";
}

/// Whom the site says to have made what no person has made.
const INTEGRATION: &str = "the integration";

#[derive(sqlx::FromRow)]
struct PersonRow {
    account: i64,
    source: Option<String>,
    sync_key: Option<String>,
    given: String,
    family: String,
    birth_date: Option<NaiveDate>,
    profile: String,
    created_by: Option<String>,
}

pub(super) async fn persons(
    conn: &mut Conn,
    customer: &CustomerId,
    which: Persons,
    after: i64,
) -> Result<Vec<SitePerson>, sqlx::Error> {
    let (id, sql) = (customer.as_str(), if which == Persons::All { PERSONS } else { PERSONS_WITHOUT_KEY });
    let rows = query!(fetch_all as PersonRow, conn.on(), sql, id, after, PERSONS_PAGE)?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let mut schools: HashMap<i64, Vec<String>> = HashMap::new();
    let found = query!(fetch_all as (i64, String), conn.on(), SCHOOLS, id, first.account, last.account)?;
    for (account, school) in found {
        schools.entry(account).or_default().push(school);
    }
    Ok(rows.into_iter().map(|row| person(row, &mut schools)).collect())
}

fn person(row: PersonRow, schools: &mut HashMap<i64, Vec<String>>) -> SitePerson {
    SitePerson {
        account: row.account,
        key: row.source.zip(row.sync_key).map(|(source, id)| SyncKey { source, id }),
        given: row.given,
        family: row.family,
        birth_date: row.birth_date,
        schools: schools.remove(&row.account).unwrap_or_default(),
        profile: Profile::from(row.profile),
        created_by: row.created_by.unwrap_or_else(|| INTEGRATION.to_owned()),
    }
}

/// A person whom somebody adds by hand.
#[derive(Clone)]
pub struct NewPerson {
    pub key: Option<SyncKey>,
    pub given: String,
    pub family: String,
    pub birth_date: Option<NaiveDate>,
    pub profile: Profile,
    /// The name of a school or another group; none for who stands above them.
    pub group: Option<String>,
    /// Who adds it.
    pub by: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    Account(i64),
    /// The site has somebody with that key.
    KeyTaken,
    NoSuchGroup,
    SeveralGroups,
}

pub(super) async fn add(
    tx: &mut Tx,
    customer: &CustomerId,
    person: &NewPerson,
) -> Result<Added, sqlx::Error> {
    let id = customer.as_str();
    let group = match &person.group {
        None => None,
        Some(name) => {
            let mut found =
                query!(fetch_all as (String, String), tx.on(), GROUPS_OF_NAME, id, name.as_str())?;
            match (found.pop(), found.pop()) {
                (None, _) => return Ok(Added::NoSuchGroup),
                (Some(_), Some(_)) => return Ok(Added::SeveralGroups),
                (group, None) => group,
            }
        }
    };
    let (source, sync_key) = person.key.as_ref().map(|key| (key.source.as_str(), key.id.as_str())).unzip();
    let (in_source, in_key) = group.unzip();
    let row = query!(
        fetch_optional as (i64,),
        tx.on(),
        ADD_PERSON,
        id,
        source,
        sync_key,
        person.given.as_str(),
        person.family.as_str(),
        person.birth_date,
        person.profile.as_str(),
        person.by.as_str(),
        in_source,
        in_key
    )?;
    Ok(row.map_or(Added::KeyTaken, |(account,)| Added::Account(account)))
}
