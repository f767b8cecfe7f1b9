//! Where rosters come from; each implements the port `Rosters` for one sort of place.

mod backup;
mod folder;
mod waiting;

pub use folder::FolderRosters;
