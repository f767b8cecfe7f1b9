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

mod apply;
mod counts;
mod courses;
mod error;
mod groups;
mod memberships;
mod persons;
mod put;

pub use courses::CourseRow;

use crate::ledger::db::Db;
use async_trait::async_trait;
use rollover_jobs::{
    Customer, CustomerId, WriteProof,
    ports::{Applied, Capability, Site, SiteCounts, SiteError},
};
use rollover_roster::diff::Change;

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
}

#[async_trait]
impl Site for EmbeddedSite {
    fn capabilities(&self) -> &'static [Capability] {
        &[Capability::WriteRoster, Capability::ArchiveCourses]
    }

    async fn counts(&self, customer: &CustomerId) -> Result<SiteCounts, SiteError> {
        let mut conn = self.db.read().await.map_err(|e| error::unavailable(customer, &e))?;
        counts::counts(&mut conn, customer).await.map_err(|e| error::of_database(customer, "count", &e))
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
    const PARTS: [&[(&str, crate::ledger::db::Sql)]; 5] =
        [counts::ALL, courses::ALL, groups::ALL, memberships::ALL, persons::ALL];
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
