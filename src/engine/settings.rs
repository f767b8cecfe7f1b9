//! The engine's times and limits, with defaults that fit a support team's fleet.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A worker renews a lease no later than this, however long it holds: with the renewal it hears of a cancel.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);

/// Beyond these a value is a slip of the pen.
const DAY_SECONDS: u64 = 24 * 60 * 60;
const HOUR_MS: u64 = 60 * 60 * 1_000;
const MOST_JOBS: u64 = 10_000;
const MOST_TICKETS: u64 = 1_000_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// Jobs that one worker process runs at a time.
    pub concurrency: usize,
    /// A worker that does not renew its claim for so long is taken for dead.
    pub lease_seconds: u64,
    /// Whoever waits for work looks by itself after so long, when no wake-up came.
    pub poll_ms: u64,
    /// Tickets in the queue at most; more due jobs wait in the ledger.
    pub window: u64,
    /// A ticket that led to no claim for so long is taken for lost.
    pub resend_after_seconds: u64,
    /// How long a stopping worker lets its jobs run before it hands them back.
    pub grace_seconds: u64,
    /// A moment at most this late is on time; an older one is missed, and the catch-up policy decides.
    pub late_after_seconds: u64,
    /// The lead of the scheduler holds for so long without renewal.
    pub leader_lease_seconds: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            concurrency: 32,
            lease_seconds: 60,
            poll_ms: 250,
            window: 4_000,
            resend_after_seconds: 30,
            grace_seconds: 30,
            late_after_seconds: 300,
            leader_lease_seconds: 15,
        }
    }
}

impl EngineSettings {
    pub const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }
    /// Between two renewals of a lease: two may fail before it ends.
    pub fn renewal(&self) -> Duration {
        (self.lease() / 3).min(LONGEST_RENEWAL)
    }
    pub const fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }
    pub const fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }
    pub const fn late_after(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.late_after_seconds as i64)
    }
    pub const fn resend_after(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.resend_after_seconds as i64)
    }
    pub const fn leader_lease(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.leader_lease_seconds as i64)
    }

    /// What is wrong with these values: (key, value, what was expected).
    pub fn problems(&self) -> Vec<(&'static str, u64, String)> {
        let limits = [
            ("concurrency", self.concurrency as u64, 1, MOST_JOBS),
            ("lease_seconds", self.lease_seconds, 1, DAY_SECONDS),
            ("poll_ms", self.poll_ms, 1, HOUR_MS),
            ("window", self.window, 1, MOST_TICKETS),
            ("resend_after_seconds", self.resend_after_seconds, 1, DAY_SECONDS),
            ("grace_seconds", self.grace_seconds, 0, DAY_SECONDS),
            ("late_after_seconds", self.late_after_seconds, 0, DAY_SECONDS),
            ("leader_lease_seconds", self.leader_lease_seconds, 2, DAY_SECONDS),
        ];
        let outside = limits.into_iter().filter(|(_, value, least, most)| !(least..=most).contains(&value));
        outside.map(|(key, value, least, most)| (key, value, format!("expected {least} to {most}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_in_time_and_often_enough_to_hear_of_a_cancel() {
        for (lease_seconds, renewal_ms) in [(1, 333), (3, 1_000), (15, 5_000), (16, 5_000), (60, 5_000)] {
            let settings = EngineSettings { lease_seconds, ..EngineSettings::default() };
            assert_eq!(settings.renewal().as_millis(), renewal_ms, "a lease of {lease_seconds} s");
        }
    }
}
