//! `rollover customer`: add, list, show, set.

use super::{
    clocks::broken,
    context::Context,
    due_task, fetch_fields,
    fields::{CalendarFields, SettingsFields, parse_module, parse_name, parse_switch},
    import::{DECISIONS_LISTED, roster, what},
    keys::{self, AddPersonArgs},
    limits,
    output::{self, Listing, cell},
    unset::{self, Unset},
    views::local,
};
use crate::{
    app::App,
    exit::{Exit, ExitError},
    ledger::{DecisionRow, EventRow, FilterDecisionState, Ledger, Rows, SettingsDecision, takes_decision},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use rollover_jobs::{
    Calendar, Country, Customer, CustomerId, CustomerSettings, LeastShare, ports::IntegrationState,
};
use rollover_roster::filter::Limits;
use serde::Serialize;
use serde_json::json;
use std::str::FromStr;

#[derive(Debug, Subcommand)]
pub(super) enum CustomerCommand {
    /// Add a customer.
    #[command(
        after_help = "Example:\n  rollover customer add nes --name \"Nes kommune\" --country NO --time-zone \
        Europe/Oslo --mis fjordsas \\\n    --module absence --module courses --status-mail-to it@nes.example \\\n    \
        --year 2024 --last-teaching-day 2024-06-21 --school-year-start 2024-08-19"
    )]
    Add(AddArgs),
    /// List the customers.
    List,
    /// Show one customer with calendar, settings and integration.
    Show { id: String },
    /// List whose sync key at the site is not as it should be, with names: they are personal data.
    #[command(
        after_help = "Compared with the newest roster. Ends with 0 when nothing is found, with 5 when something is.\nThe \
        counts by school, without names: rollover job enqueue check_sync_keys --customer nes"
    )]
    Keys { id: String },
    /// Add a person to the built-in site by hand; the integration leaves it alone unless the roster has its key.
    #[command(
        after_help = "Example:\n  rollover customer add-person nes --given Siri --family Berg --birth-date 2014-02-28 \
        --group \"Nes skole\""
    )]
    AddPerson(AddPersonArgs),
    /// Change what is given; the rest stays.
    #[command(
        after_help = "Examples:\n  rollover customer set nes --unset roster-target --unset roster-source\n  \
        rollover customer set nes --year 2024 --vendor-date 2024-08-01\n  \
        rollover customer set nes --roster-from sftp://nes@sftp.example/out/*.xml --roster-secret NES\n  \
        rollover customer set nes --add-module delay_delete\n  \
        rollover customer set nes --filter person.delete=3% --customer-person \"Kari Vik\" --reason \"a small town\""
    )]
    Set(SetArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// A short name: a-z, 0-9 and -.
    id: CustomerId,
    #[arg(long, value_parser = parse_name)]
    name: String,
    /// Two capital letters, as NO, SE or GB.
    #[arg(long)]
    country: Country,
    /// As Europe/Oslo.
    #[arg(long, value_name = "ZONE")]
    time_zone: Tz,
    /// The school administration system.
    #[arg(long, value_parser = parse_name)]
    mis: String,
    /// What stands between MIS and integration, as wonde.
    #[arg(long)]
    middleware: Option<String>,
    /// A module in use: absence, daily_absence, behaviour, grades, courses, summer_school, delay_delete.
    #[arg(long, value_name = "MODULE", value_parser = parse_module)]
    module: Vec<String>,
    #[command(flatten)]
    settings: SettingsFields,
    #[command(flatten)]
    calendar: CalendarFields,
}

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    id: String,
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
    #[arg(long)]
    country: Option<Country>,
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<Tz>,
    #[arg(long, value_parser = parse_name)]
    mis: Option<String>,
    #[arg(long)]
    middleware: Option<String>,
    #[arg(long, value_name = "MODULE", value_parser = parse_module)]
    add_module: Vec<String>,
    #[arg(long, value_name = "MODULE")]
    remove_module: Vec<String>,
    #[command(flatten)]
    settings: SettingsFields,
    /// Take an optional setting away, as `--unset roster-target`: it is then as for a new customer. Any of the options
    /// above except name, country, time zone, MIS, --keep-rosters and what goes with the source of rosters; with --year
    /// also a date, and `term=NAME`; several times for several.
    #[arg(long, value_name = "NAME", value_parser = Unset::from_str)]
    unset: Vec<Unset>,
    /// Attach the rows of the difference, children's data, to the status mails of the customer's side. To turn it on
    /// takes a decision of the customer, with --customer-person and --reason.
    #[arg(long, value_name = "on|off", value_parser = parse_switch)]
    personal_data_by_mail: Option<bool>,
    /// Where the Filter's limits or --roster-at-least change, or personal data go by mail to somebody new: who at the
    /// customer decided.
    #[arg(long, value_name = "PERSON", requires = "reason")]
    customer_person: Option<String>,
    /// With --customer-person: why.
    #[arg(long, requires = "customer_person")]
    reason: Option<String>,
    #[command(flatten)]
    calendar: CalendarFields,
}

pub(super) async fn run(cx: &Context, command: CustomerCommand) -> anyhow::Result<Exit> {
    let app = cx.open().await?;
    match command {
        CustomerCommand::Add(args) => add(cx, &app, args).await,
        CustomerCommand::List => list(cx, &app).await,
        CustomerCommand::Show { id } => show(cx, &app, &id).await,
        CustomerCommand::Keys { id } => keys::keys(cx, &app, &id).await,
        CustomerCommand::AddPerson(args) => keys::add_person(cx, &app, args).await,
        CustomerCommand::Set(args) => set(cx, &app, args).await,
    }
}

async fn add(cx: &Context, app: &App, args: AddArgs) -> anyhow::Result<Exit> {
    let person = cx.person()?;
    let dates = Dates::changed(app, args.id.as_str(), args.calendar, &[]).await?;
    let mut settings = CustomerSettings::default();
    args.settings.apply(&mut settings)?;
    let customer = Customer {
        id: args.id,
        name: args.name,
        country: args.country,
        time_zone: args.time_zone,
        mis: args.mis,
        middleware: args.middleware,
        modules: args.module,
        settings,
    };
    app.ledger.add_customer(app.clock.now(), &person, &customer).await?;
    if let Some(dates) = dates {
        dates.keep(app, &person, customer.id.as_str()).await?;
    }
    due_task::keep_in_step(app, &person, &customer).await?;
    let lies_in_folder = customer.settings.roster_folder.is_none() && customer.settings.fetch.is_none();
    let folder = lies_in_folder.then(|| {
        let folder = app.settings.roster_folder().join(customer.id.as_str());
        std::fs::create_dir_all(&folder).map(|()| folder)
    });
    if let Some(Ok(folder)) = folder.filter(|_| !cx.json) {
        output::line(format!("Its rosters are read from {}.", folder.display()));
    }
    if let Some(note) = fetch_fields::unknown_secret(customer.settings.fetch.as_ref(), &app.settings.secrets)
    {
        output::note(note);
    }
    if customer.settings.status_mail_to.is_empty() && app.settings.mail.status_copy_to.is_empty() {
        output::note(format!(
            "nobody gets the status mails of {}: name them with `rollover customer set {} --status-mail-to`",
            customer.id, customer.id
        ));
    }
    if !cx.json {
        output::line(format!(
            "{} is added. Next: rollover plan preview {} --template eoy --year YEAR",
            customer.id, customer.id
        ));
        return Ok(Exit::Done);
    }
    show(cx, app, customer.id.as_str()).await
}

async fn set(cx: &Context, app: &App, args: SetArgs) -> anyhow::Result<Exit> {
    let person = cx.person()?;
    let mut customer = app.ledger.customer(&args.id).await?;
    let before = customer.settings.clone();
    let dates = Dates::changed(app, &args.id, args.calendar, &args.unset).await?;
    unset::take_settings(&args.unset, &mut customer);
    customer.name = args.name.unwrap_or(customer.name);
    customer.country = args.country.unwrap_or(customer.country);
    customer.time_zone = args.time_zone.unwrap_or(customer.time_zone);
    customer.mis = args.mis.unwrap_or(customer.mis);
    customer.middleware = args.middleware.or(customer.middleware);
    customer.modules.retain(|module| !args.remove_module.contains(module));
    for module in args.add_module {
        if !customer.modules.contains(&module) {
            customer.modules.push(module);
        }
    }
    args.settings.apply(&mut customer.settings)?;
    let by_mail = args.personal_data_by_mail;
    customer.settings.personal_data_by_mail = by_mail.unwrap_or(customer.settings.personal_data_by_mail);
    let takes_decision = takes_decision(&before, &customer.settings);
    let now = app.clock.now();
    match (args.customer_person.as_deref(), args.reason.as_deref()) {
        (Some(customer_person), Some(reason)) if takes_decision => {
            let decision = SettingsDecision { customer_person, support_person: &person, reason };
            app.ledger.update_customer_with_decision(now, &customer, decision).await?;
        }
        _ if takes_decision => {
            let limits = |settings: &CustomerSettings| (settings.filter, settings.roster_at_least);
            let what = if limits(&before) == limits(&customer.settings) {
                "personal data leave by mail"
            } else {
                "the limits of the Filter change"
            };
            return Err(ExitError::usage(format!(
                "{what} only with a decision: say who at the customer decided with --customer-person, and why with \
                 --reason"
            ))
            .into());
        }
        _ => app.ledger.update_customer(now, &person, &customer).await?,
    }
    if let Some(dates) = dates {
        dates.keep(app, &person, &args.id).await?;
    }
    due_task::keep_in_step(app, &person, &customer).await?;
    if let Some(note) = fetch_fields::unknown_secret(customer.settings.fetch.as_ref(), &app.settings.secrets)
    {
        output::note(note);
    }
    show(cx, app, &args.id).await
}

/// The dates of one summer, as they are and as they shall be.
struct Dates {
    year: i32,
    before: Calendar,
    after: Calendar,
}

impl Dates {
    /// Checks them too: nothing of a command is kept when its dates are refused.
    async fn changed(
        app: &App,
        customer: &str,
        fields: CalendarFields,
        unset: &[Unset],
    ) -> anyhow::Result<Option<Self>> {
        let Some(year) = fields.summer(unset)? else { return Ok(None) };
        let before = app.ledger.calendar(customer, year).await?;
        let mut after = before.clone();
        unset::take_dates(unset, &mut after)?;
        fields.apply(&mut after)?;
        Ok(Some(Self { year, before, after }))
    }

    async fn keep(&self, app: &App, person: &str, customer: &str) -> anyhow::Result<()> {
        app.ledger.set_calendar(app.clock.now(), person, customer, self.year, &self.after).await?;
        if self.before != self.after {
            warn_of_plans(app, customer, self.year).await?;
        }
        Ok(())
    }
}

/// A plan keeps the dates with which it was made; whoever moves the calendar must know.
async fn warn_of_plans(app: &App, customer: &str, year: i32) -> anyhow::Result<()> {
    let plans = app.ledger.plans(Some(customer), PLANS_LOOKED_AT).await?;
    for plan in plans.into_iter().filter(|plan| plan.year == year && plan.state == "active") {
        output::note(format!(
            "plan {} ({} {year}) keeps the dates with which it was made. To move it: rollover plan cancel {} --why …, \
             then rollover plan create {customer} --template {} --year {year}; or move single tasks: rollover task move",
            plan.id, plan.template, plan.id, plan.template
        ));
    }
    Ok(())
}

/// A customer has a handful of plans a year.
const PLANS_LOOKED_AT: i64 = 200;

async fn list(cx: &Context, app: &App) -> anyhow::Result<Exit> {
    let Rows { read: customers, unreadable } = app.ledger.customers().await?;
    for row in &unreadable {
        output::note(broken(row));
    }
    if cx.json {
        let broken = unreadable.iter().map(|row| json!({ "id": row.id, "error": broken(row) }));
        output::json(&customers.iter().map(|customer| json!(customer)).chain(broken).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let mut listing = Listing::new(&["id", "name", "country", "mis", "middleware", "time zone", "modules"]);
    for customer in &customers {
        listing.row(vec![
            cell(&customer.id),
            cell(&customer.name),
            cell(&customer.country),
            cell(&customer.mis),
            cell(customer.middleware.as_deref().unwrap_or("–")),
            cell(customer.time_zone),
            cell(customer.modules.join(", ")),
        ]);
    }
    for row in &unreadable {
        listing.row(vec![cell(&row.id), cell("cannot be read: see the note")]);
    }
    listing.print("There is no customer yet. Add one: rollover customer add --help");
    Ok(Exit::Done)
}

/// Lines of a customer's history in the JSON form.
const HISTORY_SHOWN: i64 = 100;

#[derive(Serialize)]
struct CustomerView {
    customer: Customer,
    calendars: Vec<SummerView>,
    integration: IntegrationState,
    /// Decisions about the Filter that the next run of their roster uses.
    open_decisions: Vec<DecisionRow>,
    /// The newest lines, newest first.
    history: Vec<EventRow>,
}

#[derive(Serialize)]
struct SummerView {
    year: i32,
    dates: Calendar,
}

async fn view(ledger: &Ledger, id: &str) -> anyhow::Result<CustomerView> {
    let customer = ledger.customer(id).await?;
    let integration = ledger.integration(&customer.id).await?;
    let calendars =
        ledger.calendars(id).await?.into_iter().map(|(year, dates)| SummerView { year, dates }).collect();
    let history = ledger.events_of_customer(id, HISTORY_SHOWN).await?;
    let decisions = ledger.filter_decisions(id, DECISIONS_LISTED).await?;
    let is_open = |state| matches!(state, FilterDecisionState::Open | FilterDecisionState::Refuses);
    let open = decisions.into_iter().filter(|row| is_open(row.state));
    let open_decisions = open.map(|row| row.decision).collect();
    Ok(CustomerView { customer, calendars, integration, open_decisions, history })
}

async fn show(cx: &Context, app: &App, id: &str) -> anyhow::Result<Exit> {
    let view = view(&app.ledger, id).await?;
    if cx.json {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    let customer = &view.customer;
    output::line(format!("{} – {}", customer.id, customer.name));
    output::line(format!(
        "  {}, {} ({})",
        customer.country,
        customer.time_zone,
        local(app.clock.now(), customer.time_zone)
    ));
    let middleware = customer.middleware.as_ref().map(|name| format!(" behind {name}")).unwrap_or_default();
    output::line(format!("  MIS {}{middleware}", customer.mis));
    output::line(format!("  modules: {}", or_none(&customer.modules)));
    output::line(format!(
        "  status mails in {} to: {}",
        customer.language(),
        or_none(&customer.settings.status_mail_to)
    ));
    if customer.settings.personal_data_by_mail {
        output::line("  the rows of the difference go with them to the customer's side: personal data");
    }
    for summer in &view.calendars {
        output::line(format!("  summer {}: {}", summer.year, dates(&summer.dates)));
    }
    let settings = &customer.settings;
    output::line(format!("  {}", fetch_fields::words(settings.fetch.as_ref())));
    if let Some(due_by) = &settings.roster_due_by {
        output::line(format!("  a roster must have come by {due_by}, or an alert goes to both sides"));
    }
    let archiving = if settings.course_archiving { "archived" } else { "detached, and live on" };
    output::line(format!("  courses whose group goes are {archiving}"));
    output::line(format!("  the Filter aborts above: {}", limits::words(&settings.filter)));
    output::line(format!("  {}", least_words(settings.roster_at_least)));
    for decision in &view.open_decisions {
        output::line(format!("  {}", open_decision(decision, &settings.filter)));
    }
    output::line(format!("  integration: {}", integration(&view, app.clock.now())));
    Ok(Exit::Done)
}

fn least_words(least: LeastShare) -> String {
    match least.percent() {
        0 => "a roster is taken in however small it is".to_owned(),
        percent => {
            format!("a roster with less than {percent} % of the last one's persons or groups is refused")
        }
    }
}

fn open_decision(decision: &DecisionRow, own: &Limits) -> String {
    let about = match (decision.undoes, decision.used_by_run) {
        (Some(run), Some(_)) => format!("decision {}, the roster of run {run} is refused", decision.id),
        (Some(run), None) => format!("open decision {}, run {run}", decision.id),
        (None, _) => format!("open decision {}, for one run of roster {}", decision.id, roster(decision)),
    };
    format!(
        "{about}: {} ({}; {} and {}); to take it back: rollover import withdraw {}",
        what(decision, own),
        decision.reason,
        decision.customer_person.as_deref().unwrap_or("nobody at the customer"),
        decision.support_person,
        decision.id
    )
}

fn or_none(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
}

fn dates(calendar: &Calendar) -> String {
    let date = |what: &str, date: Option<chrono::NaiveDate>| match date {
        Some(date) => format!("{what} {date}"),
        None => format!("{what} not known"),
    };
    let mut parts = vec![
        date("last teaching day", calendar.last_teaching_day),
        date("school year starts", calendar.school_year_start),
        date("vendor's date", calendar.vendor_date),
    ];
    parts.extend(calendar.terms.iter().map(|term| format!("{} {} to {}", term.name, term.start, term.end)));
    parts.join("; ")
}

fn integration(view: &CustomerView, now: DateTime<Utc>) -> String {
    let state = &view.integration;
    let mut words = match &state.pause {
        Some(pause) => {
            let since = local(pause.since, view.customer.time_zone);
            format!("paused since {since} by {} ({})", pause.by, pause.why)
        }
        None => "active".to_owned(),
    };
    if let Some(window) = state.delay_delete {
        let today = now.with_timezone(&view.customer.time_zone).date_naive();
        let wait = if today > window.end { "waited" } else { "wait" };
        words.push_str(&format!("; deletes {wait} from {} to {}", window.start, window.end));
        if let Some(by) = &state.delay_delete_by {
            words.push_str(&format!(", set by {by}"));
        }
    }
    words.push_str(match (&state.import, &state.mirror) {
        (None, _) => "; no roster was accepted yet",
        (Some(import), Some(mirror)) if import == mirror => "; the site holds the newest roster",
        _ => "; something of the newest roster waits",
    });
    words
}
