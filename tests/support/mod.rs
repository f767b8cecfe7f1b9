//! Throw-away servers for integration tests: real PostgreSQL and Redis, an SMTP server that can be disturbed; gone
//! when the test is.
//!
//! `mod support;` in a test file brings them in. `scripts/test` starts one of each for the whole run and names
//! them in ROLLOVER_TEST_POSTGRES and ROLLOVER_TEST_REDIS; without it every test process starts its own.
#![allow(clippy::allow_attributes, dead_code, unused_imports, reason = "no test file uses every server")]

mod certificates;
mod http;
mod https;
mod postgres;
mod process;
mod python;
mod redis;
mod s3;
mod smtp;
mod sshd;

pub use self::certificates::Authority;
pub use self::http::http_client;
pub use self::https::{Answer, HttpsServer};
pub use self::postgres::{Database, Postgres};
pub use self::process::{Process, dying_with_us, free_port, unique_name};
pub use self::python::python_with;
pub use self::redis::Redis;
pub use self::s3::{Fault, S3Server};
pub use self::smtp::{Disturbance, Encryption, Received, SmtpServer, Step};
pub use self::sshd::Sshd;
