//! `rollover integration`: what the next import makes of courses, and what the window of delay delete holds back.

mod courses;

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
}

pub(super) async fn run(cx: &Context, command: IntegrationCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    match command {
        IntegrationCommand::Courses(args) => courses::run(cx, &app, args).await,
    }
}
