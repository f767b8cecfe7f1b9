//! Where rosters come from; each implements the port `Rosters` for one sort of place.

mod backup;
mod fetch;
mod folder;
mod waiting;

pub use fetch::{FetchedRosters, Fetcher, check_authorities};
pub use folder::FolderRosters;
