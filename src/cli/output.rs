//! What commands print: lines, tables, JSON; colours only on a terminal.

use crate::{
    exit::Exit,
    model::{JobState, TaskState},
};
use anyhow::Context;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use serde::Serialize;
use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

/// Prints one line. A reader that has gone away (`| head`) ends the program quietly, as people expect; an answer
/// that cannot be written at all is no answer.
pub(super) fn line(text: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{text}") {
        let exit = if error.kind() == io::ErrorKind::BrokenPipe { Exit::Done } else { Exit::Failed };
        std::process::exit(exit as i32);
    }
}

/// Says what a person should know beside the answer; on standard error, so that JSON stays JSON.
pub(super) fn note(text: impl Display) {
    let _closed = writeln!(io::stderr(), "note: {text}");
}

/// Prints a value as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value).context("the answer cannot be written as JSON")?);
    Ok(())
}

/// Tells the person what went wrong: the whole chain, each text once.
pub(super) fn error(error: &anyhow::Error) {
    let mut told: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !told.iter().any(|before| before.contains(&text)) {
            told.push(text);
        }
    }
    let _closed = writeln!(io::stderr(), "rollover: {}", told.join(": "));
}

/// A table without lines between rows, as wide as the terminal.
pub(super) struct Listing(Table);

impl Listing {
    pub fn new(heads: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        if !io::stdout().is_terminal() {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        table.set_header(heads.iter().map(|head| Cell::new(head.to_uppercase()).fg(Color::DarkGrey)));
        Self(table)
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.0.add_row(cells);
    }

    /// Prints the rows, or what it means that there are none.
    pub fn print(self, when_empty: &str) {
        if self.0.row_iter().next().is_none() {
            line(when_empty);
        } else {
            line(self.0.trim_fmt());
        }
    }
}

/// A plain cell.
pub(super) fn cell(text: impl Display) -> Cell {
    Cell::new(text)
}

/// A task's state as sign and word.
pub(super) fn task_state(state: TaskState) -> Cell {
    Cell::new(format!("{} {}", state.sign(), state.words())).fg(match state {
        TaskState::Done => Color::Green,
        TaskState::Failed | TaskState::Held => Color::Red,
        TaskState::Waiting => Color::Yellow,
        TaskState::Active => Color::Blue,
        TaskState::Planned => Color::Reset,
        TaskState::Skipped | TaskState::Cancelled | TaskState::NotApplicable => Color::DarkGrey,
    })
}

/// A job's state as sign and word.
pub(super) fn job_state(state: JobState) -> Cell {
    Cell::new(format!("{} {state}", state.sign())).fg(match state {
        JobState::Done => Color::Green,
        JobState::Failed | JobState::Aborted => Color::Red,
        JobState::Waiting | JobState::Retrying => Color::Yellow,
        JobState::Running => Color::Blue,
        JobState::Ready => Color::Reset,
        JobState::Cancelled => Color::DarkGrey,
    })
}
