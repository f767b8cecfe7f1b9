//! A snapshot as a side of a comparison: its keys and the digests of its groups are read, records where they differ.

use super::{
    RosterError,
    entry::{EntryKey, Joined},
    members::Members,
};
use crate::{
    model::{Kind, KindCounts, Record, RecordHash, RecordKey},
    snapshot::{MembershipDigest, RowRanges, SnapshotError, SnapshotId, SnapshotStore},
};

pub(super) struct SnapshotSide {
    pub store: SnapshotStore,
    pub id: SnapshotId,
}

impl SnapshotSide {
    pub fn counts(&self) -> Result<KindCounts, RosterError> {
        Ok(self.store.counts(&self.id)?)
    }

    /// Those of one kind, or all.
    pub fn entries(&self, kind: Option<Kind>) -> SnapshotEntries<'_> {
        let kinds = kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
        SnapshotEntries { side: self, kinds: kinds.into_iter(), table: None, row: 0 }
    }

    /// The records of entries in their order; their places are rows.
    pub fn records(&self, entries: &[&Joined]) -> Result<Vec<Vec<Record>>, RosterError> {
        let mut all = Vec::with_capacity(entries.len());
        for of_kind in entries.chunk_by(|one, other| one.key.kind() == other.key.kind()) {
            let mut read = self.store.read_rows(&self.id, of_kind[0].key.kind(), rows_of(of_kind))?;
            for entry in of_kind {
                let records = read.by_ref().take(entry.count as usize);
                all.push(records.map(|found| found.map(|(record, _)| record)).collect::<Result<_, _>>()?);
            }
        }
        Ok(all)
    }

    /// The members of entries in their order, which are of memberships.
    pub fn members(&self, entries: &[&Joined]) -> Result<Vec<Members>, RosterError> {
        let mut rows = self.store.members_in(&self.id, rows_of(entries))?;
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            let mut members = Members::default();
            for _ in 0..entry.count {
                if !rows.next(|member| members.push(&member))? {
                    break;
                }
            }
            if members.digest() != entry.digest {
                return Err(rows.damaged("memberships are not those of their digest").into());
            }
            all.push(members);
        }
        Ok(all)
    }

    fn open(&self, kind: Kind) -> Result<Table, SnapshotError> {
        Ok(match kind {
            Kind::Membership => Table::Groups(Box::new(self.store.membership_digests(&self.id)?)),
            kind => Table::Keys(Box::new(self.store.keys_of(&self.id, kind)?)),
        })
    }
}

/// The rows of entries of one kind, those that follow each other together.
fn rows_of(entries: &[&Joined]) -> RowRanges {
    let mut rows = RowRanges::new();
    for place in entries.iter().flat_map(|entry| &entry.places) {
        match rows.last_mut() {
            Some(last) if last.end == place.start => last.end = place.end,
            _ => rows.push(place.clone()),
        }
    }
    rows
}

type Found<T> = Result<T, SnapshotError>;

enum Table {
    Keys(Box<dyn Iterator<Item = Found<(RecordKey, RecordHash)>>>),
    Groups(Box<dyn Iterator<Item = Found<MembershipDigest>>>),
}

/// Entries of a snapshot, sorted by key.
pub(super) struct SnapshotEntries<'a> {
    side: &'a SnapshotSide,
    kinds: std::vec::IntoIter<Kind>,
    table: Option<Table>,
    row: u64,
}

impl SnapshotEntries<'_> {
    pub fn next(&mut self) -> Result<Option<Joined>, RosterError> {
        loop {
            let found = match &mut self.table {
                Some(Table::Keys(keys)) => {
                    keys.next().transpose()?.map(|(key, hash)| (EntryKey::new(key.kind, &key.key), hash.0, 1))
                }
                Some(Table::Groups(groups)) => groups
                    .next()
                    .transpose()?
                    .map(|group| (EntryKey::new(Kind::Membership, &group.group), group.digest, group.count)),
                None => None,
            };
            if let Some((key, digest, count)) = found {
                let place = self.row..self.row + count;
                self.row = place.end;
                let count = u32::try_from(count).map_err(std::io::Error::other)?;
                return Ok(Some(Joined { key, digest, count, places: vec![place] }));
            }
            let Some(kind) = self.kinds.next() else { return Ok(None) };
            (self.table, self.row) = (Some(self.side.open(kind)?), 0);
        }
    }
}
