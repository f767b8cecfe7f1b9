//! Elements as they are written: never empty, every text escaped, no character that XML does not allow.

use crate::xml;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use std::io::{self, Write};

/// Writes one element after another, each line with its record.
pub(super) struct Elements<W: Write> {
    writer: Writer<W>,
}

impl<W: Write> Elements<W> {
    /// Begins a document in UTF-8.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Writer::new(out);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(Self { writer })
    }

    /// A line of its own, so that a place in the file says which record is meant.
    pub fn line(&mut self) -> io::Result<()> {
        self.writer.get_mut().write_all(b"\n")
    }

    /// An element with what `inside` writes; it must write something.
    pub fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inside: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        self.open(name, attributes)?;
        inside(self)?;
        self.close(name)
    }

    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.writer.write_event(Event::Start(start(name, attributes)?))
    }

    pub fn close(&mut self, name: &str) -> io::Result<()> {
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    /// An element that says all in its attributes.
    pub fn mark(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.writer.write_event(Event::Empty(start(name, attributes)?))
    }

    /// An element with a text; nothing at all for a text that is empty.
    pub fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.text_with(name, &[], text)
    }

    pub fn maybe(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        self.text(name, text.unwrap_or_default())
    }

    pub fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        check(name, text)?;
        self.element(name, attributes, |out| out.writer.write_event(Event::Text(BytesText::new(text))))
    }
}

fn start<'a>(name: &'a str, attributes: &[(&str, &str)]) -> io::Result<BytesStart<'a>> {
    for (attribute, value) in attributes {
        check(attribute, value)?;
    }
    Ok(BytesStart::new(name).with_attributes(attributes.iter().copied()))
}

/// The text is personal and not repeated.
fn check(name: &str, text: &str) -> io::Result<()> {
    match text.chars().find(|character| !xml::is_allowed(*character)) {
        None => Ok(()),
        Some(character) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{name}: the character U+{:04X} cannot stand in XML; leave it out", u32::from(character)),
        )),
    }
}
