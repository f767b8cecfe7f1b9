//! Ports that fail at one call: before it was done, or after, when only the answer is lost.

use async_trait::async_trait;
use rollover_jobs::{
    Customer, CustomerId, JobFacts, Ports, WriteProof,
    ports::{
        Applied, Author, Backup, Begun, Capability, Decisions, Delivery, Integration, IntegrationState,
        LateRoster, LooseCourse, MailError, MailQueued, Mailer, NewestRoster, Pause, Persons, Retained,
        Rosters, RunId, RunRecord, RunToUndo, SignOff, Site, SiteCounts, SiteError, SourceError, Unavailable,
        UndoDecision, WaitingRosters, Window,
    },
};
use rollover_roster::{
    diff::Change,
    keys::SitePerson,
    model::SyncKey,
    read::ReadLimits,
    snapshot::{SnapshotId, SnapshotStore},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Which call fails, 1 for the first, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    NotDone(usize),
    AnswerLost(usize),
}

/// Counts every call of every port, and lets one fail.
#[derive(Clone)]
pub struct Faulty {
    ports: Ports,
    fault: Option<Fault>,
    calls: Arc<AtomicUsize>,
}

const WHY: &str = "the test broke the line";

impl Faulty {
    /// The ports, and the count of calls made through them.
    pub fn around(ports: &Ports, fault: Option<Fault>) -> (Ports, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let faulty = Arc::new(Self { ports: ports.clone(), fault, calls: calls.clone() });
        let clock = ports.clock.clone();
        let wrapped = Ports {
            clock,
            site: faulty.clone(),
            rosters: faulty.clone(),
            integration: faulty.clone(),
            decisions: faulty.clone(),
            mailer: faulty,
        };
        (wrapped, calls)
    }

    /// One call: counted, failed before or after it is done, or passed on.
    async fn call<T, E>(
        &self,
        error: impl Fn() -> E,
        done: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.fault == Some(Fault::NotDone(number)) {
            return Err(error());
        }
        let answer = done.await;
        if self.fault == Some(Fault::AnswerLost(number)) { Err(error()) } else { answer }
    }
}

fn unavailable() -> Unavailable {
    Unavailable(WHY.to_owned())
}

fn no_site(customer: &CustomerId) -> SiteError {
    SiteError::Unavailable { customer: customer.clone(), why: WHY.to_owned() }
}

fn no_source(customer: &Customer) -> SourceError {
    SourceError::Unreachable {
        customer: customer.id.to_string(),
        place: "there".to_owned(),
        why: WHY.to_owned(),
    }
}

#[async_trait]
impl Site for Faulty {
    fn capabilities(&self) -> &'static [Capability] {
        self.ports.site.capabilities()
    }
    async fn counts(&self, customer: &CustomerId) -> Result<SiteCounts, SiteError> {
        self.call(|| no_site(customer), self.ports.site.counts(customer)).await
    }
    async fn persons(
        &self,
        customer: &CustomerId,
        which: Persons,
        after: Option<i64>,
    ) -> Result<Vec<SitePerson>, SiteError> {
        self.call(|| no_site(customer), self.ports.site.persons(customer, which, after)).await
    }
    async fn loose_courses(
        &self,
        customer: &CustomerId,
        after: Option<&SyncKey>,
    ) -> Result<Vec<LooseCourse>, SiteError> {
        self.call(|| no_site(customer), self.ports.site.loose_courses(customer, after)).await
    }
    async fn apply(
        &self,
        customer: &Customer,
        batch: &[Change],
        proof: &WriteProof,
    ) -> Result<Applied, SiteError> {
        self.call(|| no_site(&customer.id), self.ports.site.apply(customer, batch, proof)).await
    }
}

#[async_trait]
impl Rosters for Faulty {
    async fn newest(&self, customer: &Customer) -> Result<Option<Delivery>, SourceError> {
        self.call(|| no_source(customer), self.ports.rosters.newest(customer)).await
    }
    async fn before(&self, customer: &Customer, delivery: &Delivery) -> Result<Vec<Delivery>, SourceError> {
        self.call(|| no_source(customer), self.ports.rosters.before(customer, delivery)).await
    }
    async fn is_unchanged(&self, customer: &Customer, delivery: &Delivery) -> Result<bool, SourceError> {
        self.call(|| no_source(customer), self.ports.rosters.is_unchanged(customer, delivery)).await
    }
    async fn put_away(&self, customer: &Customer, delivery: &Delivery) -> Result<(), SourceError> {
        self.call(|| no_source(customer), self.ports.rosters.put_away(customer, delivery)).await
    }
    async fn backups(&self, customer: &Customer) -> Result<Vec<Backup>, SourceError> {
        self.call(|| no_source(customer), self.ports.rosters.backups(customer)).await
    }
    async fn remove_backup(&self, customer: &Customer, backup: &Backup) -> Result<(), SourceError> {
        self.call(|| no_source(customer), self.ports.rosters.remove_backup(customer, backup)).await
    }
    fn read_limits(&self) -> ReadLimits {
        self.ports.rosters.read_limits()
    }
    fn snapshots(&self) -> &SnapshotStore {
        self.ports.rosters.snapshots()
    }
}

#[async_trait]
impl Integration for Faulty {
    async fn state(&self, customer: &Customer) -> Result<IntegrationState, Unavailable> {
        self.call(unavailable, self.ports.integration.state(customer)).await
    }
    async fn author(&self, job: &JobFacts) -> Result<Author, Unavailable> {
        self.call(unavailable, self.ports.integration.author(job)).await
    }
    async fn pause(
        &self,
        customer: &CustomerId,
        pause: &Pause,
        over: Option<&Pause>,
    ) -> Result<bool, Unavailable> {
        self.call(unavailable, self.ports.integration.pause(customer, pause, over)).await
    }
    async fn resume(&self, customer: &CustomerId, pause: &Pause, by: &Author) -> Result<bool, Unavailable> {
        self.call(unavailable, self.ports.integration.resume(customer, pause, by)).await
    }
    async fn start_delay_delete(
        &self,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, Unavailable> {
        self.call(unavailable, self.ports.integration.start_delay_delete(customer, window, by)).await
    }
    async fn end_delay_delete(
        &self,
        customer: &CustomerId,
        window: Window,
        by: &Author,
    ) -> Result<bool, Unavailable> {
        self.call(unavailable, self.ports.integration.end_delay_delete(customer, window, by)).await
    }
    async fn retained(&self) -> Result<Vec<Retained>, Unavailable> {
        self.call(unavailable, self.ports.integration.retained()).await
    }
    async fn waiting_rosters(&self, customer: &CustomerId) -> Result<WaitingRosters, Unavailable> {
        self.call(unavailable, self.ports.integration.waiting_rosters(customer)).await
    }
    async fn newest_roster(&self, customer: &Customer) -> Result<Option<NewestRoster>, Unavailable> {
        self.call(unavailable, self.ports.integration.newest_roster(customer)).await
    }
    async fn recorded(&self, job: &JobFacts) -> Result<Option<(RunId, RunRecord)>, Unavailable> {
        self.call(unavailable, self.ports.integration.recorded(job)).await
    }
    async fn begin(
        &self,
        customer: &CustomerId,
        under_way: &SnapshotId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), Unavailable> {
        self.call(unavailable, self.ports.integration.begin(customer, under_way, begun, proof)).await
    }
    async fn progress(
        &self,
        customer: &CustomerId,
        begun: &Begun,
        proof: &WriteProof,
    ) -> Result<(), Unavailable> {
        self.call(unavailable, self.ports.integration.progress(customer, begun, proof)).await
    }
    async fn run_to_undo(&self, customer: &CustomerId, run: RunId) -> Result<Option<RunToUndo>, Unavailable> {
        self.call(unavailable, self.ports.integration.run_to_undo(customer, run)).await
    }
    async fn undo_decision(
        &self,
        customer: &CustomerId,
        decision: i64,
    ) -> Result<Option<UndoDecision>, Unavailable> {
        self.call(unavailable, self.ports.integration.undo_decision(customer, decision)).await
    }
    async fn record_run(
        &self,
        customer: &Customer,
        run: &RunRecord,
        proof: &WriteProof,
    ) -> Result<RunId, Unavailable> {
        self.call(unavailable, self.ports.integration.record_run(customer, run, proof)).await
    }
    async fn record_end(&self, customer: &Customer, run: &RunRecord) -> Result<RunId, Unavailable> {
        self.call(unavailable, self.ports.integration.record_end(customer, run)).await
    }
    async fn alert_late_roster(
        &self,
        customer: &Customer,
        late: &LateRoster,
        proof: &WriteProof,
    ) -> Result<bool, Unavailable> {
        self.call(unavailable, self.ports.integration.alert_late_roster(customer, late, proof)).await
    }
}

#[async_trait]
impl Decisions for Faulty {
    async fn sign_off(&self, task: i64) -> Result<Option<SignOff>, Unavailable> {
        self.call(unavailable, self.ports.decisions.sign_off(task)).await
    }
}

#[async_trait]
impl Mailer for Faulty {
    async fn send(&self, mail: i64) -> Result<MailQueued, MailError> {
        self.call(|| MailError::Unavailable(unavailable()), self.ports.mailer.send(mail)).await
    }
}
