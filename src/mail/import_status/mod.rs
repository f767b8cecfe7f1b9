//! The status mail: what every attempt to import a roster sends to the customer and to us (DOMAIN I2).
//!
//! It is rendered once, in the transaction that records the run, and tells what the record says. It holds no
//! name of a child and no sync key: the record has none.

mod facts;
mod figures;
mod problems;
mod said;
mod undo;
mod words;

#[cfg(test)]
mod tests;

use self::{
    facts::{Fact, facts, message_id},
    figures::{changes, holdings},
    problems::{BrokenLimit, Conceded, FileErrors, broken_limits, conceded, file_errors},
    said::{Told, notes, said},
    words::{Labels, words_of},
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

/// The sort of these mails in the outbox.
pub(super) const KIND: &str = "import_status";

/// What both bodies tell, in the order of reading.
struct Status {
    labels: &'static Labels,
    tone: Tone,
    verdict: &'static str,
    subject: String,
    customer: String,
    /// Whose import it is.
    title: String,
    details_of_run: String,
    open_run: String,
    footer: String,
    /// What happened, and what to do next.
    happened: String,
    next: String,
    notes: Vec<Told>,
    limits: Vec<BrokenLimit>,
    conceded: Vec<Conceded>,
    errors: Option<FileErrors>,
    holdings: Table,
    /// Absent when there is no difference.
    changes: Option<Table>,
    facts: Vec<Fact>,
    /// The run's page.
    link: String,
}

/// How an outcome is shown: by a sign beside its word, so that colour is only an addition.
struct Tone {
    sign: &'static str,
    /// Of the band: its class for dark screens, ink and paper.
    class: &'static str,
    ink: &'static str,
    paper: &'static str,
}

const fn tone(outcome: Outcome) -> Tone {
    let (sign, class, ink, paper) = match outcome {
        Outcome::Completed => ("✓", "good", "#176b32", "#e7f5eb"),
        Outcome::Unchanged => ("=", "calm", "#334a66", "#e9eff6"),
        Outcome::Aborted => ("■", "bad", "#9a1c1c", "#fcebea"),
        Outcome::Failed => ("✗", "bad", "#9a1c1c", "#fcebea"),
        Outcome::NoRoster => ("?", "odd", "#7a4a00", "#fdf3df"),
    };
    Tone { sign, class, ink, paper }
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
    let text_body = rendered(&TextBody { mail: &mail }) + "\n";
    let html_body = rendered(&HtmlBody { mail: &mail }) + "\n";
    let to = recipients(&customer.settings.status_mail_to, copy_to).into_iter().zip(1..);
    to.map(|(recipient, number)| QueuedMail {
        kind: KIND,
        recipient,
        message_id: message_id(customer, run, &format!("{run_id}-{number}"), base_url),
        subject: mail.subject.clone(),
        text_body: text_body.clone(),
        html_body: html_body.clone(),
    })
    .collect()
}

fn status(customer: &Customer, run: &RunRecord, run_id: i64, base_url: &str) -> Status {
    let words = words_of(customer.language());
    let (happened, next) = said(&customer.id, run, words);
    let whose = name(&customer.name);
    let undo = run.undo_of.is_some();
    let subject = |outcome, whose: &str| match undo {
        true => words.undo_subject(outcome, whose),
        false => words.subject(outcome, whose),
    };
    Status {
        labels: words.labels(),
        tone: tone(run.outcome),
        verdict: if undo { words.undo_verdict(run.outcome) } else { words.verdict(run.outcome) },
        subject: subject(run.outcome, &whose),
        title: if undo { words.undo_title(&whose) } else { words.title(&whose) },
        details_of_run: words.details_of(run_id),
        open_run: words.open_run(run_id),
        footer: words.footer(&whose),
        customer: whose,
        happened,
        next,
        notes: notes(&customer.id, run, words),
        limits: broken_limits(run, words),
        conceded: conceded(run, words),
        errors: run.read_errors.as_ref().map(|report| file_errors(report, words)),
        holdings: holdings(&run.before, &run.after, words),
        changes: changes(run, words),
        facts: facts(customer, run, words),
        link: format!("{base_url}/runs/{run_id}"),
    }
}

fn rendered(template: &impl Template) -> String {
    let text = template.render().expect("a template of ours only writes into a string");
    text.trim().to_owned()
}
