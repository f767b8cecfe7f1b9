//! The pure heart of the orchestrator: states and their one transition function each, and the retry decision.

mod job;
mod retry;
mod task;

pub use job::{JobEvent, JobState, NotAllowed};
pub use retry::{Retry, decide_retry};
pub use task::{TaskEvent, TaskFacts, TaskState};
