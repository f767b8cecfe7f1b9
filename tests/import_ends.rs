//! However an import ends, there is a run and its mail; and run again it looks at the world anew.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::{
    ledger::{JobMove, NewJob, RunRow},
    model::JobState,
};
use rollover_jobs::ports::Outcome;
use rollover_roster::{
    invent::{Invention, Municipality},
    write::write_imse,
};
use serde_json::json;
use std::fs;

on_both_engines!(
    whatever_ends_an_attempt_there_is_a_run_and_a_mail,
    what_was_never_tried_leaves_no_run,
    a_source_that_is_away_for_half_an_hour_is_survived,
    a_source_that_stays_away_is_told,
    run_again_it_reads_the_corrected_file,
    run_again_at_once_its_earlier_ends_are_recorded_all_the_same,
);

const SPRING: &str = "2024-04-02T00:30:00Z";

async fn enqueue(test: &TestApp) -> i64 {
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0]
}

fn lay_down(test: &TestApp, text: &[u8]) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

fn roster(test: &TestApp) -> Vec<u8> {
    let mut text = Vec::new();
    let municipality = Municipality::new(&Invention::small(3));
    write_imse(&mut text, &municipality.roster(), "fjordsas", &test.now().to_rfc3339()).unwrap();
    text
}

/// The source cannot be read: a file stands where its folder should be.
fn source_goes(test: &TestApp) {
    fs::create_dir_all(test.app.settings.roster_folder()).unwrap();
    fs::write(test.app.settings.roster_folder().join("nes"), "").unwrap();
}

async fn runs(test: &TestApp) -> Vec<RunRow> {
    test.ledger().runs_of_customer("nes", 9).await.unwrap()
}

// DOMAIN I2
async fn whatever_ends_an_attempt_there_is_a_run_and_a_mail(on: On) {
    let test = TestApp::new(on, SPRING).await;
    test.customer("nes", &[]).await;
    let why = |why: &str| why.to_owned();
    for (number, event) in [
        JobMove::GiveUp { why: why("its worker went silent in each of 14 attempts") },
        JobMove::GiveUp { why: why("the site of nes refused a change of person: no") },
        JobMove::Cancel { why: why("cancelled by a person while it ran") },
        JobMove::Abort { why: why("going on would do harm") },
    ]
    .into_iter()
    .enumerate()
    {
        let job = enqueue(&test).await;
        test.claim(job).await;
        let ended = test.ledger().apply(test.now(), "w", job, event.clone()).await.unwrap();
        test.season.settle().await.unwrap();
        let run = test.ledger().run_of_job(job).await.unwrap().expect("its end is recorded");
        assert_eq!((run.record.outcome, run.record.failure.clone()), (Outcome::Failed, event.note()));
        assert_eq!(Some(run.ended_at), ended.ended_at);
        let mail = test.ledger().mails_of_run(run.id).await.unwrap().pop().expect("and its mail is made");
        assert!(mail.subject.contains("Failed"), "{}", mail.subject);
        test.season.settle().await.unwrap();
        assert_eq!(runs(&test).await.len(), number + 1, "once");
    }
}

async fn what_was_never_tried_leaves_no_run(on: On) {
    let test = TestApp::new(on, SPRING).await;
    test.customer("nes", &[]).await;
    let job = enqueue(&test).await;
    test.ledger().cancel_job(test.now(), "Ingrid", job, "not tonight").await.unwrap();
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job).await.state, JobState::Cancelled);
    assert_eq!(runs(&test).await, []);
}

async fn a_source_that_is_away_for_half_an_hour_is_survived(on: On) {
    let test = TestApp::new(on, SPRING).await;
    test.customer("nes", &[]).await;
    source_goes(&test);
    let job = enqueue(&test).await;
    test.play("2024-04-02T01:00:00Z").await;
    assert_eq!(test.job(job).await.state, JobState::Retrying);
    fs::remove_file(test.app.settings.roster_folder().join("nes")).unwrap();
    lay_down(&test, &roster(&test));
    test.play("2024-04-02T02:00:00Z").await;
    assert_eq!(test.job(job).await.state, JobState::Done);
    let outcomes: Vec<Outcome> = runs(&test).await.iter().map(|run| run.record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Completed]);
}

// DOMAIN I2
async fn a_source_that_stays_away_is_told(on: On) {
    let test = TestApp::new(on, SPRING).await;
    test.customer("nes", &[]).await;
    source_goes(&test);
    let job = enqueue(&test).await;
    test.play("2024-04-02T04:30:00Z").await;
    assert_eq!(test.job(job).await.state, JobState::Failed);
    let run = test.ledger().run_of_job(job).await.unwrap().expect("the last attempt is recorded");
    assert_eq!(run.record.outcome, Outcome::Failed);
    assert!(
        run.record.failure.as_ref().unwrap().contains("the last of 14 attempts"),
        "{:?}",
        run.record.failure
    );
}

// DOMAIN I2, I4
async fn run_again_it_reads_the_corrected_file(on: On) {
    let test = TestApp::new(on, SPRING).await;
    test.customer("nes", &[]).await;
    lay_down(&test, b"<enterprise><person>");
    let job = enqueue(&test).await;
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job).await.state, JobState::Failed);
    lay_down(&test, &roster(&test));
    let again = JobMove::RunAgain { why: "the file is corrected".to_owned() };
    test.ledger().apply(test.now(), "Ingrid", job, again).await.unwrap();
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job).await.state, JobState::Done);
    let told: Vec<_> = runs(&test).await.iter().map(|run| (run.round, run.record.outcome)).collect();
    assert_eq!(told, [(1, Outcome::Completed), (0, Outcome::Failed)]);
    for run in runs(&test).await {
        assert_eq!(test.ledger().mails_of_run(run.id).await.unwrap().len(), 1, "each has its mail");
    }
}

// DOMAIN I2
async fn run_again_at_once_its_earlier_ends_are_recorded_all_the_same(on: On) {
    let test = TestApp::new(on, SPRING).await;
    test.customer("nes", &[]).await;
    lay_down(&test, &roster(&test));
    let job = enqueue(&test).await;
    for why in ["its worker went silent", "the site refused it"] {
        test.claim(job).await;
        // Nobody has looked for ends between these two.
        let (ended, again) =
            (JobMove::GiveUp { why: why.to_owned() }, JobMove::RunAgain { why: "at once".to_owned() });
        for event in [ended, again] {
            test.ledger().apply(test.now(), "Ingrid", job, event).await.unwrap();
        }
    }
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job).await.state, JobState::Done);
    let mut told: Vec<_> = runs(&test)
        .await
        .into_iter()
        .map(|run| (run.round, run.record.0.outcome, run.record.0.failure))
        .collect();
    told.sort_by_key(|(round, ..)| *round);
    let failed = |round, why: &str| (round, Outcome::Failed, Some(why.to_owned()));
    let expected = [
        failed(0, "its worker went silent"),
        failed(1, "the site refused it"),
        (2, Outcome::Completed, None),
    ];
    assert_eq!(told, expected);
    assert_eq!(test.ledger().untold_ends(&["import_roster"], 9).await.unwrap(), [], "each is told once");
}
