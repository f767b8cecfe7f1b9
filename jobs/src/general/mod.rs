//! Kinds that belong to no part of the season: sign-off by a person, mail, the end of what was kept long enough, and the empty job of benches.

mod noop;
mod purge_snapshots;
mod send_status_mail;
mod sign_off;

pub use noop::Noop;
pub use purge_snapshots::{PurgeReport, PurgeSnapshots, Purged};
pub use send_status_mail::SendStatusMail;
pub use sign_off::SignOff;
