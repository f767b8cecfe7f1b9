//! Settings: the defaults, over them a file, over that the environment; each problem names its place.

mod environment;
mod settings;

pub use environment::{Environment, VARIABLES};
pub use settings::{
    DataSettings, LedgerSettings, LogFormat, LogSettings, MAX_KEEP_DAYS, MailSettings, QueueSettings,
    RosterSettings, Settings, WebSettings,
};

use std::path::{Path, PathBuf};

/// The commented file of all defaults.
pub const DEFAULT_FILE: &str = include_str!("../../config/default.toml");
/// Looked for in the working folder when no file is named.
pub const FILE_NAME: &str = "rollover.toml";
/// A settings file is small; a larger one is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A setting is missing or wrong: where, what, what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("settings file {}: {why}: name another with --config, or leave it out for the defaults", path.display())]
    File { path: PathBuf, why: String },
    #[error("settings file {}: {why}", path.display())]
    Content { path: PathBuf, why: String },
    #[error("environment variable {name}: {why}")]
    Variable { name: String, why: String },
    #[error("setting {key} (from {origin}): {why}")]
    Value { key: String, origin: String, why: String },
}

/// Settings with the place they came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub settings: Settings,
    /// `None`: no file was found, the defaults hold.
    pub file: Option<PathBuf>,
    /// Names of the variables that overrode something.
    pub variables: Vec<&'static str>,
}

/// Loads, merges and checks. Without `file`, `rollover.toml` in the working folder is used when it is there.
pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Loaded, ConfigError> {
    let named = file.map(Path::to_path_buf).or_else(|| environment.config_file());
    let path = named.or_else(|| Path::new(FILE_NAME).is_file().then(|| PathBuf::from(FILE_NAME)));
    let mut settings = match &path {
        None => Settings::default(),
        Some(path) => parse(path, &read(path)?)?,
    };
    let variables = environment.apply(&mut settings)?;
    let origin = path.as_ref().map_or_else(|| "defaults".to_owned(), |path| path.display().to_string());
    if let Some((key, why)) = settings.problems().into_iter().next() {
        return Err(ConfigError::Value { key, origin, why });
    }
    Ok(Loaded { settings, file: path, variables })
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let wrong = |why: String| ConfigError::File { path: path.to_path_buf(), why };
    let size = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(wrong(format!("{size} bytes are more than a settings file has")));
    }
    std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))
}

fn parse(path: &Path, text: &str) -> Result<Settings, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Content {
        path: path.to_path_buf(),
        why: error.to_string().trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_file_holds_the_defaults() {
        let from_file = parse(Path::new("config/default.toml"), DEFAULT_FILE).unwrap();
        assert_eq!(from_file, Settings::default());
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
    fn a_wrong_file_is_named_with_line_key_and_what_was_expected() {
        let cases = [
            ("[engine]\nconcurrency = \"many\"\n", "concurrency"),
            ("[engine]\nconcurency = 3\n", "concurency"),
            ("[enigne]\n", "enigne"),
            ("engine = [\n", "line"),
        ];
        for (text, named) in cases {
            let error = parse(Path::new("x/rollover.toml"), text).unwrap_err().to_string();
            assert!(error.contains("x/rollover.toml") && error.contains(named), "{error}");
        }
    }
}
