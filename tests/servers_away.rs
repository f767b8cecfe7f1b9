//! A database or queue that is away: commands say which within seconds, the pages say so, and what runs goes on.

#![cfg(test)]

mod harness;

use harness::{
    program::{SetUp, until},
    support::{Postgres, Redis, free_port, http_client},
};
use serde_json::json;
use std::{
    process::Output,
    time::{Duration, Instant},
};

/// A person who typed a command waits so long at most.
const SECONDS: Duration = Duration::from_secs(8);

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// `127.0.0.1:port/database` of the set-up's ledger.
fn server(set_up: &SetUp) -> String {
    set_up.database.as_ref().unwrap().url().rsplit_once('@').unwrap().1.to_owned()
}

fn says_soon(set_up: &SetUp, args: &[&str], code: i32, words: &[&str]) {
    let start = Instant::now();
    let output = set_up.run(args);
    let (took, said) = (start.elapsed(), said(&output));
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?} does not say {word:?}: {said}");
    }
    assert!(took < SECONDS, "{args:?} took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_names_the_database_that_is_away() {
    let redis = Redis::shared();
    let database = Postgres::start_own().fresh_database();
    let set_up = SetUp::over(Some(database), Some(redis.url().to_owned())).await;
    let server = server(&set_up);
    let postgres = set_up.database.as_ref().unwrap().server();
    postgres.stop_immediately();
    let words = [server.as_str(), "refused", "start it, or correct ledger.url"];
    for args in [&["customer", "list"][..], &["job", "list"], &["migrate"]] {
        says_soon(&set_up, args, 1, &words);
    }
    says_soon(&set_up, &["doctor"], 5, &words);
    postgres.start_again();
    says_soon(&set_up, &["customer", "list"], 0, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_told_from_one_that_is_away() {
    let redis = Redis::shared();
    let set_up = SetUp::over(Some(Postgres::shared().fresh_database()), Some(redis.url().to_owned())).await;
    let url = format!("{}_not", set_up.database.as_ref().unwrap().url());
    let url = url.replace("rollover@", "rollover:s3cret@");
    let file = set_up.folder.path().join("other.toml");
    std::fs::write(&file, format!("[ledger]\nurl = \"{url}\"\n")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollover"))
        .args(["customer", "list", "--config", "other.toml"])
        .current_dir(set_up.folder.path())
        .output()
        .unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("lets us not in") && said.contains("does not exist"), "{said}");
    assert!(said.contains("127.0.0.1:") && !said.contains("s3cret"), "{said}");
}

struct Pages {
    base: String,
}

impl Pages {
    async fn of(&self, path: &str) -> Option<(u16, String)> {
        let answer = http_client().build().ok()?.get(format!("{}{path}", self.base)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    async fn until(&self, status: u16, text: &str) {
        until(&format!("{status} {text}"), async || {
            let (found, said) = self.of("/healthz").await?;
            (found == status && said.starts_with(text)).then_some(())
        })
        .await;
        assert_eq!(self.of("/healthz/live").await, Some((200, "ok".to_owned())), "it lives all the time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_ready_while_ledger_and_queue_answer() {
    let mut redis = Redis::start();
    let database = Postgres::start_own().fresh_database();
    let set_up = SetUp::over(Some(database), Some(redis.url().to_owned())).await;
    let port = free_port();
    let serve = set_up.serve(port);
    let pages = Pages { base: format!("http://127.0.0.1:{port}") };
    pages.until(200, "ok").await;
    redis.kill();
    pages.until(503, "the queue does not answer").await;
    redis.restart();
    pages.until(200, "ok").await;
    let postgres = set_up.database.as_ref().unwrap().server();
    postgres.stop_immediately();
    pages.until(503, "the ledger does not answer").await;
    postgres.start_again();
    pages.until(200, "ok").await;
    drop(serve);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_waits_for_a_database_that_is_away() {
    let redis = Redis::start();
    let database = Postgres::start_own().fresh_database();
    let set_up = SetUp::over(Some(database), Some(redis.url().to_owned())).await;
    let jobs = set_up.enqueue(None, "noop", &json!({}), 1).await;
    let postgres = set_up.database.as_ref().unwrap().server();
    postgres.stop_immediately();
    let schedule = set_up.waiting("schedule");
    let work = set_up.waiting("work");
    postgres.start_again();
    set_up.until_job(jobs[0], |job| job.state == rollover::model::JobState::Done).await;
    drop((schedule, work));
}
