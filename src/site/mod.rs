//! Adapters to learning platforms; each implements the port `Site` for one sort of platform.

pub mod embedded;
