//! Logs: to standard error, as text or JSON; never a name of a child, a sync key or a secret.

use crate::{
    config::{LogFormat, LogSettings},
    exit::ExitError,
};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// What is wrong with the setting `log.level`. A word alone is a level: the filter would take any other for the name of
/// a part of the program, and log nothing else.
pub fn check_level(level: &str) -> Result<(), String> {
    let expected =
        || format!("expected one of {}, or a filter as info,rollover::engine=debug", LEVELS.join(", "));
    let is_word = |part: &str| !part.contains(['=', '[']);
    let unknown = level.split(',').map(str::trim).find(|part| is_word(part) && !LEVELS.contains(part));
    if let Some(word) = unknown {
        return Err(format!("{word:?} is no level: {}", expected()));
    }
    EnvFilter::try_new(level).map(drop).map_err(|error| format!("{error}: {}", expected()))
}

/// Starts logging for the process; a second call changes nothing.
pub fn start(settings: &LogSettings) -> Result<(), ExitError> {
    // The database driver and the queue machinery log on their own account what we log where it is handled.
    let filter = format!("{},sqlx=warn,apalis_core=warn", settings.level);
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| ExitError::usage(format!("setting log.level {:?}: {error}", settings.level)))?;
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.format {
        LogFormat::Text => registry.with(layer.with_ansi(std::io::stderr().is_terminal())).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
    Ok(())
}
