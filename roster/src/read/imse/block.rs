//! Reads one block of a file on its own: its records, or that something in it has to be reported.

use super::{Properties, convert::Converter, decide_whole, pifu::Dialect};
use crate::{
    model::Record,
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

/// Gives `take` the records of each child of the root, with where it lies in the file.
///
/// Strictly, and without a mapping. `None` when the block is not made of whole records without an error, or when its
/// records mean something else by what stands in other blocks. Which one, and where, is for
/// [`super::read_imse`] to say, which goes through the file from its beginning.
pub(crate) fn read_block(
    block: &Block,
    encoding: Plain,
    limits: &ReadLimits,
    mut take: impl FnMut(Range<u64>, &mut Vec<Record>),
) -> Option<BlockFacts> {
    let text = encoding.decode(&block.bytes)?;
    // One more mark is passed over, but two are text outside of the root.
    if block.part.first && text.strip_prefix(MARK).is_some_and(|text| text.starts_with(MARK)) {
        return None;
    }
    let mut offsets = Offsets::new(&text, encoding, block.at);
    let mut elements = Elements::of_part(Sliced::new(&text, limits.text), *limits, block.part);
    let options = ReadOptions::from(*limits);
    let (mut facts, mut converter, mut records) =
        (BlockFacts::default(), Converter::new(&options), Vec::new());
    loop {
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
                    take(offsets.in_file(elements.child_range()), &mut records);
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
