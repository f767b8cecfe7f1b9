//! Mail from the outbox to a real SMTP conversation, or into a folder; what a failure leaves, on both databases.

#![cfg(test)]

mod harness;

use harness::{
    On, TestApp, moment, on_both_engines,
    support::{Disturbance, SmtpServer, Step},
};
use mail_parser::{Message, MessageParser};
use rollover::{
    engine::reap,
    ledger::{JobFilter, JobMove, JobRow, MailRow},
    mail::MailTransport,
    model::JobState,
};
use std::{net::SocketAddr, path::Path};

const NOW: &str = "2024-06-03T01:30:00Z";
/// Sixteen attempts are over by then.
const NEXT_DAY: &str = "2024-06-04T01:00:00Z";

on_both_engines!(
    every_attempt_sends_one_mail,
    a_mail_that_was_sent_is_not_sent_again,
    later_means_later,
    a_refusal_fails_the_job_and_the_mail_says_why,
    a_server_that_is_away_is_waited_for,
    a_worker_that_died_after_sending_sends_the_same_mail_again,
    a_lost_answer_sends_the_same_mail_again,
    a_wrong_password_is_named_and_not_shown,
    one_bad_address_silences_nobody_else,
    support_gets_its_copy_once,
    the_folder_keeps_a_mail_that_programs_can_read,
);

async fn app(on: On, mail_url: &str) -> TestApp {
    TestApp::with_settings(on, NOW, |settings| settings.mail.url = mail_url.to_owned()).await
}

/// Runs an import of a customer whose roster has not come; gives the one mail that it put into the outbox.
async fn import(test: &TestApp) -> MailRow {
    let mails = import_to_several(test).await;
    assert_eq!(mails.len(), 1);
    mails.into_iter().next().unwrap()
}

async fn import_to_several(test: &TestApp) -> Vec<MailRow> {
    let job = rollover::ledger::NewJob {
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
    test.ledger().mails_of_run(run.id).await.unwrap()
}

async fn mail(test: &TestApp, id: i64) -> MailRow {
    test.ledger().mail(id).await.unwrap()
}

/// The newest job that sends mail.
async fn mail_job(test: &TestApp) -> JobRow {
    let jobs = test.ledger().jobs(&JobFilter { limit: 100, ..JobFilter::default() }).await.unwrap();
    jobs.into_iter().filter(|job| job.kind == "send_status_mail").max_by_key(|job| job.id).unwrap()
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("a mail")
}

// DOMAIN I2
async fn every_attempt_sends_one_mail(on: On) {
    let server = SmtpServer::start().await;
    let test = app(on, &server.url()).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].from, "rollover@localhost");
    assert_eq!(received[0].to, ["it@customer.example"]);
    let message = parsed(&received[0].data);
    assert_eq!(message.subject(), Some("Import finished with status No roster – nes kommune"));
    assert_eq!(message.message_id().map(|id| format!("<{id}>")), Some(row.message_id.clone()));
    assert_eq!(message.date().unwrap().to_timestamp(), row.created_at.timestamp());
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n").trim(), row.text_body.trim());
    assert_eq!(message.body_html(0).unwrap().replace("\r\n", "\n").trim(), row.html_body.trim());
    assert_eq!(mail(&test, row.id).await.sent_at, Some(test.now()));
    // The next night's attempt has a mail of its own.
    let next = import(&test).await;
    assert_eq!(server.received().len(), 2);
    assert_ne!(next.message_id, row.message_id);
}

async fn a_mail_that_was_sent_is_not_sent_again(on: On) {
    let server = SmtpServer::start().await;
    let test = app(on, &server.url()).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    let again = rollover::ledger::NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "send_status_mail".to_owned(),
        args: serde_json::json!({ "mail": row.id }),
        lane: None,
        due_at: test.now(),
    };
    let again = test.ledger().enqueue(test.now(), "test", &[again]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    let job = test.job(again).await;
    assert_eq!((job.state, &job.report.unwrap().0["sent_before"]), (JobState::Done, &true.into()));
    assert_eq!(server.received().len(), 1);
}

async fn later_means_later(on: On) {
    let server = SmtpServer::start().await;
    server.disturb(Step::Recipient, Disturbance::Answer("451 4.7.1 Greylisted, come back"));
    server.disturb(Step::Text, Disturbance::Answer("452 4.3.1 No room"));
    let test = app(on, &server.url()).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    let why = mail(&test, row.id).await.why.unwrap();
    assert!(why.contains("451") && why.contains("Greylisted, come back"), "{why}");
    assert!(server.received().is_empty());
    test.play("2024-06-03T02:00:00Z").await;
    let row = mail(&test, row.id).await;
    assert_eq!((server.received().len(), row.why), (1, None));
    assert!(row.sent_at.unwrap() > moment(NOW));
    let job = mail_job(&test).await;
    assert_eq!((job.state, job.attempt), (JobState::Done, 3));
}

async fn a_refusal_fails_the_job_and_the_mail_says_why(on: On) {
    let server = SmtpServer::start().await;
    server.disturb(Step::Recipient, Disturbance::Answer("550 5.1.1 No such mailbox"));
    let test = app(on, &server.url()).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    test.play(NEXT_DAY).await;
    let job = mail_job(&test).await;
    assert_eq!((job.state, job.attempt), (JobState::Failed, 1));
    let row = mail(&test, row.id).await;
    let why = row.why.unwrap();
    assert!(why.contains("550") && why.contains("No such mailbox"), "{why}");
    assert!(why.contains("status_mail_to of customer nes"), "{why}");
    assert!(job.why.unwrap().contains(&why));
    assert_eq!((row.sent_at, server.received().len()), (None, 0));
}

async fn a_server_that_is_away_is_waited_for(on: On) {
    let address = free_address().await;
    let test = app(on, &format!("smtp://{address}?tls=none")).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    test.play("2024-06-03T02:00:00Z").await;
    let job = mail_job(&test).await;
    assert_eq!(job.state, JobState::Retrying);
    assert!(job.attempt > 3, "{} attempts in half an hour", job.attempt);
    assert!(mail(&test, row.id).await.why.unwrap().contains(&address.to_string()));
    // It greets, goes away again, and is back for good.
    let server = SmtpServer::start_on(address).await;
    server.disturb(Step::Greeting, Disturbance::Answer("421 4.3.2 Restarting"));
    server.disturb(Step::Mail, Disturbance::Drop);
    test.play(NEXT_DAY).await;
    assert_eq!(mail_job(&test).await.state, JobState::Done);
    assert_eq!(server.received().len(), 1);
}

async fn free_address() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

async fn a_worker_that_died_after_sending_sends_the_same_mail_again(on: On) {
    let server = SmtpServer::start().await;
    server.disturb(Step::Text, Disturbance::Answer("451 4.3.0 Later"));
    let test = app(on, &server.url()).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    // A worker claims the second attempt, sends the mail, and is never heard of again.
    let job = mail_job(&test).await;
    test.clock.advance_to(job.run_at.unwrap());
    let lease_until = test.now() + chrono::Duration::seconds(60);
    let claim = JobMove::Claim { owner: "dead".to_owned(), lease_until };
    test.ledger().apply(test.now(), "dead", job.id, claim).await.unwrap();
    transport(&server.url()).send(&row, None).await.unwrap();
    assert_eq!((server.received().len(), mail(&test, row.id).await.sent_at), (1, None));
    test.clock.advance_to(lease_until + chrono::Duration::seconds(1));
    assert_eq!(reap(&test.app.engine).await.unwrap(), 1);
    test.play(NEXT_DAY).await;
    assert_eq!(mail_job(&test).await.state, JobState::Done);
    sent_twice_and_alike(&server, &row);
}

async fn a_lost_answer_sends_the_same_mail_again(on: On) {
    let server = SmtpServer::start().await;
    server.disturb(Step::Text, Disturbance::KeepAndDrop);
    let test = app(on, &server.url()).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    assert_eq!(mail(&test, row.id).await.sent_at, None);
    test.play(NEXT_DAY).await;
    assert!(mail(&test, row.id).await.sent_at.is_some());
    sent_twice_and_alike(&server, &row);
}

/// To the byte, so that a mail client shows it once.
fn sent_twice_and_alike(server: &SmtpServer, row: &MailRow) {
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].data, received[1].data);
    let id = parsed(&received[1].data).message_id().map(|id| format!("<{id}>"));
    assert_eq!(id.as_ref(), Some(&row.message_id));
}

fn transport(url: &str) -> MailTransport {
    MailTransport::open(url, "Rollover <rollover@localhost>", Path::new("")).unwrap()
}

async fn a_wrong_password_is_named_and_not_shown(on: On) {
    let server = SmtpServer::start().await;
    server.require_login("rollover", "r1ght:pass@word");
    let address = server.address();
    let test = app(on, &format!("smtp://rollover:s3cret@{address}?tls=none")).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    let (job, row) = (mail_job(&test).await, mail(&test, row.id).await);
    assert_eq!(job.state, JobState::Retrying, "it leaves once the setting is corrected");
    let story = test.ledger().events_of_job(job.id).await.unwrap();
    let told = format!("{:?} {:?} {story:?}", job.why, row.why);
    assert!(told.contains("correct user and password in mail.url (ROLLOVER_MAIL_URL)"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
    let right = transport(&format!("smtp://rollover:r1ght%3Apass%40word@{address}?tls=none"));
    right.send(&row, None).await.unwrap();
    assert_eq!(server.received()[0].user.as_deref(), Some("rollover"));
}

/// Sets who gets the customer's mails, past the check of the command line.
async fn send_to(test: &TestApp, recipients: &[&str]) {
    let mut customer = test.customer("nes", &[]).await;
    customer.settings.status_mail_to = recipients.iter().map(ToString::to_string).collect();
    test.ledger().update_customer(test.now(), "test", &customer).await.unwrap();
}

// DOMAIN I2
async fn one_bad_address_silences_nobody_else(on: On) {
    let server = SmtpServer::start().await;
    server.disturb(Step::Recipient, Disturbance::Answer("550 5.1.1 No such mailbox"));
    let test = app(on, &server.url()).await;
    send_to(
        &test,
        &["gone@customer.example", "IT-avdelingen", "it@customer.example", "head@customer.example"],
    )
    .await;
    let rows = import_to_several(&test).await;
    let sent: Vec<bool> = rows.iter().map(|row| row.sent_at.is_some()).collect();
    assert_eq!(sent.iter().filter(|sent| **sent).count(), 2, "one was refused, one is no address");
    let no_address = &rows[1];
    let why = no_address.why.clone().unwrap();
    assert!(why.contains("\"IT-avdelingen\"") && why.contains("status_mail_to"), "{why}");
    let received = server.received();
    let mut reached: Vec<&str> = received.iter().map(|mail| mail.to[0].as_str()).collect();
    reached.sort_unstable();
    let mut expected: Vec<&str> =
        rows.iter().filter(|row| row.sent_at.is_some()).map(|row| row.recipient.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(reached, expected);
    let ids: std::collections::BTreeSet<&String> = rows.iter().map(|row| &row.message_id).collect();
    assert_eq!(ids.len(), 4, "each is a message of its own");
}

// DOMAIN I2
async fn support_gets_its_copy_once(on: On) {
    let server = SmtpServer::start().await;
    let test = TestApp::with_settings(on, NOW, |settings| {
        settings.mail.url = server.url();
        settings.mail.status_copy_to = vec!["support@ours.example".to_owned()];
    })
    .await;
    let reached = || {
        let mut reached: Vec<String> = server.received().into_iter().flat_map(|mail| mail.to).collect();
        reached.sort();
        reached
    };
    send_to(&test, &["it@customer.example"]).await;
    import_to_several(&test).await;
    assert_eq!(reached(), ["it@customer.example", "support@ours.example"]);
    let mut customer = test.ledger().customer("nes").await.unwrap();
    customer.settings.status_mail_to.push("Support <support@ours.example>".to_owned());
    test.ledger().update_customer(test.now(), "test", &customer).await.unwrap();
    import_to_several(&test).await;
    assert_eq!(reached().len(), 4, "support stands in both lists and gets one mail");
}

async fn the_folder_keeps_a_mail_that_programs_can_read(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let row = import(&test).await;
    let folder = test.folder.path().join("mail");
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(&folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names(), [format!("{:06}-nes-import-finished-with-status-no-roster.eml", row.id)]);
    let bytes = std::fs::read(folder.join(&names()[0])).unwrap();
    let message = parsed(&bytes);
    assert_eq!(message.subject(), Some(row.subject.as_str()));
    assert!(message.body_text(0).unwrap().contains("No roster had come"));
    assert!(message.body_html(0).unwrap().contains("<html lang=\"en\">"));
    // Sent again, it replaces itself.
    transport(&format!("file:{}", folder.display())).send(&row, None).await.unwrap();
    assert_eq!(names().len(), 1);
    assert_eq!(std::fs::read(folder.join(&names()[0])).unwrap(), bytes);
}

#[tokio::test]
async fn a_check_says_what_it_found() {
    let server = SmtpServer::start().await;
    let address = server.address();
    let found = transport(&server.url()).check().await.unwrap();
    assert_eq!(found, format!("the mail server {address} answers (no encryption)"));
    server.require_login("rollover", "right");
    let found = transport(&format!("smtp://rollover:right@{address}?tls=none")).check().await.unwrap();
    assert_eq!(found, format!("the mail server {address} answers and takes the sign-in (no encryption)"));
    let wrong = transport(&format!("smtp://rollover:s3cret@{address}?tls=none")).check().await;
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("535") && wrong.contains("mail.url") && !wrong.contains("s3cret"), "{wrong}");
    drop(server);
    let away = transport(&format!("smtp://{}?tls=none", free_address().await)).check().await;
    assert!(away.unwrap_err().to_string().contains("right server, port and security"));
    let folder = tempfile::tempdir().unwrap();
    let found = transport(&format!("file:{}", folder.path().join("new").display())).check().await.unwrap();
    assert!(found.starts_with("mails are written as files into "), "{found}");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let blocked = transport(&format!("file:{}", folder.path().join("file").display())).check().await;
    assert!(blocked.unwrap_err().to_string().contains("cannot be written"));
    assert!(!folder.path().join("new").exists(), "a check makes nothing");
}
