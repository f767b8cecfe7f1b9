//! `rollover task next`: the moments to come, and what a person did to them.

use crate::{
    app::App,
    cli::{
        context::Context,
        output::{self, Listing, cell},
        views::{distance, local, utc, wall},
    },
    exit::Exit,
    ledger::{EventRow, TaskRow},
};
use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use rollover_jobs::{
    Calendar,
    plan::{Moment, coming},
};
use serde::Serialize;

/// The clock and the dates by which a task's moments are reckoned.
pub(super) async fn place(app: &App, task: &TaskRow) -> anyhow::Result<(Tz, Calendar)> {
    let Some(customer) = &task.customer_id else { return Ok((Tz::UTC, Calendar::default())) };
    let zone = app.ledger.customer(customer).await?.time_zone;
    let year = match task.plan_id {
        Some(plan) => app.ledger.plan(plan).await?.year,
        None => task.due_at.unwrap_or(task.updated_at).with_timezone(&zone).year(),
    };
    Ok((zone, app.ledger.calendar(customer, year).await?))
}

/// What a person did to the moment of a task.
#[derive(Serialize)]
pub(super) struct ByHand {
    /// `moved` or `fired`.
    what: &'static str,
    by: String,
    at: DateTime<Utc>,
    note: Option<String>,
}

impl ByHand {
    pub fn of(event: EventRow) -> Self {
        let what = if event.name == "fired" { "fired" } else { "moved" };
        Self { what, by: event.actor, at: event.at, note: event.note.filter(|_| what == "moved") }
    }

    /// `moved by Ingrid Dahl on 2024-06-03 10:00 CEST: from … to …`.
    pub fn words(&self, zone: Tz) -> String {
        let note = self.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        let hand = if self.what == "fired" { "fired by hand" } else { self.what };
        format!("{hand} by {} on {}{note}", self.by, local(self.at, zone))
    }
}

/// Where a task stands.
pub(super) struct Stand {
    pub zone: Tz,
    pub moments: Vec<Moment>,
    /// It stands, or does not stand any more, where a person put it.
    pub by_hand: Option<ByHand>,
}

pub(super) async fn stand(app: &App, task: &TaskRow, count: usize) -> anyhow::Result<Stand> {
    let (zone, calendar) = place(app, task).await?;
    let moments = match task.due_at {
        Some(due) => coming(task.schedule.0.trigger(), due, count, zone, &calendar)?,
        None => Vec::new(),
    };
    let by_hand = app.ledger.hand_on_moment(task).await?.map(ByHand::of);
    Ok(Stand { zone, moments, by_hand })
}

/// A moment as scripts read it; the first one says when a person put it there.
#[derive(Serialize)]
struct MomentView<'a> {
    #[serde(flatten)]
    moment: &'a Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<&'a ByHand>,
}

pub(super) async fn next(cx: &Context, app: &App, id: i64, count: usize) -> anyhow::Result<Exit> {
    let task = app.ledger.task(id).await?;
    let stand = stand(app, &task, count).await?;
    let first = |at: usize| stand.by_hand.as_ref().filter(|_| at == 0);
    if cx.json {
        let view = |(at, moment)| MomentView { moment, moved: first(at) };
        output::json(&stand.moments.iter().enumerate().map(view).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    output::line(format!("Task {id} ({}): {}", task.title, task.schedule.0));
    if let Some(by_hand) = &stand.by_hand {
        output::line(by_hand.words(stand.zone));
    }
    output::line("");
    print(&stand, app.clock.now());
    Ok(Exit::Done)
}

fn print(stand: &Stand, now: DateTime<Utc>) {
    let mut listing = Listing::new(&["local", "UTC", "", "note"]);
    for (at, moment) in stand.moments.iter().enumerate() {
        let moved = stand.by_hand.as_ref().filter(|_| at == 0).map(|_| "moved by hand".to_owned());
        let note = moment.note.map(|note| note.to_string());
        listing.row(vec![
            cell(format!("{} {}", wall(moment.local), moment.at.with_timezone(&stand.zone).format("%Z"))),
            cell(utc(moment.at)),
            cell(distance(moment.at, now)),
            cell(moved.into_iter().chain(note).collect::<Vec<_>>().join("; ")),
        ]);
    }
    listing.print("No moment is to come: it follows another task, waits for a hand, or is over.");
}
