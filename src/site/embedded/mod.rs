//! The built-in site: a learning platform's roster side, kept in the tables `site_*` beside the ledger.
//!
//! Crash story: one batch is one transaction that begins with a look at the job's claim, so a worker that lost its
//! claim writes nothing, and a batch that broke off left nothing. Every statement asks whether the row already
//! stands as wanted; a batch that comes again changes nothing (DOMAIN I5).
//!
//! The updates for SQLite read their JSON argument into `x AS MATERIALIZED`: without that it walks all rows of the
//! customer and reads the JSON anew for each.
//! Those for PostgreSQL join it, and tell who made a row by `<> 'manual'`: of a table that was filled a moment ago it
//! has no statistics, takes rows of any one value for few, and would look through all of `x` for each row that has it.

mod accounts;
mod apply;
mod counts;
mod courses;
mod error;
mod groups;
mod memberships;
mod persons;
mod put;

pub use accounts::{Added, NewPerson};
pub use courses::CourseRow;

use crate::ledger::db::Db;
use async_trait::async_trait;
use rollover_jobs::{
    Customer, CustomerId, WriteProof,
    ports::{Applied, Capability, LooseCourse, Persons, Site, SiteCounts, SiteError},
};
use rollover_roster::{diff::Change, keys::SitePerson, model::SyncKey};

/// What the built-in site can do.
const CAPABILITIES: &[Capability] =
    &[Capability::WriteRoster, Capability::ArchiveCourses, Capability::RestorePersons];

/// The site of every customer that has no platform elsewhere; clones share it.
#[derive(Debug, Clone)]
pub struct EmbeddedSite {
    db: Db,
}

impl EmbeddedSite {
    pub const fn new(db: Db) -> Self {
        Self { db }
    }

    /// The first courses of a customer, by title.
    pub async fn courses(&self, customer: &CustomerId, limit: i64) -> Result<Vec<CourseRow>, SiteError> {
        let mut conn = self.db.read().await.map_err(|e| error::unavailable(customer, &e))?;
        courses::list(&mut conn, customer, limit)
            .await
            .map_err(|e| error::of_database(customer, "course", &e))
    }

    /// Adds a person by hand, as an administrator of the site does: the integration leaves it alone unless the roster
    /// has its key.
    pub async fn add_person(&self, customer: &CustomerId, person: &NewPerson) -> Result<Added, SiteError> {
        let mut tx = self.db.begin().await.map_err(|e| error::unavailable(customer, &e))?;
        let added = accounts::add(&mut tx, customer, person).await;
        let added = added.map_err(|e| error::of_database(customer, "person", &e))?;
        tx.commit().await.map_err(|e| error::unavailable(customer, &e))?;
        Ok(added)
    }
}

#[async_trait]
impl Site for EmbeddedSite {
    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    async fn counts(&self, customer: &CustomerId) -> Result<SiteCounts, SiteError> {
        let mut conn = self.db.read().await.map_err(|e| error::unavailable(customer, &e))?;
        counts::counts(&mut conn, customer).await.map_err(|e| error::of_database(customer, "count", &e))
    }

    async fn persons(
        &self,
        customer: &CustomerId,
        which: Persons,
        after: Option<i64>,
    ) -> Result<Vec<SitePerson>, SiteError> {
        let mut conn = self.db.read().await.map_err(|e| error::unavailable(customer, &e))?;
        accounts::persons(&mut conn, customer, which, after.unwrap_or(0))
            .await
            .map_err(|e| error::of_database(customer, "person", &e))
    }

    async fn loose_courses(
        &self,
        customer: &CustomerId,
        after: Option<&SyncKey>,
    ) -> Result<Vec<LooseCourse>, SiteError> {
        let mut conn = self.db.read().await.map_err(|e| error::unavailable(customer, &e))?;
        courses::loose(&mut conn, customer, after)
            .await
            .map_err(|e| error::of_database(customer, "course", &e))
    }

    async fn apply(
        &self,
        customer: &Customer,
        batch: &[Change],
        proof: &WriteProof,
    ) -> Result<Applied, SiteError> {
        apply::apply(&self.db, customer, batch, proof).await
    }
}

/// Every statement of the site, for the test that has each engine read it.
#[cfg(test)]
pub(crate) const ALL: &[(&str, crate::ledger::db::Sql)] = &{
    const PARTS: [&[(&str, crate::ledger::db::Sql)]; 6] =
        [accounts::ALL, counts::ALL, courses::ALL, groups::ALL, memberships::ALL, persons::ALL];
    const COUNT: usize = {
        let (mut part, mut count) = (0, 0);
        while part < PARTS.len() {
            count += PARTS[part].len();
            part += 1;
        }
        count
    };
    let mut all = [PARTS[0][0]; COUNT];
    let (mut part, mut row, mut at) = (0, 0, 0);
    while part < PARTS.len() {
        if row == PARTS[part].len() {
            part += 1;
            row = 0;
        } else {
            all[at] = PARTS[part][row];
            row += 1;
            at += 1;
        }
    }
    all
};

#[cfg(test)]
mod tests;

/// The right to write that the engine would give for this claim.
#[cfg(test)]
const fn proof_of(job: i64, generation: i32) -> WriteProof {
    WriteProof::for_claimed_job(job, generation)
}
