//! The name of a snapshot: a digest of the digests of its records.

use crate::model::{RecordHash, Roster};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The name of a snapshot: a digest of the digests of its records, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotId([u8; 32]);

/// The text is no snapshot id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no snapshot: expected 64 hexadecimal digits")]
pub struct BadSnapshotId(String);

impl SnapshotId {
    pub fn of(roster: &Roster) -> Self {
        let mut content = Content::default();
        roster.records().iter().for_each(|record| content.add(record.hash()));
        content.id()
    }

    /// Enough for people to tell two apart.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

/// Makes the name, record after record.
#[derive(Default)]
pub(super) struct Content(blake3::Hasher);

impl Content {
    pub fn add(&mut self, hash: RecordHash) {
        self.0.update(&hash.0);
    }

    pub fn id(&self) -> SnapshotId {
        SnapshotId(*self.0.finalize().as_bytes())
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for SnapshotId {
    type Err = BadSnapshotId;

    fn from_str(text: &str) -> Result<Self, BadSnapshotId> {
        let bad = || BadSnapshotId(text.chars().take(80).collect());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for SnapshotId {
    type Error = BadSnapshotId;

    fn try_from(text: String) -> Result<Self, BadSnapshotId> {
        text.parse()
    }
}

impl From<SnapshotId> for String {
    fn from(id: SnapshotId) -> Self {
        id.to_string()
    }
}
