//! `rollover import decisions` and `withdraw`: what people decided about imports, and what became of it.

use crate::{
    app::App,
    cli::{
        context::Context,
        limits::differing,
        output::{self, Listing, cell},
        views::{local, short},
    },
    exit::Exit,
    ledger::{DecisionRow, FilterDecisionRow, FilterDecisionState},
};
use chrono_tz::Tz;
use rollover_roster::filter::Limits;

/// A customer has a handful a year.
pub(in crate::cli) const DECISIONS_LISTED: i64 = 500;
/// Letters of a roster's hash that people compare.
const ROSTER_SHOWN: usize = 12;

pub(super) async fn list(cx: &Context, app: &App, id: &str) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(id).await?;
    let decisions = app.ledger.filter_decisions(id, DECISIONS_LISTED).await?;
    if cx.json {
        output::json(&decisions)?;
        return Ok(Exit::Done);
    }
    let mut listing = Listing::new(&[
        "id",
        "decided, local",
        "what",
        "roster",
        "state",
        "customer's person",
        "support's person",
        "why",
    ]);
    for row in &decisions {
        let decision = &row.decision;
        listing.row(vec![
            cell(decision.id),
            cell(local(decision.at, customer.time_zone)),
            cell(what(decision, &customer.settings.filter)),
            cell(roster(decision)),
            cell(state(row, customer.time_zone)),
            cell(decision.customer_person.as_deref().unwrap_or("–")),
            cell(&decision.support_person),
            cell(short(&decision.reason, 80)),
        ]);
    }
    listing.print("Nobody has decided anything: the Filter is on, with its limits.");
    Ok(Exit::Done)
}

/// What holds by a decision, and for what of the difference.
pub(in crate::cli) fn what(decision: &DecisionRow, own: &Limits) -> String {
    let what = match decision.undoes {
        Some(run) => format!("undo of run {run}, {}", limits_words(decision, own)),
        None => limits_words(decision, own),
    };
    match &decision.slice {
        Some(slice) => format!("{what}; only {}", slice.0),
        None => what,
    }
}

/// `the Filter is off`, or the limits that are others than usual.
fn limits_words(decision: &DecisionRow, own: &Limits) -> String {
    let Some(limits) = &decision.limits else { return "the Filter is off".to_owned() };
    let base = if decision.kind == "limits" { Limits::default() } else { *own };
    let limits = differing(&limits.0, &base);
    match (decision.kind.as_str(), limits.is_empty()) {
        ("limits", true) => "the usual limits".to_owned(),
        ("limits", false) => format!("own limits: {}", limits.join(", ")),
        (_, true) => "the customer's own limits".to_owned(),
        (_, false) => limits.join(", "),
    }
}

/// The roster that it is about, short as lists show it.
pub(in crate::cli) fn roster(decision: &DecisionRow) -> &str {
    decision.roster.as_deref().map_or("every", |roster| roster.get(..ROSTER_SHOWN).unwrap_or(roster))
}

fn state(row: &FilterDecisionRow, zone: Tz) -> String {
    let decision = &row.decision;
    let words = row.state.words();
    match (row.state, decision.used_by_run, decision.withdrawn_at) {
        (FilterDecisionState::Used, Some(run), _) => format!("{words} by run {run}"),
        (FilterDecisionState::Refuses, Some(run), _) => format!("used by run {run}, and {words}"),
        (FilterDecisionState::Withdrawn, _, Some(at)) => format!(
            "{words} by {} on {}: {}",
            decision.withdrawn_by.as_deref().unwrap_or_default(),
            local(at, zone),
            decision.withdrawn_why.as_deref().unwrap_or_default()
        ),
        _ => words.to_owned(),
    }
}

pub(super) async fn withdraw(cx: &Context, app: &App, id: i64, why: &str) -> anyhow::Result<Exit> {
    let decision = app.ledger.withdraw_decision(app.clock.now(), &cx.person()?, id, why).await?;
    if cx.json {
        output::json(&decision)?;
    } else {
        output::line(withdrawn_words(&decision));
    }
    Ok(Exit::Done)
}

fn withdrawn_words(decision: &DecisionRow) -> String {
    let (id, customer) = (decision.id, decision.customer_id.as_deref().unwrap_or("the customer"));
    match (decision.undoes, decision.used_by_run) {
        (Some(run), Some(_)) => format!(
            "Decision {id} is withdrawn: the roster of run {run} is taken in again when it comes, through the Filter. Next: \
             rollover import run {customer}"
        ),
        (Some(run), None) => format!("Decision {id} is withdrawn: run {run} is not undone by it."),
        (None, _) => format!(
            "Decision {id} is withdrawn: the Filter of {customer} is on for every roster, with its own limits."
        ),
    }
}
