//! Whose roster a file is: one that names another customer or another source is not taken in (DOMAIN I4).

use crate::CustomerSettings;
use rollover_roster::read::{Properties, ReadError, ReadReport};

/// What speaks against a file by its own words; one that names nobody is taken at its folder's word.
pub(super) fn decide_addressee(properties: &Properties, settings: &CustomerSettings) -> Option<ReadReport> {
    let fields = [
        ("target", &properties.target, &settings.roster_target, "--roster-target"),
        ("datasource", &properties.datasource, &settings.roster_source, "--roster-source"),
    ];
    let errors: Vec<ReadError> = fields
        .into_iter()
        .filter_map(|(field, named, ours, option)| {
            let (named, ours) = (named.as_ref()?, ours.as_ref()?);
            (named != ours).then(|| foreign(field, named, ours, option))
        })
        .collect();
    (!errors.is_empty()).then(|| ReadReport { errors, ..ReadReport::default() })
}

fn foreign(field: &str, named: &str, ours: &str, option: &str) -> ReadError {
    ReadError {
        file: String::new(),
        line: 0,
        column: 0,
        record: "properties".to_owned(),
        field: field.to_owned(),
        what: format!("{named:?} where this customer's rosters say {ours:?}"),
        fix: format!(
            "have the MIS send this customer's roster, or set the new name with rollover customer set {option}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // DOMAIN I4
    #[test]
    fn a_file_that_names_another_is_not_taken_in() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            (None, None, None),
            (None, some("bergdal"), None),
            (some("nes"), None, None),
            (some("nes"), some("nes"), None),
            (
                some("nes"),
                some("bergdal"),
                some("target: \"bergdal\" where this customer's rosters say \"nes\""),
            ),
        ];
        for (ours, named, expected) in cases {
            let settings = CustomerSettings { roster_target: ours.clone(), ..CustomerSettings::default() };
            let properties = Properties { target: named.clone(), ..Properties::default() };
            let said = decide_addressee(&properties, &settings).map(|report| report.to_string());
            match (&said, &expected) {
                (Some(said), Some(expected)) => assert!(said.contains(expected.as_str()), "{said}"),
                _ => assert_eq!(said, expected, "{ours:?} {named:?}"),
            }
            let settings = CustomerSettings { roster_source: ours, ..CustomerSettings::default() };
            let properties = Properties { datasource: named, ..Properties::default() };
            assert_eq!(decide_addressee(&properties, &settings).is_some(), expected.is_some());
        }
    }
}
