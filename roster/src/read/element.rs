//! One element with what is in it: records of a roster are small, so each is read whole, within limits.

use super::{
    ReadLimits,
    decode::{Decoded, Unreadable},
};
use crate::xml;
use quick_xml::{
    Reader,
    errors::IllFormedError,
    events::{BytesStart, Event},
};
use std::io::{BufRead, Read};

/// A place in the file, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub line: u64,
    pub column: u64,
}

/// An element, read.
#[derive(Default)]
pub(super) struct Element {
    pub name: String,
    pub place: Place,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at the end of a path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The trimmed text at the end of a path; `None` when it is missing or empty.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.trim()).filter(|text| !text.is_empty())
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.trim())
    }
}

/// Counts lines and columns of what the parser has taken, and how much of it is one piece of markup or text.
pub(super) struct Lines<R> {
    inner: Decoded<R>,
    place: Place,
    /// Bytes taken since the piece began.
    piece: usize,
    longest_piece: usize,
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        // The parser holds a piece whole: one without an end must not fill the memory.
        if self.piece > self.longest_piece {
            return Err(too_long(self.longest_piece).into());
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.piece += amount;
        if let Ok(bytes) = self.inner.fill_buf() {
            for byte in &bytes[..amount.min(bytes.len())] {
                if *byte == b'\n' {
                    self.place = Place { line: self.place.line + 1, column: 1 };
                } else if byte & 0xC0 != 0x80 {
                    // Bytes that continue a character are no column of their own.
                    self.place.column += 1;
                }
            }
        }
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// The document is not well formed, or goes beyond a limit: reading ends here.
#[derive(Debug)]
pub(super) struct Broken {
    pub place: Place,
    pub what: String,
    pub fix: &'static str,
}

/// The top of a document: what comes next under the root.
pub(super) enum Next {
    Root(String),
    Child(Element),
    /// The root is closed; nothing but white space followed.
    End,
}

/// A streaming parser that hands out one child of the root at a time.
pub(super) struct Elements<R: BufRead> {
    reader: Reader<Lines<R>>,
    buffer: Vec<u8>,
    limits: ReadLimits,
    inside_root: bool,
    closed: bool,
}

impl<R: BufRead> Elements<R> {
    pub fn new(input: Decoded<R>, limits: ReadLimits) -> Self {
        let place = Place { line: 1, column: 1 };
        let lines = Lines { inner: input, place, piece: 0, longest_piece: limits.text };
        let mut reader = Reader::from_reader(lines);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), limits, inside_root: false, closed: false }
    }

    fn place(&self) -> Place {
        self.reader.get_ref().place
    }

    fn broken(place: Place, what: impl Into<String>, fix: &'static str) -> Broken {
        Broken { place, what: what.into(), fix }
    }

    fn event(&mut self) -> Result<(Place, Event<'static>), Broken> {
        let place = self.place();
        self.reader.get_mut().piece = 0;
        self.buffer.clear();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => Ok((place, event.into_owned())),
            Err(error) => {
                let Unreadable { what, fix } = unreadable(&error);
                Err(Self::broken(place, what, fix))
            }
        }
    }

    /// The next thing under the root. Text between records is passed over.
    pub fn next(&mut self) -> Result<Next, Broken> {
        loop {
            let (place, event) = self.event()?;
            match event {
                Event::Start(start) if self.closed => {
                    let name = local(&start);
                    return Err(Self::broken(
                        place,
                        format!("<{name}> follows the end of the document"),
                        SECOND_ROOT,
                    ));
                }
                Event::Start(start) if self.inside_root => {
                    return Ok(Next::Child(self.element(place, &start)?));
                }
                Event::Start(start) => {
                    self.inside_root = true;
                    return Ok(Next::Root(local(&start)));
                }
                Event::End(_) => (self.inside_root, self.closed) = (false, true),
                Event::Eof if self.closed => return Ok(Next::End),
                Event::Eof => {
                    return Err(Self::broken(place, "the file ends before the document does", TRUNCATED));
                }
                Event::DocType(text) => Self::check_doctype(place, &text)?,
                Event::Text(text) if !self.inside_root && !text.trim_ascii().is_empty() => {
                    return Err(Self::broken(place, "text stands outside the document", NO_ROSTER));
                }
                Event::GeneralRef(name) => {
                    Self::reference(place, &name)?;
                }
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::PI(_)
                | Event::Decl(_)
                | Event::Empty(_) => {}
            }
        }
    }

    /// A DOCTYPE may name a DTD, which is never fetched; one that declares entities is refused.
    fn check_doctype(place: Place, text: &str) -> Result<(), Broken> {
        if text.contains("<!ENTITY") || text.contains("<!entity") {
            return Err(Self::broken(place, "the DOCTYPE declares entities", "leave the declarations out"));
        }
        Ok(())
    }

    /// The whole element that begins with `start`.
    fn element(&mut self, place: Place, start: &BytesStart<'_>) -> Result<Element, Broken> {
        let mut top = Self::opened(place, start)?;
        // The elements around `top`, the outermost first.
        let mut around: Vec<Element> = Vec::new();
        let mut count = 1;
        loop {
            let (place, event) = self.event()?;
            match event {
                Event::Start(start) => {
                    count += 1;
                    self.check_size(place, around.len() + 1, count)?;
                    around.push(std::mem::replace(&mut top, Self::opened(place, &start)?));
                }
                Event::End(_) => match around.pop() {
                    Some(parent) => {
                        let closed = std::mem::replace(&mut top, parent);
                        top.children.push(closed);
                    }
                    None => return Ok(top),
                },
                Event::Text(text) => self.append(place, &mut top, &text.xml10_content())?,
                Event::CData(text) => self.append(place, &mut top, &text.xml10_content())?,
                Event::GeneralRef(name) => {
                    let character = Self::reference(place, &name)?;
                    self.append(place, &mut top, character.encode_utf8(&mut [0; 4]))?;
                }
                Event::Eof => {
                    return Err(Self::broken(place, "the file ends before the document does", TRUNCATED));
                }
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) | Event::Empty(_) => {}
            }
        }
    }

    /// Whether one more element, `depth` deep and the `count`th of its record, is within the limits.
    fn check_size(&self, place: Place, depth: usize, count: usize) -> Result<(), Broken> {
        let what = if depth >= self.limits.depth {
            format!("elements are nested deeper than {}", self.limits.depth)
        } else if count > self.limits.elements {
            format!("one record has more than {} elements", self.limits.elements)
        } else {
            return Ok(());
        };
        Err(Self::broken(place, what, NO_ROSTER))
    }

    fn append(&self, place: Place, element: &mut Element, text: &str) -> Result<(), Broken> {
        check_characters(place, text)?;
        if element.text.len() + text.len() > self.limits.text {
            let Unreadable { what, fix } = too_long(self.limits.text);
            return Err(Self::broken(place, what, fix));
        }
        element.text.push_str(text);
        Ok(())
    }

    fn opened(place: Place, start: &BytesStart<'_>) -> Result<Element, Broken> {
        let mut element = Element { name: local(start), place, ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| {
                Self::broken(place, format!("an attribute cannot be read: {error}"), "mend the attribute")
            })?;
            // The reason may repeat the value, which may be a password.
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|_| {
                Self::broken(place, "an attribute has a reference that XML does not know", NUMBER)
            })?;
            check_characters(place, &value)?;
            element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        Ok(element)
    }

    /// One of the five predefined entities or a character reference; nothing else is expanded. An unknown one is
    /// not repeated: after a stray `&` it is a piece of somebody's name.
    fn reference(place: Place, name: &quick_xml::events::BytesRef<'_>) -> Result<char, Broken> {
        match name.resolve_char_ref() {
            Ok(Some(character)) => Ok(character),
            Ok(None) => match &**name {
                "amp" => Ok('&'),
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "quot" => Ok('"'),
                "apos" => Ok('\''),
                _ => Err(Self::broken(place, "an entity that is none of the five that XML knows", NUMBER)),
            },
            Err(_) => Err(Self::broken(place, "a character reference names no character", NUMBER)),
        }
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

fn too_long(limit: usize) -> Unreadable {
    Unreadable { what: format!("a text is longer than {limit} bytes"), fix: NO_ROSTER }
}

fn check_characters(place: Place, text: &str) -> Result<(), Broken> {
    match text.chars().find(|character| !xml::is_allowed(*character)) {
        None => Ok(()),
        Some(character) => Err(Broken {
            place,
            what: format!("the character U+{:04X} is not allowed in XML", u32::from(character)),
            fix: "leave it out",
        }),
    }
}

const AGAIN: &str = "have the MIS send it again";
const NUMBER: &str = "write the character itself or its number";
const TRUNCATED: &str = "the transfer was cut off: have the MIS send it again";
const NO_ROSTER: &str = "this is no roster: look at what the MIS sends";
const SECOND_ROOT: &str = "send one document per file";

fn local(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}
