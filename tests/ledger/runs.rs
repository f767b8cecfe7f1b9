//! Import runs, the state of the integration, and the mails about them: all in one transaction.

use super::{
    NOW,
    harness::{On, TestApp, moment, on_both_engines},
};
use chrono::Duration;
use rollover::ledger::{JobFilter, JobMove, LedgerError, NewJob, QueuedMail};
use rollover_jobs::{
    Customer, WriteProof,
    ports::{Applied, Author, Begun, Outcome, Pause, RunId, RunRecord, SiteCounts, Window},
};
use rollover_roster::{diff::ChangeCounts, snapshot::SnapshotId};
use serde_json::json;

on_both_engines!(
    a_job_records_one_run_with_its_mails_and_the_jobs_that_send_them,
    the_pointers_move_only_with_a_roster_that_was_accepted,
    without_recipients_there_is_no_mail,
    what_cannot_be_kept_whole_is_not_kept,
    a_mail_is_sent_once_and_says_why_it_has_not_left,
    pause_and_delay_delete_change_once,
    a_pause_or_window_of_nobody_is_never_taken_for_none,
    a_worker_that_lost_its_claim_records_nothing,
    what_is_under_way_stays_until_a_run_completes,
    a_job_that_is_run_again_records_a_run_of_its_own,
    a_later_run_that_took_a_roster_in_supersedes_what_came_to_nothing,
);

/// A roster that was stored, by one letter.
pub fn roster(letter: char) -> SnapshotId {
    letter.to_string().repeat(64).parse().unwrap()
}

pub fn record(job: i64, outcome: Outcome) -> RunRecord {
    let counts = SiteCounts { memberships: 3, ..SiteCounts::default() };
    RunRecord {
        job,
        round: 0,
        outcome,
        started_at: moment("2024-06-03T07:59:00.000001Z"),
        ended_at: moment(NOW),
        roster_name: Some("nes-2024-06-03.xml".to_owned()),
        roster_arrived_at: None,
        roster: Some(roster('a')),
        mirror: None,
        before: counts.clone(),
        after: counts,
        planned: ChangeCounts::default(),
        applied: Applied { created: 2, ..Applied::default() },
        postponed_deletes: ChangeCounts::default(),
        postponed_until: None,
        held_courses: 4,
        held_until: Some("2024-08-19".parse().unwrap()),
        not_released: ChangeCounts::default(),
        start_not_known: false,
        breaches: Vec::new(),
        shrunken: Vec::new(),
        read_errors: None,
        failure: None,
        used_decision: None,
        under_way: None,
        applied_in_part: false,
        stood: None,
        undo_of: None,
        refused: None,
        concessions: Default::default(),
        predicted_duplicates: 0,
        courses_gone: Default::default(),
    }
}

fn mail_job(mail: i64) -> NewJob {
    NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "send_status_mail".to_owned(),
        args: json!({ "mail": mail }),
        lane: None,
        due_at: moment(NOW),
    }
}

fn rendered(run: RunId) -> Vec<QueuedMail> {
    vec![to(run, "it@customer.example"), to(run, "support@ours.example")]
}

fn to(run: RunId, recipient: &str) -> QueuedMail {
    QueuedMail {
        kind: "import_status",
        recipient: recipient.to_owned(),
        message_id: format!("run-{run}-{recipient}"),
        subject: format!("Run {run}"),
        text_body: "in words".to_owned(),
        html_body: "<p>in words</p>".to_owned(),
    }
}

pub async fn keep(test: &TestApp, customer: &Customer, run: &RunRecord) -> RunId {
    let proof = test.claim(run.job).await;
    let id = test.ledger().record_run(test.now(), customer, run, &proof, rendered, mail_job).await.unwrap();
    test.give_back(run.job).await;
    id
}

async fn mail_jobs(test: &TestApp) -> usize {
    let kind = Some("send_status_mail".to_owned());
    test.ledger().jobs(&JobFilter { kind, limit: 10, ..JobFilter::default() }).await.unwrap().len()
}

// DOMAIN I2
async fn a_job_records_one_run_with_its_mails_and_the_jobs_that_send_them(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[]).await;
    let run = record(job, Outcome::Aborted);
    let id = keep(&test, &nes, &run).await;
    let row = test.ledger().run(id).await.unwrap();
    assert_eq!(row.record.0, run, "every figure is kept");
    assert_eq!((row.outcome.as_str(), row.started_at), ("aborted", run.started_at));
    let mails = test.ledger().mails_of_run(id).await.unwrap();
    let recipients: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(recipients, ["it@customer.example", "support@ours.example"]);
    assert_eq!(mails[1].subject, format!("Run {id}"));
    assert_eq!(mail_jobs(&test).await, 2, "each is sent by a job of its own");
    // The worker died between record and end: the job runs again and records another outcome.
    let again = keep(&test, &nes, &record(job, Outcome::Completed)).await;
    assert_eq!(again, id);
    assert_eq!(test.ledger().run_of_job(job).await.unwrap().unwrap().outcome, "aborted", "the first record");
    assert_eq!(
        (mail_jobs(&test).await, test.ledger().runs_of_customer("nes", 9).await.unwrap().len()),
        (2, 1)
    );
}

// DOMAIN I1, I4
async fn the_pointers_move_only_with_a_roster_that_was_accepted(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let pointers = async || {
        let state = test.ledger().integration(&nes.id).await.unwrap();
        (state.import, state.mirror)
    };
    let mut expected = (None, None);
    for (letter, outcome, mirror) in [
        ('a', Outcome::Failed, None),
        ('b', Outcome::Completed, Some(roster('c'))),
        ('d', Outcome::Aborted, None),
        ('b', Outcome::Unchanged, None),
        ('e', Outcome::Completed, Some(roster('e'))),
    ] {
        let job = test.scripted_job(Some("nes"), &[]).await;
        let run = RunRecord { roster: Some(roster(letter)), mirror, ..record(job, outcome) };
        keep(&test, &nes, &run).await;
        if mirror.is_some() {
            expected = (run.roster, mirror);
        }
        assert_eq!(pointers().await, expected, "{letter}");
    }
    let newest = test.ledger().runs_of_customer("nes", 2).await.unwrap();
    let outcomes: Vec<&str> = newest.iter().map(|run| run.outcome.as_str()).collect();
    assert_eq!(outcomes, ["completed", "unchanged"], "newest first, no more than asked for");
}

async fn without_recipients_there_is_no_mail(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[]).await;
    let run = record(job, Outcome::Completed);
    let proof = test.claim(job).await;
    let id =
        test.ledger().record_run(test.now(), &nes, &run, &proof, |_| Vec::new(), mail_job).await.unwrap();
    assert!(test.ledger().mails_of_run(id).await.unwrap().is_empty());
    assert_eq!(mail_jobs(&test).await, 0);
}

async fn what_cannot_be_kept_whole_is_not_kept(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[]).await;
    let run = RunRecord { mirror: Some(roster('a')), ..record(job, Outcome::Completed) };
    let nobody = |mail: i64| NewJob { customer: Some("nobody".to_owned()), ..mail_job(mail) };
    let proof = test.claim(job).await;
    let refused = test.ledger().record_run(test.now(), &nes, &run, &proof, rendered, nobody).await;
    test.give_back(job).await;
    assert!(refused.is_err(), "the mail's job names no customer");
    assert_eq!(test.ledger().run_of_job(job).await.unwrap(), None);
    assert!(test.ledger().mails_of_customer("nes", 9).await.unwrap().is_empty());
    assert_eq!(test.ledger().integration(&nes.id).await.unwrap().mirror, None);
    keep(&test, &nes, &run).await;
    assert_eq!(test.ledger().integration(&nes.id).await.unwrap().mirror, run.mirror);
}

async fn a_mail_is_sent_once_and_says_why_it_has_not_left(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[]).await;
    let id = keep(&test, &nes, &record(job, Outcome::Completed)).await;
    let ledger = test.ledger();
    let mail = ledger.mails_of_run(id).await.unwrap().remove(0);
    assert_eq!((mail.sent_at, mail.why, mail.created_at), (None, None, test.now()));
    ledger.mail_not_sent(mail.id, "mailbox full").await.unwrap();
    assert_eq!(ledger.mail(mail.id).await.unwrap().why.as_deref(), Some("mailbox full"));
    let (first, second) = (moment("2024-06-03T08:05:00Z"), moment("2024-06-03T08:06:00Z"));
    ledger.mail_sent(mail.id, first).await.unwrap();
    ledger.mail_sent(mail.id, second).await.unwrap();
    ledger.mail_not_sent(mail.id, "too late to say").await.unwrap();
    let sent = ledger.mail(mail.id).await.unwrap();
    assert_eq!((sent.sent_at, sent.why), (Some(first), None));
    let sent: Vec<bool> =
        ledger.mails_of_run(id).await.unwrap().iter().map(|mail| mail.sent_at.is_some()).collect();
    assert_eq!(sent, [true, false], "the other recipient's mail is its own");
    assert_eq!(ledger.mails_of_customer("nes", 9).await.unwrap().len(), 2);
}

fn begun(created: u64) -> Begun {
    Begun { applied: Applied { created, ..Applied::default() }, ..Begun::default() }
}

// DOMAIN I1, I5
async fn a_worker_that_lost_its_claim_records_nothing(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[]).await;
    let lost = test.claim(job).await;
    test.ledger().apply(test.now(), "reaper", job, JobMove::LeaseExpired).await.unwrap();
    let run = RunRecord { mirror: Some(roster('a')), ..record(job, Outcome::Completed) };
    let refused = async |proof: &WriteProof| {
        let begun = test.ledger().begin_import(test.now(), &nes.id, &roster('b'), &begun(0), proof).await;
        assert!(matches!(begun, Err(LedgerError::Raced { .. })), "{begun:?}");
        let progress = test.ledger().import_progress(&nes.id, &self::begun(1), proof).await;
        assert!(matches!(progress, Err(LedgerError::Raced { .. })), "{progress:?}");
        let kept = test.ledger().record_run(test.now(), &nes, &run, proof, rendered, mail_job).await;
        assert!(matches!(kept, Err(LedgerError::Raced { .. })), "{kept:?}");
    };
    refused(&lost).await;
    // Another worker has the job by now.
    let holds = test.claim(job).await;
    refused(&lost).await;
    assert_eq!(test.ledger().run_of_job(job).await.unwrap(), None);
    let state = test.ledger().integration(&nes.id).await.unwrap();
    assert_eq!((state.mirror, state.under_way), (None, None));
    test.ledger().record_run(test.now(), &nes, &run, &holds, rendered, mail_job).await.unwrap();
    assert_eq!(test.ledger().integration(&nes.id).await.unwrap().mirror, run.mirror);
}

// DOMAIN I5
async fn what_is_under_way_stays_until_a_run_completes(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[]).await;
    let proof = test.claim(job).await;
    test.ledger().begin_import(test.now(), &nes.id, &roster('b'), &begun(0), &proof).await.unwrap();
    test.ledger().import_progress(&nes.id, &begun(500), &proof).await.unwrap();
    test.give_back(job).await;
    for (outcome, mirror, left, expected) in [
        (Outcome::Aborted, None, None, Some(roster('b'))),
        (Outcome::Unchanged, None, None, Some(roster('b'))),
        (Outcome::Completed, Some(roster('c')), Some(roster('d')), Some(roster('d'))),
        (Outcome::Completed, Some(roster('c')), None, None),
    ] {
        let job = test.scripted_job(Some("nes"), &[]).await;
        keep(&test, &nes, &RunRecord { mirror, under_way: left, ..record(job, outcome) }).await;
        let state = test.ledger().integration(&nes.id).await.unwrap();
        assert_eq!(state.under_way, expected, "{outcome:?}");
        let figures = (outcome != Outcome::Completed).then(|| begun(500));
        assert_eq!(state.begun, figures, "{outcome:?}");
    }
}

// DOMAIN I2
async fn a_job_that_is_run_again_records_a_run_of_its_own(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[]).await;
    let first = keep(&test, &nes, &record(job, Outcome::Aborted)).await;
    test.claim(job).await;
    for event in [JobMove::Abort { why: "harm".to_owned() }, JobMove::RunAgain { why: "decided".to_owned() }]
    {
        test.ledger().apply(test.now(), "test", job, event).await.unwrap();
    }
    assert_eq!(test.job(job).await.round, 1);
    let second = keep(&test, &nes, &RunRecord { round: 1, ..record(job, Outcome::Completed) }).await;
    assert_ne!(first, second);
    let ledger = test.ledger();
    assert_eq!(ledger.run_of_round(job, 0).await.unwrap().unwrap().id, first);
    assert_eq!(ledger.run_of_round(job, 1).await.unwrap().unwrap().id, second);
    assert_eq!(ledger.run_of_job(job).await.unwrap().unwrap().id, second, "the newest");
    for run in [first, second] {
        assert!(!ledger.mails_of_run(run).await.unwrap().is_empty(), "each has its mails");
    }
}

// DOMAIN P1, P2
async fn pause_and_delay_delete_change_once(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await.id;
    let (ledger, now) = (test.ledger(), test.now());
    let kari = Author::Person { name: "Kari".to_owned() };
    let step = Author::Step { plan: "eoy".to_owned(), year: 2024, step: "pause_integration".to_owned() };
    let summer = Pause { since: now, why: "summer".to_owned(), by: step.clone() };
    let phone = Pause { since: now + Duration::hours(1), why: "phone".to_owned(), by: kari.clone() };
    assert!(ledger.pause(now, &nes, &summer, None).await.unwrap());
    assert!(!ledger.pause(now, &nes, &phone, None).await.unwrap(), "paused already");
    assert_eq!(ledger.integration(&nes).await.unwrap().pause, Some(summer.clone()));
    assert!(ledger.pause(now, &nes, &phone, Some(&summer)).await.unwrap(), "taken over");
    assert_eq!(ledger.integration(&nes).await.unwrap().pause, Some(phone.clone()));
    assert!(!ledger.resume(now, &nes, &summer, &step).await.unwrap(), "that pause is over");
    assert!(ledger.resume(now, &nes, &phone, &kari).await.unwrap());
    assert!(!ledger.resume(now, &nes, &phone, &kari).await.unwrap());
    let window = |start: &str, end: &str| Window { start: start.parse().unwrap(), end: end.parse().unwrap() };
    let (first, longer) = (window("2024-06-22", "2024-08-18"), window("2024-06-22", "2024-08-25"));
    assert!(ledger.start_delay_delete(now, &nes, first, &step).await.unwrap());
    assert!(!ledger.start_delay_delete(now, &nes, first, &step).await.unwrap());
    assert!(ledger.start_delay_delete(now, &nes, longer, &kari).await.unwrap());
    let state = ledger.integration(&nes).await.unwrap();
    assert_eq!((state.delay_delete, state.delay_delete_by.as_ref()), (Some(longer), Some(&kari)));
    assert!(!ledger.end_delay_delete(now, &nes, first, &step).await.unwrap(), "it is another window now");
    assert!(ledger.end_delay_delete(now, &nes, longer, &kari).await.unwrap());
    assert!(!ledger.end_delay_delete(now, &nes, longer, &kari).await.unwrap());
    let state = ledger.integration(&nes).await.unwrap();
    assert_eq!((state.pause, state.delay_delete, state.delay_delete_by), (None, None, None));
    let turns = ledger.events_of_integration("nes").await.unwrap();
    let story: Vec<(&str, &str)> =
        turns.iter().rev().map(|line| (line.name.as_str(), line.actor.as_str())).collect();
    let eoy = "plan eoy 2024, step pause_integration";
    assert_eq!(
        story,
        [
            ("paused", eoy),
            ("paused", "Kari"),
            ("resumed", "Kari"),
            ("delay_delete_started", eoy),
            ("delay_delete_started", "Kari"),
            ("delay_delete_ended", "Kari"),
        ]
    );
}

// DOMAIN P1, P2
async fn a_pause_or_window_of_nobody_is_never_taken_for_none(on: On) {
    for columns in
        ["pause_since = '2024-06-22T04:00:00+00:00'", "delay_start = '2024-06-22', delay_end = '2024-08-18'"]
    {
        let test = TestApp::new(on, NOW).await;
        let nes = test.customer("nes", &[]).await.id;
        test.execute(&format!("UPDATE integration SET {columns} WHERE customer_id = 'nes'")).await;
        let error = test.ledger().integration(&nes).await.unwrap_err().to_string();
        assert!(error.contains("integration of nes") && error.contains("by whom"), "{error}");
    }
}

async fn a_later_run_that_took_a_roster_in_supersedes_what_came_to_nothing(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let other = test.customer("bergdal", &[]).await;
    let run_of = async |customer: &Customer, outcome, roster_name: Option<&str>| {
        let job = test.scripted_job(Some(customer.id.as_str()), &[]).await;
        let kept = RunRecord { roster_name: roster_name.map(str::to_owned), ..record(job, outcome) };
        test.ledger().record_end(test.now(), customer, &kept, |_| Vec::new(), mail_job).await.unwrap();
        job
    };
    let run = async |customer: &Customer, outcome| run_of(customer, outcome, Some("nes.xml")).await;
    let failed = run(&nes, Outcome::Failed).await;
    let held = run(&nes, Outcome::Aborted).await;
    let of_other = run(&other, Outcome::Failed).await;
    let all = [failed, held, of_other];
    let superseded = async || {
        let mut found: Vec<i64> = test.ledger().superseded_imports(&all).await.unwrap().into_iter().collect();
        found.sort_unstable();
        found
    };
    for nothing in [Outcome::NoRoster, Outcome::Failed, Outcome::Aborted] {
        run(&nes, nothing).await;
        assert!(superseded().await.is_empty(), "{nothing:?} makes nothing good");
    }
    for without_roster in [Outcome::Unchanged, Outcome::Completed] {
        run_of(&nes, without_roster, None).await;
        assert!(superseded().await.is_empty(), "{without_roster:?} without a file took no roster in");
    }
    run(&nes, Outcome::Completed).await;
    assert_eq!(superseded().await, [failed, held], "of the same customer only");
    run(&other, Outcome::Unchanged).await;
    assert_eq!(superseded().await, all);
    let newest = run(&nes, Outcome::Failed).await;
    assert!(
        test.ledger().superseded_imports(&[newest]).await.unwrap().is_empty(),
        "it came after the good one"
    );
}
