//! Secrets by name, from the environment alone; what is printed of them is their names.

use rollover_jobs::SecretName;
use std::{collections::BTreeMap, fmt};

/// Begins the variable of each secret; the secret's name follows.
pub const SECRET_PREFIX: &str = "ROLLOVER_SECRET_";

#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// By name; for who reads them, not for who prints.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn get(&self, name: &SecretName) -> Option<&str> {
        self.0.get(name.as_str()).map(String::as_str)
    }
}

/// An empty value counts as none; the line's end that comes along from a file is no part of it.
impl FromIterator<(String, String)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(all: I) -> Self {
        let all =
            all.into_iter().map(|(name, value)| (name, value.trim_end_matches(['\r', '\n']).to_owned()));
        Self(all.filter(|(_, value)| !value.is_empty()).collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_by_its_name_and_never_printed() {
        let all =
            [("NES", "geheim\n"), ("EMPTY", "\n")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let secrets: Secrets = all.into_iter().collect();
        assert_eq!(secrets.get(&"NES".parse().unwrap()), Some("geheim"));
        assert_eq!(secrets.get(&"EMPTY".parse().unwrap()), None);
        assert_eq!(format!("{secrets:?}"), "{\"NES\"}");
    }
}
