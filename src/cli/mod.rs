//! The command tree: `rollover --help` is its index; one file per branch.

mod bench;
mod clocks;
mod config;
mod context;
mod customer;
mod demo;
mod doctor;
mod doctor_sources;
mod due_task;
mod fetch_fields;
mod fields;
mod import;
mod integration;
mod job;
mod keys;
mod limits;
mod output;
mod plan;
mod processes;
mod progress;
mod roster;
mod task;
mod unset;
mod views;

use crate::{
    config::Environment,
    exit::{self, Exit},
};
use clap::{Parser, Subcommand};
use context::Context;
use std::{ffi::OsString, path::PathBuf};

/// Carries the customers of a learning platform through end of year and back to school.
#[derive(Debug, Parser)]
#[command(name = "rollover", version, after_help = AFTER_HELP, max_term_width = 110, arg_required_else_help = true)]
struct Cli {
    /// Settings file; without it `rollover.toml` in this folder, when it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder of the embedded way of running.
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Print JSON for scripts.
    #[arg(long, global = true)]
    json: bool,
    /// Who acts, for the history; without it the user of this machine.
    #[arg(long, global = true, value_name = "PERSON")]
    by: Option<String>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = concat!(
    "Examples:\n",
    "  rollover demo                                        see a whole summer in a minute\n",
    "  rollover up                                          everything in one process, nothing to install\n",
    "  rollover customer add nes --name \"Nes kommune\" --country NO --time-zone Europe/Oslo --mis fjordsas\n",
    "  rollover plan preview nes --template eoy --year 2024\n",
    "  rollover task list --customer nes --state waiting\n\n",
);

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a summer of six invented customers, with its page.
    Demo(demo::DemoArgs),

    /// Run everything in one process: pages, scheduler, workers.
    Up(processes::WebArgs),
    /// Serve the pages.
    Serve(processes::WebArgs),
    /// Run jobs from the queue.
    Work,
    /// Fire what is due and fill the queue; any number may run, one leads.
    Schedule,
    /// Bring the ledger's schema to this version.
    Migrate,
    /// Customers: who they are, their calendar, their settings.
    #[command(subcommand)]
    Customer(Box<customer::CustomerCommand>),
    /// Plans: a template of steps applied to one customer and one summer.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// The scheduled-task list.
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// Jobs: the firings of tasks, with attempts, history and report.
    #[command(subcommand)]
    Job(job::JobCommand),
    /// Imports of rosters, and decisions about the Filter.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// What the next import makes of courses, and what delay delete holds back.
    #[command(subcommand)]
    Integration(integration::IntegrationCommand),
    /// Roster files and snapshots by themselves: check, compare, count, export, invent; no ledger needed.
    #[command(subcommand)]
    Roster(roster::RosterCommand),
    /// Settings in force.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Check database, schema, queue, mail, folders and clock, and say what to do.
    Doctor,
    /// Measure this machine.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
}

/// Parses the arguments, runs the command, says what went wrong.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _closed = error.print();
            if error.kind() == clap::error::ErrorKind::DisplayHelp {
                output::line(exit::HELP);
            }
            return exit;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(anyhow::Error::new(error).context("threads could not be started")),
    };
    match result {
        Ok(exit) => exit,
        Err(error) => {
            output::error(&error);
            Exit::of(&error)
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<Exit> {
    let cx = Context::new(Environment::of_process(), cli.config, cli.data, cli.json, cli.by)?;
    match cli.command {
        Command::Demo(args) => demo::run(&cx, args).await,
        Command::Up(args) => processes::up(&cx, args).await,
        Command::Serve(args) => processes::serve(&cx, args).await,
        Command::Work => processes::work(&cx).await,
        Command::Schedule => processes::schedule(&cx).await,
        Command::Migrate => processes::migrate(&cx).await,
        Command::Customer(command) => customer::run(&cx, *command).await,
        Command::Plan(command) => plan::run(&cx, command).await,
        Command::Task(command) => task::run(&cx, command).await,
        Command::Job(command) => job::run(&cx, command).await,
        Command::Import(command) => import::run(&cx, command).await,
        Command::Integration(command) => integration::run(&cx, command).await,
        Command::Roster(command) => roster::run(&cx, command),
        Command::Config(command) => config::run(&cx, command),
        Command::Doctor => doctor::run(&cx).await,
        Command::Bench(command) => bench::run(&cx, command).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_tree_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        fn walk(command: &clap::Command, path: &str, lacking: &mut Vec<String>) {
            for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
                let path = format!("{path} {}", child.get_name());
                if child.get_about().is_none() {
                    lacking.push(path.clone());
                }
                walk(child, &path, lacking);
            }
        }
        let mut lacking = Vec::new();
        walk(&Cli::command(), "rollover", &mut lacking);
        assert!(lacking.is_empty(), "{lacking:?}");
    }
}
