//! Progress of long work: a bar on a terminal, silence elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};

/// A bar of `of` steps.
pub(super) fn bar(of: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(of), target());
    let template = format!("{{bar:40}} {{pos}}/{{len}} {unit} {{msg}} ({{eta}} left)");
    bar.set_style(ProgressStyle::with_template(&template).expect("the template of a bar is well formed"));
    bar
}

/// A sign of life for work whose length nobody knows.
pub(super) fn spinner(what: &str) -> ProgressBar {
    let spinner = ProgressBar::with_draw_target(None, target());
    spinner.set_message(what.to_owned());
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    spinner
}

fn target() -> ProgressDrawTarget {
    if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}
