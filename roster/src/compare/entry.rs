//! What a comparison knows of a record, or of all memberships of one group: its key, a digest, where to read it.

use super::{members::Members, runs::Items};
use crate::model::{Kind, Record, SyncKey};
use std::{io, ops::Range};

/// One line of an index. Entries sort as records do, by kind and key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: EntryKey,
    /// Of the record; of memberships that of [`Members`].
    pub digest: [u8; 16],
    /// Records: 1, or how many memberships.
    pub count: u32,
    /// Where it lies; what that means is for the side to say that it comes from.
    pub place: Range<u64>,
}

/// A kind and a key as bytes that sort as they do: no key has a zero in it, since XML and CSV allow none.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryKey(Vec<u8>);

/// Digest, count and place.
const REST: usize = 16 + 4 + 8 + 8;

impl EntryKey {
    pub fn new(kind: Kind, key: &SyncKey) -> Self {
        Self::of_parts(kind, [&key.source, &key.id])
    }

    fn of_parts(kind: Kind, parts: [&str; 2]) -> Self {
        let mut bytes = Vec::with_capacity(parts[0].len() + parts[1].len() + 3);
        bytes.push(kind as u8);
        for part in parts {
            bytes.extend_from_slice(part.as_bytes());
            bytes.push(0);
        }
        Self(bytes)
    }

    /// Of memberships it is that of their group.
    pub fn of(record: &Record) -> Self {
        match record {
            Record::Group(group) => Self::new(Kind::Group, &group.key),
            Record::Person(person) => Self::new(Kind::Person, &person.key),
            Record::Course(course) => Self::new(Kind::Course, &course.key),
            Record::Membership(member) => Self::new(Kind::Membership, &member.group),
        }
    }

    pub fn to_sync_key(&self) -> SyncKey {
        let mut parts = self.0[1..].split(|byte| *byte == 0);
        let mut part = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        SyncKey { source: part(), id: part() }
    }

    pub fn kind(&self) -> Kind {
        Kind::ALL[usize::from(self.0[0])]
    }
}

impl Entry {
    /// Of one record, or of memberships of one group in the order of their persons. `None` of no records.
    pub fn of(records: &[Record], place: Range<u64>) -> Option<Self> {
        let (first, count) = (records.first()?, u32::try_from(records.len()).ok()?);
        let digest = match first {
            Record::Membership(_) => Members::of(records).digest(),
            record => record.hash().0,
        };
        Some(Self { key: EntryKey::of(first), digest, count, place })
    }

    /// Of members of one group in the order of their persons. `None` of none.
    pub fn of_members(group: (&str, &str), members: &Members, place: Range<u64>) -> Option<Self> {
        let count = u32::try_from(members.len()).ok().filter(|count| *count > 0)?;
        let key = EntryKey::of_parts(Kind::Membership, group.into());
        Some(Self { key, digest: members.digest(), count, place })
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.key.0);
        out.extend_from_slice(&self.digest);
        out.extend_from_slice(&self.count.to_be_bytes());
        out.extend_from_slice(&self.place.start.to_be_bytes());
        out.extend_from_slice(&self.place.end.to_be_bytes());
    }

    /// What [`Entry::write`] wrote.
    pub fn read(bytes: &[u8]) -> Self {
        let (key, rest) = bytes.split_at(bytes.len() - REST);
        let number = |range: Range<usize>| rest[range].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let mut digest = [0; 16];
        digest.copy_from_slice(&rest[..16]);
        let count = u32::try_from(number(16..20)).expect("it is four bytes long");
        Self { key: EntryKey(key.to_vec()), digest, count, place: number(20..28)..number(28..36) }
    }
}

/// All entries of one key: the same record may come more than once, and a group's memberships in several pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joined {
    pub key: EntryKey,
    pub digest: [u8; 16],
    pub count: u32,
    pub places: Vec<Range<u64>>,
}

/// Reads sorted entries and gives those of one key together.
pub(super) struct Grouped<I> {
    items: I,
    item: Vec<u8>,
    ahead: Option<Entry>,
}

impl<I: Items> Grouped<I> {
    pub const fn new(items: I) -> Self {
        Self { items, item: Vec::new(), ahead: None }
    }

    fn entry(&mut self) -> io::Result<Option<Entry>> {
        match self.ahead.take() {
            Some(entry) => Ok(Some(entry)),
            None => Ok(self.items.next(&mut self.item)?.then(|| Entry::read(&self.item))),
        }
    }

    /// At least one entry; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Vec<Entry>>> {
        let Some(first) = self.entry()? else { return Ok(None) };
        let mut same = vec![first];
        while let Some(entry) = self.entry()? {
            if entry.key != same[0].key {
                self.ahead = Some(entry);
                break;
            }
            same.push(entry);
        }
        Ok(Some(same))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_those_of_records_do() {
        let key = |source: &str, id: &str| SyncKey { source: source.to_owned(), id: id.to_owned() };
        let keys =
            [key("a", "b"), key("a", "b\t"), key("a", "ba"), key("a\t", "a"), key("aa", ""), key("å", "")];
        for (one, other) in keys.iter().flat_map(|one| keys.iter().map(move |other| (one, other))) {
            let [by_bytes, next_kind] = [Kind::Person, Kind::Course]
                .map(|kind| EntryKey::new(Kind::Person, one).cmp(&EntryKey::new(kind, other)));
            assert_eq!(by_bytes, one.cmp(other));
            assert_eq!(EntryKey::new(Kind::Person, one).to_sync_key(), *one);
            assert!(next_kind.is_lt());
        }
    }

    #[test]
    fn an_entry_comes_back() {
        let key = EntryKey::new(Kind::Membership, &SyncKey::new("sas", "8a"));
        let entry = Entry { key, digest: [7; 16], count: 25, place: 1 << 40..(1 << 40) + 300 };
        let mut bytes = Vec::new();
        entry.write(&mut bytes);
        assert_eq!((Entry::read(&bytes).key.kind(), Entry::read(&bytes)), (Kind::Membership, entry));
    }
}
