//! A file in blocks that end with a record, so that several threads can read it; as far as that shows from outside.
//!
//! A cut is a guess: the tag may stand in a comment or deep inside a record. So whoever reads a block must find that
//! it holds whole records. If all blocks do, every cut was right: the first begins outside of any record, and each
//! that ends outside of one lets the next begin there.

use super::decode::{Plain, plain_encoding_of};
use std::{
    io::{self, Read},
    ops::Range,
};

/// A record that is longer than this is left to those who read without blocks.
const LONGEST: usize = 128 * 1024 * 1024;
/// As much of the beginning as is looked at for the encoding.
const BEGINNING: usize = 256;

/// Which part of a document a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// It begins before the root.
    pub first: bool,
    /// It ends behind the root.
    pub last: bool,
}

impl Part {
    /// Records, and neither the beginning nor the end of their root.
    pub const INSIDE: Self = Self { first: false, last: false };
}

pub(crate) struct Block {
    /// Where it lies in the file.
    pub at: u64,
    pub bytes: Vec<u8>,
    pub part: Part,
}

/// Cuts what it reads into blocks.
pub(crate) struct Blocks<R> {
    input: R,
    /// Bytes of a block, as long as records are shorter.
    size: usize,
    pub encoding: Plain,
    /// What was read and is not given out.
    ready: Vec<u8>,
    at: u64,
    first: bool,
    /// The input has ended.
    ended: bool,
    /// The last block was given out.
    over: bool,
}

impl<R: Read> Blocks<R> {
    /// `None` when the encoding is none in which a tag can be found by its bytes.
    pub fn open(mut input: R, size: usize) -> io::Result<Option<Self>> {
        let mut ready = Vec::with_capacity(size);
        (&mut input).take(BEGINNING as u64).read_to_end(&mut ready)?;
        let Some((encoding, mark)) = plain_encoding_of(&ready) else { return Ok(None) };
        ready.drain(..mark);
        Ok(Some(Self {
            input,
            size,
            encoding,
            ready,
            at: mark as u64,
            first: true,
            ended: false,
            over: false,
        }))
    }

    pub fn next(&mut self) -> io::Result<Option<Block>> {
        if self.over {
            return Ok(None);
        }
        let mut wanted = self.size.max(1);
        while !self.ended {
            self.fill(wanted)?;
            match last_cut(&self.ready) {
                Some(cut) if !self.ended => {
                    let rest = self.ready[cut..].to_vec();
                    self.ready.truncate(cut);
                    return Ok(Some(self.give(rest)));
                }
                // Too long to be cut: whoever reads it will find it incomplete.
                None if self.ready.len() >= LONGEST => return Ok(Some(self.give(Vec::new()))),
                _ => wanted = wanted.max(self.ready.len()) * 2,
            }
        }
        self.over = true;
        Ok(Some(self.give(Vec::new())))
    }

    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let missing = wanted.saturating_sub(self.ready.len());
        self.ready.reserve(missing);
        let read = (&mut self.input).take(missing as u64).read_to_end(&mut self.ready)?;
        self.ended = read < missing;
        Ok(())
    }

    fn give(&mut self, rest: Vec<u8>) -> Block {
        let bytes = std::mem::replace(&mut self.ready, rest);
        let part = Part { first: self.first, last: self.ended };
        let at = self.at;
        (self.first, self.at) = (false, at + bytes.len() as u64);
        Block { at, bytes, part }
    }
}

const ENDS: [&[u8]; 3] = [b"</person>", b"</group>", b"</membership>"];
const BEGINNINGS: [&[u8]; 4] = [b"<person", b"<group", b"<membership", b"</enterprise"];

/// Behind the last end of a record that another one, or the end of the root, follows.
fn last_cut(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b'<', bytes).find_map(|at| {
        let end = ENDS.iter().find(|end| bytes[at..].starts_with(end))?;
        let cut = at + end.len();
        let next = bytes[cut..].trim_ascii_start();
        BEGINNINGS.iter().any(|beginning| next.starts_with(beginning)).then_some(cut)
    })
}

/// Where pieces of a decoded text lie in the file; asked for in their order.
pub(super) struct Offsets<'a> {
    text: &'a str,
    encoding: Plain,
    /// The place that was asked for last, in the text and in the file.
    last: (usize, u64),
}

impl<'a> Offsets<'a> {
    pub fn new(text: &'a str, encoding: Plain, at: u64) -> Self {
        Self { text, encoding, last: (0, at) }
    }

    pub fn in_file(&mut self, range: Range<usize>) -> Range<u64> {
        self.one(range.start)..self.one(range.end)
    }

    fn one(&mut self, to: usize) -> u64 {
        let (from, at) = self.last;
        let bytes = match self.encoding {
            Plain::Utf8 => to - from,
            Plain::Windows1252 => self.text[from..to].chars().count(),
        };
        self.last = (to, at + bytes as u64);
        self.last.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(bytes: &[u8]) -> Vec<Block> {
        let mut blocks = Blocks::open(bytes, 1000).unwrap().unwrap();
        std::iter::from_fn(|| blocks.next().unwrap()).collect()
    }

    #[test]
    fn blocks_are_the_file_cut_behind_records() {
        let mut file = b"\xef\xbb\xbf<enterprise>".to_vec();
        (0..300).for_each(|id| file.extend(format!("<person>{id}</person>\n").bytes()));
        file.extend(b"</enterprise>\n");
        let blocks = blocks(&file);
        assert!(blocks.len() > 2);
        let mut at = 3;
        for (index, block) in blocks.iter().enumerate() {
            assert_eq!((block.at, block.part.first), (at, index == 0));
            assert_eq!(block.part.last, index + 1 == blocks.len());
            assert!(block.part.last || block.bytes.ends_with(b"</person>"));
            at += block.bytes.len() as u64;
        }
        assert_eq!(blocks.iter().flat_map(|block| block.bytes.clone()).collect::<Vec<u8>>(), file[3..]);
    }

    #[test]
    fn a_cut_has_a_record_before_and_behind_it() {
        let cases = [
            ("<person/></person><person>", Some(18)),
            ("</group>\r\n </enterprise>", Some(8)),
            ("</group><group></membership><person></person>", Some(28)),
            ("</person>", None),
            ("</person> <pers", None),
            ("</person></extension><membership>", None),
            ("", None),
        ];
        for (text, cut) in cases {
            assert_eq!(last_cut(text.as_bytes()), cut, "{text}");
        }
    }

    #[test]
    fn an_empty_file_is_one_block() {
        assert_eq!(blocks(b"").len(), 1);
    }

    #[test]
    fn places_are_those_of_the_file() {
        let text = "åb<c>";
        let mut utf8 = Offsets::new(text, Plain::Utf8, 10);
        assert_eq!((utf8.in_file(0..3), utf8.in_file(3..6)), (10..13, 13..16));
        let mut single = Offsets::new(text, Plain::Windows1252, 10);
        assert_eq!((single.in_file(0..3), single.in_file(3..6)), (10..12, 12..15));
    }
}
