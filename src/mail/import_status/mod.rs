//! The status mail: what every attempt to import a roster sends to the customer and to us (DOMAIN I2).
//!
//! It is rendered once, in the transaction that records the run, and tells what the record says. It holds no
//! name of a child and no sync key: the record has none.

mod facts;
mod figures;
mod problems;
mod words;

#[cfg(test)]
mod tests;

use self::{
    facts::{Fact, facts, message_id},
    figures::{changes, holdings},
    problems::{BrokenLimit, FileErrors, broken_limits, file_errors},
    words::{Wait, said, waits},
};
use super::layout::{Table, hang, name, wrap};
use crate::ledger::QueuedMail;
use askama::Template;
use rollover_jobs::{
    Customer,
    ports::{Outcome, RunRecord},
};

/// What both bodies tell, in the order of reading.
struct Status {
    tone: Tone,
    customer: String,
    run: i64,
    /// What happened, and what to do next.
    happened: String,
    next: String,
    waits: Vec<Wait>,
    limits: Vec<BrokenLimit>,
    errors: Option<FileErrors>,
    holdings: Table,
    /// Absent when there is no difference.
    changes: Option<Table>,
    facts: Vec<Fact>,
    /// The run's page.
    link: String,
}

/// How an outcome is shown: by a word and a sign, so that colour is only an addition.
struct Tone {
    word: &'static str,
    sign: &'static str,
    /// Of the band: its class for dark screens, ink and paper.
    class: &'static str,
    ink: &'static str,
    paper: &'static str,
}

const fn tone(outcome: Outcome) -> Tone {
    let (word, sign, class, ink, paper) = match outcome {
        Outcome::Completed => ("Completed", "✓", "good", "#176b32", "#e7f5eb"),
        Outcome::Unchanged => ("Unchanged", "=", "calm", "#334a66", "#e9eff6"),
        Outcome::Aborted => ("Aborted", "■", "bad", "#9a1c1c", "#fcebea"),
        Outcome::Failed => ("Failed", "✗", "bad", "#9a1c1c", "#fcebea"),
        Outcome::NoRoster => ("No roster", "?", "odd", "#7a4a00", "#fdf3df"),
    };
    Tone { word, sign, class, ink, paper }
}

#[derive(Template)]
#[template(path = "import_status/subject.txt")]
struct Subject<'a> {
    mail: &'a Status,
}

#[derive(Template)]
#[template(path = "import_status/body.txt")]
struct TextBody<'a> {
    mail: &'a Status,
}

#[derive(Template)]
#[template(path = "import_status/body.html")]
struct HtmlBody<'a> {
    mail: &'a Status,
}

/// `base_url`: where people find the pages, without a slash at its end.
pub fn status_mail(customer: &Customer, run: &RunRecord, run_id: i64, base_url: &str) -> QueuedMail {
    let (happened, next) = said(run);
    let mail = Status {
        tone: tone(run.outcome),
        customer: name(&customer.name),
        run: run_id,
        happened,
        next,
        waits: waits(run),
        limits: broken_limits(run),
        errors: run.read_errors.as_ref().map(file_errors),
        holdings: holdings(&run.before, &run.after),
        changes: changes(run),
        facts: facts(customer, run),
        link: format!("{base_url}/runs/{run_id}"),
    };
    QueuedMail {
        kind: "import_status",
        recipients: customer.settings.status_mail_to.clone(),
        message_id: message_id(customer, run, run_id, base_url),
        subject: rendered(&Subject { mail: &mail }),
        text_body: rendered(&TextBody { mail: &mail }) + "\n",
        html_body: rendered(&HtmlBody { mail: &mail }) + "\n",
    }
}

fn rendered(template: &impl Template) -> String {
    let text = template.render().expect("a template of ours only writes into a string");
    text.trim().to_owned()
}
