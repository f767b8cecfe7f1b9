//! What a snapshot says of itself: the file that ties its tables to its name.

use super::SnapshotId;
use crate::model::KindCounts;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

pub(super) const NAME: &str = "snapshot.json";
/// Another number, other tables or columns: an older Rollover refuses what it would misread.
const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    pub id: SnapshotId,
    pub records: KindCounts,
}

impl Manifest {
    pub const fn new(id: SnapshotId, records: KindCounts) -> Self {
        Self { format: FORMAT, id, records }
    }

    /// Writes the file, down to the disk, and gives its digest.
    pub fn write(&self, folder: &Path) -> io::Result<blake3::Hash> {
        let text = serde_json::to_vec(self)?;
        let mut file = File::create_new(folder.join(NAME))?;
        file.write_all(&text)?;
        file.sync_all()?;
        Ok(blake3::hash(&text))
    }

    pub fn read(folder: &Path) -> Result<Self, String> {
        let text = fs::read(folder.join(NAME)).map_err(|error| error.to_string())?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if manifest.format == FORMAT {
            Ok(manifest)
        } else {
            Err(format!("format {} is not known, only {FORMAT}", manifest.format))
        }
    }
}
