//! A roster that was applied in part, and what comes next: the site ends as the next roster says.

#![cfg(test)]

mod harness;

use async_trait::async_trait;
use harness::{On, TestApp, on_both_engines};
use rollover::ledger::{JobMove, NewFilterDecision, NewJob, RunRow, SettingsDecision};
use rollover_jobs::{
    Customer, CustomerId, JobContext, JobFacts, Ports, WriteProof, find_kind,
    ports::{Applied, Capability, LooseCourse, Outcome, Persons, Site, SiteCounts, SiteError},
};
use rollover_roster::{
    diff::{Action, Change},
    invent::{Invention, Municipality},
    keys::SitePerson,
    model::{Roster, SyncKey},
    slices::Slice,
    write::write_imse,
};
use serde_json::json;
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

on_both_engines!(
    the_old_roster_brings_everything_back,
    the_same_roster_goes_on_and_its_figures_are_those_of_all_attempts,
    an_abort_over_a_part_says_so,
    a_slice_that_broke_off_is_settled,
);

const SPRING: &str = "2024-04-02T00:30:00Z";

/// A site that has the job asked to stop after so many batches.
struct Stops {
    site: Arc<dyn Site>,
    left: AtomicUsize,
    asked: CancellationToken,
}

#[async_trait]
impl Site for Stops {
    fn capabilities(&self) -> &'static [Capability] {
        self.site.capabilities()
    }
    async fn counts(&self, customer: &CustomerId) -> Result<SiteCounts, SiteError> {
        self.site.counts(customer).await
    }
    async fn persons(
        &self,
        customer: &CustomerId,
        which: Persons,
        after: Option<i64>,
    ) -> Result<Vec<SitePerson>, SiteError> {
        self.site.persons(customer, which, after).await
    }
    async fn loose_courses(
        &self,
        customer: &CustomerId,
        after: Option<&SyncKey>,
    ) -> Result<Vec<LooseCourse>, SiteError> {
        self.site.loose_courses(customer, after).await
    }
    async fn apply(
        &self,
        customer: &Customer,
        batch: &[Change],
        proof: &WriteProof,
    ) -> Result<Applied, SiteError> {
        let applied = self.site.apply(customer, batch, proof).await?;
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.asked.cancel();
        }
        Ok(applied)
    }
}

fn lay_down(test: &TestApp, roster: &Roster) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    write_imse(&mut text, roster, "fjordsas", &test.now().to_rfc3339()).unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

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

/// Imports whole and gives the run.
async fn import(test: &TestApp) -> RunRow {
    let job = enqueue(test).await;
    test.season.settle().await.unwrap();
    test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded")
}

/// An import that a person cancels after so many batches; `false` when it was done by then.
async fn break_off(test: &TestApp, customer: &Customer, batches: usize) -> bool {
    let job = enqueue(test).await;
    let proof = test.claim(job).await;
    let facts = JobFacts { id: job, task: None, due_at: test.now(), attempt: 1, round: 0 };
    let ports = test.app.engine.ports.clone();
    let asked = CancellationToken::new();
    let left = AtomicUsize::new(batches);
    let site = Arc::new(Stops { site: ports.site.clone(), left, asked: asked.clone() });
    let cx = JobContext::live(facts, Some(customer.clone()), Ports { site, ..ports }, asked, proof);
    let broke_off = find_kind("import_roster").unwrap().run(json!({}), &cx).await.is_err();
    let why = "cancelled by a person while it ran".to_owned();
    test.ledger().apply(test.now(), "w", job, JobMove::Cancel { why }).await.unwrap();
    broke_off
}

async fn set_limits(test: &TestApp, customer: &Customer) {
    let decision =
        SettingsDecision { customer_person: "Kari", support_person: "Ingrid", reason: "as tested" };
    test.ledger().update_customer_with_decision(test.now(), customer, decision).await.unwrap();
}

/// A customer whose site holds a roster, with a Filter that lets everything through.
async fn spring(on: On) -> (TestApp, Customer, Municipality) {
    let test = TestApp::new(on, SPRING).await;
    let mut customer = test.customer("nes", &["courses"]).await;
    customer.settings.filter.floor = u64::MAX;
    set_limits(&test, &customer).await;
    // So large that a new school year takes several batches.
    let municipality = Municipality::new(&Invention { schools: 8, ..Invention::small(3) });
    lay_down(&test, &municipality.roster());
    assert_eq!(import(&test).await.record.outcome, Outcome::Completed);
    (test, customer, municipality)
}

// DOMAIN I1, I5
async fn the_old_roster_brings_everything_back(on: On) {
    let (test, customer, mut municipality) = spring(on).await;
    let old = municipality.roster();
    let counts = async || test.app.engine.ports.site.counts(&customer.id).await.unwrap();
    let before = counts().await;
    municipality.lose_school();
    municipality.turn_school_year();
    let new = municipality.roster();
    let mut broken_off = 0;
    loop {
        lay_down(&test, &new);
        if !break_off(&test, &customer, broken_off + 1).await {
            break;
        }
        broken_off += 1;
        assert_ne!(counts().await, before, "a part of it is at the site");
        lay_down(&test, &old);
        let run = import(&test).await.record.0;
        assert_eq!((run.outcome, run.planned.is_empty()), (Outcome::Completed, true));
        assert!(run.applied_in_part, "it says what it put right");
        // Courses of the part live on as manual ones, with their participants (C3).
        let now = counts().await;
        assert_eq!((now.persons, now.groups), (before.persons.clone(), before.groups.clone()));
        assert!(now.courses_active >= before.courses_active && now.memberships >= before.memberships);
        assert_eq!(test.ledger().integration(&customer.id).await.unwrap().under_way, None);
    }
    assert!(broken_off > 1, "the roster takes more batches than one");
    assert_ne!(counts().await, before);
    // Nothing is left: the same roster again changes nothing.
    lay_down(&test, &new);
    assert_eq!(import(&test).await.record.outcome, Outcome::Unchanged);
}

// DOMAIN I2, I5
async fn the_same_roster_goes_on_and_its_figures_are_those_of_all_attempts(on: On) {
    let (test, customer, mut municipality) = spring(on).await;
    let before = test.app.engine.ports.site.counts(&customer.id).await.unwrap();
    municipality.turn_school_year();
    lay_down(&test, &municipality.roster());
    for batches in [1, 2] {
        assert!(break_off(&test, &customer, batches).await);
    }
    let begun = test.ledger().integration(&customer.id).await.unwrap().begun.expect("it is under way");
    assert_eq!(begun.before, before);
    let run = import(&test).await.record.0;
    assert_eq!((run.outcome, &run.before), (Outcome::Completed, &before));
    let Applied { created, updated, deleted, unchanged } = run.applied;
    assert!(begun.applied.created > 0 && begun.applied.created <= created);
    // Memberships of courses that went before them became manual, and stay as they are.
    assert_eq!(created + updated + deleted + unchanged, run.planned.total());
    assert_eq!(test.ledger().integration(&customer.id).await.unwrap().begun, None);
}

// DOMAIN I2, F2
async fn an_abort_over_a_part_says_so(on: On) {
    let (test, mut customer, mut municipality) = spring(on).await;
    municipality.turn_school_year();
    lay_down(&test, &municipality.roster());
    assert!(break_off(&test, &customer, 1).await);
    customer.settings.filter.floor = 0;
    set_limits(&test, &customer).await;
    let run = import(&test).await;
    assert_eq!((run.record.outcome, run.record.applied_in_part), (Outcome::Aborted, true));
    let mail = test.ledger().mails_of_run(run.id).await.unwrap().remove(0);
    assert!(mail.text_body.contains("holds a roster in part"), "{}", mail.text_body);
    assert!(!mail.text_body.contains("the site stays as it is"), "{}", mail.text_body);
}

// DOMAIN I5, F3
async fn a_slice_that_broke_off_is_settled(on: On) {
    let (test, mut customer, mut municipality) = spring(on).await;
    let old = municipality.roster();
    let counts = async || test.app.engine.ports.site.counts(&customer.id).await.unwrap();
    let before = counts().await;
    customer.settings.filter.floor = 0;
    set_limits(&test, &customer).await;
    municipality.turn_school_year();
    lay_down(&test, &municipality.roster());
    let aborted = import(&test).await;
    assert_eq!(aborted.record.outcome, Outcome::Aborted);
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster: aborted.record.roster.unwrap(),
        limits: None,
        slice: Some(Slice { actions: [Action::Create].into(), ..Slice::default() }),
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "as tested".to_owned(),
    };
    let decision = test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    assert!(break_off(&test, &customer, 1).await);
    assert_ne!(counts().await, before, "a part of it is at the site");
    // The decision is not used up, so the slice goes on, and what it released is counted whole.
    let run = import(&test).await.record.0;
    assert_eq!((run.outcome, run.used_decision), (Outcome::Completed, Some(decision)));
    assert_eq!((run.applied.updated, run.applied.deleted), (0, 0));
    let released = run.planned.total() - run.not_released.total();
    assert_eq!(run.applied.created + run.applied.unchanged, released);
    let integration = test.ledger().integration(&customer.id).await.unwrap();
    assert_eq!((integration.under_way, integration.mirror), (None, run.mirror));
    // What the mirror says is what the site holds: the old roster leads back from it.
    customer.settings.filter.floor = u64::MAX;
    set_limits(&test, &customer).await;
    lay_down(&test, &old);
    assert_eq!(import(&test).await.record.outcome, Outcome::Completed);
    let now = counts().await;
    assert_eq!((now.persons, now.groups), (before.persons, before.groups));
}
