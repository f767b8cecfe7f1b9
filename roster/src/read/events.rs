//! Where the parser's events come from: a stream, with the place of each, or a block of text, without.

use super::{
    ReadLimits,
    decode::{Decoded, Unreadable},
    element::{AGAIN, Broken, NO_ROSTER, TRUNCATED},
    imse::UsualMembership,
    plain,
    tree::{Place, Tree},
};
use quick_xml::{Reader, errors::IllFormedError, events::Event};
use std::io::{self, BufRead, Read};

/// The byte order mark.
pub(super) const MARK: char = '\u{feff}';

/// The two ways to events.
pub(super) trait Events {
    /// The next event and where it begins.
    fn event(&mut self) -> Result<(Place, Event<'_>), Broken>;

    /// Bytes of text that the events so far were made of.
    fn position(&self) -> usize;

    /// Between events, reads the element that comes next whole, if that can be done at once.
    fn element(&mut self, tree: &mut Tree, limits: &ReadLimits) -> bool;
}

/// Events of a stream. A piece of markup or text that grows too long is given up while it is read.
pub(super) struct Streamed<R: BufRead> {
    reader: Reader<Lines<R>>,
    buffer: Vec<u8>,
}

impl<R: BufRead> Streamed<R> {
    pub fn new(input: Decoded<R>, longest_piece: usize) -> Self {
        let place = Place { line: 1, column: 1 };
        let mut reader = Reader::from_reader(Lines { inner: input, place, piece: 0, longest_piece });
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new() }
    }
}

impl<R: BufRead> Events for Streamed<R> {
    fn event(&mut self) -> Result<(Place, Event<'_>), Broken> {
        let place = self.reader.get_ref().place;
        self.reader.get_mut().piece = 0;
        self.buffer.clear();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => Ok((place, event)),
            Err(error) => Err(unreadable(&error).at(place)),
        }
    }

    fn position(&self) -> usize {
        position(&self.reader)
    }

    fn element(&mut self, _: &mut Tree, _: &ReadLimits) -> bool {
        false
    }
}

/// Events of a block of text that lies in memory. They have no place: what is to be reported of a block is read
/// again as a stream, which counts them.
pub(super) struct Sliced<'a> {
    text: &'a str,
    /// What was read of the text so far.
    at: usize,
    /// Where the reader began.
    from: usize,
    reader: Reader<&'a [u8]>,
    /// The reader still has to give the end of an element without content.
    is_end_due: bool,
    longest_piece: usize,
}

impl<'a> Sliced<'a> {
    pub fn new(text: &'a str, longest_piece: usize) -> Self {
        let mut sliced =
            Self { text, at: 0, from: 0, reader: Reader::from_str(text), is_end_due: false, longest_piece };
        sliced.begin();
        sliced
    }

    /// Begins at the current place, which may be inside of elements: whether end tags are right is for others to say.
    fn begin(&mut self) {
        // The parser drops a mark at its beginning, and does not count it.
        while self.text[self.at..].starts_with(MARK) {
            self.at += MARK.len_utf8();
        }
        self.from = self.at;
        self.reader = Reader::from_str(&self.text[self.at..]);
        self.reader.config_mut().expand_empty_elements = true;
        self.reader.config_mut().allow_unmatched_ends = true;
    }
}

impl<'a> Sliced<'a> {
    /// Between events, reads the membership that comes next, if it is of the usual form.
    pub fn usual(&mut self, membership: &mut UsualMembership<'a>, limits: &ReadLimits) -> bool {
        if self.is_end_due {
            return false;
        }
        let end = membership.read(self.text, self.at, limits);
        self.at = end.unwrap_or(self.at);
        end.is_some()
    }
}

impl Events for Sliced<'_> {
    fn event(&mut self) -> Result<(Place, Event<'_>), Broken> {
        if self.from + position(&self.reader) != self.at {
            self.begin();
        }
        let (place, before) = (Place::default(), self.at);
        let event = self.reader.read_event().map_err(|error| unreadable(&error).at(place))?;
        self.at = self.from + position(&self.reader);
        self.is_end_due = matches!(event, Event::Start(_)) && self.text[..self.at].ends_with("/>");
        if self.at - before > self.longest_piece {
            return Err(too_long(self.longest_piece).at(place));
        }
        Ok((place, event))
    }

    fn position(&self) -> usize {
        self.at
    }

    fn element(&mut self, tree: &mut Tree, limits: &ReadLimits) -> bool {
        if self.is_end_due {
            return false;
        }
        tree.clear();
        let end = plain::read_element(self.text, self.at, tree, limits);
        self.at = end.unwrap_or(self.at);
        end.is_some()
    }
}

fn position<R>(reader: &Reader<R>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// Counts lines and columns of what the parser has taken, and how much of it is one piece of markup or text.
struct Lines<R> {
    inner: Decoded<R>,
    place: Place,
    /// Bytes taken since the piece began.
    piece: usize,
    longest_piece: usize,
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // The parser holds a piece whole: one without an end must not fill the memory.
        if self.piece > self.longest_piece {
            return Err(too_long(self.longest_piece).into());
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.piece += amount;
        if let Ok(bytes) = self.inner.fill_buf() {
            self.place = self.place.after(&bytes[..amount.min(bytes.len())]);
        }
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl Place {
    /// The place behind so many bytes of UTF-8.
    fn after(self, bytes: &[u8]) -> Self {
        // Bytes that continue a character are no column of their own.
        let columns = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u64;
        match memchr::memrchr(b'\n', bytes) {
            None => Self { line: self.line, column: self.column + columns(bytes) },
            Some(last) => {
                let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
                Self { line: self.line + lines, column: 1 + columns(&bytes[last + 1..]) }
            }
        }
    }
}

impl Unreadable {
    fn at(self, place: Place) -> Broken {
        Broken { place, what: self.what, fix: self.fix }
    }
}

/// What the parser stumbled over. Names that it read are left out: after a stray `<` they are a child's.
fn unreadable(error: &quick_xml::Error) -> Unreadable {
    let unformed = |what: &str| format!("the file is not well formed: {what}");
    match error {
        quick_xml::Error::Io(error) => {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<Unreadable>()) {
                Some(Unreadable { what, fix }) => Unreadable { what: what.clone(), fix },
                None => Unreadable { what: format!("the file cannot be read: {error}"), fix: AGAIN },
            }
        }
        quick_xml::Error::Syntax(error) => Unreadable { what: unformed(&error.to_string()), fix: TRUNCATED },
        quick_xml::Error::IllFormed(
            IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_),
        ) => Unreadable { what: unformed("an end tag does not match its start tag"), fix: AGAIN },
        quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => {
            Unreadable { what: unformed("an & stands alone"), fix: "write &amp; for it" }
        }
        _ => Unreadable { what: unformed("its markup is wrong here"), fix: AGAIN },
    }
}

pub(super) fn too_long(limit: usize) -> Unreadable {
    Unreadable { what: format!("a text is longer than {limit} bytes"), fix: NO_ROSTER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_lines() {
        let start = Place { line: 3, column: 5 };
        let cases = [("", (3, 5)), ("abc", (3, 8)), ("åæ", (3, 7)), ("a\n", (4, 1)), ("a\n\nøb", (5, 3))];
        for (text, (line, column)) in cases {
            assert_eq!(start.after(text.as_bytes()), Place { line, column }, "{text:?}");
        }
    }
}
