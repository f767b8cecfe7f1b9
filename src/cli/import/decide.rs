//! `rollover import decide`: limits, the Filter off, or a slice, for one run of exactly one roster (DOMAIN F3).

use crate::{
    app::App,
    cli::{
        context::Context,
        limits::{LimitField, apply_limits},
        output,
    },
    exit::{Exit, ExitError},
    ledger::{NewFilterDecision, RunRow},
};
use clap::Args;
use rollover_jobs::Customer;
use rollover_roster::{
    diff::Action,
    filter::Limits,
    model::Kind,
    places::{OUTSIDE, Places},
    slices::Slice,
    snapshot::SnapshotId,
};
use serde_json::json;
use std::{collections::BTreeSet, str::FromStr};

/// Runs that may have read a roster that is decided on now.
const RUNS_LOOKED_AT: i64 = 100;

#[derive(Debug, Args)]
pub(in crate::cli) struct DecideArgs {
    customer: String,
    /// The run that was stopped and whose roster it is about; without it the newest run.
    #[arg(long)]
    run: Option<i64>,
    /// The roster that a dry run looked at, in place of a run.
    #[arg(long, conflicts_with = "run", value_name = "ROSTER")]
    roster: Option<SnapshotId>,
    /// Who at the customer decided: only they can say whether the changes are right.
    #[arg(long, value_name = "PERSON")]
    customer_person: String,
    #[arg(long)]
    reason: String,
    /// Another limit for this run, as membership.delete=90%; several times for several.
    #[arg(long, value_name = "KIND.CHANGE=LIMIT", value_parser = LimitField::from_str, conflicts_with = "off")]
    filter: Vec<LimitField>,
    /// The Filter is off for this run.
    #[arg(long)]
    off: bool,
    /// Only what is at this school flows, named as the breach names it; several times for several.
    #[arg(long, value_name = "NAME")]
    only_school: Vec<String>,
    /// Only records of this kind flow: group, person, course or membership; several times for several.
    #[arg(long, value_name = "KIND", value_parser = kind_named)]
    only_kind: Vec<Kind>,
    /// Only changes of this sort flow: create, update or delete; several times for several.
    #[arg(long, value_name = "CHANGE", value_parser = action_named)]
    only_action: Vec<Action>,
}

impl DecideArgs {
    fn limits(&self, mut limits: Limits) -> Option<Limits> {
        apply_limits(&self.filter, &mut limits);
        (!self.off).then_some(limits)
    }

    fn slice(&self) -> Option<Slice> {
        let slice = Slice {
            kinds: self.only_kind.iter().copied().collect(),
            schools: self.only_school.iter().cloned().collect(),
            actions: self.only_action.iter().copied().collect(),
        };
        (slice != Slice::default()).then_some(slice)
    }
}

fn kind_named(text: &str) -> Result<Kind, String> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    kind.ok_or_else(|| format!("{text:?}: expected group, person, course or membership"))
}

fn action_named(text: &str) -> Result<Action, String> {
    let action = Action::ALL.into_iter().find(|action| action.as_str() == text);
    action.ok_or_else(|| format!("{text:?}: expected create, update or delete"))
}

pub(super) async fn decide(cx: &Context, app: &App, args: DecideArgs) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&args.customer).await?;
    let slice = args.slice();
    if args.filter.is_empty() && !args.off && slice.is_none() {
        return Err(ExitError::usage(
            "say what was decided: other limits for this run, as --filter membership.delete=90%, --off, or a \
             slice of the changes, as --only-school \"Nes skole\"",
        )
        .into());
    }
    let roster = match args.roster {
        Some(roster) => known(app, roster)?,
        None => roster_of(app, &customer, args.run).await?,
    };
    if let Some(slice) = &slice {
        check_size(app, &customer, roster).await?;
        check_schools(app, &customer, roster, slice).await?;
    }
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster,
        limits: args.limits(customer.settings.filter),
        slice,
        customer_person: args.customer_person,
        support_person: cx.person()?,
        reason: args.reason,
    };
    let id = app.ledger.decide_filter(app.clock.now(), &decision).await?;
    if cx.json {
        output::json(&json!({ "decision": id, "roster": decision.roster.to_string() }))?;
    } else {
        output::line(recorded_words(id, &decision));
    }
    Ok(Exit::Done)
}

fn recorded_words(id: i64, decision: &NewFilterDecision) -> String {
    let held = match decision.slice {
        Some(_) => " What it does not release stays held; the run after looks at it again.",
        None => "",
    };
    format!(
        "Decision {id} is recorded for one run of exactly this roster; then the Filter is on again.{held} Next: \
         rollover import run {}",
        decision.customer
    )
}

/// The rest of a broken roster would follow a slice of it in the next run.
async fn check_size(app: &App, customer: &Customer, roster: SnapshotId) -> anyhow::Result<()> {
    let runs = app.ledger.runs_of_customer(customer.id.as_str(), RUNS_LOOKED_AT).await?;
    let is_small = |run: &&RunRow| run.record.roster == Some(roster) && !run.record.shrunken.is_empty();
    match runs.iter().find(is_small) {
        None => Ok(()),
        Some(run) => Err(ExitError::refused(format!(
            "run {} found this roster too small for a whole one, and the rest of it would follow a slice in the next run: \
             have a complete one sent, or decide on the whole of it, with --off",
            run.id
        ))
        .into()),
    }
}

/// A name that no school has would release nothing, and nobody would see why.
async fn check_schools(
    app: &App,
    customer: &Customer,
    roster: SnapshotId,
    slice: &Slice,
) -> anyhow::Result<()> {
    if slice.schools.is_empty() {
        return Ok(());
    }
    let mirror = app.ledger.integration(&customer.id).await?.mirror;
    let mut known = BTreeSet::from([OUTSIDE.to_owned()]);
    for snapshot in std::iter::once(roster).chain(mirror) {
        let mut places = Places::default();
        // Groups come first, and only they name schools.
        for record in app.engine.ports.rosters.snapshots().read(&snapshot)? {
            let record = record?;
            if record.kind() != Kind::Group {
                break;
            }
            places.learn(&record);
        }
        known.extend(places.schools().into_iter().map(str::to_owned));
    }
    match slice.schools.iter().find(|school| !known.contains(*school)) {
        None => Ok(()),
        Some(school) => Err(ExitError::usage(format!(
            "{school:?} is no school of this roster or of the site of {}: `rollover import show` names schools as the \
             Filter found them",
            customer.id
        ))
        .into()),
    }
}

fn known(app: &App, roster: SnapshotId) -> Result<SnapshotId, ExitError> {
    app.engine.ports.rosters.snapshots().counts(&roster).map(|_| roster).map_err(|_| {
        ExitError::refused(format!(
            "roster {roster} was never read here: `rollover import run --dry-run` names one"
        ))
    })
}

async fn roster_of(app: &App, customer: &Customer, run: Option<i64>) -> anyhow::Result<SnapshotId> {
    let run = match run {
        Some(id) => Some(app.ledger.run(id).await?),
        None => app.ledger.runs_of_customer(customer.id.as_str(), 1).await?.into_iter().next(),
    };
    let Some(run) = run.filter(|run| run.customer_id == customer.id.as_str()) else {
        return Err(ExitError::refused(format!(
            "a decision is about the roster of a run of {}: `rollover import list {}` shows its runs",
            customer.id, customer.id
        ))
        .into());
    };
    if let Some(of) = run.undoes {
        return Err(ExitError::refused(format!(
            "run {} was to undo run {of}: limits are lifted for that with `rollover import undo {of} --apply`",
            run.id
        ))
        .into());
    }
    let record = run.record.0;
    match record.roster.filter(|_| record.awaits_decision()) {
        Some(roster) => Ok(roster),
        None => Err(ExitError::refused(format!(
            "run {} was stopped by neither the Filter nor the size of its roster, so there is nothing to decide: its \
             outcome is {}",
            run.id,
            run.outcome.replace('_', " ")
        ))
        .into()),
    }
}
