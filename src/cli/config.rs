//! `rollover config`: what is in force, and whether it is well formed.

use super::{context::Context, output};
use crate::{
    config::{DEFAULT_FILE, VARIABLES},
    exit::Exit,
};
use anyhow::Context as _;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the settings in force; never a secret.
    Show {
        /// Print the commented file of all defaults in their place.
        #[arg(long)]
        defaults: bool,
    },
    /// Check the settings and say where they come from.
    Check,
}

pub(super) fn run(cx: &Context, command: ConfigCommand) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Show { defaults: true } => output::line(DEFAULT_FILE.trim_end()),
        ConfigCommand::Show { defaults: false } => show(cx)?,
        ConfigCommand::Check => check(cx)?,
    }
    Ok(Exit::Done)
}

fn show(cx: &Context) -> anyhow::Result<()> {
    let settings = cx.loaded.settings.without_secrets();
    if cx.json {
        return output::json(&settings);
    }
    output::line(
        toml::to_string_pretty(&settings).context("the settings cannot be written as TOML")?.trim_end(),
    );
    Ok(())
}

/// Settings that are wrong never come so far: loading has ended with the error.
fn check(cx: &Context) -> anyhow::Result<()> {
    if cx.json {
        return output::json(
            &serde_json::json!({ "file": cx.loaded.file, "variables": cx.loaded.variables }),
        );
    }
    match &cx.loaded.file {
        Some(file) => output::line(format!("{} is well formed.", file.display())),
        None => output::line(
            "No settings file: the defaults hold. `rollover config show --defaults` prints them.",
        ),
    }
    for (name, what) in VARIABLES.iter().filter(|(name, _)| cx.loaded.variables.contains(name)) {
        output::line(format!("{name} sets {what}."));
    }
    Ok(())
}
