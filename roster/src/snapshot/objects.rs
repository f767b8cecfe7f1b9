//! The port to an object store: objects by name, as S3 has them.

use std::{fmt, fs::File, path::Path, time::Duration};

/// What one call has written, the next one finds, from wherever it comes.
pub trait Objects: fmt::Debug + Send + Sync {
    /// Every object whose name begins so, in no order.
    fn list(&self, beginning: &str) -> Result<Vec<Object>, ObjectsError>;

    /// Writes an object of so many bytes to the end of an empty file; one that is longer is an error. `false`: it is
    /// not there.
    fn get(&self, name: &str, bytes: u64, to: &mut File) -> Result<bool, ObjectsError>;

    /// Takes a file in, whole or not at all. Doing it twice changes nothing.
    fn put(&self, name: &str, file: &Path) -> Result<(), ObjectsError>;

    /// Takes an object without content in.
    fn mark(&self, name: &str) -> Result<(), ObjectsError>;

    /// Takes an object away; one that is gone is no error.
    fn delete(&self, name: &str) -> Result<(), ObjectsError>;
}

/// An object as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub name: String,
    pub bytes: u64,
    /// Since it was written last, by the clock of the store.
    pub age: Duration,
}

/// What the store says, or why it says nothing; names no secret and no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ObjectsError(pub String);
