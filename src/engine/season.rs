//! Plays the engine on a simulated clock: from due moment to due moment, with nothing else changed.
//!
//! The same scheduler, claims, runs and records as in production; only the queue is left out, since one thread
//! hands each ticket straight to the worker, and time stands still while anything can run.

use super::{Engine, Worker, ends, scheduler};
use crate::{clock::SimulatedClock, ledger::LedgerError};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// Tickets handed over in one go.
const BATCH: i64 = 200;
/// Jobs run at one moment at most; more means that something makes itself due again and again.
const RUNS_PER_MOMENT: usize = 100_000;

/// A season under way.
pub struct Season {
    engine: Arc<Engine>,
    worker: Arc<Worker>,
    clock: SimulatedClock,
}

/// What happened at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonStep {
    pub at: DateTime<Utc>,
    pub jobs_run: usize,
}

impl Season {
    pub fn new(engine: Arc<Engine>, clock: SimulatedClock) -> Self {
        let worker = Worker::new(engine.clone(), "season".to_owned());
        Self { engine, worker, clock }
    }

    /// Runs everything that can run now, without moving the clock.
    pub async fn settle(&self) -> Result<usize, LedgerError> {
        let mut runs = 0;
        loop {
            scheduler::tick(&self.engine).await?;
            let tickets = self.engine.ledger.take_unsent(self.engine.clock.now(), BATCH).await?;
            if tickets.is_empty() && ends::tell_ends(&self.engine).await? == 0 {
                return Ok(runs);
            }
            for (job, generation) in tickets {
                self.worker.work(job, generation).await;
                runs += 1;
            }
            if runs > RUNS_PER_MOMENT {
                return Err(LedgerError::Refused(format!(
                    "more than {RUNS_PER_MOMENT} jobs ran at one moment: one of them makes itself due again"
                )));
            }
        }
    }

    /// Settles, then moves the clock to the next moment at which anything is due, no further than `until`.
    /// `None`: the clock stands at `until` and all is settled.
    pub async fn step(&self, until: DateTime<Utc>) -> Result<Option<SeasonStep>, LedgerError> {
        let now = self.engine.clock.now();
        let jobs_run = self.settle().await?;
        let task = self.engine.ledger.next_due().await?;
        let job = self.engine.ledger.next_run_at().await?;
        let next = [task, job].into_iter().flatten().min().filter(|next| *next <= until);
        if now >= until && next.is_none_or(|next| next > now) {
            return Ok(None);
        }
        self.clock.advance_to(next.unwrap_or(until));
        Ok(Some(SeasonStep { at: now, jobs_run }))
    }

    /// Plays until the given moment.
    pub async fn play(&self, until: DateTime<Utc>) -> Result<(), LedgerError> {
        while self.step(until).await?.is_some() {}
        Ok(())
    }
}
