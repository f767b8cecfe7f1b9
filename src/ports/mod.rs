//! The ledger as jobs see it: adapters of the ports for integration, decisions and mail.

mod decisions;
mod integration;
mod mailer;

pub use decisions::LedgerDecisions;
pub use integration::{LedgerIntegration, decide_course_guard};
pub use mailer::OutboxMailer;
