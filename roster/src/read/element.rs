//! One element with what is in it: records of a roster are small, so each is read whole, within limits.

use super::{ReadLimits, decode::Decoded};
use quick_xml::{
    Reader,
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

/// Counts lines and columns of what the parser has taken.
pub(super) struct Lines<R> {
    inner: Decoded<R>,
    place: Place,
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
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
        let lines = Lines { inner: input, place: Place { line: 1, column: 1 } };
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
        self.buffer.clear();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => Ok((place, event.into_owned())),
            Err(error) => Err(Self::broken(
                place,
                format!("the file is not well formed: {error}"),
                "have the MIS send it again",
            )),
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
                Event::DocType(text) => self.check_doctype(place, &text)?,
                Event::GeneralRef(name) => {
                    self.reference(place, &name)?;
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
    fn check_doctype(&self, place: Place, text: &str) -> Result<(), Broken> {
        if text.contains("<!ENTITY") || text.contains("<!entity") {
            return Err(Self::broken(place, "the DOCTYPE declares entities", "leave the declarations out"));
        }
        Ok(())
    }

    fn element(&mut self, place: Place, start: &BytesStart<'_>) -> Result<Element, Broken> {
        let mut open = vec![self.opened(place, start)?];
        loop {
            let (place, event) = self.event()?;
            let depth = open.len();
            let top = open.last_mut().expect("the outermost element is closed below");
            match event {
                Event::Start(start) => {
                    if depth >= self.limits.depth {
                        let what = format!("elements are nested deeper than {}", self.limits.depth);
                        return Err(Self::broken(place, what, NO_ROSTER));
                    }
                    let element = self.opened(place, &start)?;
                    open.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().expect("an end has its start");
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::Text(text) => top.text.push_str(&text.xml10_content()),
                Event::CData(text) => top.text.push_str(&text.xml10_content()),
                Event::GeneralRef(name) => {
                    let character = self.reference(place, &name)?;
                    open.last_mut().expect("still open").text.push(character);
                }
                Event::Eof => {
                    return Err(Self::broken(place, "the file ends before the document does", TRUNCATED));
                }
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) | Event::Empty(_) => {}
            }
            if open.last().is_some_and(|element| element.text.len() > self.limits.text) {
                let what = format!("a text is longer than {} bytes", self.limits.text);
                return Err(Self::broken(place, what, NO_ROSTER));
            }
        }
    }

    fn opened(&self, place: Place, start: &BytesStart<'_>) -> Result<Element, Broken> {
        let mut element = Element { name: local(start), place, ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| {
                Self::broken(place, format!("an attribute cannot be read: {error}"), "mend the attribute")
            })?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| {
                Self::broken(place, format!("an attribute cannot be read: {error}"), "mend the attribute")
            })?;
            element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        Ok(element)
    }

    /// One of the five predefined entities or a character reference; nothing else is expanded.
    fn reference(&self, place: Place, name: &quick_xml::events::BytesRef<'_>) -> Result<char, Broken> {
        match name.resolve_char_ref() {
            Ok(Some(character)) => Ok(character),
            Ok(None) => match &**name {
                "amp" => Ok('&'),
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "quot" => Ok('"'),
                "apos" => Ok('\''),
                other => Err(Self::broken(
                    place,
                    format!("the entity &{other}; is none of the five that XML knows"),
                    "write the character itself or its number",
                )),
            },
            Err(error) => {
                Err(Self::broken(place, format!("a character reference is wrong: {error}"), "mend it"))
            }
        }
    }
}

const TRUNCATED: &str = "the transfer was cut off: have the MIS send it again";
const NO_ROSTER: &str = "this is no roster: look at what the MIS sends";
const SECOND_ROOT: &str = "send one document per file";

fn local(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}
