//! `rollover integration`: what the next import makes of courses, and what the window of delay delete holds back.

mod courses;
mod postponed;

use super::context::Context;
use crate::exit::Exit;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum IntegrationCommand {
    /// Say of each course what the next import makes of it: archived, detached, kept, held back.
    #[command(
        after_help = "Examples:\n  rollover integration courses nes\n  rollover integration courses nes --roster new.xml \
        --on 2024-08-19      on the first day of the new year"
    )]
    Courses(courses::CoursesArgs),
    /// List the deletes that wait: what, since which run, until when; and say what the window's last day brings.
    ///
    /// Ends with 5 where the first import after the window will be stopped.
    #[command(
        after_help = "Examples:\n  rollover integration postponed nes\n  rollover integration postponed nes --kind person \
        --school \"Nes skole\" --limit 500\n  rollover integration postponed nes --json --limit 0      counts and forecast alone"
    )]
    Postponed(postponed::PostponedArgs),
}

pub(super) async fn run(cx: &Context, command: IntegrationCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    match command {
        IntegrationCommand::Courses(args) => courses::run(cx, &app, args).await,
        IntegrationCommand::Postponed(args) => postponed::run(cx, &app, args).await,
    }
}
