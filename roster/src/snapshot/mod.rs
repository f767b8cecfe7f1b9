//! Snapshots of rosters: immutable, named by their content, sorted, compressed, columnar.
//!
//! A snapshot is a folder `<root>/<first two digits>/<id>/` with one Parquet file per kind, `group`, `person`,
//! `course`, `membership`, one of digests per group, `membership_group`, what it says of itself, `snapshot.json`, and
//! the digests of all of these in `B3SUMS`. Rows are sorted by key, in row groups of 20,000. Columns are text unless
//! said; `?` may be null; `hash` and `digest` are 16 bytes:
//!
//! | file | columns |
//! |---|---|
//! | group | source, id, type, level (int32), name, parent_source?, parent_id?, long?, full?, org?, hash |
//! | person | source, id, userid?, given, family, email?, birth_date? (date), profile, nickname?, middle_name?, url?, phone?, mobile?, street?, extended?, postcode?, locality?, relatives? (JSON list), hash |
//! | course | source, id, title, code?, template_source?, template_id?, parent_source?, parent_id?, long?, full?, org?, credits?, creator_source?, creator_id?, terms? (JSON list), hash |
//! | membership | group_source, group_id, person_source, person_id, role, begin? (date), end? (date), subrole?, custom_role?, hash |
//! | membership_group | source, id, members (int32), digest |
//!
//! Any tool that reads Parquet reads them: `SELECT count(*) FROM 'person.parquet'`.
//!
//! **Writing.** [`SnapshotStore::writer`] takes records one by one in the order of their keys and holds one row group
//! per kind in memory; [`SnapshotStore::write`] does the same for a roster that is in memory.
//!
//! **Reading.** Memory holds one row group.
//!
//! | function | gives | reads |
//! |---|---|---|
//! | [`read`](SnapshotStore::read), [`read_hashed`](SnapshotStore::read_hashed) | every record | everything |
//! | [`keys`](SnapshotStore::keys) | every key with the digest of its record | the key columns |
//! | [`keys_of`](SnapshotStore::keys_of) | the same of one kind | the key columns of one file |
//! | [`read_rows`](SnapshotStore::read_rows) | records by their places among the keys | the pages that hold them |
//! | [`read_range`](SnapshotStore::read_range) | records between two keys | row groups that may hold one |
//! | [`membership_digests`](SnapshotStore::membership_digests) | a digest and a count per group | `membership_group` |
//! | [`members_in`](SnapshotStore::members_in) | who is in groups, by their places, without their digests | their pages |
//! | [`memberships_of`](SnapshotStore::memberships_of) | the memberships of some groups | that, and their pages |
//!
//! To compare two snapshots: merge their `membership_digests` and read `members_in` the groups that differ; of the
//! other kinds merge `keys_of` and read, by `read_rows`, the records whose digests differ.
//!
//! **Trust.** A file is read only once its digest is the one in `B3SUMS`; that costs one pass over it per process, as
//! long as it stands unchanged. `snapshot.json` names the snapshot, so a folder under a wrong name is refused. A record
//! that is read is hashed again and compared with its row. `read` and `keys` compare, at their end, the digest of all
//! digests with the name.
//!
//! **Encryption.** With a key to write with, every table is encrypted as [`crate::seal`] tells; `snapshot.json` and
//! `B3SUMS` hold nothing of a person and stay plain. The name is that of the content, encrypted or not, and the digests
//! are those of the files as they lie there. A file says by itself whether it is encrypted, and with which key.
//!
//! **Object store.** With [`SnapshotStore::in_objects`] the snapshots are in an object store, and the folder is a cache.
//! A snapshot counts as written once the store has it: it is put there before its name is given to anybody. `shared.rs`
//! tells how several machines write, read and purge there at a time, `cache.rs` what the folder holds.
//!
//! Crash story: files are written into a folder of their own, synced, and renamed into place in one step, so a
//! snapshot is there whole or not at all. Writing one that is there changes nothing. With an object store, a process that
//! dies before the last file was put has written nothing, and the next one writes it anew; one that dies after it has
//! written everything, and whoever reads fetches it.

mod cache;
mod columns;
mod digests;
mod export;
mod id;
mod manifest;
mod member_digests;
mod member_rows;
mod objects;
mod purge;
mod reader;
mod shared;
mod store;
mod table;
mod table_file;
mod table_reader;
mod table_writer;
mod writer;

pub use id::{BadSnapshotId, SnapshotId};
pub use member_digests::MembershipDigest;
pub use member_rows::MemberRows;
pub use objects::{Object, Objects, ObjectsError};
pub use purge::KeptSnapshot;
pub use reader::{Part, RowRanges, SnapshotReader, Sweep};
pub use store::SnapshotStore;
pub use writer::SnapshotWriter;

use crate::{model::Kind, seal::SealError};
use parquet::errors::ParquetError;
use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("snapshot folder {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("object store of snapshots: {source}")]
    Objects { source: ObjectsError },
    #[error("table {table} of a new snapshot")]
    Unwritten { table: &'static str, source: ParquetError },
    #[error("a {kind} for a new snapshot does not follow the record before it")]
    OutOfOrder { kind: Kind },
    #[error("snapshot {id:?} is not there")]
    Missing { id: SnapshotId },
    #[error("snapshot {id:?}, {file}: {why}")]
    Damaged { id: SnapshotId, file: &'static str, why: String },
    #[error("snapshot {id:?}, {file}: {source}")]
    Sealed { id: SnapshotId, file: &'static str, source: SealError },
    #[error("snapshot {id:?} holds other records than those it is named after")]
    OtherContent { id: SnapshotId },
}
