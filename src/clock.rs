//! The one place that reads the machine's clock, and the simulated clock beside it.

use chrono::{DateTime, SubsecRound, Utc};
use rollover_jobs::ports::Clock;
use std::sync::{Arc, Mutex, PoisonError};

/// Digits of a second that both databases keep.
const MICROSECONDS: u16 = 6;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one file that asks the machine")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(MICROSECONDS)
    }
}

/// A clock that stands still until it is moved; clones share it.
#[derive(Debug, Clone)]
pub struct SimulatedClock(Arc<Mutex<DateTime<Utc>>>);

impl SimulatedClock {
    pub fn starting_at(moment: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(moment.trunc_subsecs(MICROSECONDS))))
    }

    /// Moves forward to `moment`; a moment in the past leaves the clock where it is.
    pub fn advance_to(&self, moment: DateTime<Utc>) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (*now).max(moment.trunc_subsecs(MICROSECONDS));
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
