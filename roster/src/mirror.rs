//! The mirror after an import: what it was, with what was applied; what waits stays as it was.

use crate::{
    diff::{Action, Change},
    model::{Record, RecordHash},
};
use std::{cmp::Ordering, iter::Peekable};

/// Applies changes to the records of a mirror, both sorted by key; memory holds one of each. Postponed deletes are not
/// among the changes, so they stay in the mirror, and the same difference brings them again (DOMAIN P2); held courses
/// stay out of it the same way (C1).
pub fn mirror_after<E>(
    mirror: impl Iterator<Item = Result<(Record, RecordHash), E>>,
    applied: impl Iterator<Item = Result<Change, E>>,
) -> impl Iterator<Item = Result<(Record, RecordHash), E>> {
    After { mirror: mirror.peekable(), applied: applied.peekable() }
}

struct After<M: Iterator, A: Iterator> {
    mirror: Peekable<M>,
    applied: Peekable<A>,
}

impl<E, M, A> After<M, A>
where
    M: Iterator<Item = Result<(Record, RecordHash), E>>,
    A: Iterator<Item = Result<Change, E>>,
{
    /// How the next record stands to the next change; an error comes first, so that it is not passed over.
    fn order(&mut self) -> Option<Ordering> {
        Some(match (self.mirror.peek(), self.applied.peek()) {
            (None, None) => return None,
            (Some(_), None) | (Some(Err(_)), _) => Ordering::Less,
            (None, Some(_)) | (_, Some(Err(_))) => Ordering::Greater,
            (Some(Ok((record, _))), Some(Ok(change))) => record.by_key(change.record()),
        })
    }
}

impl<E, M, A> Iterator for After<M, A>
where
    M: Iterator<Item = Result<(Record, RecordHash), E>>,
    A: Iterator<Item = Result<Change, E>>,
{
    type Item = Result<(Record, RecordHash), E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.order()? {
                Ordering::Less => return self.mirror.next(),
                Ordering::Equal => drop(self.mirror.next()),
                Ordering::Greater => {}
            }
            match self.applied.next()? {
                Err(error) => return Some(Err(error)),
                Ok(change) if change.action() == Action::Delete => {}
                Ok(Change::Create(record) | Change::Update { to: record, .. } | Change::Delete(record)) => {
                    let hash = record.hash();
                    return Some(Ok((record, hash)));
                }
            }
        }
    }
}
