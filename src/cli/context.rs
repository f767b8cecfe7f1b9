//! What every command works with: settings, who acts, how to print, and the application when it is needed.

use crate::{
    app::App,
    clock::RealClock,
    config::{self, Environment, Loaded},
    exit::ExitError,
    ledger::ONE_ATTEMPT,
    telemetry,
};
use rollover_jobs::ports::Clock;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// How long a process that stays waits, at its start, for a database that starts at the same time.
const START_PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Context {
    pub environment: Environment,
    pub loaded: Loaded,
    pub json: bool,
    by: Option<String>,
}

impl Context {
    pub fn new(
        environment: Environment,
        file: Option<PathBuf>,
        data: Option<PathBuf>,
        json: bool,
        by: Option<String>,
    ) -> anyhow::Result<Self> {
        let loaded = config::load(file.as_deref(), data, &environment)?;
        Ok(Self { environment, loaded, json, by })
    }

    /// The application for a command that runs and ends; it logs only what is wrong.
    pub async fn open(&self) -> anyhow::Result<App> {
        let mut log = self.loaded.settings.log.clone();
        if self.environment.get("ROLLOVER_LOG").is_none() {
            "warn".clone_into(&mut log.level);
        }
        telemetry::start(&log)?;
        App::open(self.loaded.settings.clone(), Arc::new(RealClock), ONE_ATTEMPT).await
    }

    /// The application for a process that stays; it logs as the settings say. Links in its mails lead to where it
    /// listens.
    pub async fn open_to_stay(&self, listen: Option<SocketAddr>) -> anyhow::Result<App> {
        let mut settings = self.loaded.settings.clone();
        if let Some(listen) = listen {
            settings.web.listen = listen.to_string();
        }
        telemetry::start(&settings.log)?;
        App::open(settings, Arc::new(RealClock), START_PATIENCE).await
    }

    /// The person who acts; what they do is recorded under this name.
    pub fn person(&self) -> Result<String, ExitError> {
        let named = self
            .by
            .as_deref()
            .or_else(|| self.environment.get("USER"))
            .or_else(|| self.environment.get("LOGNAME"));
        named.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).ok_or_else(|| {
            ExitError::usage("who acts is not known: name the person with --by, as --by \"Ingrid Dahl\"")
        })
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(RealClock)
    }
}
