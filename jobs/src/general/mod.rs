//! Kinds that belong to no part of the season: sign-off by a person, mail, and the empty job of benches.

mod noop;
mod send_status_mail;
mod sign_off;

pub use noop::Noop;
pub use send_status_mail::SendStatusMail;
pub use sign_off::SignOff;
