//! Arguments and reports of jobs as lines that people can read.

use crate::web::sign::words;
use serde_json::Value;

/// No page shows more lines of one value; the whole of it stands below as JSON.
const LINES: usize = 200;

/// One fact: where it stands, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Fact {
    pub name: String,
    pub value: String,
}

/// Every value that says something: nulls, empty lists and zeros are left out.
pub(in crate::web) fn facts(value: &Value) -> Vec<Fact> {
    let mut found = Vec::new();
    collect(value, &mut Vec::new(), &mut found);
    found.truncate(LINES);
    found
}

/// The whole value, indented.
pub(in crate::web) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn collect(value: &Value, path: &mut Vec<String>, found: &mut Vec<Fact>) {
    let text = match value {
        Value::Null => return,
        Value::Number(number) if number.as_f64() == Some(0.0) => return,
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push(words(name));
                collect(value, path, found);
                path.pop();
            }
            return;
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push((index + 1).to_string());
                collect(item, path, found);
                path.pop();
            }
            return;
        }
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
    };
    found.push(Fact { name: path.join(" › "), value: text });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_told_without_what_says_nothing() {
        let report = json!({
            "said": "12 created", "run": null, "applied": {"created": 12, "updated": 0}, "breaches": [],
            "parts": [{"school": "North <b>", "count": 3}], "dry_run": false,
        });
        let lines: Vec<String> =
            facts(&report).into_iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
        assert_eq!(
            lines,
            [
                "applied › created: 12",
                "dry run: no",
                "parts › 1 › count: 3",
                "parts › 1 › school: North <b>",
                "said: 12 created"
            ]
        );
        assert_eq!(facts(&json!(null)), []);
        assert_eq!(facts(&json!((1..=500).collect::<Vec<_>>())).len(), LINES);
    }
}
