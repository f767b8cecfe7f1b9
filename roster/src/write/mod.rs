//! Writers of rosters: streaming, in the dialects that the readers read.

mod element;
mod imse;

pub use imse::write_imse;
