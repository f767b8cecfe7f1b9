//! The alert mail: a roster did not come by its time, in the customer's language (DOMAIN I2).

mod words;

use self::words::{Moments, Words, words_of};
use super::{
    address::recipients,
    layout::{name, wrap},
};
use crate::ledger::QueuedMail;
use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rollover_jobs::{Customer, ports::LateRoster};

struct Alert {
    words: &'static Words,
    subject: String,
    customer: String,
    happened: String,
    link: String,
}

#[derive(Template)]
#[template(path = "late_roster/body.txt")]
struct TextBody<'a> {
    mail: &'a Alert,
}

#[derive(Template)]
#[template(path = "late_roster/body.html")]
struct HtmlBody<'a> {
    mail: &'a Alert,
}

/// One for each recipient. The same due moment gives the same Message-IDs, so that an alert is told once.
pub fn late_roster_mails(
    customer: &Customer,
    late: &LateRoster,
    base_url: &str,
    copy_to: &[String],
) -> Vec<QueuedMail> {
    let mail = alert(customer, late, base_url);
    let text_body = rendered(&TextBody { mail: &mail }) + "\n";
    let html_body = rendered(&HtmlBody { mail: &mail }) + "\n";
    let to = recipients(&customer.settings.status_mail_to, copy_to).into_iter().zip(1..);
    to.map(|(recipient, number)| QueuedMail {
        kind: "late_roster",
        recipient,
        message_id: format!(
            "<late-{}.{}-{number}@rollover>",
            customer.id,
            late.due_at.format("%Y%m%dT%H%M%S")
        ),
        subject: mail.subject.clone(),
        text_body: text_body.clone(),
        html_body: html_body.clone(),
    })
    .collect()
}

fn alert(customer: &Customer, late: &LateRoster, base_url: &str) -> Alert {
    let at = |moment| local(moment, customer.time_zone);
    let words = words_of(customer.language());
    let moments = Moments { since: at(late.since), due: at(late.due_at), newest: late.newest.map(at) };
    let mut happened = (words.happened)(&moments);
    if let Some(trouble) = &late.trouble {
        happened.push(' ');
        happened.push_str(&(words.trouble)(trouble));
    }
    let whose = name(&customer.name);
    Alert {
        words,
        subject: (words.subject)(&whose, &moments.due),
        customer: whose,
        happened,
        link: format!("{base_url}/customers/{}", customer.id),
    }
}

/// By the customer's clock.
fn local(moment: DateTime<Utc>, zone: Tz) -> String {
    moment.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

fn rendered(template: &impl Template) -> String {
    let text = template.render().expect("a template of ours only writes into a string");
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollover_jobs::{CustomerSettings, Language};

    // DOMAIN I2
    #[test]
    fn an_alert_says_what_did_not_come_and_what_to_do() {
        let customer = Customer {
            id: "nes".parse().unwrap(),
            name: "Nes kommune".to_owned(),
            country: "NO".parse().unwrap(),
            time_zone: chrono_tz::Europe::Oslo,
            mis: "fjordsas".to_owned(),
            middleware: None,
            modules: Vec::new(),
            settings: CustomerSettings {
                status_mail_to: vec!["it@nes.example".to_owned()],
                ..CustomerSettings::default()
            },
        };
        let late = LateRoster {
            due_at: "2024-06-03T04:00:00Z".parse().unwrap(),
            since: "2024-05-31T04:00:00Z".parse().unwrap(),
            newest: Some("2024-05-31T00:30:00Z".parse().unwrap()),
            trouble: Some("rosters of nes cannot be reached".to_owned()),
        };
        let ours = ["support@ours.example".to_owned()];
        let mut all = String::new();
        for language in Language::ALL {
            let customer = Customer {
                settings: CustomerSettings { language: Some(language), ..customer.settings.clone() },
                ..customer.clone()
            };
            let mails = late_roster_mails(&customer, &late, "https://rollover.example", &ours);
            let to: Vec<&str> = mails.iter().map(|mail| &*mail.recipient).collect();
            assert_eq!(to, ["it@nes.example", "support@ours.example"]);
            assert_ne!(mails[0].message_id, mails[1].message_id);
            assert!(mails[0].html_body.contains("2024-05-31 06:00"), "{language}");
            assert!(mails[0].html_body.contains(words_of(language).next), "{language}");
            all.push_str(&format!("{}\n\n{}\n\n", mails[0].subject, mails[0].text_body));
        }
        insta::assert_snapshot!(all);
    }
}
