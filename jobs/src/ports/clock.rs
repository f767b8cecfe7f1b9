//! Time as an argument: real, or simulated for demo, tests and rehearsal.

use chrono::{DateTime, Utc};

/// Tells the time. Moments are truncated to microseconds, which both databases keep exactly.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}
