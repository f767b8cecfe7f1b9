//! Where snapshots are kept, by URL: a folder, or a bucket of an S3-compatible object store.

mod address;
mod blocking;
mod patience;
mod s3;
mod transfer;

pub use address::{BucketAddress, SnapshotsAddress};
pub use patience::Patience;
pub use s3::{AccessKeys, S3Objects};

use crate::{config::Settings, exit::ExitError};
use anyhow::Context;
use rollover_roster::{seal::Keys, snapshot::SnapshotStore};
use std::sync::Arc;

const MEGABYTE: u64 = 1024 * 1024;

/// Opens the store of snapshots that the settings name. An error says what to correct.
pub fn open_snapshots(settings: &Settings) -> anyhow::Result<SnapshotStore> {
    let snapshots = &settings.snapshots;
    let folder = settings.snapshot_folder();
    let keys = keys_of(settings)?;
    let store = SnapshotStore::open(&folder)
        .with_context(|| format!("folder of snapshots {}", folder.display()))?
        .with_keys(keys);
    let Some(objects) = bucket(settings, Patience::default())? else { return Ok(store) };
    let store = store.in_objects(Arc::new(objects), snapshots.cache_max_mb.saturating_mul(MEGABYTE));
    store.make_room()?;
    Ok(store)
}

/// The keys of the environment, by which snapshots are read and written.
pub fn keys_of(settings: &Settings) -> Result<Keys, ExitError> {
    settings.snapshots.keys().map_err(|why| ExitError::usage(format!("snapshots.encrypt_with: {why}")))
}

/// The bucket, when the snapshots are in one.
pub fn bucket(settings: &Settings, patience: Patience) -> anyhow::Result<Option<S3Objects>> {
    let address = settings.snapshots_address();
    match address.map_err(|why| ExitError::usage(format!("snapshots.url: {why}")))? {
        SnapshotsAddress::Folder(_) => Ok(None),
        SnapshotsAddress::Bucket(address) => {
            let open = S3Objects::open(&address, &settings.snapshots, patience);
            Ok(Some(open.map_err(ExitError::usage)?))
        }
    }
}
