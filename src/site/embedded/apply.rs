//! Applies one batch in one transaction: the fence first, then creates and updates, then deletes.
//!
//! Within the batch the order is the site's own: what others point at is made first, and a course goes before its
//! memberships, so that these are known to be a course's and stay (DOMAIN C2, C3).

use super::{courses, error, groups, memberships, persons, put::put};
use crate::ledger::{
    claim,
    db::{Db, Tx},
};
use rollover_jobs::{
    Customer, CustomerId, WriteProof,
    ports::{Applied, Capability, SiteError},
};
use rollover_roster::{
    course_fate::{CourseEnd, decide_course_end},
    diff::{Action, Change},
    model::{Kind, Record},
};
use serde_json::Value;
use sqlx::types::Json;

/// What is done to the records of one kind. Creates and updates end in the same row, whatever stood there; they only
/// begin with another statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Create,
    Update,
    Remove,
}

const ORDER: [(Write, Kind); 12] = [
    (Write::Create, Kind::Group),
    (Write::Update, Kind::Group),
    (Write::Create, Kind::Person),
    (Write::Update, Kind::Person),
    (Write::Create, Kind::Course),
    (Write::Update, Kind::Course),
    (Write::Create, Kind::Membership),
    (Write::Update, Kind::Membership),
    (Write::Remove, Kind::Course),
    (Write::Remove, Kind::Membership),
    (Write::Remove, Kind::Person),
    (Write::Remove, Kind::Group),
];

impl Write {
    const fn of(action: Action) -> Self {
        match action {
            Action::Create => Self::Create,
            Action::Update => Self::Update,
            Action::Delete => Self::Remove,
        }
    }
}

pub(super) async fn apply(
    db: &Db,
    customer: &Customer,
    batch: &[Change],
    proof: &WriteProof,
) -> Result<Applied, SiteError> {
    let unavailable = |e| error::unavailable(&customer.id, &e);
    let mut tx = db.begin().await.map_err(unavailable)?;
    check_fence(&mut tx, &customer.id, proof).await?;
    let mut applied = Applied::default();
    for (write, kind) in ORDER {
        let rows: Vec<Value> = batch
            .iter()
            .filter(|change| change.kind() == kind && Write::of(change.action()) == write)
            .map(|change| row(change.record()))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let done = write_rows(&mut tx, customer, write, kind, &rows).await;
        applied += done.map_err(|e| error::of_database(&customer.id, kind.as_str(), &e))?;
    }
    tx.commit().await.map_err(unavailable)?;
    Ok(applied)
}

/// C2, C3.
fn course_end(customer: &Customer) -> CourseEnd {
    let platform = super::CAPABILITIES.contains(&Capability::ArchiveCourses);
    decide_course_end(platform, customer.settings.course_archiving)
}

async fn check_fence(tx: &mut Tx, customer: &CustomerId, proof: &WriteProof) -> Result<(), SiteError> {
    let stands = claim::stands(tx, proof).await.map_err(|e| error::of_database(customer, "claim", &e))?;
    if stands { Ok(()) } else { Err(SiteError::Fenced { customer: customer.clone() }) }
}

fn row(record: &Record) -> Value {
    let hash = record.hash().to_string();
    match record {
        Record::Group(group) => groups::row(group, hash),
        Record::Person(person) => persons::row(person, hash),
        Record::Course(course) => courses::row(course, hash),
        Record::Membership(membership) => memberships::row(membership, hash),
    }
}

async fn write_rows(
    tx: &mut Tx,
    customer: &Customer,
    write: Write,
    kind: Kind,
    rows: &[Value],
) -> Result<Applied, sqlx::Error> {
    let id = customer.id.as_str();
    let mut done = match (write, kind) {
        (Write::Create, Kind::Group) => put(tx, id, groups::CREATE, rows).await?,
        (Write::Update, Kind::Group) => put(tx, id, groups::UPDATE, rows).await?,
        (Write::Create, Kind::Person) => put(tx, id, persons::CREATE, rows).await?,
        (Write::Update, Kind::Person) => put(tx, id, persons::UPDATE, rows).await?,
        (Write::Create, Kind::Course) => put(tx, id, courses::CREATE, rows).await?,
        (Write::Update, Kind::Course) => put(tx, id, courses::UPDATE, rows).await?,
        (Write::Create, Kind::Membership) => put(tx, id, memberships::CREATE, rows).await?,
        (Write::Update, Kind::Membership) => put(tx, id, memberships::UPDATE, rows).await?,
        (Write::Remove, Kind::Group) => groups::remove(tx, id, Json(rows)).await?,
        (Write::Remove, Kind::Person) => persons::trash(tx, id, Json(rows)).await?,
        (Write::Remove, Kind::Course) => courses::let_go(tx, id, course_end(customer), Json(rows)).await?,
        (Write::Remove, Kind::Membership) => memberships::remove(tx, id, Json(rows)).await?,
    };
    done.unchanged = rows.len() as u64 - done.created - done.updated - done.deleted;
    Ok(done)
}
