//! One file per page: reads its rows, turns them into what the template shows.

mod courses;
mod customer;
mod facts;
mod fleet;
mod job;
mod jobs;
mod matrix;
mod needs;
mod postponed;
mod run;
mod steps;
mod task;
#[cfg(test)]
mod tests;
mod timeline;

pub(super) use courses::courses;
pub(super) use customer::customer;
pub(super) use fleet::fleet;
pub(super) use job::job;
pub(super) use jobs::jobs;
pub(super) use postponed::postponed;
pub(super) use run::run;
pub(super) use task::task;
