//! `rollover integration postponed`: the deletes that wait, since when, until when, and what the last day brings.

use crate::{
    app::App,
    cli::{
        context::Context,
        import::show::{print_breaches, print_counts},
        output::{self, Listing, cell},
        progress,
        views::local,
    },
    exit::Exit,
};
use clap::Args;
use rollover_jobs::{
    Customer, JobContext, JobFacts, LINES_REACHED, Outlook, Postponed, PostponedAsk, PostponedLine,
    PostponedWindow, WindowEnd, WindowStands, postponed,
};
use rollover_roster::{
    figures::thousands,
    model::{Kind, KindCounts},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct PostponedArgs {
    customer: String,
    /// At most so many lines; the counts are whole.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = lines)]
    limit: usize,
    /// List only records of this kind: group, person, course or membership.
    #[arg(long, value_name = "KIND", value_parser = kind_named)]
    kind: Option<Kind>,
    /// List only what is at this school, named as the counts name it.
    #[arg(long, value_name = "NAME")]
    school: Option<String>,
}

fn lines(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok().filter(|limit| *limit <= LINES_REACHED);
    limit.ok_or_else(|| format!("expected a number up to {LINES_REACHED}"))
}

fn kind_named(text: &str) -> Result<Kind, String> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    kind.ok_or_else(|| "expected group, person, course or membership".to_owned())
}

pub(super) async fn run(cx: &Context, app: &App, args: PostponedArgs) -> anyhow::Result<Exit> {
    let customer = app.ledger.customer(&args.customer).await?;
    let facts = JobFacts { id: 0, task: None, due_at: app.clock.now(), attempt: 1, round: 0 };
    let look = JobContext::dry_run(facts, customer.clone(), app.engine.ports.clone());
    let PostponedArgs { limit, kind, school, .. } = args;
    let spinner = progress::spinner("looking for what waits");
    let found = postponed(&look, PostponedAsk { kind, school, from: 0, limit }).await;
    spinner.finish_and_clear();
    let found = found?;
    if cx.json {
        output::json(&found)?;
    } else {
        print(&found, &customer);
    }
    Ok(match found.forecast.outlook {
        Outlook::Unchanged | Outlook::Passes => Exit::Done,
        Outlook::Refused(_) | Outlook::TooSmall | Outlook::Aborts(_) | Outlook::TooEarly => Exit::Unhealthy,
    })
}

fn print(found: &Postponed, customer: &Customer) {
    output::line(window_words(found.window.as_ref()));
    if found.paused {
        output::line("The integration is paused: nothing takes place until it is resumed.");
    }
    if found.schools.is_empty() {
        output::line(format!("No delete of {} waits.", customer.id));
    } else {
        print_waiting(found, customer);
    }
    output::line("");
    print_forecast(&found.forecast, customer);
}

fn window_words(window: Option<&PostponedWindow>) -> String {
    let Some(window) = window else {
        return "Delay delete is off: no window is set.".to_owned();
    };
    let by = window.set_by.as_ref().map(|by| format!(", set by {by}")).unwrap_or_default();
    let days = format!("{} to {}{by}", window.start, window.end);
    match window.stands {
        WindowStands::ToCome => {
            format!("Delay delete is to come, {days}: deletes take place until it begins.")
        }
        WindowStands::On => format!(
            "Delay delete is on, {days}: deletes wait until its last day is over, by design. What comes back to the \
             roster by then is not deleted."
        ),
        WindowStands::Over => format!("Delay delete is over, {days}."),
    }
}

fn print_waiting(found: &Postponed, customer: &Customer) {
    for (waits_for, counts) in &found.waits {
        output::line(format!("{} deletes wait for {}.", thousands(total(counts)), waits_for.words()));
    }
    output::line("");
    let mut listing = Listing::new(&["school", "class", "groups", "persons", "courses", "memberships"]);
    for school in &found.schools {
        listing.row(counted(&school.school, "", &school.counts));
        for class in &school.classes {
            listing.row(counted("", &class.class, &class.counts));
        }
    }
    listing.print("");
    output::line("");
    let mut listing =
        Listing::new(&["kind", "school", "class", "name", "person", "role", "since run", "until"]);
    found.lines.iter().for_each(|line| listing.row(row(line, customer)));
    listing.print("No such line; see the counts for kinds and schools.");
    let more = found.matching.saturating_sub(found.lines.len() as u64);
    if more > 0 {
        output::line(format!("… and {} more: --limit, --kind and --school show others.", thousands(more)));
    }
}

fn counted(school: &str, class: &str, counts: &KindCounts) -> Vec<comfy_table::Cell> {
    let mut row = vec![cell(school), cell(class)];
    row.extend(Kind::ALL.map(|kind| cell(thousands(counts.get(kind)))));
    row
}

fn total(counts: &KindCounts) -> u64 {
    Kind::ALL.into_iter().map(|kind| counts.get(kind)).sum()
}

fn row(line: &PostponedLine, customer: &Customer) -> Vec<comfy_table::Cell> {
    let since = line.since.map(|since| {
        let earlier = if since.at_least { " or earlier" } else { "" };
        format!("{}, {}{earlier}", since.run, local(since.at, customer.time_zone))
    });
    let until = match line.until {
        Some(day) => day.to_string(),
        None => line.waits_for.words().to_owned(),
    };
    let text = |text: &Option<String>| cell(text.as_deref().unwrap_or("–"));
    vec![
        cell(line.kind),
        cell(&line.school),
        text(&line.class),
        text(&line.name),
        text(&line.person),
        text(&line.role),
        cell(since.unwrap_or_else(|| "–".to_owned())),
        cell(until),
    ]
}

fn print_forecast(forecast: &WindowEnd, customer: &Customer) {
    let (on, id) = (forecast.on, &customer.id);
    output::line(format!("If the roster stays as it is, the first import from {on} on brings:"));
    print_counts(&forecast.changes);
    match &forecast.outlook {
        Outlook::Unchanged => output::line("Nothing is left to do then."),
        Outlook::Passes => {
            let why = match forecast.decision {
                Some(decision) => format!(", by decision {decision}"),
                None => String::new(),
            };
            output::line(format!("The Filter will let it pass{why}."));
        }
        Outlook::Refused(refusal) => output::line(format!(
            "It will be refused: run {}, which brought this roster, was undone by run {}. Another roster is taken in; to let \
             this one in again: rollover import withdraw {} --help",
            refusal.run, refusal.undone_by, refusal.decision
        )),
        Outlook::TooSmall => output::line(format!(
            "It will be refused: the roster lacks most of the last one. Next: have a complete one sent, or ask the customer \
             and record the decision with rollover import decide {id} --help"
        )),
        Outlook::TooEarly => output::line(format!(
            "It will be refused: courses came before the school year's start, and this customer's setting refuses \
             such a roster. Next: rollover integration courses {id} --on {on}"
        )),
        Outlook::Aborts(breaches) => {
            output::line(
                "The Filter will stop it, and nothing of it takes place until the customer has decided.",
            );
            print_breaches(breaches);
            output::line(format!(
                "\nNext: ask the customer now whether these deletes are right. A decision holds for one run of exactly \
                 one roster: record it when the last one before {on} is in, with rollover import decide {id} --help"
            ));
        }
    }
}
