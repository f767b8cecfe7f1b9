//! The rows of a difference leave by mail only where the customer has decided so, to its own side, and lie nowhere.

#![cfg(test)]

mod harness;

use harness::{
    On, TestApp, on_both_engines,
    support::{Received, SmtpServer},
};
use mail_parser::{MessageParser, MimeHeaders};
use rollover::{
    ledger::{MailRow, NewJob, SettingsDecision},
    mail::{Attached, MailTransport},
};
use rollover_jobs::{Customer, Language};
use std::{fs, path::Path};

on_both_engines!(
    no_mail_holds_personal_data_by_itself,
    rows_go_to_the_customers_side_and_nowhere_else,
    personal_data_leave_with_a_decision_only,
    who_is_added_later_takes_a_decision_too,
    rows_never_lie_in_a_folder,
    a_mail_without_its_rows_says_why,
);

const SPRING: &str = "2024-04-02T00:30:00Z";
const THEIRS: &str = "it@customer.example";
const OURS: &str = "support@ours.example";

/// Everything that tells who somebody is.
const PERSONAL: [&str; 6] =
    ["Zebulon", "Zacharias", "Quistgaard", "zq-key-1", "zq-login", "zq@pupils.example"];

async fn app(on: On, server: &SmtpServer) -> TestApp {
    TestApp::with_settings(on, SPRING, |settings| {
        settings.mail.url = server.url();
        settings.mail.status_copy_to = vec![OURS.to_owned()];
    })
    .await
}

fn roster(given: &str) -> String {
    format!(
        "<enterprise><properties><datasource>sas</datasource></properties>
        <person><sourcedid><source>sas</source><id>zq-key-1</id></sourcedid><userid>zq-login</userid>
        <name><n><given>{given}</given><family>Quistgaard</family></n></name><email>zq@pupils.example</email>
        <institutionrole primaryrole=\"Yes\" institutionroletype=\"Student\"/></person></enterprise>"
    )
}

/// Imports a roster; gives the mails that left because of it, and the rows of the outbox that they were.
async fn import(test: &TestApp, server: &SmtpServer, given: &str) -> (Vec<Received>, Vec<MailRow>) {
    let before = server.received().len();
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("roster.part"), roster(given)).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: serde_json::json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    let job = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    let run = test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded");
    let rows = test.ledger().mails_of_run(run.id).await.unwrap();
    (server.received().split_off(before), rows)
}

async fn allow(test: &TestApp, customer: &mut Customer) {
    customer.settings.personal_data_by_mail = true;
    let decision =
        SettingsDecision { customer_person: "Kari", support_person: "Ingrid", reason: "as agreed" };
    test.ledger().update_customer_with_decision(test.now(), customer, decision).await.unwrap();
}

/// Every part of a mail, decoded, and the mail as it travelled.
fn all_of(mail: &Received) -> String {
    let message = MessageParser::default().parse(&mail.data).expect("a mail");
    let parts = message.parts.iter().map(|part| String::from_utf8_lossy(part.contents()).into_owned());
    parts.chain([String::from_utf8_lossy(&mail.data).into_owned()]).collect::<Vec<_>>().join("\n")
}

fn attachment(mail: &Received) -> Option<(String, String)> {
    let message = MessageParser::default().parse(&mail.data).expect("a mail");
    let part = message.attachments().next()?;
    let name = part.attachment_name().expect("it has a name").to_owned();
    Some((name, String::from_utf8(part.contents().to_vec()).unwrap()))
}

fn to<'m>(mails: &'m [Received], recipient: &str) -> &'m Received {
    mails.iter().find(|mail| mail.to == [recipient]).expect("a mail to everybody")
}

fn assert_holds_nobody(text: &str) {
    for personal in PERSONAL {
        assert!(!text.contains(personal), "{personal} stands in\n{text}");
    }
}

async fn no_mail_holds_personal_data_by_itself(on: On) {
    let server = SmtpServer::start().await;
    let test = app(on, &server).await;
    test.customer("nes", &[]).await;
    for given in ["Zebulon", "Zacharias"] {
        let (mails, rows) = import(&test, &server, given).await;
        assert_eq!((mails.len(), rows.len()), (2, 2));
        mails.iter().for_each(|mail| assert_holds_nobody(&all_of(mail)));
        assert!(mails.iter().all(|mail| attachment(mail).is_none()));
    }
}

async fn rows_go_to_the_customers_side_and_nowhere_else(on: On) {
    let server = SmtpServer::start().await;
    let test = app(on, &server).await;
    let mut customer = test.customer("nes", &[]).await;
    customer.settings.language = Some(Language::Bokmal);
    allow(&test, &mut customer).await;
    let (mails, rows) = import(&test, &server, "Zebulon").await;
    let (name, first) = attachment(to(&mails, THEIRS)).expect("the rows");
    assert_eq!(name, format!("rollover-run-{}.csv", rows[0].run_id.unwrap()));
    assert!(first.starts_with("\u{feff}type;endring;kilde;nøkkel;"), "{first}");
    assert!(first.contains("person;opprettes;sas;zq-key-1;;;;"), "{first}");
    assert!(all_of(to(&mails, THEIRS)).contains("Endringene er vedlagt"));
    let (mails, rows) = import(&test, &server, "Zacharias").await;
    let (_, second) = attachment(to(&mails, THEIRS)).expect("the rows");
    let line = "person;oppdateres;sas;zq-key-1;;given;given: Zebulon;given: Zacharias\r\n";
    assert!(second.ends_with(line) && second.lines().count() == 2, "only what differs: {second}");
    assert_holds_nobody(&all_of(to(&mails, OURS)));
    for row in rows {
        assert_holds_nobody(&serde_json::to_string(&row).unwrap());
    }
    customer.settings.personal_data_by_mail = false;
    test.ledger().update_customer(test.now(), "Ingrid", &customer).await.unwrap();
    let (mails, _) = import(&test, &server, "Zebulon").await;
    mails.iter().for_each(|mail| assert_holds_nobody(&all_of(mail)));
}

async fn personal_data_leave_with_a_decision_only(on: On) {
    let test = TestApp::new(on, SPRING).await;
    let mut customer = test.customer("nes", &[]).await;
    customer.settings.personal_data_by_mail = true;
    let refused = test.ledger().update_customer(test.now(), "Ingrid", &customer).await.unwrap_err();
    assert!(
        refused.to_string().contains("personal data of nes leave by mail only with a decision"),
        "{refused}"
    );
    let fresh = Customer { id: "vik".parse().unwrap(), ..customer.clone() };
    assert!(test.ledger().add_customer(test.now(), "Ingrid", &fresh).await.is_err(), "nor at the start");
    allow(&test, &mut customer).await;
    let kept = test.ledger().decisions_of_customer("nes", 9).await.unwrap();
    let found =
        (kept.len(), kept[0].kind.as_str(), kept[0].customer_person.as_deref(), kept[0].reason.as_str());
    assert_eq!(found, (1, "personal_data_by_mail", Some("Kari"), "as agreed"));
    assert!(kept[0].limits.is_none(), "the Filter is as it was");
    customer.name = "Nes".to_owned();
    test.ledger().update_customer(test.now(), "Ingrid", &customer).await.expect("it is on already");
}

async fn who_is_added_later_takes_a_decision_too(on: On) {
    let test = TestApp::new(on, SPRING).await;
    let mut customer = test.customer("nes", &[]).await;
    allow(&test, &mut customer).await;
    let decided = async || test.ledger().decisions_of_customer("nes", 9).await.unwrap().len();
    customer.settings.status_mail_to.push("rektor@customer.example".to_owned());
    let refused = test.ledger().update_customer(test.now(), "Ingrid", &customer).await.unwrap_err();
    assert!(refused.to_string().contains("only with a decision"), "{refused}");
    allow(&test, &mut customer).await;
    assert_eq!(decided().await, 2);
    customer.settings.status_mail_to.remove(0);
    test.ledger().update_customer(test.now(), "Ingrid", &customer).await.expect("fewer may read it");
    assert_eq!(decided().await, 2);
}

async fn rows_never_lie_in_a_folder(on: On) {
    let server = SmtpServer::start().await;
    let test = TestApp::new(on, SPRING).await;
    let mut customer = test.customer("nes", &[]).await;
    allow(&test, &mut customer).await;
    import(&test, &server, "Zebulon").await;
    let folder = test.folder.path().join("mail");
    let mails = fs::read_dir(&folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let written = |data| Received { from: String::new(), to: Vec::new(), data, user: None };
    let mails: Vec<Received> = mails.map(written).collect();
    assert!(mails.iter().any(|mail| all_of(mail).contains("leaves without encryption")));
    mails.iter().for_each(|mail| assert_holds_nobody(&all_of(mail)));
}

async fn a_mail_without_its_rows_says_why(on: On) {
    let server = SmtpServer::start().await;
    let test = app(on, &server).await;
    test.customer("nes", &[]).await;
    let (_, rows) = import(&test, &server, "Zebulon").await;
    let transport = MailTransport::open(&server.url(), "rollover@localhost", Path::new("")).unwrap();
    let cases = [
        (Attached::TooLarge(Language::English), "larger than 5 MB"),
        (Attached::NotThere(Language::Swedish), "inte längre kan läsas"),
        (Attached::NotSecret(Language::Bokmal), "sendes uten kryptering"),
    ];
    for (attached, said) in cases {
        transport.send(&rows[0], Some(&attached)).await.unwrap();
        let mail = server.received().pop().unwrap();
        let message = MessageParser::default().parse(&mail.data).expect("a mail");
        assert!(message.body_text(0).unwrap().replace("\r\n", " ").contains(said), "{said}");
        assert!(message.body_html(0).unwrap().contains(said), "{said}");
        assert!(attachment(&mail).is_none());
    }
}
