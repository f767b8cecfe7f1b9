//! `/customers/{id}/postponed`: the deletes that wait, by design, and what the window's last day brings (DOMAIN P4).

use super::{
    needs::id_and_name,
    run::{BreachLine, PlannedLine, planned_lines},
};
use crate::web::{
    desk::{Desk, Frame, Page, filled},
    error::PageError,
    pager::{Pager, address, page_asked},
    sign::Sign,
    stamp::{Stamp, Wall, day},
};
use askama::Template;
use axum::extract::{Path, Query};
use chrono::NaiveDate;
use rollover_jobs::{
    Customer, LINES_REACHED, Outlook, Postponed, PostponedAsk, PostponedLine, WindowEnd, WindowStands,
    postponed as look_for_postponed,
};
use rollover_roster::{
    diff::{Action, ChangeCounts},
    figures::thousands,
    filter::Breach,
    model::{Kind, KindCounts},
};
use serde::Deserialize;

/// Lines on one page of the list.
const PER_PAGE: usize = 100;

#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct PostponedQuery {
    pub kind: Option<String>,
    pub school: Option<String>,
    pub page: Option<String>,
}

impl PostponedQuery {
    fn kind(&self) -> Option<Kind> {
        let name = filled(&self.kind)?;
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    fn ask(&self, page: usize) -> PostponedAsk {
        PostponedAsk {
            kind: self.kind(),
            school: filled(&self.school).map(str::to_owned),
            from: (page - 1).saturating_mul(PER_PAGE),
            limit: PER_PAGE,
        }
    }
}

/// The forecast in words, with what a person does about it.
pub(in crate::web) struct Forecast {
    pub sign: Sign,
    pub said: String,
    pub to_do: Vec<Step>,
    pub changes: Vec<PlannedLine>,
    pub breaches: Vec<BreachLine>,
}

pub(in crate::web) struct Step {
    pub text: String,
    pub command: Option<String>,
}

/// How much waits at one place; each count with the name of its kind.
pub(in crate::web) struct PlaceCounts {
    pub name: String,
    pub school: String,
    pub href: String,
    pub counts: Vec<(String, &'static str)>,
}

pub(in crate::web) struct Line {
    pub kind: Kind,
    pub what: String,
    pub school: String,
    pub class: String,
    pub role: String,
    /// Run, when, and whether it may be longer ago.
    pub since: Option<(i64, Stamp, bool)>,
    pub until: String,
}

#[derive(Template)]
#[template(path = "postponed.html")]
pub(in crate::web) struct PostponedPage {
    pub frame: Frame,
    pub customer: (String, String),
    pub window_sign: Sign,
    pub window_said: String,
    pub facts: Vec<(&'static str, String)>,
    pub forecast: Forecast,
    pub total: String,
    /// Stored name, name for people, count.
    pub kinds: Vec<(&'static str, &'static str, String)>,
    pub schools: Vec<PlaceCounts>,
    pub classes: Vec<PlaceCounts>,
    pub kind: String,
    pub school: String,
    pub narrowed: bool,
    pub matching: String,
    pub lines: Vec<Line>,
    pub pager: Pager,
    /// The list goes no further than this page, though more fits the choice.
    pub cut: bool,
}

/// It stands still: news of the ledger would have the rosters read again and again.
pub(in crate::web) async fn postponed(
    desk: Desk,
    Path(id): Path<String>,
    Query(query): Query<PostponedQuery>,
) -> Result<Page<PostponedPage>, PageError> {
    let customer = desk.ledger().customer(&id).await?;
    let mut page = page_asked(&query.page);
    let mut found = ask(&desk, &customer, query.ask(page)).await?;
    if found.lines.is_empty() && found.matching > 0 {
        page = reached(&found).div_ceil(PER_PAGE);
        found = ask(&desk, &customer, query.ask(page)).await?;
    }
    let query = PostponedQuery { page: Some(page.to_string()), ..query };
    let wall = desk.wall(customer.time_zone);
    let frame = desk.still_frame(&format!("Postponed deletes of {}", customer.name));
    Ok(Page(PostponedPage::new(frame, &customer, found, &query, wall)))
}

async fn ask(desk: &Desk, customer: &Customer, ask: PostponedAsk) -> Result<Postponed, PageError> {
    desk.look(customer.clone(), |cx| async move { look_for_postponed(&cx, ask).await }).await
}

/// Lines that the pages can reach.
fn reached(found: &Postponed) -> usize {
    usize::try_from(found.matching).unwrap_or(usize::MAX).min(LINES_REACHED)
}

impl PostponedPage {
    pub fn new(
        frame: Frame,
        customer: &Customer,
        found: Postponed,
        query: &PostponedQuery,
        wall: Wall,
    ) -> Self {
        let kind = query.kind().map_or("", Kind::as_str);
        let school = filled(&query.school).unwrap_or_default();
        let here = format!("/customers/{}/postponed", customer.id);
        let pager = Pager::new(&query.page, reached(&found), PER_PAGE, |page| {
            address(&here, &[("kind", kind), ("school", school), ("page", &page.to_string())])
        });
        let all = all(&found);
        let (window_sign, window_said) = window(&found);
        let of = |name: &str, school: &str, counts: &KindCounts| PlaceCounts {
            name: name.to_owned(),
            school: school.to_owned(),
            href: address(&here, &[("kind", kind), ("school", school)]),
            counts: KINDS.map(|(kind, name)| (thousands(counts.get(kind)), name)).to_vec(),
        };
        let classes = found.schools.iter().flat_map(|school| {
            school.classes.iter().map(|class| of(&class.class, &school.school, &class.counts))
        });
        Self {
            frame,
            customer: id_and_name(customer),
            window_sign,
            window_said,
            facts: facts(&found),
            forecast: Forecast::new(&found.forecast, found.roster.map(|roster| roster.to_string()), customer),
            total: thousands(sum(&all)),
            kinds: KINDS.map(|(kind, name)| (kind.as_str(), name, thousands(all.get(kind)))).to_vec(),
            classes: classes.collect(),
            schools: found
                .schools
                .iter()
                .map(|of_one| of(&of_one.school, &of_one.school, &of_one.counts))
                .collect(),
            narrowed: !kind.is_empty() || !school.is_empty(),
            kind: kind.to_owned(),
            school: school.to_owned(),
            matching: thousands(found.matching),
            cut: found.matching > LINES_REACHED as u64 && pager.page == pager.pages,
            lines: found.lines.into_iter().map(|line| Line::new(line, wall)).collect(),
            pager,
        }
    }
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Group, "Groups"),
    (Kind::Person, "Persons"),
    (Kind::Course, "Courses"),
    (Kind::Membership, "Memberships"),
];

fn all(found: &Postponed) -> KindCounts {
    let mut all = KindCounts::default();
    for counts in found.waits.values() {
        Kind::ALL.into_iter().for_each(|kind| all.add_many(kind, counts.get(kind)));
    }
    all
}

fn sum(counts: &KindCounts) -> u64 {
    Kind::ALL.into_iter().map(|kind| counts.get(kind)).sum()
}

fn window(found: &Postponed) -> (Sign, String) {
    let Some(window) = &found.window else {
        return (
            Sign::plain("none", "–", "off"),
            "No window is set: deletes take place with the import that brings them.".to_owned(),
        );
    };
    match window.stands {
        WindowStands::ToCome => (
            Sign::plain("planned", "·", "to come"),
            "The window has not begun: until then deletes take place with the import that brings them.".to_owned(),
        ),
        WindowStands::On => (
            Sign::plain("waiting", "‖", "on"),
            "These deletes are withheld by design, this is no error: they reach the import database and wait for the \
             site. What comes back to the roster by then is not deleted."
                .to_owned(),
        ),
        WindowStands::Over => (
            Sign::plain("done", "✓", "over"),
            "The window has ended: what is left takes place with the next import, through the Filter.".to_owned(),
        ),
    }
}

fn facts(found: &Postponed) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(window) = &found.window {
        facts.push(("Window", format!("{} to {}, both days included", day(window.start), day(window.end))));
        facts.extend(window.set_by.iter().map(|by| ("Set by", by.clone())));
    }
    for (waits_for, counts) in &found.waits {
        facts.push(("Waiting", format!("{} deletes, for {}", thousands(sum(counts)), waits_for.words())));
    }
    if found.paused {
        facts.push(("Paused", "nothing takes place until the integration is resumed".to_owned()));
    }
    facts
}

impl Forecast {
    fn new(end: &WindowEnd, roster: Option<String>, customer: &Customer) -> Self {
        let (on, id) = (end.on, &customer.id);
        let deletes = deletes(&end.changes);
        let first = format!("If the roster stays as it is, the first import from {} on", day(on));
        let step = |text: String, command: Option<String>| Step { text, command };
        let (sign, said, to_do) = match &end.outlook {
            Outlook::Unchanged => (
                Sign::plain("done", "✓", "nothing is left to do"),
                format!("{first} finds nothing to do."),
                Vec::new(),
            ),
            Outlook::Passes => {
                let by = end.decision.map(|decision| format!(", by decision {decision}")).unwrap_or_default();
                (
                    Sign::plain("done", "✓", "the Filter lets it pass"),
                    format!("{first} makes {} deletes take place; the Filter will let it pass{by}.", thousands(deletes)),
                    Vec::new(),
                )
            }
            Outlook::Refused(refusal) => (
                Sign::plain("failed", "F", "will be refused"),
                format!(
                    "{first} will be refused: run {}, which brought this roster, was undone by run {}.",
                    refusal.run, refusal.undone_by
                ),
                vec![step(
                    "Another roster is taken in. To let this one in again:".to_owned(),
                    Some(format!("rollover import withdraw {} --help", refusal.decision)),
                )],
            ),
            Outlook::TooSmall => (
                Sign::plain("failed", "F", "will be refused"),
                format!("{first} will be refused: the roster lacks most of the last one."),
                vec![step(
                    "Have a complete one sent; or, if the customer says that it is right:".to_owned(),
                    Some(format!("rollover import decide {id} --help")),
                )],
            ),
            Outlook::TooEarly => (
                Sign::plain("failed", "F", "will be refused"),
                format!("{first} will be refused: it brings courses before the school year's start."),
                vec![step(
                    "See which, and whether the customer's setting shall hold them back in place of refusing:".to_owned(),
                    Some(format!("rollover integration courses {id} --on {on} --fate held-back")),
                )],
            ),
            Outlook::Aborts(breaches) => (
                Sign::plain("held", "H", "the Filter will stop it"),
                format!(
                    "{first} will be stopped: of {} deletes nothing takes place until the customer has decided.",
                    thousands(deletes)
                ),
                decide_steps(on, breaches, roster, customer),
            ),
        };
        let breaches = match &end.outlook {
            Outlook::Aborts(breaches) => breaches.iter().map(BreachLine::new).collect(),
            Outlook::Refused(_)
            | Outlook::TooSmall
            | Outlook::Unchanged
            | Outlook::TooEarly
            | Outlook::Passes => Vec::new(),
        };
        let changes = planned_lines(&end.changes, &ChangeCounts::default());
        Self { sign, said, to_do, changes, breaches }
    }
}

fn decide_steps(
    on: NaiveDate,
    breaches: &[Breach],
    roster: Option<String>,
    customer: &Customer,
) -> Vec<Step> {
    let ask = "Ask the customer now whether these changes are right: only they can say.".to_owned();
    let decide = format!(
        "A decision holds for one run of exactly one roster. If no other comes before {}, this records it; if one does, \
         record it for that one:",
        day(on)
    );
    let limits: Vec<String> =
        breaches.iter().map(|breach| format!("--filter {}.{}=…", breach.kind, breach.action)).collect();
    let command = roster.map(|roster| {
        format!(
            "rollover import decide {} --roster {roster} {} --customer-person … --reason …",
            customer.id,
            limits.join(" ")
        )
    });
    vec![Step { text: ask, command: None }, Step { text: decide, command }]
}

fn deletes(counts: &ChangeCounts) -> u64 {
    Kind::ALL.into_iter().map(|kind| counts.get(kind, Action::Delete)).sum()
}

impl Line {
    fn new(line: PostponedLine, wall: Wall) -> Self {
        let what = match (line.person, line.name) {
            (Some(person), Some(name)) => format!("{person} in {name}"),
            (Some(what), None) | (None, Some(what)) => what,
            (None, None) => String::new(),
        };
        Self {
            kind: line.kind,
            what,
            school: line.school,
            class: line.class.unwrap_or_default(),
            role: line.role.unwrap_or_default(),
            since: line.since.map(|since| (since.run, wall.minute(since.at), since.at_least)),
            until: line.until.map_or_else(|| line.waits_for.words().to_owned(), day),
        }
    }
}
