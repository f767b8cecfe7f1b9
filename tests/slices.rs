//! A difference that the Filter stops, released in slices: the site comes to what it would have come to at once.

#![cfg(test)]

mod harness;

use harness::{On, TestApp, on_both_engines};
use rollover::ledger::{NewFilterDecision, NewJob, RunRow};
use rollover_jobs::{Customer, ports::Outcome};
use rollover_roster::{
    diff::Action,
    invent::{Invention, Municipality},
    model::{Kind, Roster},
    places::Places,
    slices::Slice,
    write::write_imse,
};
use serde_json::json;
use std::fs;

on_both_engines!(
    what_is_not_released_is_held_and_looked_at_again,
    a_slice_and_the_rest_come_to_what_all_at_once_does,
    a_slice_that_names_nothing_leaves_the_abort,
);

const SPRING: &str = "2024-04-02T00:30:00Z";

/// Texts alone, so that both engines take them.
const SITE: [&str; 4] = [
    "SELECT sync_key || ' ' || name || ' ' || coalesce(parent_key, '') || ' ' || made_by || ' ' || hash
     FROM site_group ORDER BY 1",
    "SELECT sync_key || ' ' || state || ' ' || made_by || ' ' || hash FROM site_person ORDER BY 1",
    "SELECT sync_key || ' ' || state || ' ' || CAST(attached AS TEXT) || ' ' || made_by || ' ' || hash
     FROM site_course ORDER BY 1",
    "SELECT group_key || ' ' || person_key || ' ' || role || ' ' || made_by || ' ' || hash
     FROM site_membership ORDER BY 1",
];

async fn site(test: &TestApp) -> Vec<String> {
    let mut rows = Vec::new();
    for sql in SITE {
        rows.extend(test.texts(sql).await);
    }
    rows
}

fn lay_down(test: &TestApp, roster: &Roster) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    write_imse(&mut text, roster, "fjordsas", &test.now().to_rfc3339()).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

async fn import(test: &TestApp) -> RunRow {
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    let job = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded")
}

/// The Filter off for the roster of a run, for all of it or for a slice.
async fn release(test: &TestApp, customer: &Customer, run: &RunRow, slice: Option<Slice>) -> i64 {
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster: run.record.roster.unwrap(),
        limits: None,
        slice,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "figures compared".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap()
}

/// A site that holds the old school year, and the run in which the Filter stopped the new one.
async fn stopped(on: On) -> (TestApp, Customer, Municipality, RunRow) {
    let test = TestApp::new(on, SPRING).await;
    let customer = test.customer("nes", &["courses"]).await;
    let mut municipality = Municipality::new(&Invention::small(3));
    lay_down(&test, &municipality.roster());
    let first = import(&test).await;
    assert_eq!(first.record.outcome, Outcome::Completed, "{:?}", first.record.breaches);
    municipality.turn_school_year();
    municipality.lose_school();
    lay_down(&test, &municipality.roster());
    let run = import(&test).await;
    assert_eq!(run.record.outcome, Outcome::Aborted);
    (test, customer, municipality, run)
}

fn slice(kinds: &[Kind], actions: &[Action]) -> Slice {
    Slice {
        kinds: kinds.iter().copied().collect(),
        actions: actions.iter().copied().collect(),
        ..Slice::default()
    }
}

/// Every kind and every sort of change alone, and every school.
fn slices(municipality: &Municipality) -> Vec<Slice> {
    let mut places = Places::default();
    municipality.roster().records().iter().for_each(|record| places.learn(record));
    let schools = places.schools().into_iter().map(str::to_owned);
    let schools = schools.map(|school| Slice { schools: [school].into(), ..Slice::default() });
    let kinds = Kind::ALL.into_iter().map(|kind| slice(&[kind], &[]));
    let actions = Action::ALL.into_iter().map(|action| slice(&[], &[action]));
    let deletes = slice(&[Kind::Membership], &[Action::Delete]);
    kinds.chain(actions).chain(schools).chain([deletes]).collect()
}

// DOMAIN F2, F3
async fn what_is_not_released_is_held_and_looked_at_again(on: On) {
    let (test, customer, _, aborted) = stopped(on).await;
    let decision = release(&test, &customer, &aborted, Some(slice(&[], &[Action::Create]))).await;
    let part = import(&test).await;
    let record = &part.record.0;
    assert_eq!((record.outcome, record.used_decision), (Outcome::Completed, Some(decision)));
    assert_eq!((record.applied.updated, record.applied.deleted), (0, 0));
    assert!(record.applied.created > 0 && record.not_released.total() > 0);
    assert_eq!(record.applied.created + record.not_released.total(), record.planned.total());
    assert_ne!(record.mirror, record.roster, "the mirror lacks what is held");
    let mail = test.ledger().mails_of_run(part.id).await.unwrap().remove(0);
    assert!(mail.text_body.contains("A decision released a part of the roster"), "{}", mail.text_body);
    // No file comes, and no decision holds any more: the Filter looks at the rest.
    let next = import(&test).await.record.0;
    assert_eq!((next.outcome, next.planned), (Outcome::Aborted, record.not_released));
    assert_eq!((next.roster, next.used_decision), (record.roster, None));
}

// DOMAIN F3
async fn a_slice_and_the_rest_come_to_what_all_at_once_does(on: On) {
    let (at_once, customer, municipality, aborted) = stopped(on).await;
    release(&at_once, &customer, &aborted, None).await;
    assert_eq!(import(&at_once).await.record.outcome, Outcome::Completed);
    let whole = site(&at_once).await;
    let mut parts = 0;
    for slice in slices(&municipality) {
        let (test, customer, _, aborted) = stopped(on).await;
        release(&test, &customer, &aborted, Some(slice.clone())).await;
        let part = import(&test).await;
        if part.record.outcome == Outcome::Completed {
            parts += 1;
            release(&test, &customer, &aborted, None).await;
            let rest = import(&test).await.record.0;
            assert_eq!((rest.outcome, rest.mirror), (Outcome::Completed, rest.roster), "{slice:?}");
        } else {
            // What it names cannot flow by itself.
            release(&test, &customer, &aborted, None).await;
            assert_eq!(import(&test).await.record.outcome, Outcome::Completed);
        }
        let differs: Vec<String> = site(&test).await.into_iter().filter(|row| !whole.contains(row)).collect();
        assert!(differs.is_empty(), "{slice:?}: {differs:#?}");
        assert_eq!(site(&test).await.len(), whole.len(), "{slice:?}");
    }
    assert!(parts > 4, "most slices release something: {parts}");
}

// DOMAIN F3
async fn a_slice_that_names_nothing_leaves_the_abort(on: On) {
    let (test, customer, _, aborted) = stopped(on).await;
    let before = site(&test).await;
    let nowhere = Slice { schools: ["Nowhere".to_owned()].into(), ..Slice::default() };
    let decision = release(&test, &customer, &aborted, Some(nowhere)).await;
    let run = import(&test).await.record.0;
    assert_eq!(
        (run.outcome, run.used_decision, &run.breaches),
        (Outcome::Aborted, None, &aborted.record.breaches)
    );
    assert_eq!(site(&test).await, before);
    let open = test.ledger().filter_decision("nes").await.unwrap();
    assert_eq!(open.map(|open| open.id), Some(decision), "nothing has used it");
}
