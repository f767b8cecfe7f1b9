//! `rollover task show`: one line of the list with where it stands, its help and its history.

use super::moments::{ByHand, Stand, stand};
use crate::{
    app::App,
    cli::{
        context::Context,
        output::{self, Listing, cell},
        views::{local, utc},
    },
    exit::Exit,
    ledger::{EventRow, TaskRow},
};
use chrono::NaiveDateTime;
use chrono_tz::Tz;
use rollover_jobs::plan::Moment;
use serde::Serialize;

#[derive(Serialize)]
struct TaskView {
    task: TaskRow,
    due_local: Option<NaiveDateTime>,
    time_zone: &'static str,
    /// What a person did to the moment that its trigger tells of.
    by_hand: Option<ByHand>,
    history: Vec<EventRow>,
}

/// Moments to come that are shown.
const MOMENTS: usize = 3;

pub(super) async fn show(cx: &Context, app: &App, id: i64) -> anyhow::Result<Exit> {
    let task = app.ledger.task(id).await?;
    let history = app.ledger.events_of_task(id).await?;
    let Stand { zone, moments, by_hand } = stand(app, &task, MOMENTS).await?;
    if cx.json {
        let due_local = task.due_at.map(|due| due.with_timezone(&zone).naive_local());
        output::json(&TaskView { task, due_local, time_zone: zone.name(), by_hand, history })?;
        return Ok(Exit::Done);
    }
    print(&task, &moments, by_hand.as_ref(), zone);
    output::line("");
    print_history(&history, zone);
    Ok(Exit::Done)
}

fn print(task: &TaskRow, moments: &[Moment], by_hand: Option<&ByHand>, zone: Tz) {
    output::line(format!("Task {}: {}", task.id, task.title));
    output::line(format!("  customer: {}", task.customer_id.as_deref().unwrap_or("none")));
    output::line(format!("  state:    {} {}", task.state.sign(), task.state.words()));
    if let Some(why) = &task.why {
        let who =
            task.who.as_ref().map(|who| format!(" – {} must act", who.replace('_', " "))).unwrap_or_default();
        output::line(format!("  why:      {why}{who}"));
    }
    output::line(format!(
        "  trigger:  {} (missed moments: {})",
        task.schedule.0,
        task.catch_up.replace('_', " ")
    ));
    if let Some(by_hand) = by_hand {
        output::line(format!("  by hand:  {}", by_hand.words(zone)));
    }
    if moments.is_empty() {
        output::line("  due:      no moment is to come");
    }
    for moment in moments {
        output::line(format!("  due:      {} = {}", local(moment.at, zone), utc(moment.at)));
    }
    if let Some(deadline) = task.deadline {
        output::line(format!("  deadline: {}", local(deadline, zone)));
    }
    output::line(format!("  kind:     {} {}", task.kind, task.args.0));
    output::line(format!("  owner:    {}", task.owner.replace('_', " ")));
    if !task.help.is_empty() {
        output::line(format!("\n{}", task.help));
    }
}

/// The lines of a history, oldest first.
pub(in crate::cli) fn print_history(history: &[EventRow], zone: Tz) {
    let mut listing = Listing::new(&["when, local", "what", "state", "who", "note"]);
    for event in history {
        let states = match (&event.from_state, &event.to_state) {
            (Some(from), Some(to)) if from != to => format!("{from} → {to}"),
            (_, Some(to)) => to.clone(),
            _ => String::new(),
        };
        listing.row(vec![
            cell(event.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z")),
            cell(event.name.replace('_', " ")),
            cell(states.replace('_', " ")),
            cell(&event.actor),
            cell(event.note.as_deref().unwrap_or_default()),
        ]);
    }
    listing.print("Nothing has happened yet.");
}
