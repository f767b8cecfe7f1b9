//! `rollover import undo`: what would take a run back, and with a recorded decision the undo itself.

use super::{
    run::{run_job, told},
    show::{print_breaches, print_counts},
};
use crate::{
    app::App,
    cli::{
        context::Context,
        limits::{LimitField, apply_limits},
        output, progress,
    },
    exit::{Exit, ExitError},
    ledger::{NewJob, NewUndo},
};
use clap::Args;
use rollover_jobs::{Customer, JobContext, JobFacts, JobKind, UndoImport, UndoPreview, preview_undo};
use rollover_roster::filter::Limits;
use serde_json::json;
use std::str::FromStr;

#[derive(Debug, Args)]
pub(in crate::cli) struct UndoArgs {
    /// The run to take back: the newest completed one that still stands.
    run: i64,
    /// Undo it; without this nothing is written.
    #[arg(long, requires_all = ["customer_person", "reason"])]
    apply: bool,
    /// Who at the customer decided: only they can say that the run was wrong.
    #[arg(long, value_name = "PERSON", requires = "apply")]
    customer_person: Option<String>,
    #[arg(long, requires = "apply")]
    reason: Option<String>,
    /// Another limit for this undo, as person.delete=90%; several times for several.
    #[arg(long, value_name = "KIND.CHANGE=LIMIT", value_parser = LimitField::from_str, conflicts_with = "off", requires = "apply")]
    filter: Vec<LimitField>,
    /// The Filter is off for this undo.
    #[arg(long, requires = "apply")]
    off: bool,
}

impl UndoArgs {
    fn limits(&self, mut limits: Limits) -> Option<Limits> {
        apply_limits(&self.filter, &mut limits);
        (!self.off).then_some(limits)
    }
}

pub(super) async fn undo(cx: &Context, app: &App, args: UndoArgs) -> anyhow::Result<Exit> {
    let run = app.ledger.run(args.run).await?;
    let customer = app.ledger.customer(&run.customer_id).await?;
    let preview = preview(app, &customer, args.run).await?;
    match (args.apply, &args.customer_person, &args.reason) {
        (true, Some(customer_person), Some(reason)) => {
            let decision = decision(cx, &args, &customer, &preview, (customer_person, reason))?;
            apply(cx, app, &decision).await
        }
        _ => show(cx, &preview),
    }
}

async fn preview(app: &App, customer: &Customer, run: i64) -> anyhow::Result<UndoPreview> {
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let look = JobContext::dry_run(facts, customer.clone(), app.engine.ports.clone());
    let spinner = progress::spinner("comparing with what stood before");
    let preview = preview_undo(&look, run).await;
    spinner.finish_and_clear();
    Ok(preview.map_err(refused)?)
}

/// A run that cannot be undone is a rule's word, and no failure of the command.
fn refused(stop: rollover_jobs::Stop) -> ExitError {
    match stop {
        rollover_jobs::Stop::Fail { why } => ExitError::refused(why),
        other => ExitError { exit: Exit::Failed, message: other.to_string() },
    }
}

fn decision(
    cx: &Context,
    args: &UndoArgs,
    customer: &Customer,
    preview: &UndoPreview,
    (customer_person, reason): (&str, &str),
) -> anyhow::Result<NewUndo> {
    Ok(NewUndo {
        customer: customer.id.clone(),
        run: preview.run,
        stood: preview.stood,
        mirror: preview.mirror.ok_or_else(|| ExitError::refused("the site holds nothing of the integration, so there is nothing to undo: `rollover import list` shows the runs"))?,
        limits: args.limits(customer.settings.filter),
        customer_person: customer_person.to_owned(),
        support_person: cx.person()?,
        reason: reason.to_owned(),
    })
}

/// The decision and its job are made together; the job runs here, unless a worker is faster.
async fn apply(cx: &Context, app: &App, new: &NewUndo) -> anyhow::Result<Exit> {
    let now = app.clock.now();
    let job = |decision: i64| NewJob {
        task: None,
        customer: Some(new.customer.to_string()),
        kind: UndoImport::NAME.to_owned(),
        args: json!({ "decision": decision }),
        lane: app.engine.lane(UndoImport::NAME),
        due_at: now,
    };
    let (decision, job) = app.ledger.decide_undo(now, new, job).await?;
    if !cx.json {
        output::line(format!("Decision {decision} is recorded; job {job} undoes run {}.", new.run));
    }
    let row = run_job(app, job, "comparing, checking, undoing").await?;
    told(cx, app, &row).await
}

fn show(cx: &Context, preview: &UndoPreview) -> anyhow::Result<Exit> {
    let fine = preview.breaches.is_empty();
    if cx.json {
        output::json(preview)?;
    } else {
        print(preview);
    }
    Ok(if fine { Exit::Done } else { Exit::Unhealthy })
}

fn print(preview: &UndoPreview) {
    let UndoPreview { customer, run, .. } = preview;
    output::line(format!("To undo run {run} of {customer}, at its site:\n"));
    print_counts(&preview.changes);
    if !preview.caveats.is_empty() {
        output::line("\nWhat does not come back exactly as it was:");
        for caveat in &preview.caveats {
            output::line(format!("  - {}", caveat.said));
        }
    }
    print_breaches(&preview.breaches);
    output::line(match preview.breaches.is_empty() {
        true => "\nThe Filter lets it pass.",
        false => {
            "\nThe Filter would stop it, and nothing would be undone. If it is right all the same, lift the limits for this \
             undo alone, with --off or --filter KIND.CHANGE=LIMIT."
        }
    });
    if let Some(roster) = &preview.refused_roster {
        output::line(format!(
            "From then on roster {} is refused, so that the next night does not bring all of it back: until another roster \
             is taken in, or the decision is withdrawn. Deletes do not wait for the end of delay delete.",
            roster.short()
        ));
    }
    let lift = if preview.breaches.is_empty() { "" } else { " --off" };
    output::line(format!(
        "\nThis was a preview: nothing was written. To undo it: rollover import undo {run} --apply{lift} --customer-person \
         \"…\" --reason \"…\""
    ));
}
