//! What changed of a customer, in the words of the history: names of fields, and dates old → new.

use chrono::NaiveDate;
use rollover_jobs::{Calendar, TermDates};
use serde_json::Value;

/// The fields whose value is another, as `settings.filter.floor`; without the values, which may be addresses.
pub(super) fn changed_fields(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect("", old, new, &mut found);
    found.sort_unstable();
    found
}

fn collect(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        if old != new {
            found.push(path.to_owned());
        }
        return;
    };
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    for name in after.keys().chain(gone) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let (old, new) = (before.get(name), after.get(name));
        collect(&path, old.unwrap_or(&Value::Null), new.unwrap_or(&Value::Null), found);
    }
}

/// The dates that are others, as `vendor's date none → 2024-08-01`.
pub(super) fn changed_dates(old: &Calendar, new: &Calendar) -> Vec<String> {
    let date = |date: Option<NaiveDate>| date.map_or("none".to_owned(), |date| date.to_string());
    let days = [
        ("last teaching day", old.last_teaching_day, new.last_teaching_day),
        ("school year starts", old.school_year_start, new.school_year_start),
        ("vendor's date", old.vendor_date, new.vendor_date),
    ];
    let mut found: Vec<String> = days
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| format!("{name} {} → {}", date(old), date(new)))
        .collect();
    if old.terms != new.terms {
        found.push(format!("terms {} → {}", terms(&old.terms), terms(&new.terms)));
    }
    found
}

fn terms(terms: &[TermDates]) -> String {
    if terms.is_empty() {
        return "none".to_owned();
    }
    let words = terms.iter().map(|term| format!("{} {} to {}", term.name, term.start, term.end));
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_named_down_to_the_one_that_changed() {
        let old =
            json!({"name": "a", "mis": "b", "settings": {"to": ["x"], "filter": {"floor": 1, "pct": null}}});
        let cases = [
            (old.clone(), vec![]),
            (json!({"name": "c", "mis": "b", "settings": old["settings"]}), vec!["name"]),
            (
                json!({"name": "a", "settings": {"to": ["x", "y"], "filter": {"floor": 1, "pct": 2.5}}}),
                vec!["mis", "settings.filter.pct", "settings.to"],
            ),
            (
                json!({"name": "a", "mis": "b", "settings": {"to": ["x"], "filter": {"floor": 1}, "new": true}}),
                vec!["settings.new"],
            ),
        ];
        for (new, expected) in cases {
            assert_eq!(changed_fields(&old, &new), expected, "{new}");
        }
    }

    #[test]
    fn dates_are_told_old_and_new() {
        let day = |text: &str| Some(text.parse().unwrap());
        let old = Calendar { last_teaching_day: day("2024-06-21"), ..Calendar::default() };
        let term = TermDates {
            name: "Høst".to_owned(),
            start: "2024-08-19".parse().unwrap(),
            end: "2024-12-20".parse().unwrap(),
        };
        let new = Calendar { vendor_date: day("2024-08-01"), terms: vec![term], ..Calendar::default() };
        assert!(changed_dates(&old, &old).is_empty());
        let expected = [
            "last teaching day 2024-06-21 → none",
            "vendor's date none → 2024-08-01",
            "terms none → Høst 2024-08-19 to 2024-12-20",
        ];
        assert_eq!(changed_dates(&old, &new), expected);
    }
}
