//! `rollover roster export`: writes a snapshot out as plain Parquet files, for tools that do not know its encryption.

use crate::{cli::context::Context, cli::output, exit::Exit, objects};
use anyhow::Context as _;
use clap::Args;
use rollover_roster::snapshot::SnapshotId;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// The snapshot, as `rollover import show --json` names it.
    id: SnapshotId,
    /// A folder that is not there yet.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// Fetching may take a while, and the thread serves nobody else.
pub(super) fn run(cx: &Context, args: &ExportArgs) -> anyhow::Result<Exit> {
    let store = objects::open_snapshots(&cx.loaded.settings)?;
    store
        .export(&args.id, &args.to)
        .with_context(|| format!("nothing whole lies in {}", args.to.display()))?;
    if cx.json {
        output::json(&json!({ "roster": args.id, "folder": args.to }))?;
    } else {
        output::line(format!(
            "Snapshot {} is in {}, unencrypted: delete the folder when you are done with it.",
            args.id.short(),
            args.to.display()
        ));
    }
    Ok(Exit::Done)
}
