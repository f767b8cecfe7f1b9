//! The engine: how and when jobs run. Who wakes whom, and what a crash leaves.
//!
//! ```text
//! scheduler ──fires──▶ job row ──dispatch──▶ ticket ──worker──▶ claim, run, one event ──advance──▶ followers
//!     ▲ leader lease                ▲ outbox: sent_at                ▲ lease, renewed          │
//!     └───────────── wake-ups (signal, LISTEN/NOTIFY), polling behind them ◀───────────────────┘
//! ```
//!
//! | who dies | what is left | who goes on |
//! |---|---|---|
//! | scheduler before its commit | nothing has happened | the next leader, once the lease is over |
//! | scheduler after its commit | job rows, not sent | any dispatch |
//! | dispatch between ledger and queue | rows marked as sent, no ticket | dispatch, after `resend_after` |
//! | the queue (emptied) | rows marked as sent, no tickets | dispatch, at once: the epoch is missing |
//! | worker before the claim | a ticket is lost | dispatch, after `resend_after` |
//! | worker during the run | a running row whose lease ends | the reaper; the late writer is fenced off |
//! | worker after the run, before the record | as above | the job runs again; its effects are idempotent |
//! | anyone after the end of a job | a row whose kind was not told | the reaper's next look |
//! | PostgreSQL | everyone waits and tries again | leases cover a restart; how a job ended is kept for ten minutes |

mod dispatch;
mod ends;
mod reaper;
mod record;
mod run;
mod scheduler;
mod season;
mod settings;
mod standing;
mod worker;

pub use dispatch::dispatch;
pub use ends::tell_ends;
pub use reaper::{reap, reap_loop};
pub use scheduler::{LEAD, schedule, tick};
pub use season::{Season, SeasonStep};
pub use settings::EngineSettings;
pub use worker::Worker;

use crate::ledger::Ledger;
use rand::{SeedableRng, rngs::StdRng};
use rollover_jobs::{AnyKind, Ports, ports::Clock};
use std::sync::{Arc, Mutex, PoisonError};

/// What every part of the engine shares.
pub struct Engine {
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
    pub ports: Ports,
    pub kinds: &'static [&'static dyn AnyKind],
    pub settings: EngineSettings,
    randomness: Mutex<StdRng>,
}

impl Engine {
    /// `seed` feeds the jitter of pauses, the only chance in the engine.
    pub fn new(
        ledger: Ledger,
        ports: Ports,
        kinds: &'static [&'static dyn AnyKind],
        settings: EngineSettings,
        seed: u64,
    ) -> Arc<Self> {
        let clock = ports.clock.clone();
        let randomness = Mutex::new(StdRng::seed_from_u64(seed));
        Arc::new(Self { ledger, clock, ports, kinds, settings, randomness })
    }

    /// The kind of this stored name, if this version knows it.
    pub fn kind(&self, name: &str) -> Option<&'static dyn AnyKind> {
        self.kinds.iter().copied().find(|kind| kind.name() == name)
    }

    /// The lane in which jobs of a kind run.
    pub fn lane(&self, kind: &str) -> Option<&'static str> {
        self.kind(kind)?.policy().lane.map(rollover_jobs::Lane::as_str)
    }

    fn jitter(&self) -> f64 {
        use rand::RngExt;
        self.randomness.lock().unwrap_or_else(PoisonError::into_inner).random()
    }
}
