//! For which customers a step is: by country, MIS, middleware and modules.

use crate::Customer;
use serde::{Deserialize, Serialize};

/// Every list that is not empty must agree; one entry of a list is enough. `not_` and `without_` lists agree when
/// no entry matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Applies {
    pub countries: Vec<String>,
    pub not_countries: Vec<String>,
    pub mis: Vec<String>,
    pub middleware: Vec<String>,
    pub modules: Vec<String>,
    pub without_modules: Vec<String>,
}

/// Whether a step is for this customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applicability {
    Yes,
    No { reason: String },
}

impl Applicability {
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

/// Decides whether a step is for this customer (DOMAIN A6, M1, P5).
pub fn decide_applies(applies: &Applies, customer: &Customer) -> Applicability {
    let country = customer.country.as_str();
    let has = |names: &[String], value: &str| names.iter().any(|name| name.eq_ignore_ascii_case(value));
    let module = |names: &[String]| customer.modules.iter().find(|module| has(names, module)).cloned();
    let middleware = customer.middleware.as_deref();
    let reason = if !applies.countries.is_empty() && !has(&applies.countries, country) {
        format!("the customer is in {country}; this step is for {}", one_of(&applies.countries))
    } else if has(&applies.not_countries, country) {
        format!("the customer is in {country}; this step is not for {country}")
    } else if !applies.mis.is_empty() && !has(&applies.mis, &customer.mis) {
        format!("the customer's MIS is {}; this step is for {}", customer.mis, one_of(&applies.mis))
    } else if !applies.middleware.is_empty() && !middleware.is_some_and(|name| has(&applies.middleware, name))
    {
        format!(
            "the customer's middleware is {}; this step is for {}",
            middleware.unwrap_or("none"),
            one_of(&applies.middleware)
        )
    } else if !applies.modules.is_empty() && module(&applies.modules).is_none() {
        format!("the customer does not use the module {}", one_of(&applies.modules))
    } else if let Some(module) = module(&applies.without_modules) {
        format!("the customer uses the module {module}")
    } else {
        return Applicability::Yes;
    };
    Applicability::No { reason }
}

fn one_of(names: &[String]) -> String {
    names.join(" or ")
}
