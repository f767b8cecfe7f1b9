//! Words and moments: what both engines keep exactly, and what both refuse in the same words.

use super::{
    NOW,
    harness::{On, TestApp, moment, on_both_engines},
    plan_of, step,
};
use rollover::ledger::{JobMove, LedgerError, NewFilterDecision, NewJob};
use rollover_jobs::{Calendar, Customer, plan::Trigger};
use serde_json::json;

on_both_engines!(
    odd_words_are_read_as_they_were_written,
    a_nul_of_a_person_is_refused,
    a_nul_of_a_machine_is_replaced,
    microseconds_survive_and_nothing_finer_is_kept,
);

// DOMAIN S4
async fn odd_words_are_read_as_they_were_written(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let long = "å".repeat(200_000);
    let odd = [
        "Ærlig talt: «blåbærsyltetøy»",
        "'; DROP TABLE job; -- \" \\ $1 %s {0}",
        "\u{1}\u{7f}\u{85}\u{200f}\u{202e}\u{feff}",
        "👩‍🏫 \u{10ffff} e\u{301}",
        "a\r\nb\tc",
        "null",
        long.as_str(),
    ];
    let ledger = test.ledger();
    for text in odd {
        let task = test.task("nes", "sign_off", json!({"what": text}), Trigger::Hand, None).await;
        assert_eq!(ledger.task(task.id).await.unwrap().args.0["what"], text);
        ledger.sign_off(test.now(), text, task.id, text).await.unwrap();
        let kept = ledger.sign_off_of(task.id).await.unwrap().unwrap();
        assert_eq!((kept.support_person.as_str(), kept.reason.as_str()), (text, text));
        let line = ledger.events_of_task(task.id).await.unwrap().pop().unwrap();
        assert_eq!((line.actor.as_str(), line.note.as_deref()), (text, Some(text)));
        let job = test.scripted_job(None, &[]).await;
        let lease_until = moment("2024-06-03T09:00:00Z");
        let claim = JobMove::Claim { owner: text.to_owned(), lease_until };
        assert_eq!(
            ledger.apply(test.now(), "w", job, claim).await.unwrap().lease_owner.as_deref(),
            Some(text)
        );
        let failed =
            ledger.apply(test.now(), "w", job, JobMove::GiveUp { why: text.to_owned() }).await.unwrap();
        assert_eq!(failed, test.job(job).await);
        ledger
            .update_customer(test.now(), text, &Customer { name: text.to_owned(), ..nes.clone() })
            .await
            .unwrap();
        assert_eq!(ledger.customer("nes").await.unwrap().name, text);
    }
}

async fn a_nul_of_a_person_is_refused(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let task = test.task("nes", "sign_off", json!({"what": "x"}), Trigger::Hand, None).await;
    let job = test.scripted_job(None, &[]).await;
    let (ledger, now, nul) = (test.ledger(), test.now(), "by\0phone");
    let named = Customer { name: nul.to_owned(), ..nes.clone() };
    let decision = NewFilterDecision {
        customer: nes.id.clone(),
        roster: super::runs::roster('a'),
        limits: None,
        slice: None,
        customer_person: "Rektor".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: nul.to_owned(),
    };
    let mut titled = step(0, "first", Trigger::Hand);
    titled.title = nul.to_owned();
    let nul_job = NewJob {
        task: None,
        customer: None,
        kind: "noop".to_owned(),
        args: json!({"deep": [nul]}),
        lane: None,
        due_at: now,
    };
    let refused = [
        ledger.sign_off(now, "Ingrid", task.id, nul).await.map(drop),
        ledger.sign_off(now, nul, task.id, "done").await.map(drop),
        ledger.skip_task(now, "Ingrid", task.id, nul).await.map(drop),
        ledger.cancel_task(now, nul, task.id, "why").await.map(drop),
        ledger.cancel_job(now, "Ingrid", job, nul).await.map(drop),
        ledger.update_customer(now, "Ingrid", &named).await,
        ledger.add_customer(now, "Ingrid", &Customer { id: "other".parse().unwrap(), ..named }).await,
        ledger.update_customer(now, nul, &Customer { mis: "other".to_owned(), ..nes.clone() }).await,
        ledger.set_calendar(now, nul, "nes", 2025, &Calendar::default()).await,
        ledger.decide_filter(now, &decision).await.map(drop),
        ledger.create_plan(now, "Ingrid", &plan_of("eoy", 2024, vec![titled])).await.map(drop),
        ledger.enqueue(now, "Ingrid", &[nul_job]).await.map(drop),
    ];
    for (index, refused) in refused.into_iter().enumerate() {
        let Err(LedgerError::Refused(said)) = refused else { panic!("{index}: {refused:?}") };
        assert!(said.ends_with("holds a NUL character, which cannot be kept: write it without"), "{said}");
    }
    assert_eq!(ledger.customer("nes").await.unwrap(), nes);
    assert!(ledger.plans(None, 9).await.unwrap().is_empty());
    assert_eq!(ledger.task(task.id).await.unwrap(), task);
}

async fn a_nul_of_a_machine_is_replaced(on: On) {
    let test = TestApp::new(on, NOW).await;
    let lease_until = moment("2024-06-03T09:00:00Z");
    let ends = [
        JobMove::GiveUp { why: "bad byte \0 in file".to_owned() },
        JobMove::RetryLater { run_at: lease_until, why: "bad byte \0 in file".to_owned() },
        JobMove::Finish { report: json!({"said": ["a\0b"]}) },
    ];
    for end in ends {
        let job = test.scripted_job(None, &[]).await;
        let claim = JobMove::Claim { owner: "w".to_owned(), lease_until };
        test.ledger().apply(test.now(), "w", job, claim).await.unwrap();
        test.ledger().apply(test.now(), "w", job, end.clone()).await.unwrap();
        let row = test.job(job).await;
        assert_ne!(row.state.as_str(), "running", "a job must be able to end: {end:?}");
        match row.report {
            Some(report) => assert_eq!(report.0, json!({"said": ["a\u{fffd}b"]})),
            None => assert_eq!(row.why.as_deref(), Some("bad byte \u{fffd} in file")),
        }
        let line = test.ledger().events_of_job(job).await.unwrap().pop().unwrap();
        assert!(!line.note.unwrap_or_default().contains('\0'));
    }
}

async fn microseconds_survive_and_nothing_finer_is_kept(on: On) {
    let test = TestApp::new(on, "2024-06-03T08:00:00.000001Z").await;
    for (given, kept) in [
        ("2024-06-03T08:00:00.123456Z", "2024-06-03T08:00:00.123456Z"),
        ("2024-06-03T08:00:00.120Z", "2024-06-03T08:00:00.12Z"),
        ("2024-06-03T08:00:00.999999999Z", "2024-06-03T08:00:00.999999Z"),
    ] {
        let job = NewJob {
            task: None,
            customer: None,
            kind: "noop".to_owned(),
            args: json!({}),
            lane: None,
            due_at: moment(given),
        };
        let id = test.ledger().enqueue(test.now(), "t", &[job]).await.unwrap()[0];
        let row = test.job(id).await;
        assert_eq!((row.due_at, row.run_at), (moment(kept), Some(moment(kept))), "{given}");
        assert_eq!(row.created_at, moment("2024-06-03T08:00:00.000001Z"));
    }
}
