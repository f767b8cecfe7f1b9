//! Rollover: carries the customers of a learning platform through end of year and back to school.
//!
//! This package is how and when things run; `rollover-jobs` is what runs; `rollover-roster` is the data.

pub mod app;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod engine;
pub mod exit;
pub mod folder;
pub mod ledger;
pub mod mail;
pub mod model;
pub mod objects;
pub mod plans;
pub mod ports;
pub mod queue;
pub mod site;
pub mod source;
pub mod telemetry;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod test_servers;
pub mod web;
