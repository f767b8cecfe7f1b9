//! Customers: identity, settings, and their calendar for each change of school year.

use super::{
    Ledger, LedgerError,
    changes::{changed_dates, changed_fields},
    db::{self, Tx, execute, query},
    decisions::{self, SettingsDecision},
    events::{self, NewEvent},
    unreadable::{Rows, Unreadable, query_each},
    words::{check_keepable, check_words},
};
use chrono::{DateTime, Utc};
use rollover_jobs::{Calendar, Customer, CustomerId, CustomerSettings};
use rollover_roster::filter::Limits;
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
    CUSTOMER_TO_CHANGE = postgres
        "SELECT * FROM customer WHERE id = $1 FOR NO KEY UPDATE",
    sqlite
        "SELECT * FROM customer WHERE id = $1";
    CUSTOMERS_BY_ID = postgres "
        SELECT * FROM customer WHERE id IN (SELECT value FROM jsonb_array_elements_text($1)) ORDER BY id",
    sqlite "SELECT * FROM customer WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id";
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
    fn customer(self) -> Result<Customer, Unreadable<String>> {
        let id = self.id;
        let unreadable = |part, error: String| Unreadable::new(id.clone(), part, &error);
        Ok(Customer {
            name: self.name,
            country: self.country.try_into().map_err(|error| unreadable("country", error))?,
            time_zone: self
                .time_zone
                .parse()
                .map_err(|_| unreadable("time zone", format!("{:?} is none", self.time_zone)))?,
            mis: self.mis,
            middleware: self.middleware,
            modules: self.modules.0,
            settings: self.settings.0,
            id: CustomerId::try_from(id.clone()).map_err(|error| unreadable("id", error.to_string()))?,
        })
    }
}

/// The customers whose rows and fields can all be read, and the others.
fn each_customer(rows: Rows<CustomerRow, String>) -> Rows<Customer, String> {
    let mut parted = Rows { read: Vec::new(), unreadable: rows.unreadable };
    for row in rows.read {
        match row.customer() {
            Ok(customer) => parted.read.push(customer),
            Err(unreadable) => parted.unreadable.push(unreadable),
        }
    }
    parted.unreadable.sort_by(|one, other| one.id.cmp(&other.id));
    parted
}

impl From<Unreadable<String>> for LedgerError {
    fn from(row: Unreadable<String>) -> Self {
        Self::Unreadable { what: format!("customer {}", row.id), why: row.why }
    }
}

/// Reads a customer and keeps others from changing it or its calendars meanwhile.
async fn to_change(tx: &mut Tx, id: &str) -> Result<CustomerRow, LedgerError> {
    query!(fetch_optional as CustomerRow, tx.on(), CUSTOMER_TO_CHANGE, id)?
        .ok_or_else(|| LedgerError::not_found("customer", id))
}

/// A setting that nobody changes without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    /// DOMAIN F3.
    Limits,
    /// Children's data leave by mail.
    PersonalData,
}

/// What of a change of settings takes a decision; that personal data stay here does not.
fn decided(old: &CustomerSettings, new: &CustomerSettings) -> Vec<Decided> {
    let limits_change = old.filter != new.filter || old.roster_at_least != new.roster_at_least;
    let limits = limits_change.then_some(Decided::Limits);
    let personal_data = gets_personal_data(old, new).then_some(Decided::PersonalData);
    limits.into_iter().chain(personal_data).collect()
}

/// Whether a change of settings is kept only together with a decision of the customer.
pub fn takes_decision(old: &CustomerSettings, new: &CustomerSettings) -> bool {
    !decided(old, new).is_empty()
}

/// Whether somebody gets personal data by mail who did not before: a decision names no recipients, so that it covers
/// those alone that stood there when it was made.
fn gets_personal_data(old: &CustomerSettings, new: &CustomerSettings) -> bool {
    let of_old = |recipient: &String| old.personal_data_by_mail && old.status_mail_to.contains(recipient);
    new.personal_data_by_mail && (!old.personal_data_by_mail || !new.status_mail_to.iter().all(of_old))
}

impl Decided {
    const fn kind_and_limits(self, settings: &CustomerSettings) -> (&'static str, Option<&Limits>) {
        match self {
            Self::Limits => ("limits", Some(&settings.filter)),
            Self::PersonalData => ("personal_data_by_mail", None),
        }
    }

    fn missing(self, customer: &CustomerId) -> LedgerError {
        let what = match self {
            Self::Limits => format!("the limits of the Filter of {customer} change"),
            Self::PersonalData => format!("personal data of {customer} leave by mail"),
        };
        LedgerError::Refused(format!("{what} only with a decision: say who at the customer decided, and why"))
    }
}

fn line(customer: &str, name: &'static str, note: Option<String>) -> NewEvent {
    NewEvent { customer: Some(customer.to_owned()), name, note, ..NewEvent::default() }
}

impl Ledger {
    /// Adds a customer with its integration, active and empty.
    pub async fn add_customer(
        &self,
        now: DateTime<Utc>,
        person: &str,
        customer: &Customer,
    ) -> Result<(), LedgerError> {
        check_keepable("the customer", &json!(customer))?;
        check_words("who adds the customer", person)?;
        if customer.settings.personal_data_by_mail {
            return Err(Decided::PersonalData.missing(&customer.id));
        }
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
        let line = line(customer.id.as_str(), "customer_added", Some(customer.name.clone()));
        events::append(&mut tx, now, person, &[line]).await?;
        tx.commit().await?;
        self.tell_news().await;
        Ok(())
    }

    /// Writes all fields of a customer that exists; the history names those that changed.
    pub async fn update_customer(
        &self,
        now: DateTime<Utc>,
        person: &str,
        customer: &Customer,
    ) -> Result<(), LedgerError> {
        self.change_customer(now, person, customer, None).await
    }

    /// The same where a setting changes that takes a decision (DOMAIN F3): kept with the change.
    pub async fn update_customer_with_decision(
        &self,
        now: DateTime<Utc>,
        customer: &Customer,
        decision: SettingsDecision<'_>,
    ) -> Result<(), LedgerError> {
        self.change_customer(now, decision.support_person, customer, Some(decision)).await
    }

    async fn change_customer(
        &self,
        now: DateTime<Utc>,
        person: &str,
        customer: &Customer,
        decision: Option<SettingsDecision<'_>>,
    ) -> Result<(), LedgerError> {
        check_keepable("the customer", &json!(customer))?;
        check_words("who changes the customer", person)?;
        let mut tx = self.db.begin().await?;
        let old = to_change(&mut tx, customer.id.as_str()).await?.customer()?;
        let changed = changed_fields(&json!(old), &json!(customer));
        if changed.is_empty() {
            return Ok(());
        }
        for what in decided(&old.settings, &customer.settings) {
            let decision = decision.ok_or_else(|| what.missing(&customer.id))?;
            let about = what.kind_and_limits(&customer.settings);
            decisions::about_settings(&mut tx, now, customer.id.as_str(), about, decision).await?;
        }
        execute!(
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
        let line = line(customer.id.as_str(), "customer_changed", Some(changed.join(", ")));
        events::append(&mut tx, now, person, &[line]).await?;
        tx.commit().await?;
        self.tell_news().await;
        Ok(())
    }

    pub async fn customer(&self, id: &str) -> Result<Customer, LedgerError> {
        let Rows { mut read, mut unreadable } = self.customers_of(&[id]).await?;
        match (read.pop(), unreadable.pop()) {
            (Some(customer), _) => Ok(customer),
            (None, Some(unreadable)) => Err(unreadable.into()),
            (None, None) => Err(LedgerError::not_found("customer", id)),
        }
    }

    /// That there is such a customer, whether or not its row can be read.
    pub async fn check_customer(&self, id: &str) -> Result<(), LedgerError> {
        let Rows { read, unreadable } = self.customers_of(&[id]).await?;
        if read.is_empty() && unreadable.is_empty() {
            return Err(LedgerError::not_found("customer", id));
        }
        Ok(())
    }

    /// The customers of these ids, each read by itself; an id that is nobody's gives nothing.
    pub async fn customers_of(&self, ids: &[&str]) -> Result<Rows<Customer, String>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(each_customer(query_each!(CustomerRow, conn.on(), CUSTOMERS_BY_ID, Json(ids))?))
    }

    /// Every customer, each read by itself.
    pub async fn customers(&self) -> Result<Rows<Customer, String>, LedgerError> {
        let mut conn = self.db.read().await?;
        Ok(each_customer(query_each!(CustomerRow, conn.on(), CUSTOMERS, CUSTOMERS_LISTED)?))
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

    /// Writes the dates of one summer; the history tells those that changed.
    pub async fn set_calendar(
        &self,
        now: DateTime<Utc>,
        person: &str,
        customer: &str,
        year: i32,
        dates: &Calendar,
    ) -> Result<(), LedgerError> {
        check_keepable("the calendar", &json!(dates))?;
        check_words("who sets the dates", person)?;
        let mut tx = self.db.begin().await?;
        to_change(&mut tx, customer).await?;
        let old = query!(fetch_optional as (Json<Calendar>,), tx.on(), CALENDAR, customer, year)?;
        let changed = changed_dates(&old.map(|(dates,)| dates.0).unwrap_or_default(), dates);
        execute!(tx.on(), SET_CALENDAR, customer, year, Json(dates), now)?;
        if !changed.is_empty() {
            let note = format!("{year}: {}", changed.join("; "));
            events::append(&mut tx, now, person, &[line(customer, "calendar_changed", Some(note))]).await?;
        }
        tx.commit().await?;
        self.tell_news().await;
        Ok(())
    }
}
