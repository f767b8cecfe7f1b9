//! Where rosters come from; each implements the port `Rosters` for one sort of place.

mod backup;
mod fetch;
mod folder;
mod secrets;
mod waiting;

pub use fetch::{FetchSettings, FetchedRosters, Fetcher, check_authorities, tls};
pub use folder::FolderRosters;
pub use secrets::{SECRET_PREFIX, Secrets};
