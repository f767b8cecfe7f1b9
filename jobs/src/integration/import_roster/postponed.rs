//! Deletes that reached the import database and not the site: what they are, and what the window's last day brings
//! (DOMAIN P4).
//!
//! No book is kept of them. They are the deletes of the difference import database − mirror, told by the code that an
//! import goes by: so what came back in the roster is not among them (P3), and the forecast is the import's own verdict.

mod lines;
mod waiting;

pub use self::{
    lines::{LINES_REACHED, PostponedLine, WaitingSince},
    waiting::{ClassCounts, SchoolCounts},
};

use self::waiting::{Found, find};
use super::{
    Import, Outlook,
    difference::{changes, judged},
    prepare::Taken,
};
use crate::{
    JobContext, Stop,
    ports::{IntegrationState, Window},
};
use chrono::NaiveDate;
use rollover_roster::{
    diff::ChangeCounts,
    model::{Kind, KindCounts},
    snapshot::SnapshotId,
    timing::Timing,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which of what waits is listed; everything is counted.
#[derive(Debug, Clone, Default)]
pub struct PostponedAsk {
    pub kind: Option<Kind>,
    /// By the name that the counts give it.
    pub school: Option<String>,
    /// Lines that are passed over, and lines that are given.
    pub from: usize,
    pub limit: usize,
}

/// What waits, and what comes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Postponed {
    /// The import database; nothing waits until a first roster was accepted.
    pub roster: Option<SnapshotId>,
    pub window: Option<PostponedWindow>,
    /// Nothing takes place until it is resumed.
    pub paused: bool,
    /// How many wait for what.
    pub waits: BTreeMap<WaitsFor, KindCounts>,
    /// By name, each with its classes.
    pub schools: Vec<SchoolCounts>,
    /// Lines that fit what was asked for.
    pub matching: u64,
    /// By kind, school, class and name.
    pub lines: Vec<PostponedLine>,
    pub forecast: WindowEnd,
}

/// The window of delay delete as it stands today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostponedWindow {
    pub start: NaiveDate,
    /// The last day on which deletes wait.
    pub end: NaiveDate,
    pub set_by: Option<String>,
    pub stands: WindowStands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowStands {
    ToCome,
    On,
    Over,
}

/// What ends the wait of a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// P2.
    WindowEnd,
    /// C1: a group that becomes a course of the new year.
    SchoolYear,
    /// Nothing holds it back but the Filter, which may have stopped it before.
    NextImport,
}

impl WaitsFor {
    const fn of(timing: Timing) -> Self {
        match timing {
            Timing::Postponed => Self::WindowEnd,
            Timing::HeldBack => Self::SchoolYear,
            Timing::Now | Timing::NotReleased => Self::NextImport,
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::WindowEnd => "the window's end",
            Self::SchoolYear => "the school year's start",
            Self::NextImport => "the next import",
        }
    }
}

/// What the first import does that no window holds back, if the roster stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowEnd {
    /// The first day on which nothing is postponed: after the window, or today where none is set.
    pub on: NaiveDate,
    /// All that flows then, the deletes among it.
    pub changes: ChangeCounts,
    #[serde(flatten)]
    pub outlook: Outlook,
    /// The decision about the Filter that it rests on.
    pub decision: Option<i64>,
}

/// What waits at a customer's site, from its newest accepted roster.
///
/// # Errors
/// A snapshot that cannot be read; what the ports give.
pub async fn postponed(cx: &JobContext, ask: PostponedAsk) -> Result<Postponed, Stop> {
    let customer = cx.customer()?;
    let import = Import::looking(cx, cx.ports.integration.state(customer).await?, None)?;
    let (state, today) = (&import.state, import.today()?);
    let window = state.delay_delete.map(|window| PostponedWindow {
        start: window.start,
        end: window.end,
        set_by: state.delay_delete_by.as_ref().map(ToString::to_string),
        stands: decide_stands(window, today),
    });
    let first_day = decide_first_day(state.delay_delete, today);
    let Found { waits, schools, matching, lines } = match state.import.zip(state.mirror) {
        Some((roster, mirror)) => {
            let rosters = cx.ports.integration.waiting_rosters(&customer.id).await?;
            find(&import, mirror, changes(&import, roster).await?, rosters, ask).await?
        }
        None => Found::default(),
    };
    Ok(Postponed {
        roster: state.import,
        window,
        paused: state.pause.is_some(),
        waits,
        schools,
        matching,
        lines,
        forecast: forecast(cx, state, first_day).await?,
    })
}

fn decide_stands(window: Window, today: NaiveDate) -> WindowStands {
    if today < window.start {
        WindowStands::ToCome
    } else if window.holds(today) {
        WindowStands::On
    } else {
        WindowStands::Over
    }
}

/// The first day on which no window holds anything back any more.
fn decide_first_day(window: Option<Window>, today: NaiveDate) -> NaiveDate {
    let after = window.and_then(|window| window.end.succ_opt());
    after.map_or(today, |after| after.max(today))
}

async fn forecast(cx: &JobContext, state: &IntegrationState, on: NaiveDate) -> Result<WindowEnd, Stop> {
    let Some(roster) = state.import else {
        return Ok(WindowEnd {
            on,
            changes: ChangeCounts::default(),
            outlook: Outlook::Unchanged,
            decision: None,
        });
    };
    let then = Import::looking(cx, state.clone(), Some(on))?;
    let difference = judged(&then, Taken::again(roster)).await?;
    Ok(WindowEnd {
        on,
        changes: difference.flowing,
        outlook: then.decide_outlook(&roster, &difference),
        decision: difference.used_decision,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use WindowStands::{On, Over, ToCome};

    // DOMAIN P2, P4
    #[test]
    fn the_forecast_is_of_the_first_day_after_the_window() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let window = Window { start: day("2024-06-22"), end: day("2024-08-18") };
        let cases = [
            ("2024-06-21", ToCome, "2024-08-19"),
            ("2024-06-22", On, "2024-08-19"),
            ("2024-08-18", On, "2024-08-19"),
            ("2024-08-19", Over, "2024-08-19"),
            ("2024-08-20", Over, "2024-08-20"),
        ];
        for (today, stands, first_day) in cases {
            let today = day(today);
            assert_eq!(decide_stands(window, today), stands, "{today}");
            assert_eq!(decide_first_day(Some(window), today), day(first_day), "{today}");
            assert_eq!(decide_first_day(None, today), today, "no window");
        }
    }
}
