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
    words::{Note, notes, said},
};
use super::{
    address::recipients,
    layout::{Table, hang, name, wrap},
};
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
    notes: Vec<Note>,
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

/// One for each recipient, so that a mailbox that is refused silences nobody else.
/// `base_url`: where people find the pages, without a slash at its end; `copy_to`: our side of the recipients.
pub fn status_mails(
    customer: &Customer,
    run: &RunRecord,
    run_id: i64,
    base_url: &str,
    copy_to: &[String],
) -> Vec<QueuedMail> {
    let mail = status(customer, run, run_id, base_url);
    let subject = rendered(&Subject { mail: &mail });
    let text_body = rendered(&TextBody { mail: &mail }) + "\n";
    let html_body = rendered(&HtmlBody { mail: &mail }) + "\n";
    let to = recipients(&customer.settings.status_mail_to, copy_to).into_iter().zip(1..);
    to.map(|(recipient, number)| QueuedMail {
        kind: "import_status",
        recipient,
        message_id: message_id(customer, run, &format!("{run_id}-{number}"), base_url),
        subject: subject.clone(),
        text_body: text_body.clone(),
        html_body: html_body.clone(),
    })
    .collect()
}

fn status(customer: &Customer, run: &RunRecord, run_id: i64, base_url: &str) -> Status {
    let (happened, next) = said(run);
    Status {
        tone: tone(run.outcome),
        customer: name(&customer.name),
        run: run_id,
        happened,
        next,
        notes: notes(customer, run),
        limits: broken_limits(run),
        errors: run.read_errors.as_ref().map(file_errors),
        holdings: holdings(&run.before, &run.after),
        changes: changes(run),
        facts: facts(customer, run),
        link: format!("{base_url}/runs/{run_id}"),
    }
}

fn rendered(template: &impl Template) -> String {
    let text = template.render().expect("a template of ours only writes into a string");
    text.trim().to_owned()
}
