//! One file per page: reads its rows, turns them into what the template shows.

mod customer;
mod facts;
mod fleet;
mod job;
mod jobs;
mod matrix;
mod needs;
mod run;
mod steps;
mod task;
#[cfg(test)]
mod tests;
mod timeline;

pub(super) use customer::customer;
pub(super) use fleet::fleet;
pub(super) use job::job;
pub(super) use jobs::jobs;
pub(super) use run::run;
pub(super) use task::task;
