//! Writes a snapshot out plain, for tools that do not know Rollover's encryption.

use super::{
    SnapshotError, SnapshotId, SnapshotStore,
    digests::{self, Digesting},
    manifest::{self, Manifest},
    member_digests,
    store::{folder, table_file},
};
use crate::model::Kind;
use std::{
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::Path,
};

impl SnapshotStore {
    /// Writes every file of a snapshot into a new folder that only its owner may enter. What an error leaves in it is
    /// no snapshot: `B3SUMS` comes last.
    pub fn export(&self, id: &SnapshotId, to: &Path) -> Result<(), SnapshotError> {
        let records = self.counts(id)?;
        let tables = Kind::ALL.map(Kind::as_str).into_iter().chain([member_digests::TABLE.name]);
        let failed = |source| folder(to, source);
        fs::DirBuilder::new().mode(0o700).create(to).map_err(failed)?;
        let mut files = Vec::new();
        for table in tables {
            let file = self.checked(id, table)?;
            let copy = || -> io::Result<blake3::Hash> {
                let mut out = Digesting::new(File::create_new(to.join(table_file(table)))?);
                file.copy_to(&mut out)?;
                let (file, digest) = out.finish();
                file.sync_all()?;
                Ok(digest)
            };
            files.push((table_file(table), copy().map_err(failed)?));
        }
        let manifest = Manifest::new(*id, records).write(to).map_err(failed)?;
        files.push((manifest::NAME.to_owned(), manifest));
        digests::write(to, &files).map_err(failed)
    }
}
