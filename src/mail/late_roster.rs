//! The alert mail: a roster did not come by its time (DOMAIN I2).

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
    customer: String,
    due: String,
    happened: String,
    next: &'static str,
    link: String,
}

#[derive(Template)]
#[template(path = "late_roster/subject.txt")]
struct Subject<'a> {
    mail: &'a Alert,
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

const NEXT: &str = "see whether the MIS has sent its roster and the place it comes from can be reached, and ask the \
    customer. Nothing was changed at the site. A roster that comes later is taken in by the next import.";

/// One for each recipient. The same due moment gives the same Message-IDs, so that an alert is told once.
pub fn late_roster_mails(
    customer: &Customer,
    late: &LateRoster,
    base_url: &str,
    copy_to: &[String],
) -> Vec<QueuedMail> {
    let mail = alert(customer, late, base_url);
    let subject = rendered(&Subject { mail: &mail });
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
        subject: subject.clone(),
        text_body: text_body.clone(),
        html_body: html_body.clone(),
    })
    .collect()
}

fn alert(customer: &Customer, late: &LateRoster, base_url: &str) -> Alert {
    let at = |moment| local(moment, customer.time_zone);
    let mut happened =
        format!("No roster came between {} and {}, when one was due.", at(late.since), at(late.due_at));
    happened.push_str(&match late.newest {
        Some(newest) => format!(" The newest came on {}.", at(newest)),
        None => " None has come so far.".to_owned(),
    });
    if let Some(trouble) = &late.trouble {
        happened.push_str(&format!(" Looking for one now did not work: {trouble}."));
    }
    Alert {
        customer: name(&customer.name),
        due: at(late.due_at),
        happened,
        next: NEXT,
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
    use rollover_jobs::CustomerSettings;

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
        let mails = late_roster_mails(&customer, &late, "https://rollover.example", &ours);
        let to: Vec<&str> = mails.iter().map(|mail| &*mail.recipient).collect();
        assert_eq!(to, ["it@nes.example", "support@ours.example"]);
        insta::assert_snapshot!(format!("{}\n\n{}", mails[0].subject, mails[0].text_body));
        assert!(mails[0].html_body.contains("No roster came between 2024-05-31 06:00 and 2024-06-03 06:00"));
        assert_ne!(mails[0].message_id, mails[1].message_id);
    }
}
