//! Mail: renders the status mail of a run and the alert of a late roster, and gives mails of the outbox to a server or into a folder.

pub mod address;
mod attached;
mod folder;
mod import_status;
mod late_roster;
mod layout;
mod message;
mod rows;
mod smtp;
mod tls;
mod transport;
mod url;

pub use attached::{Attached, decide_attachment, rows_of_difference};
pub use import_status::status_mails;
pub use late_roster::late_roster_mails;
pub use transport::{MailTransport, SendError, check_authorities, check_sender, check_url};
