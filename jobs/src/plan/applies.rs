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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample::customer;

    // DOMAIN A6, M1
    #[test]
    fn every_list_must_agree_and_one_entry_is_enough() {
        let table = [
            ("", ""),
            ("countries = ['NO', 'SE']", ""),
            ("countries = ['SE', 'GB']", "the customer is in NO; this step is for SE or GB"),
            ("not_countries = ['SE']", ""),
            ("not_countries = ['SE', 'NO']", "the customer is in NO; this step is not for NO"),
            ("mis = ['FjordSAS']", ""),
            ("mis = ['sims']", "the customer's MIS is fjordsas; this step is for sims"),
            ("middleware = ['wonde']", "the customer's middleware is none; this step is for wonde"),
            ("modules = ['grades', 'courses']", ""),
            ("modules = ['grades']", "the customer does not use the module grades"),
            ("without_modules = ['grades']", ""),
            ("without_modules = ['grades', 'absence']", "the customer uses the module absence"),
            ("countries = ['NO']\nmodules = ['grades']", "the customer does not use the module grades"),
        ];
        for (applies, reason) in table {
            let decided =
                decide_applies(&toml::from_str(applies).unwrap(), &customer(&["absence", "courses"]));
            let expected = if reason.is_empty() {
                Applicability::Yes
            } else {
                Applicability::No { reason: reason.to_owned() }
            };
            assert_eq!(decided, expected, "{applies}");
        }
    }

    // DOMAIN M1
    #[test]
    fn middleware_is_matched() {
        let applies = toml::from_str("countries = ['GB']\nmiddleware = ['wonde']").unwrap();
        let mut customer = customer(&[]);
        customer.country = "GB".parse().unwrap();
        assert!(!decide_applies(&applies, &customer).is_yes());
        customer.middleware = Some("Wonde".to_owned());
        assert!(decide_applies(&applies, &customer).is_yes());
    }
}
