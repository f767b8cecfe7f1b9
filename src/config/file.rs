//! The settings file: read with a limit, each value by itself, so that one bad value hides no other.

use super::{ConfigError, Problem, Settings, problem::shown_address};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, ops::Range, path::Path};
use toml::de::{DeTable, DeValue};

/// A settings file is small; a larger one is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

#[derive(Default)]
pub(super) struct File {
    /// Of the values that could be read.
    pub settings: Settings,
    /// Where each value stands: `rollover.toml, line 3`.
    pub places: BTreeMap<String, String>,
    pub problems: Vec<Problem>,
}

pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let wrong = |why: String| ConfigError::File { path: path.to_path_buf(), why };
    let size = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(wrong(format!("{size} bytes are more than a settings file has")));
    }
    std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))
}

/// An error only where the text is no TOML; what is wrong with a value stands among the problems.
pub(super) fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    let content = |error: toml::de::Error| ConfigError::Content {
        path: path.to_path_buf(),
        why: error.to_string().trim_end().to_owned(),
    };
    let document = DeTable::parse(text).map_err(content)?;
    let mut file = File::default();
    let mut good = String::new();
    for (name, section) in document.get_ref() {
        let name = &text[name.span()];
        let DeValue::Table(entries) = section.get_ref() else {
            let line = format!("{name} = {}\n", &text[section.span()]);
            file.try_one(path, text, name, section.span(), &line);
            continue;
        };
        let head = format!("[{name}]\n");
        if !file.try_one(path, text, name, section.span(), &head) {
            continue;
        }
        good.push_str(&head);
        for (key, value) in entries {
            let line = format!("{} = {}\n", &text[key.span()], &text[value.span()]);
            let full = format!("{name}.{}", &text[key.span()]);
            if file.try_one(path, text, &full, value.span(), &format!("{head}{line}")) {
                good.push_str(&line);
            }
        }
    }
    file.settings = toml::from_str(&good).map_err(content)?;
    Ok(file)
}

impl File {
    /// Whether settings of this one value can be read; what cannot becomes a problem.
    fn try_one(&mut self, path: &Path, text: &str, key: &str, span: Range<usize>, alone: &str) -> bool {
        let line = text[..span.start].matches('\n').count() + 1;
        let place = format!("{}, line {line}", path.display());
        self.places.insert(key.to_owned(), place.clone());
        let Some(why) = error_in::<Settings>(alone) else { return true };
        // What nobody knows may be a secret in the wrong place.
        let value = (!why.starts_with("unknown field")).then(|| shown_address(&text[span]));
        self.problems.push(Problem { key: key.to_owned(), value, origin: place, why });
        false
    }
}

fn error_in<T: DeserializeOwned>(text: &str) -> Option<String> {
    toml::from_str::<T>(text).err().map(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT_FILE;

    #[test]
    fn the_commented_file_holds_the_defaults() {
        let file = parse(Path::new("config/default.toml"), DEFAULT_FILE).unwrap();
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        assert_eq!(file.settings, Settings::default());
    }

    #[test]
    fn every_setting_stands_in_the_commented_file() {
        let all = toml::Table::try_from(Settings::default()).unwrap();
        let documented: toml::Table = toml::from_str(DEFAULT_FILE).unwrap();
        for (section, keys) in &all {
            for key in keys.as_table().unwrap().keys() {
                let found = documented.get(section).and_then(|table| table.get(key));
                assert!(found.is_some(), "config/default.toml lacks [{section}] {key}");
            }
        }
    }

    #[test]
    fn a_wrong_value_is_named_with_its_line_and_hides_no_other() {
        let text = "engine.poll_ms = 7\nmood = 1\n[enigne]\n[log]\nformat = \"xml\"\n[web]\npassword = \"s3cret\"\n\
                    listen = [\n1]\n[mail]\nfrom = \"a@b.example\"\n";
        let file = parse(Path::new("x.toml"), text).unwrap();
        assert_eq!((file.settings.engine.poll_ms, file.settings.mail.from.as_str()), (7, "a@b.example"));
        let mut told: Vec<String> = file.problems.iter().map(ToString::to_string).collect();
        told.sort();
        let words = [
            ["enigne (from x.toml, line 3)", "unknown field `enigne`"],
            ["log.format = \"xml\" (from x.toml, line 5)", "expected `text` or `json`"],
            ["mood (from x.toml, line 2)", "unknown field `mood`"],
            ["web.listen = [\n1] (from x.toml, line 8)", "expected a string"],
            ["web.password (from x.toml, line 7)", "unknown field `password`"],
        ];
        assert_eq!(told.len(), words.len(), "{told:#?}");
        for (told, words) in told.iter().zip(words) {
            assert!(words.iter().all(|word| told.contains(word)), "{told}: {words:?}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    #[test]
    fn what_is_no_toml_is_named_with_its_line() {
        let error = parse(Path::new("x/rollover.toml"), "engine = [\n").map(drop).unwrap_err().to_string();
        assert!(error.contains("x/rollover.toml") && error.contains("line"), "{error}");
    }
}
