//! Settings: the defaults, over them a file, over that the environment; each problem names its place.

mod check;
mod environment;
mod file;
mod problem;
mod settings;

pub use environment::{Environment, VARIABLES};
pub use problem::Problem;
pub use settings::{
    DataSettings, LedgerSettings, LogFormat, LogSettings, MAX_KEEP_DAYS, MailSettings, QueueSettings,
    RosterSettings, Settings, SnapshotSettings, WebSettings,
};

use file::File;
use std::path::{Path, PathBuf};

/// The commented file of all defaults.
pub const DEFAULT_FILE: &str = include_str!("../../config/default.toml");
/// Looked for in the working folder when no file is named.
pub const FILE_NAME: &str = "rollover.toml";

/// Settings that cannot be used: where, what, what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("settings file {}: {why}: name another with --config, or leave it out for the defaults", path.display())]
    File { path: PathBuf, why: String },
    #[error("settings file {}: {why}", path.display())]
    Content { path: PathBuf, why: String },
    /// Every bad value, not the first alone.
    #[error("{}", problem::List(.0))]
    Values(Vec<Problem>),
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

/// Loads, merges and checks. Without `file`, `rollover.toml` in the working folder is used when it is there; `data` is
/// the data folder of the command line.
pub fn load(
    file: Option<&Path>,
    data: Option<PathBuf>,
    environment: &Environment,
) -> Result<Loaded, ConfigError> {
    let named = file.map(Path::to_path_buf).or_else(|| environment.config_file());
    let path = named.or_else(|| Path::new(FILE_NAME).is_file().then(|| PathBuf::from(FILE_NAME)));
    let File { mut settings, mut places, mut problems } = match &path {
        None => File::default(),
        Some(path) => file::parse(path, &file::read(path)?)?,
    };
    let variables = environment.apply(&mut settings, &mut problems);
    for (name, key) in VARIABLES.iter().filter(|(name, _)| variables.contains(name)) {
        places.insert((*key).to_owned(), format!("environment variable {name}"));
    }
    if let Some(folder) = data {
        settings.data.folder = folder;
        places.insert("data.folder".to_owned(), "--data".to_owned());
    }
    problems.extend(check::problems(&settings).into_iter().map(|check::Wrong { key, value, why }| {
        let origin = places.get(&key).cloned().unwrap_or_else(|| "the defaults".to_owned());
        Problem { key, value: Some(value), origin, why }
    }));
    if problems.is_empty() {
        Ok(Loaded { settings, file: path, variables })
    } else {
        Err(ConfigError::Values(problems))
    }
}
