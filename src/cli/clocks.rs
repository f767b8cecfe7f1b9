//! The clocks of the customers that a list names: every moment is shown on the wall of whom it concerns.

use super::{output, views::local};
use crate::{app::App, ledger::Unreadable};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeSet, HashMap};

/// Zones by customer, and the customers that cannot be read.
pub(super) struct Clocks {
    zones: HashMap<String, Tz>,
    unreadable: Vec<Unreadable<String>>,
}

impl Clocks {
    /// Reads the customers that these lines belong to.
    pub async fn of<'a>(app: &App, customers: impl Iterator<Item = Option<&'a str>>) -> anyhow::Result<Self> {
        let ids: BTreeSet<&str> = customers.flatten().collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let rows = app.ledger.customers_of(&ids).await?;
        let zone = |customer: rollover_jobs::Customer| (customer.id.into(), customer.time_zone);
        Ok(Self { zones: rows.read.into_iter().map(zone).collect(), unreadable: rows.unreadable })
    }

    /// UTC where there is no customer, or none that can be read.
    pub fn zone(&self, customer: Option<&str>) -> Tz {
        customer.and_then(|id| self.zones.get(id)).copied().unwrap_or(Tz::UTC)
    }

    /// The moment on the customer's wall, or a dash.
    pub fn local(&self, customer: Option<&str>, moment: Option<DateTime<Utc>>) -> String {
        moment.map_or_else(|| "–".to_owned(), |at| local(at, self.zone(customer)))
    }

    /// What hinders reading a customer.
    pub fn trouble(&self, customer: Option<&str>) -> Option<&str> {
        self.unreadable.iter().find(|row| Some(row.id.as_str()) == customer).map(|row| row.why.as_str())
    }

    /// Names the customers that cannot be read.
    pub fn warn(&self) {
        for row in &self.unreadable {
            output::note(format!("{}; its moments are shown in UTC", broken(row)));
        }
    }
}

/// A customer that this version cannot read, with what to do.
pub(super) fn broken(row: &Unreadable<String>) -> String {
    format!("customer {}: {}: {}", row.id, row.why, Unreadable::CUSTOMER_ADVICE)
}
