//! A run that is undone: the site as it was before, a record and a mail of its own, and a roster that does not come back.

#![cfg(test)]

mod harness;

use async_trait::async_trait;
use harness::{On, TestApp, on_both_engines};
use rollover::{
    engine::Worker,
    ledger::{JobMove, JobRow, NewFilterDecision, NewJob, NewUndo, RunRow, SettingsDecision},
    model::JobState,
    queue::{Handle, Ticket},
};
use rollover_jobs::{
    Customer, CustomerId, JobContext, JobFacts, Ports, Stop, UndoPreview, find_kind,
    ports::{
        Applied, Author, Capability, LooseCourse, Outcome, Pause, Persons, Site, SiteCounts, SiteError,
        Window,
    },
    preview_undo,
};
use rollover_roster::{
    diff::{Action, Change},
    filter::Limits,
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
    the_site_is_as_before_and_the_roster_is_refused,
    another_roster_ends_the_refusal,
    runs_are_undone_one_by_one_the_first_included,
    any_new_year_is_undone_over_a_break,
    an_undo_that_is_given_up_is_settled_by_the_next_import,
    only_what_was_written_is_taken_back,
    the_filter_judges_it_and_a_decision_lifts_its_limits,
    what_cannot_be_undone_says_why,
    it_is_done_once_however_often_it_is_asked,
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
        proof: &rollover_jobs::WriteProof,
    ) -> Result<Applied, SiteError> {
        let applied = self.site.apply(customer, batch, proof).await?;
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.asked.cancel();
        }
        Ok(applied)
    }
}

/// What the integration holds at the site: what people see of it, and not what is in the trash or lives on by itself.
const HELD: [&str; 4] = [
    "SELECT sync_key || ' ' || name || ' ' || coalesce(parent_key, '') || ' ' || made_by || ' ' || hash
     FROM site_group ORDER BY 1",
    "SELECT sync_key || ' ' || given || ' ' || family || ' ' || made_by || ' ' || hash
     FROM site_person WHERE state = 'active' ORDER BY 1",
    "SELECT sync_key || ' ' || title || ' ' || state || ' ' || made_by || ' ' || hash
     FROM site_course WHERE attached ORDER BY 1",
    "SELECT group_key || ' ' || person_key || ' ' || role || ' ' || hash
     FROM site_membership WHERE made_by = 'integration' ORDER BY 1",
];

async fn held(test: &TestApp) -> Vec<String> {
    let mut rows = Vec::new();
    for sql in HELD {
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

/// Imports what waits, and gives the run.
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

async fn brought(test: &TestApp, roster: &Roster) -> RunRow {
    lay_down(test, roster);
    let run = import(test).await;
    assert_eq!(run.record.outcome, Outcome::Completed, "{:?}", run.record.failure);
    run
}

async fn preview(test: &TestApp, customer: &Customer, run: i64) -> Result<UndoPreview, Stop> {
    let facts = JobFacts { id: 0, task: None, due_at: test.now(), attempt: 1, round: 0 };
    let cx = JobContext::dry_run(facts, customer.clone(), test.app.engine.ports.clone());
    preview_undo(&cx, run).await
}

/// Records the decision and gives its number and the job.
async fn decide(test: &TestApp, customer: &Customer, run: i64, limits: Option<Limits>) -> (i64, i64) {
    let seen = preview(test, customer, run).await.unwrap();
    let new = NewUndo {
        customer: customer.id.clone(),
        run,
        stood: seen.stood,
        mirror: seen.mirror.unwrap(),
        limits,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "the roster of another school".to_owned(),
    };
    let job = |decision: i64| NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "undo_import".to_owned(),
        args: json!({ "decision": decision }),
        lane: Some("site"),
        due_at: test.now(),
    };
    test.ledger().decide_undo(test.now(), &new, job).await.unwrap()
}

/// Undoes a run with the Filter off; gives the undo's run and its decision.
async fn undone(test: &TestApp, customer: &Customer, run: i64) -> (RunRow, i64) {
    let (decision, job) = decide(test, customer, run, None).await;
    test.season.settle().await.unwrap();
    let undo = test.ledger().run_of_job(job).await.unwrap().expect("the undo is recorded");
    assert_eq!(undo.record.outcome, Outcome::Completed, "{:?}", undo.record.failure);
    assert_eq!(undo.record.used_decision, Some(decision));
    (undo, decision)
}

/// An attempt at a job that is asked to stop after so many batches; the job is as its worker had died.
async fn break_off(test: &TestApp, customer: &Customer, job: i64, decision: i64, batches: usize) {
    let proof = test.claim(job).await;
    let facts = JobFacts { id: job, task: None, due_at: test.now(), attempt: 1, round: 0 };
    let ports = test.app.engine.ports.clone();
    let asked = CancellationToken::new();
    let left = AtomicUsize::new(batches);
    let site = Arc::new(Stops { site: ports.site.clone(), left, asked: asked.clone() });
    let cx = JobContext::live(facts, Some(customer.clone()), Ports { site, ..ports }, asked, proof);
    let ended = find_kind("undo_import").unwrap().run(json!({ "decision": decision }), &cx).await;
    assert!(matches!(ended, Err(Stop::Retry { .. })), "{ended:?}");
    test.ledger().apply(test.now(), "w", job, JobMove::LeaseExpired).await.unwrap();
}

async fn mail_of(test: &TestApp, run: &RunRow) -> String {
    let mail = test.ledger().mails_of_run(run.id).await.unwrap().remove(0);
    let text = mail.text_body.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}\n{text}", mail.subject)
}

async fn job_of(test: &TestApp, run: &RunRow) -> JobRow {
    test.job(run.job_id).await
}

async fn set_floor(test: &TestApp, customer: &mut Customer, floor: u64) {
    customer.settings.filter.floor = floor;
    let decision =
        SettingsDecision { customer_person: "Kari", support_person: "Ingrid", reason: "as tested" };
    test.ledger().update_customer_with_decision(test.now(), customer, decision).await.unwrap();
}

/// A customer whose site holds a roster, with a Filter that lets everything through.
async fn spring(on: On, invention: &Invention) -> (TestApp, Customer, Municipality) {
    let test = TestApp::new(on, SPRING).await;
    let mut customer = test.customer("nes", &["courses"]).await;
    set_floor(&test, &mut customer, u64::MAX).await;
    let municipality = Municipality::new(invention);
    brought(&test, &municipality.roster()).await;
    (test, customer, municipality)
}

// DOMAIN I2, F3
async fn the_site_is_as_before_and_the_roster_is_refused(on: On) {
    let (test, customer, mut municipality) = spring(on, &Invention::small(3)).await;
    let (before, pointers) = (held(&test).await, test.ledger().integration(&customer.id).await.unwrap());
    municipality.small_changes(6);
    let wrong = municipality.roster();
    let run = brought(&test, &wrong).await;
    let with_it = held(&test).await;
    assert_ne!(with_it, before);

    let seen = preview(&test, &customer, run.id).await.unwrap();
    let Applied { created, updated, deleted, .. } = run.record.applied;
    assert_eq!(seen.changes.total(), created + updated + deleted);
    assert_eq!((seen.refused_roster, seen.breaches.len()), (run.record.roster, 0));
    assert_eq!(held(&test).await, with_it, "a preview writes nothing");

    let (undo, decision) = undone(&test, &customer, run.id).await;
    assert_eq!(held(&test).await, before);
    assert_eq!(test.ledger().integration(&customer.id).await.unwrap(), pointers);
    let written = undo.record.applied;
    assert_eq!((written.created, written.updated, written.deleted), (deleted, updated, created));
    assert_eq!((undo.undoes, undo.undone_by), (Some(run.id), None));
    assert_eq!(test.ledger().run(run.id).await.unwrap().undone_by, Some(undo.id));
    let mail = mail_of(&test, &undo).await;
    assert!(mail.contains("An import was undone") && mail.contains("is refused until another"), "{mail}");

    // The same roster the next night, in another file.
    lay_down(&test, &wrong);
    for _night in 0..2 {
        let refused = import(&test).await;
        assert_eq!((refused.record.outcome, refused.record.mirror), (Outcome::Failed, None));
        let why = job_of(&test, &refused).await.why.unwrap();
        assert!(why.contains(&format!("run {} has undone", undo.id)), "{why}");
        let mail = mail_of(&test, &refused).await;
        assert!(mail.contains(&format!("rollover import withdraw {decision}")), "{mail}");
        assert_eq!(held(&test).await, before);
    }
    // The customer finds that it was right after all.
    test.ledger().withdraw_decision(test.now(), "Ingrid", decision, "it was right").await.unwrap();
    assert_eq!(import(&test).await.record.outcome, Outcome::Completed);
    assert_eq!(held(&test).await, with_it);
}

// DOMAIN I1
async fn another_roster_ends_the_refusal(on: On) {
    let (test, customer, mut municipality) = spring(on, &Invention::small(4)).await;
    municipality.small_changes(4);
    let wrong = municipality.roster();
    let run = brought(&test, &wrong).await;
    let (_, decision) = undone(&test, &customer, run.id).await;
    // No file: nothing waits, and none came.
    let nothing = import(&test).await;
    assert_ne!(nothing.record.outcome, Outcome::Completed);
    municipality.small_changes(4);
    let other = brought(&test, &municipality.roster()).await;
    assert_eq!(test.ledger().refusals("nes").await.unwrap(), []);
    let withdrawn = test.ledger().withdraw_decision(test.now(), "Ingrid", decision, "late").await;
    assert!(withdrawn.unwrap_err().to_string().contains("was used by run"));
    // Undone as well, it leaves the site where the first was refused.
    undone(&test, &customer, other.id).await;
    let refused: Vec<_> = test.ledger().refusals("nes").await.unwrap();
    let refused: Vec<_> = refused.into_iter().map(|refusal| refusal.run).collect();
    assert_eq!(refused, [other.id, run.id]);
}

// DOMAIN F4
async fn runs_are_undone_one_by_one_the_first_included(on: On) {
    let (test, customer, mut municipality) = spring(on, &Invention::small(5)).await;
    let first = municipality.roster();
    let mut nights = Vec::new();
    for _night in 0..2 {
        let before = held(&test).await;
        municipality.small_changes(5);
        nights.push((brought(&test, &municipality.roster()).await.id, before));
    }
    let [(two, _), (three, _)] = nights[..] else { panic!("two nights") };
    let older = preview(&test, &customer, two).await.unwrap_err().to_string();
    assert!(older.contains(&format!("run {three} came after run {two}")), "{older}");
    for (run, before) in nights.iter().rev() {
        let (undo, _) = undone(&test, &customer, *run).await;
        assert_eq!(&held(&test).await, before, "run {run}");
        let again = preview(&test, &customer, undo.id).await.unwrap_err().to_string();
        assert!(again.contains(&format!("has undone run {run}")), "{again}");
    }
    undone(&test, &customer, 1).await;
    assert_eq!(held(&test).await, [""; 0]);
    let state = test.ledger().integration(&customer.id).await.unwrap();
    assert_eq!((state.import, state.mirror, state.held_whole_roster), (None, None, false));
    // The first import again, with limits of a few percent.
    let mut customer = customer;
    set_floor(&test, &mut customer, 0).await;
    municipality.small_changes(5);
    assert_ne!(municipality.roster(), first);
    brought(&test, &municipality.roster()).await;
}

// DOMAIN I5, C2, C3
async fn any_new_year_is_undone_over_a_break(on: On) {
    for seed in [11, 12, 13] {
        let invention = Invention { schools: 6, ..Invention::small(seed) };
        let (test, mut customer, mut municipality) = spring(on, &invention).await;
        customer.settings.course_archiving = false;
        let before = held(&test).await;
        municipality.turn_school_year();
        let run = brought(&test, &municipality.roster()).await;
        let (decision, job) = decide(&test, &customer, run.id, None).await;
        for batches in [1, 2] {
            break_off(&test, &customer, job, decision, batches).await;
            assert_ne!(held(&test).await, before, "not all of it is back");
        }
        test.season.settle().await.unwrap();
        let undo = test.ledger().run_of_job(job).await.unwrap().unwrap();
        assert_eq!(undo.record.outcome, Outcome::Completed);
        let Applied { created, updated, deleted, unchanged } = undo.record.applied;
        assert_eq!(created + updated + deleted + unchanged, undo.record.planned.total());
        let now = held(&test).await;
        let odd: Vec<_> = now.iter().filter(|row| !before.contains(row)).take(5).collect();
        assert!(now == before, "seed {seed}: {odd:?}");
        assert_eq!(test.ledger().integration(&customer.id).await.unwrap().under_way, None);
        // Courses of the undone year live on, and are told.
        assert!(undo.record.courses_gone.count > 0);
    }
}

// DOMAIN I5
async fn an_undo_that_is_given_up_is_settled_by_the_next_import(on: On) {
    let (test, customer, mut municipality) =
        spring(on, &Invention { schools: 6, ..Invention::small(6) }).await;
    municipality.turn_school_year();
    let wrong = municipality.roster();
    let run = brought(&test, &wrong).await;
    let with_it = held(&test).await;
    let (decision, job) = decide(&test, &customer, run.id, None).await;
    break_off(&test, &customer, job, decision, 1).await;
    let why = "the customer has changed its mind".to_owned();
    test.ledger().apply(test.now(), "Ingrid", job, JobMove::Cancel { why }).await.unwrap();
    test.season.settle().await.unwrap();
    let ended = test.ledger().run_of_job(job).await.unwrap().expect("its end is recorded");
    assert_eq!((ended.record.outcome, ended.undoes), (Outcome::Failed, Some(run.id)));
    assert!(mail_of(&test, &ended).await.contains("was not undone"));
    // It is not done, so nothing is refused.
    lay_down(&test, &wrong);
    assert_eq!(import(&test).await.record.outcome, Outcome::Completed);
    let now = held(&test).await;
    let odd: Vec<_> = now.iter().filter(|row| !with_it.contains(row)).take(5).collect();
    assert!(now == with_it, "{odd:?}");
}

// DOMAIN P2, F3
async fn only_what_was_written_is_taken_back(on: On) {
    // Deletes that wait are not there to be taken back; creates go in the window too.
    let (test, customer, mut municipality) = spring(on, &Invention::small(7)).await;
    let before = held(&test).await;
    let window = Window { start: "2024-03-01".parse().unwrap(), end: "2024-08-18".parse().unwrap() };
    let by = Author::Person { name: "Kari".to_owned() };
    assert!(test.ledger().start_delay_delete(test.now(), &customer.id, window, &by).await.unwrap());
    municipality.turn_school_year();
    let run = brought(&test, &municipality.roster()).await;
    assert!(run.record.postponed_deletes.total() > 0 && run.record.applied.created > 0);
    let (undo, _) = undone(&test, &customer, run.id).await;
    assert_eq!((undo.record.applied.created, undo.record.postponed_deletes.total()), (0, 0));
    assert_eq!(held(&test).await, before);

    // Of a slice, what was released.
    let (test, mut customer, mut municipality) = spring(on, &Invention::small(8)).await;
    let before = held(&test).await;
    set_floor(&test, &mut customer, 0).await;
    municipality.turn_school_year();
    lay_down(&test, &municipality.roster());
    let aborted = import(&test).await;
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster: aborted.record.roster.unwrap(),
        limits: None,
        slice: Some(Slice { actions: [Action::Create].into(), ..Slice::default() }),
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "as tested".to_owned(),
    };
    test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    let part = import(&test).await;
    assert!(part.record.not_released.total() > 0 && part.record.outcome == Outcome::Completed);
    let (undo, _) = undone(&test, &customer, part.id).await;
    assert_eq!(
        (undo.record.planned.total(), undo.record.applied.created),
        (undo.record.applied.deleted + undo.record.applied.unchanged, 0)
    );
    assert_eq!(held(&test).await, before);
    // The rest of it is of the refused roster.
    lay_down(&test, &municipality.roster());
    assert_eq!(import(&test).await.record.refused.as_ref().map(|refusal| refusal.run), Some(part.id));
}

// DOMAIN F1, F2, F3
async fn the_filter_judges_it_and_a_decision_lifts_its_limits(on: On) {
    let (test, mut customer, mut municipality) = spring(on, &Invention::small(9)).await;
    let before = held(&test).await;
    municipality.turn_school_year();
    let run = brought(&test, &municipality.roster()).await;
    let with_it = held(&test).await;
    set_floor(&test, &mut customer, 0).await;
    let seen = preview(&test, &customer, run.id).await.unwrap();
    assert!(!seen.breaches.is_empty() && seen.breaches.iter().any(|breach| !breach.causes.is_empty()));

    let own = Some(customer.settings.filter);
    let (decision, job) = decide(&test, &customer, run.id, own).await;
    test.season.settle().await.unwrap();
    let aborted = test.ledger().run_of_job(job).await.unwrap().unwrap();
    assert_eq!((aborted.record.outcome, &aborted.record.breaches), (Outcome::Aborted, &seen.breaches));
    assert_eq!(held(&test).await, with_it);
    assert!(mail_of(&test, &aborted).await.contains("The Filter stopped the undo of run"));
    // One use: the job that is run again has no decision any more.
    assert_eq!(aborted.record.used_decision, Some(decision));
    let why = "try again".to_owned();
    test.ledger().apply(test.now(), "Ingrid", job, JobMove::RunAgain { why }).await.unwrap();
    test.season.settle().await.unwrap();
    let again = test.job(job).await;
    assert_eq!(again.state, JobState::Failed);
    assert!(again.why.unwrap().contains(&format!("was used by run {}", aborted.id)));
    assert_eq!(test.ledger().refusals("nes").await.unwrap(), []);

    undone(&test, &customer, run.id).await;
    assert_eq!(held(&test).await, before);
}

// DOMAIN P1
async fn what_cannot_be_undone_says_why(on: On) {
    let (test, mut customer, mut municipality) = spring(on, &Invention::small(10)).await;
    let said = async |test: &TestApp, customer: &Customer, run: i64| {
        preview(test, customer, run).await.unwrap_err().to_string()
    };
    assert!(said(&test, &customer, 77).await.contains("has no run 77"));
    // Another customer's run is none of this one's.
    let other = test.customer("bergdal", &[]).await;
    assert!(said(&test, &other, 1).await.contains("bergdal has no run 1"));
    let unchanged = import(&test).await;
    assert!(said(&test, &customer, unchanged.id).await.contains("changed nothing at the site"));
    set_floor(&test, &mut customer, 0).await;
    municipality.turn_school_year();
    lay_down(&test, &municipality.roster());
    let aborted = import(&test).await;
    assert_eq!(aborted.record.outcome, Outcome::Aborted);
    assert!(said(&test, &customer, aborted.id).await.contains("its outcome is aborted"));

    let pause =
        Pause { since: test.now(), why: "summer".to_owned(), by: Author::Person { name: "Kari".to_owned() } };
    let (_, job) = decide(&test, &customer, 1, None).await;
    assert!(test.ledger().pause(test.now(), &customer.id, &pause, None).await.unwrap());
    assert!(said(&test, &customer, 1).await.contains("the site stays as it is"));
    let before = held(&test).await;
    test.season.settle().await.unwrap();
    assert_eq!(test.job(job).await.state, JobState::Failed, "the pause came between decision and job");
    assert_eq!(held(&test).await, before);
}

// DOMAIN S6
async fn it_is_done_once_however_often_it_is_asked(on: On) {
    let (test, customer, mut municipality) = spring(on, &Invention::small(14)).await;
    let before = held(&test).await;
    municipality.small_changes(6);
    let run = brought(&test, &municipality.roster()).await;
    // Two persons decide at the same time.
    let (_, first) = decide(&test, &customer, run.id, None).await;
    let (_, second) = decide(&test, &customer, run.id, None).await;
    let worker = Worker::new(test.app.engine.clone(), "w".to_owned());
    for job in [first, first] {
        worker.clone().handle(Ticket { job, generation: 0 }).await;
    }
    test.season.settle().await.unwrap();
    assert_eq!(test.job(first).await.state, JobState::Done);
    let late = test.job(second).await;
    assert_eq!(late.state, JobState::Failed);
    assert!(late.why.unwrap().contains("is undone already"));
    assert_eq!(held(&test).await, before);
    let undos = test.ledger().runs_of_customer("nes", 100).await.unwrap();
    let undos = undos.iter().filter(|row| row.undoes.is_some() && row.record.outcome == Outcome::Completed);
    assert_eq!(undos.count(), 1);
}
