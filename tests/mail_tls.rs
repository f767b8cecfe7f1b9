//! Mail over TLS, with real handshakes: a private authority is trusted when it is named, and nothing secret is said
//! before the line is encrypted.

#![cfg(test)]

mod harness;

use harness::{
    On, TestApp,
    support::{Authority, Encryption, SmtpServer},
};
use rollover::{
    ledger::{JobFilter, MailRow, NewJob},
    mail::MailTransport,
    model::JobState,
};
use std::path::Path;

const NOW: &str = "2024-06-03T01:30:00Z";
const PASSWORD: &str = "s3cret:pass@word";
const ENCODED: &str = "s3cret%3Apass%40word";

/// `scheme://user:password@localhost:port` of a server that takes mail from this user only.
fn url(scheme: &str, server: &SmtpServer) -> String {
    server.require_login("rollover", PASSWORD);
    format!("{scheme}://rollover:{ENCODED}@localhost:{}", server.address().port())
}

fn transport(url: &str, ca_file: &Path) -> MailTransport {
    MailTransport::open(url, "Rollover <rollover@localhost>", ca_file).unwrap()
}

/// Has an import send its mail; gives the mail and the state of the job that sent it.
async fn send(url: &str, ca_file: &Path) -> (MailRow, JobState) {
    let test = TestApp::with_settings(On::Sqlite, NOW, |settings| {
        url.clone_into(&mut settings.mail.url);
        settings.mail.ca_file = ca_file.to_path_buf();
    })
    .await;
    test.customer("nes", &[]).await;
    let import = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: serde_json::json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    let import = test.ledger().enqueue(test.now(), "test", &[import]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    let run = test.ledger().run_of_job(import).await.unwrap().expect("the attempt is recorded");
    let mail = test.ledger().mails_of_run(run.id).await.unwrap().remove(0);
    let jobs = test.ledger().jobs(&JobFilter { limit: 100, ..JobFilter::default() }).await.unwrap();
    let job = jobs.into_iter().find(|job| job.kind == "send_status_mail").expect("a job for the mail");
    let story = test.ledger().events_of_job(job.id).await.unwrap();
    let told = format!("{:?} {:?} {story:?}", job.why, mail.why);
    assert!(!told.contains("s3cret"), "{told}");
    (mail, job.state)
}

/// The mail waits, says each of these words, and its password was never said to anybody.
async fn waits(url: &str, ca_file: &Path, server: &SmtpServer, words: &[&str]) {
    let (mail, state) = send(url, ca_file).await;
    assert_eq!(state, JobState::Retrying, "it leaves once the setting is corrected");
    let why = mail.why.expect("the mail says why it waits");
    let check = transport(url, ca_file).check().await.unwrap_err().to_string();
    for word in words {
        assert!(why.contains(word), "the mail does not say {word:?}: {why}");
        assert!(check.contains(word), "the check does not say {word:?}: {check}");
    }
    assert!(!check.contains("s3cret"), "{check}");
    assert!(server.received().is_empty());
    for heard in [server.overheard(), server.heard_encrypted()] {
        assert!(!heard.contains(&"AUTH".to_owned()) && !heard.contains(&"MAIL".to_owned()), "{heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn starttls_comes_before_password_and_mail() {
    let authority = Authority::new();
    let server = SmtpServer::start_encrypted(Encryption::StartTls(authority.server(&["localhost"]))).await;
    let url = url("smtp", &server);
    let (mail, state) = send(&url, &authority.file()).await;
    assert_eq!((state, mail.why), (JobState::Done, None));
    assert_eq!(server.received()[0].user.as_deref(), Some("rollover"));
    assert_eq!(server.overheard(), ["EHLO", "STARTTLS"]);
    let encrypted = server.heard_encrypted();
    assert_eq!(encrypted[..4], ["EHLO", "AUTH", "MAIL", "RCPT"]);
    let found = transport(&url, &authority.file()).check().await.unwrap();
    assert!(found.ends_with("answers and takes the sign-in (STARTTLS)"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn smtps_is_encrypted_from_the_first_byte() {
    let authority = Authority::new();
    let server = SmtpServer::start_encrypted(Encryption::Tls(authority.server(&["localhost"]))).await;
    let url = url("smtps", &server);
    let (mail, state) = send(&url, &authority.file()).await;
    assert_eq!((state, mail.why), (JobState::Done, None));
    assert_eq!(server.received()[0].user.as_deref(), Some("rollover"));
    assert!(server.overheard().is_empty());
    let found = transport(&url, &authority.file()).check().await.unwrap();
    assert!(found.ends_with("answers and takes the sign-in (TLS)"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_may_name_an_address() {
    let authority = Authority::new();
    let server = SmtpServer::start_encrypted(Encryption::Tls(authority.server(&["127.0.0.1"]))).await;
    let url = url("smtps", &server).replace("localhost", "127.0.0.1");
    transport(&url, &authority.file()).check().await.unwrap();
}

/// A line that somebody listens to, or changes, must not learn the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_starttls_hears_no_password() {
    let server = SmtpServer::start().await;
    let url = url("smtp", &server);
    waits(
        &url,
        Path::new(""),
        &server,
        &["STARTTLS is not supported", "neither password nor mail was sent", "mail.url"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_is_refused_and_the_setting_named() {
    let authority = Authority::new();
    let other = Authority::new();
    for ca_file in [Path::new(""), &other.file()] {
        let server =
            SmtpServer::start_encrypted(Encryption::StartTls(authority.server(&["localhost"]))).await;
        let words = ["authority that is not known here", "mail.ca_file (ROLLOVER_MAIL_CA_FILE)"];
        waits(&url("smtp", &server), ca_file, &server, &words).await;
        let server = SmtpServer::start_encrypted(Encryption::Tls(authority.server(&["localhost"]))).await;
        waits(&url("smtps", &server), ca_file, &server, &words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let certificate = authority.server(&["mail.other.example", "10.0.0.7"]);
    let server = SmtpServer::start_encrypted(Encryption::StartTls(certificate)).await;
    let words = ["another name (mail.other.example, 10.0.0.7)", "mail.url (ROLLOVER_MAIL_URL)"];
    waits(&url("smtp", &server), &authority.file(), &server, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_run_out_is_refused() {
    let authority = Authority::new();
    let certificate = authority.server_of_yesteryear(&["localhost"]);
    let server = SmtpServer::start_encrypted(Encryption::Tls(certificate)).await;
    waits(&url("smtps", &server), &authority.file(), &server, &["has run out", "renewed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn smtps_to_a_port_without_tls_says_so() {
    let server = SmtpServer::start().await;
    waits(&url("smtps", &server), Path::new(""), &server, &["does not speak TLS on this port", "smtp://"])
        .await;
}

#[test]
fn a_file_of_authorities_that_is_not_there_stops_the_start() {
    let error =
        MailTransport::open("smtps://mail.example", "a@b.example", Path::new("no/ca.pem")).unwrap_err();
    let error = error.to_string();
    for word in ["mail.ca_file (ROLLOVER_MAIL_CA_FILE)", "\"no/ca.pem\"", "PEM"] {
        assert!(error.contains(word), "{error}");
    }
}
