//! Reads one block of a file on its own: its records, or that something in it has to be reported.

use super::{Properties, convert::Converter, decide_whole, pifu::Dialect, usual::UsualMembership};
use crate::{
    model::{Member, Record, SyncKey},
    read::{
        Block, Plain, ReadLimits, ReadOptions,
        blocks::Offsets,
        element::{Elements, Next, ROOT},
        events::{MARK, Sliced},
    },
};
use std::ops::Range;

/// What a block says beside its records.
#[derive(Default)]
pub(crate) struct BlockFacts {
    pub properties: Option<Properties>,
    pub groups_without_id: u64,
}

/// The records of one child of the root.
pub(crate) enum Found<'f, 't> {
    Records(&'f mut Vec<Record>),
    Members(&'f mut UsualMembership<'t>),
}

impl Found<'_, '_> {
    /// As records, whichever way they were read.
    pub fn into_records(self) -> Vec<Record> {
        match self {
            Self::Records(records) => std::mem::take(records),
            Self::Members(UsualMembership { group: (source, id), members }) => {
                let group = SyncKey { source: (*source).to_owned(), id: (*id).to_owned() };
                let record = |member: &Member<'_>| member.to_membership(group.clone());
                members.iter().map(record).map(Record::Membership).collect()
            }
        }
    }
}

/// Gives `take` the records of each child of the root, with where it lies in the file.
///
/// Strictly, and without a mapping. `None` when the block is not made of whole records without an error, or when its
/// records mean something else by what stands in other blocks. Which one, and where, is for
/// [`super::read_imse`] to say, which goes through the file from its beginning.
pub(crate) fn read_block(
    block: &Block,
    encoding: Plain,
    limits: &ReadLimits,
    take: impl FnMut(Range<u64>, Found<'_, '_>),
) -> Option<BlockFacts> {
    let text = encoding.decode(&block.bytes)?;
    BlockReader { text: &text, block, encoding, limits, is_usual_read: true }.read(take)
}

/// The same without the short way for the usual form.
#[cfg(test)]
pub(super) fn read_by_tree(
    block: &Block,
    encoding: Plain,
    limits: &ReadLimits,
    take: impl FnMut(Range<u64>, Found<'_, '_>),
) -> Option<BlockFacts> {
    let text = encoding.decode(&block.bytes)?;
    BlockReader { text: &text, block, encoding, limits, is_usual_read: false }.read(take)
}

struct BlockReader<'t> {
    text: &'t str,
    block: &'t Block,
    encoding: Plain,
    limits: &'t ReadLimits,
    /// Whether memberships of the usual form are read the short way.
    is_usual_read: bool,
}

impl<'t> BlockReader<'t> {
    fn read(&self, mut take: impl FnMut(Range<u64>, Found<'_, 't>)) -> Option<BlockFacts> {
        let Self { text, block, .. } = *self;
        // One more mark is passed over, but two are text outside of the root.
        if block.part.first && text.strip_prefix(MARK).is_some_and(|text| text.starts_with(MARK)) {
            return None;
        }
        let mut offsets = Offsets::new(text, self.encoding, block.at);
        let mut elements = Elements::of_part(Sliced::new(text, self.limits.text), *self.limits, block.part);
        let options = ReadOptions::from(*self.limits);
        let (mut facts, mut converter) = (BlockFacts::default(), Converter::new(&options));
        let (mut records, mut members) = (Vec::new(), UsualMembership::default());
        loop {
            if self.is_usual_read && !converter.needs_whole_file() && elements.usual(&mut members) {
                take(offsets.in_file(elements.child_range()), Found::Members(&mut members));
                continue;
            }
            match elements.next().ok()? {
                Next::Root(root) if root.name == ROOT => {
                    converter.judge.dialect = Dialect::of_namespace(root.namespace.as_deref());
                }
                Next::Root(_) => return None,
                Next::Child(element) => match element.name {
                    "properties" => {
                        decide_whole(element.text_at(&["type"])).ok()?;
                        facts.properties = Some(Properties::of(element));
                    }
                    "person" | "group" | "membership" => {
                        if !converter.take(element).is_empty() || converter.needs_whole_file() {
                            return None;
                        }
                        records.extend(converter.drain());
                        take(offsets.in_file(elements.child_range()), Found::Records(&mut records));
                        records.clear();
                    }
                    _ => {}
                },
                Next::End => {
                    facts.groups_without_id = converter.facts.groups_without_id;
                    return Some(facts);
                }
            }
        }
    }
}
