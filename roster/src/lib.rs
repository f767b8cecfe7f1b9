//! The data that Rollover carries: readers, snapshots, difference, Filter. Pure: no database, network or clock.

pub mod compare;
pub mod course_fate;
pub mod courses;
pub mod diff;
pub mod explain;
pub mod figures;
pub mod filter;
pub mod invent;
pub mod keys;
pub mod likeness;
pub mod mirror;
pub mod missing;
pub mod model;
pub mod places;
pub mod read;
pub mod rekey;
pub mod repair;
#[cfg(test)]
mod samples;
pub mod seal;
pub mod shrunken;
pub mod slices;
pub mod snapshot;
pub mod timing;
pub mod write;
mod xml;
