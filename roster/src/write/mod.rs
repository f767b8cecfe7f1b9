//! Writers of rosters.
