//! Customers: identity, settings, and their calendar for each change of school year.

use super::{
    Ledger, LedgerError,
    db::{self, execute, query},
    words::check_keepable,
};
use chrono::{DateTime, Utc};
use rollover_jobs::{Calendar, Customer, CustomerId, CustomerSettings};
use serde::Serialize;
use serde_json::json;
use sqlx::types::Json;

db::statements! {
    INSERT_CUSTOMER = "
        INSERT INTO customer (id, name, country, time_zone, mis, middleware, modules, settings, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (id) DO NOTHING";
    INSERT_INTEGRATION = "INSERT INTO integration (customer_id, updated_at) VALUES ($1, $2)";
    UPDATE_CUSTOMER = "
        UPDATE customer SET name = $2, country = $3, time_zone = $4, mis = $5, middleware = $6, modules = $7,
            settings = $8, updated_at = $9
        WHERE id = $1";
    CUSTOMER = "SELECT * FROM customer WHERE id = $1";
    CUSTOMERS = "SELECT * FROM customer ORDER BY id LIMIT $1";
    CALENDAR = "SELECT dates FROM calendar WHERE customer_id = $1 AND year = $2";
    CALENDARS = "SELECT year, dates FROM calendar WHERE customer_id = $1 ORDER BY year";
    SET_CALENDAR = "
        INSERT INTO calendar (customer_id, year, dates, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (customer_id, year) DO UPDATE SET dates = excluded.dates, updated_at = excluded.updated_at";
}

/// No list of customers is longer.
pub const CUSTOMERS_LISTED: i64 = 10_000;

#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct CustomerRow {
    pub id: String,
    pub name: String,
    pub country: String,
    pub time_zone: String,
    pub mis: String,
    pub middleware: Option<String>,
    pub modules: Json<Vec<String>>,
    pub settings: Json<CustomerSettings>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl CustomerRow {
    fn customer(self) -> Result<Customer, LedgerError> {
        let id = self.id.clone();
        let unreadable = |why: String| LedgerError::Unreadable { what: format!("customer {id}"), why };
        Ok(Customer {
            id: CustomerId::try_from(self.id.clone()).map_err(|e| unreadable(e.to_string()))?,
            name: self.name,
            country: self.country.try_into().map_err(unreadable)?,
            time_zone: self.time_zone.parse().map_err(|e| unreadable(format!("time zone: {e}")))?,
            mis: self.mis,
            middleware: self.middleware,
            modules: self.modules.0,
            settings: self.settings.0,
        })
    }
}

impl Ledger {
    /// Adds a customer with its integration, active and empty.
    pub async fn add_customer(&self, now: DateTime<Utc>, customer: &Customer) -> Result<(), LedgerError> {
        check_keepable("the customer", &json!(customer))?;
        let mut tx = self.db.begin().await?;
        let added = execute!(
            tx.on(),
            INSERT_CUSTOMER,
            customer.id.as_str(),
            customer.name.as_str(),
            customer.country.as_str(),
            customer.time_zone.name(),
            customer.mis.as_str(),
            customer.middleware.as_deref(),
            Json(&customer.modules),
            Json(&customer.settings),
            now
        )?;
        if added == 0 {
            return Err(LedgerError::Refused(format!(
                "customer {} exists already: change it with `rollover customer set {}`",
                customer.id, customer.id
            )));
        }
        execute!(tx.on(), INSERT_INTEGRATION, customer.id.as_str(), now)?;
        tx.commit().await?;
        self.wakeups.news();
        Ok(())
    }

    /// Writes all fields of a customer that exists.
    pub async fn update_customer(&self, now: DateTime<Utc>, customer: &Customer) -> Result<(), LedgerError> {
        check_keepable("the customer", &json!(customer))?;
        let mut tx = self.db.begin().await?;
        let changed = execute!(
            tx.on(),
            UPDATE_CUSTOMER,
            customer.id.as_str(),
            customer.name.as_str(),
            customer.country.as_str(),
            customer.time_zone.name(),
            customer.mis.as_str(),
            customer.middleware.as_deref(),
            Json(&customer.modules),
            Json(&customer.settings),
            now
        )?;
        if changed == 0 {
            return Err(LedgerError::not_found("customer", &customer.id));
        }
        tx.commit().await?;
        self.wakeups.news();
        Ok(())
    }

    pub async fn customer(&self, id: &str) -> Result<Customer, LedgerError> {
        let mut conn = self.db.read().await?;
        query!(fetch_optional as CustomerRow, conn.on(), CUSTOMER, id)?
            .ok_or_else(|| LedgerError::not_found("customer", id))?
            .customer()
    }

    pub async fn customers(&self) -> Result<Vec<Customer>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as CustomerRow, conn.on(), CUSTOMERS, CUSTOMERS_LISTED)?;
        rows.into_iter().map(CustomerRow::customer).collect()
    }

    /// The dates of one summer; empty when none were entered.
    pub async fn calendar(&self, customer: &str, year: i32) -> Result<Calendar, LedgerError> {
        let mut conn = self.db.read().await?;
        let row = query!(fetch_optional as (Json<Calendar>,), conn.on(), CALENDAR, customer, year)?;
        Ok(row.map(|(dates,)| dates.0).unwrap_or_default())
    }

    /// Every calendar of a customer, by year.
    pub async fn calendars(&self, customer: &str) -> Result<Vec<(i32, Calendar)>, LedgerError> {
        let mut conn = self.db.read().await?;
        let rows = query!(fetch_all as (i32, Json<Calendar>), conn.on(), CALENDARS, customer)?;
        Ok(rows.into_iter().map(|(year, dates)| (year, dates.0)).collect())
    }

    pub async fn set_calendar(
        &self,
        now: DateTime<Utc>,
        customer: &str,
        year: i32,
        dates: &Calendar,
    ) -> Result<(), LedgerError> {
        check_keepable("the calendar", &json!(dates))?;
        let mut tx = self.db.begin().await?;
        execute!(tx.on(), SET_CALENDAR, customer, year, Json(dates), now)?;
        tx.commit().await?;
        self.wakeups.news();
        Ok(())
    }
}
