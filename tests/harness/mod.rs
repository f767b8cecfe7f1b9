//! A whole application for integration tests, on either engine; brings the throw-away servers with it.
#![allow(
    clippy::allow_attributes,
    dead_code,
    unused_imports,
    unused_macros,
    reason = "no test file uses all of it"
)]

mod app;
pub mod program;
#[path = "../support/mod.rs"]
pub mod support;

pub(crate) use self::app::on_both_engines;
pub use self::app::{Act, On, Script, Scripted, TestApp, execute, moment, settings};
