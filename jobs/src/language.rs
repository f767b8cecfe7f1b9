//! The language in which a customer is written to: its own choice, or the one of its country.

use crate::Country;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    #[serde(rename = "en")]
    English,
    #[serde(rename = "nb")]
    Bokmal,
    #[serde(rename = "sv")]
    Swedish,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::English, Self::Bokmal, Self::Swedish];

    /// Its ISO 639 code, as it is stored and as people set it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Bokmal => "nb",
            Self::Swedish => "sv",
        }
    }

    /// The one for customers that chose none.
    pub fn of(country: &Country) -> Self {
        match country.as_str() {
            "NO" => Self::Bokmal,
            "SE" => Self::Swedish,
            _ => Self::English,
        }
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::code).join(", ");
        let found = Self::ALL.into_iter().find(|language| language.code() == text);
        found.ok_or_else(|| format!("language {text:?}: expected one of {}", known()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_has_its_language_and_others_have_english() {
        let cases = [
            ("NO", Language::Bokmal),
            ("SE", Language::Swedish),
            ("GB", Language::English),
            ("DK", Language::English),
        ];
        for (country, expected) in cases {
            assert_eq!(Language::of(&country.parse().unwrap()), expected, "{country}");
        }
    }

    #[test]
    fn a_language_is_set_as_it_is_stored() {
        for language in Language::ALL {
            assert_eq!(language.code().parse(), Ok(language));
            assert_eq!(serde_json::to_value(language).unwrap(), language.code());
        }
        assert_eq!("no".parse::<Language>().unwrap_err(), "language \"no\": expected one of en, nb, sv");
    }
}
