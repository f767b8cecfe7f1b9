//! Rosters that are fetched: over real TLS and from a real SSH server, into real imports.

#![cfg(test)]

mod harness;

use base64::{Engine, prelude::BASE64_STANDARD};
use harness::{
    On, TestApp,
    support::{Answer, Authority, HttpsServer, Sshd},
};
use rollover::{
    ledger::{JobRow, NewJob, RunRow},
    model::JobState,
    source::Secrets,
};
use rollover_jobs::{Fetch, ports::Outcome};
use rollover_roster::{
    invent::{Invention, Municipality},
    write::write_imse,
};
use serde_json::json;
use std::{fs, path::PathBuf};

const SPRING: &str = "2024-04-02T00:30:00Z";
const TOKEN: &str = "s3cret-token";

/// An application that lets 127.0.0.1 and localhost be fetched from, and its customer.
struct Ground {
    test: TestApp,
}

impl Ground {
    async fn new(fetch: Fetch, secret: &str, authority: Option<&Authority>, private_hosts: &[&str]) -> Self {
        let secrets: Secrets = [("NES".to_owned(), secret.to_owned())].into_iter().collect();
        let test = TestApp::with_settings(On::Sqlite, SPRING, |settings| {
            settings.rosters.ca_file = authority.map(Authority::file).unwrap_or_default();
            settings.rosters.private_hosts = private_hosts.iter().map(ToString::to_string).collect();
            settings.rosters.fetch_max_mb = 1;
            settings.secrets = secrets;
        })
        .await;
        let customer = test.customer("nes", &[]).await;
        let ground = Self { test };
        ground
            .set(rollover_jobs::Customer {
                settings: rollover_jobs::CustomerSettings { fetch: Some(fetch), ..customer.settings.clone() },
                ..customer
            })
            .await;
        ground
    }

    async fn set(&self, customer: rollover_jobs::Customer) {
        self.test.ledger().update_customer(self.test.now(), "test", &customer).await.unwrap();
    }

    async fn change(&self, change: impl FnOnce(&mut Fetch)) {
        let mut customer = self.test.ledger().customer("nes").await.unwrap();
        change(customer.settings.fetch.as_mut().unwrap());
        self.set(customer).await;
    }

    /// One attempt of an import; gives the job and the newest run.
    async fn import(&self) -> (JobRow, Option<RunRow>) {
        let job = NewJob {
            task: None,
            customer: Some("nes".to_owned()),
            kind: "import_roster".to_owned(),
            args: json!({}),
            lane: Some("site"),
            due_at: self.test.now(),
        };
        let id = self.test.ledger().enqueue(self.test.now(), "test", &[job]).await.unwrap()[0];
        self.test.season.settle().await.unwrap();
        let (job, run) = (self.test.job(id).await, self.test.ledger().run_of_job(id).await.unwrap());
        let why = format!("{:?} {:?}", job.why, self.test.ledger().events_of_job(id).await.unwrap());
        assert!(!why.contains("s3cret") && !why.contains("PRIVATE KEY"), "{why}");
        if job.state == JobState::Retrying {
            self.test.execute(&format!("UPDATE job SET state = 'cancelled' WHERE id = {id}")).await;
        }
        (job, run)
    }

    async fn completes(&self) -> RunRow {
        let (job, run) = self.import().await;
        assert_eq!(job.state, JobState::Done, "{:?}", job.why);
        run.unwrap()
    }

    /// It ends in this state, says these words, and the site is untouched.
    async fn does_not(&self, state: JobState, words: &[&str]) {
        let (job, _) = self.import().await;
        let why = job.why.unwrap_or_default();
        assert_eq!(job.state, state, "{why}");
        for word in words {
            assert!(why.contains(word), "{why} does not say {word:?}");
        }
        assert!(!self.folder().join("roster.xml").exists() && !self.folder().join(".fetched.part").exists());
    }

    fn folder(&self) -> PathBuf {
        self.test.app.settings.roster_folder().join("nes")
    }
}

fn roster(seed: u64) -> Vec<u8> {
    let mut text = Vec::new();
    let municipality = Municipality::new(&Invention::small(seed));
    write_imse(&mut text, &municipality.roster(), "fjordsas", SPRING).unwrap();
    text
}

fn fetch(address: &str) -> Fetch {
    Fetch { secret: Some("NES".parse().unwrap()), ..Fetch::new(address.parse().unwrap()) }
}

async fn https(authority: &Authority) -> (HttpsServer, Ground) {
    let server = HttpsServer::start(authority.server(&["localhost"])).await;
    let address = format!("https://localhost:{}/export/nes.xml", server.port());
    let ground = Ground::new(fetch(&address), TOKEN, Some(authority), &["localhost"]).await;
    (server, ground)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_by_https_and_an_unchanged_one_is_told_as_such() {
    let authority = Authority::new();
    let (server, ground) = https(&authority).await;
    let ok = || {
        Answer::new("200 OK").header("ETag: \"one\"").header("Last-Modified: Mon, 01 Apr 2024 22:00:00 GMT")
    };
    server.answer(ok().body(&roster(3)));
    assert_eq!(ground.completes().await.record.0.outcome, Outcome::Completed);
    server.answer(Answer::new("304 Not Modified"));
    let run = ground.completes().await.record.0;
    assert_eq!((run.outcome, run.roster_name.as_deref()), (Outcome::Unchanged, Some("roster.xml")));
    assert!(run.roster.is_some(), "the run names the roster that it found unchanged");
    // A server that knows no conditions sends the same file anew.
    server.answer(ok().body(&roster(3)));
    assert_eq!(ground.completes().await.record.0.outcome, Outcome::Unchanged);
    // Once the file is purged here it is asked for without a condition.
    fs::remove_dir_all(ground.folder().join("backup")).unwrap();
    server.answer(ok().body(&roster(3)));
    ground.completes().await;
    let requests = server.requests();
    assert!(requests.iter().all(|head| head.contains(&format!("authorization: bearer {TOKEN}"))));
    let asked: Vec<bool> = requests
        .iter()
        .map(|head| {
            head.contains("if-none-match: \"one\"") && head.contains("if-modified-since: mon, 01 apr")
        })
        .collect();
    assert_eq!(asked, [false, true, true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_signs_in_by_basic() {
    let authority = Authority::new();
    let (server, ground) = https(&authority).await;
    ground
        .change(|fetch| {
            fetch.from =
                format!("https://nes%40kommune@localhost:{}/nes.xml", server.port()).parse().unwrap();
        })
        .await;
    server.answer(Answer::new("200 OK").body(&roster(3)));
    ground.completes().await;
    let basic = BASE64_STANDARD.encode(format!("nes@kommune:{TOKEN}")).to_lowercase();
    let head = server.requests().remove(0);
    assert!(
        head.starts_with("get /nes.xml ") && head.contains(&format!("authorization: basic {basic}")),
        "{head}"
    );
}

// DOMAIN I4
#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_or_is_too_large_reaches_nobody() {
    let authority = Authority::new();
    let (server, ground) = https(&authority).await;
    server.answer(Answer::new("200 OK").body(&roster(3)).breaking_off());
    ground.does_not(JobState::Retrying, &["rosters of nes cannot be reached at https://localhost"]).await;
    server.answer(Answer::new("200 OK").body(&vec![b' '; 1024 * 1024 + 1]));
    ground.does_not(JobState::Failed, &["larger than 1 MB", "rosters.fetch_max_mb"]).await;
    server.answer(Answer::new("503 Service Unavailable"));
    ground.does_not(JobState::Retrying, &["503"]).await;
    server.answer(Answer::new("401 Unauthorized"));
    ground.does_not(JobState::Failed, &["refuses the sign-in"]).await;
    server.answer(Answer::new("404 Not Found"));
    assert_eq!(ground.completes().await.record.0.outcome, Outcome::NoRoster);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_led_on_within_the_host_only_and_the_secret_stays_there() {
    let authority = Authority::new();
    let (server, ground) = https(&authority).await;
    let elsewhere = HttpsServer::start(authority.server(&["localhost"])).await;
    server.answer(Answer::new("302 Found").header("Location: /tonight.xml"));
    server.answer(Answer::new("200 OK").body(&roster(3)));
    assert_eq!(ground.completes().await.record.0.outcome, Outcome::Completed);
    let second = &server.requests()[1];
    assert!(
        second.starts_with("get /tonight.xml ") && second.contains(&format!("bearer {TOKEN}")),
        "{second}"
    );
    let port = elsewhere.port();
    for to in [format!("https://localhost:{port}/x"), "http://localhost/x".to_owned()] {
        server.answer(Answer::new("302 Found").header(&format!("Location: {to}")));
        let (job, _) = ground.import().await;
        assert_eq!(job.state, JobState::Failed);
        assert!(job.why.unwrap().contains("to another host"));
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_our_own_network_is_reached_only_when_it_is_named() {
    let authority = Authority::new();
    let server = HttpsServer::start(authority.server(&["localhost"])).await;
    let address = format!("https://localhost:{}/nes.xml", server.port());
    let ground = Ground::new(fetch(&address), TOKEN, Some(&authority), &[]).await;
    ground.does_not(JobState::Failed, &["private address", "rosters.private_hosts"]).await;
    ground.change(|fetch| fetch.from = "https://169.254.169.254/latest".parse().unwrap()).await;
    ground.does_not(JobState::Failed, &["private address 169.254.169.254"]).await;
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_and_a_missing_secret_are_told() {
    let authority = Authority::new();
    let server = HttpsServer::start(authority.server(&["localhost"])).await;
    let address = format!("https://localhost:{}/nes.xml", server.port());
    let ground = Ground::new(fetch(&address), TOKEN, None, &["localhost"]).await;
    ground.does_not(JobState::Failed, &["is not trusted (", "rosters.ca_file"]).await;
    ground.change(|fetch| fetch.secret = Some("OTHER".parse().unwrap())).await;
    ground.does_not(JobState::Failed, &["set ROLLOVER_SECRET_OTHER"]).await;
    assert!(server.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_by_sftp_once_the_key_of_the_server_is_set() {
    let server = Sshd::start();
    fs::write(server.out().join("nes-1.xml"), roster(3)).unwrap();
    let ground =
        Ground::new(fetch(&server.address("nes-*.xml")), &server.client_key(), None, &["127.0.0.1"]).await;
    let shown = server.fingerprint();
    ground.does_not(JobState::Failed, &["not known yet", &format!("--roster-host-key {shown}")]).await;
    let other = format!("SHA256:{}", "a".repeat(43));
    ground.change(|fetch| fetch.host_key = Some(other.parse().unwrap())).await;
    ground.does_not(JobState::Failed, &["in place of SHA256:aaa", &shown]).await;
    ground.change(|fetch| fetch.host_key = Some(shown.parse().unwrap())).await;
    let run = ground.completes().await.record.0;
    assert_eq!((run.outcome, run.roster_name.as_deref()), (Outcome::Completed, Some("nes-1.xml")));
    assert_eq!(ground.completes().await.record.0.outcome, Outcome::Unchanged);
    assert!(server.out().join("nes-1.xml").exists(), "nothing is deleted at the customer's side");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_sftp_the_newest_complete_file_counts_and_is_moved_where_that_is_wanted() {
    let server = Sshd::start();
    let key = server.client_key();
    let setting = Fetch {
        host_key: Some(server.fingerprint().parse().unwrap()),
        move_to: Some("done".to_owned()),
        ..fetch(&server.address("*.xml"))
    };
    let ground = Ground::new(setting, &key, None, &["127.0.0.1"]).await;
    assert_eq!(ground.completes().await.record.0.outcome, Outcome::NoRoster);
    fs::create_dir(server.out().join("done")).unwrap();
    for (name, seed, seconds) in [("a.xml", 3, 1), ("b.xml", 3, 2), ("c.xml", 4, 3)] {
        let path = server.out().join(name);
        fs::write(&path, roster(seed)).unwrap();
        let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + seconds);
        fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    }
    // Its sender is not done with the newest.
    fs::write(server.out().join("c.xml.part"), "").unwrap();
    let run = ground.completes().await.record.0;
    assert_eq!((run.outcome, run.roster_name.as_deref()), (Outcome::Completed, Some("b.xml")));
    assert!(server.out().join("done/20231114T221322Z-b.xml").exists() && server.out().join("a.xml").exists());
    // What lies there from before is not the newest because the newest was moved.
    let next = ground.completes().await.record.0;
    assert_eq!((next.roster_name, next.applied.deleted), (None, 0));
    assert!(server.out().join("a.xml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_let_in_is_told() {
    let (server, other) = (Sshd::start(), Sshd::start());
    let host_key = Some(server.fingerprint().parse().unwrap());
    let setting = Fetch { host_key, ..fetch(&server.address("nes.xml")) };
    let ground = Ground::new(setting, &other.client_key(), None, &["127.0.0.1"]).await;
    ground.does_not(JobState::Failed, &["refuses the sign-in of "]).await;
}
