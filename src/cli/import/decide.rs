//! `rollover import decide`: other limits, or the Filter off, for one run of exactly one roster (DOMAIN F3).

use crate::{
    app::App,
    cli::{
        context::Context,
        limits::{LimitField, apply_limits},
        output,
    },
    exit::{Exit, ExitError},
    ledger::NewFilterDecision,
};
use clap::Args;
use rollover_jobs::{Customer, ports::Outcome};
use rollover_roster::snapshot::SnapshotId;
use serde_json::json;
use std::str::FromStr;

#[derive(Debug, Args)]
pub(in crate::cli) struct DecideArgs {
    customer: String,
    /// The aborted run whose roster it is about; without it the newest run.
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
}

pub(super) async fn decide(cx: &Context, app: &App, args: DecideArgs) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&args.customer).await?;
    if args.filter.is_empty() && !args.off {
        return Err(ExitError::usage(
            "say what was decided: other limits for this run, as --filter membership.delete=90%, or --off",
        )
        .into());
    }
    let roster = match args.roster {
        Some(roster) => known(app, roster)?,
        None => roster_of(app, &customer, args.run).await?,
    };
    let limits = (!args.off).then(|| {
        let mut limits = customer.settings.filter;
        apply_limits(&args.filter, &mut limits);
        limits
    });
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster,
        limits,
        customer_person: args.customer_person,
        support_person: cx.person()?,
        reason: args.reason,
    };
    let id = app.ledger.decide_filter(app.clock.now(), &decision).await?;
    if cx.json {
        output::json(&json!({ "decision": id, "roster": decision.roster.to_string() }))?;
    } else {
        output::line(format!(
            "Decision {id} is recorded for one run of exactly this roster; then the Filter is on again. Next: \
             rollover import run {}",
            customer.id
        ));
    }
    Ok(Exit::Done)
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
    let record = run.record.0;
    match record.roster.filter(|_| record.outcome == Outcome::Aborted) {
        Some(roster) => Ok(roster),
        None => Err(ExitError::refused(format!(
            "run {} was not aborted by the Filter, so there is nothing to decide: its outcome is {}",
            run.id,
            run.outcome.replace('_', " ")
        ))
        .into()),
    }
}
