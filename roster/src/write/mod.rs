//! Writers of rosters: streaming, in the dialects that the readers read.

mod element;
mod imse;
mod oneroster;

pub use imse::write_imse;
pub use oneroster::{Sender, write_oneroster_folder, write_oneroster_zip};
