//! The data that Rollover carries: readers, snapshots, difference, Filter. Pure: no database, network or clock.

pub mod compare;
pub mod courses;
pub mod delay_delete;
pub mod diff;
pub mod filter;
pub mod invent;
pub mod mirror;
pub mod model;
pub mod read;
pub mod repair;
pub mod snapshot;
pub mod write;
mod xml;
