//! Mail: renders the status mail of a run, and gives mails of the outbox to a server or into a folder.

mod folder;
mod import_status;
mod layout;
mod message;
mod smtp;
mod transport;
mod url;

pub use import_status::status_mail;
pub use transport::{MailTransport, SendError};
