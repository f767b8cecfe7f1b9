//! `rollover roster check`: everything that is wrong in files, or what they hold.

use super::input::ReadArgs;
use crate::{
    cli::{
        context::Context,
        output::{self, Listing, cell},
        progress,
    },
    exit::Exit,
};
use clap::Args;
use rollover_roster::{
    figures::thousands,
    model::{Kind, KindCounts},
    read::{Concessions, ReadReport, ReadRoster},
};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// IMS Enterprise files, OneRoster ZIPs or folders.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    read: ReadArgs,
}

/// What was found in one file.
#[derive(Debug, Serialize)]
struct Checked {
    file: PathBuf,
    in_order: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<KindCounts>,
    groups_without_id: u64,
    ignored: u64,
    #[serde(skip_serializing_if = "Concessions::is_empty")]
    let_pass: Concessions,
    #[serde(skip_serializing_if = "ReadReport::is_empty")]
    report: ReadReport,
}

impl Checked {
    fn of(file: PathBuf, read: Result<ReadRoster, ReadReport>) -> Self {
        let mut checked = Self {
            file,
            in_order: read.is_ok(),
            records: None,
            groups_without_id: 0,
            ignored: 0,
            let_pass: Concessions::default(),
            report: ReadReport::default(),
        };
        match read {
            Ok(read) => {
                checked.records = Some(read.roster.counts());
                checked.groups_without_id = read.groups_without_id;
                checked.ignored = read.ignored;
                checked.let_pass = read.concessions;
            }
            Err(report) => checked.report = report,
        }
        checked
    }
}

pub(super) fn run(cx: &Context, args: &CheckArgs) -> anyhow::Result<Exit> {
    let mut all = Vec::new();
    for file in &args.files {
        let spinner = progress::spinner(&format!("reading {}", file.display()));
        let checked = Checked::of(file.clone(), args.read.read(file)?);
        spinner.finish_and_clear();
        if !cx.json {
            print(&checked);
        }
        all.push(checked);
    }
    if cx.json {
        output::json(&all)?;
    }
    Ok(if all.iter().all(|checked| checked.in_order) { Exit::Done } else { Exit::Unhealthy })
}

fn print(checked: &Checked) {
    let file = checked.file.display();
    match &checked.records {
        Some(counts) => {
            let counts: Vec<String> =
                Kind::ALL.map(|kind| format!("{} {kind}s", thousands(counts.get(kind)))).to_vec();
            output::line(format!("{file}: in order: {}", counts.join(", ")));
        }
        None => print_errors(checked),
    }
    if checked.groups_without_id > 0 {
        output::line(format!("  groups without an id, which do nothing: {}", checked.groups_without_id));
    }
    if checked.ignored > 0 {
        output::line(format!("  records that the mapping leaves out: {}", checked.ignored));
    }
    for (leniency, concession) in checked.let_pass.iter() {
        output::line(format!("  let pass, {}: {leniency}: {}", leniency.name(), concession.count));
        for first in &concession.first {
            output::line(format!("    {first}"));
        }
    }
}

fn print_errors(checked: &Checked) {
    let report = &checked.report;
    let errors = if report.total() == 1 { "error" } else { "errors" };
    output::line(format!("{}: not in order: {} {errors}", checked.file.display(), thousands(report.total())));
    let mut listing = Listing::new(&["line", "column", "record", "field", "what is wrong", "what mends it"]);
    for error in &report.errors {
        let line = if error.file.is_empty() {
            error.line.to_string()
        } else {
            format!("{}:{}", error.file, error.line)
        };
        listing.row(vec![
            cell(line),
            cell(error.column),
            cell(&error.record),
            cell(&error.field),
            cell(&error.what),
            cell(&error.fix),
        ]);
    }
    listing.print("");
    if report.more > 0 {
        output::line(format!("and {} more errors", thousands(report.more)));
    }
}
