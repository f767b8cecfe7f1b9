//! A document, one element under the root at a time: records of a roster are small, so each is read whole, within limits.

use super::{
    ReadLimits,
    blocks::Part,
    decode::Unreadable,
    events::{Events, Sliced, too_long},
    imse::UsualMembership,
    tree::{Element, Place, Tree},
};
use crate::xml;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::ops::Range;

/// The document is not well formed, or goes beyond a limit: reading ends here.
#[derive(Debug)]
pub(super) struct Broken {
    pub place: Place,
    pub what: String,
    pub fix: &'static str,
}

/// The root of a document.
pub(super) struct Root {
    pub name: String,
    /// That of names without a prefix.
    pub namespace: Option<String>,
}

/// The top of a document: what comes next under the root.
pub(super) enum Next<'t> {
    Root(Root),
    Child(Element<'t>),
    /// The document, or this part of it, is complete: in a document nothing but white space followed the root.
    End,
}

/// A parser that hands out one child of the root at a time.
pub(super) struct Elements<E> {
    events: E,
    tree: Tree,
    limits: ReadLimits,
    /// Which part of a document the events are.
    part: Part,
    /// The name of the root, once it is open.
    root: Option<String>,
    closed: bool,
    /// Where the child that was handed out last begins.
    child_at: usize,
}

/// What the top of a document is to do with an event.
enum Top {
    Root(Root),
    Child,
    End,
    PassOver,
}

impl<E: Events> Elements<E> {
    /// Of a whole document.
    pub fn new(events: E, limits: ReadLimits) -> Self {
        Self::of_part(events, limits, Part { first: true, last: true })
    }

    /// Of a part of a document whose root is `<enterprise>`.
    pub fn of_part(events: E, limits: ReadLimits, part: Part) -> Self {
        let root = (!part.first).then(|| ROOT.to_owned());
        Self { events, tree: Tree::default(), limits, part, root, closed: false, child_at: 0 }
    }

    /// Where the child that was handed out last begins and ends, in bytes of text.
    pub fn child_range(&self) -> Range<usize> {
        self.child_at..self.events.position()
    }

    /// The next thing under the root. Text between records is passed over.
    pub fn next(&mut self) -> Result<Next<'_>, Broken> {
        loop {
            match self.top()? {
                Top::Root(root) => return Ok(Next::Root(root)),
                Top::Child => {
                    self.rest_of_child()?;
                    return Ok(Next::Child(self.tree.root()));
                }
                Top::End => return Ok(Next::End),
                Top::PassOver => {}
            }
        }
    }

    fn top(&mut self) -> Result<Top, Broken> {
        self.child_at = self.events.position();
        if self.root.is_some() && self.events.element(&mut self.tree, &self.limits) {
            return Ok(Top::Child);
        }
        let (place, event) = self.events.event()?;
        match event {
            Event::Start(start) if self.closed => {
                let what = format!("<{}> follows the end of the document", start.local_name().as_ref());
                return Err(broken(place, what, SECOND_ROOT));
            }
            Event::Start(start) if self.root.is_some() => {
                self.tree.clear();
                open(&mut self.tree, place, &start)?;
                return Ok(Top::Child);
            }
            // The end of a root with a prefix would not be known for its end by a later part.
            Event::Start(start) if !self.part.last && start.name().as_ref() != ROOT => {
                return Err(broken(place, "the root has a prefix", NO_ROSTER));
            }
            Event::Start(start) => {
                self.root = Some(start.name().as_ref().to_owned());
                let namespace = start.attributes().flatten().find(|found| found.key.as_ref() == "xmlns");
                return Ok(Top::Root(Root {
                    name: start.local_name().as_ref().to_owned(),
                    namespace: namespace.map(|found| found.value.trim().to_owned()),
                }));
            }
            // The parser may have begun behind the start tag of the root.
            Event::End(end) if self.root.as_deref() != Some(end.name().as_ref()) => {
                return Err(broken(place, "an end tag does not match its start tag", AGAIN));
            }
            Event::End(_) => (self.root, self.closed) = (None, true),
            Event::Eof if self.closed == self.part.last => return Ok(Top::End),
            Event::Eof => {
                return Err(broken(place, "the file ends before the document does", TRUNCATED));
            }
            Event::DocType(text) => check_doctype(place, &text)?,
            Event::Text(text) if self.root.is_none() && !text.trim_ascii().is_empty() => {
                return Err(broken(place, "text stands outside the document", NO_ROSTER));
            }
            Event::GeneralRef(name) => {
                reference(place, &name)?;
            }
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::PI(_)
            | Event::Decl(_)
            | Event::Empty(_) => {}
        }
        Ok(Top::PassOver)
    }

    /// All up to the end of the child that the tree has begun with.
    fn rest_of_child(&mut self) -> Result<(), Broken> {
        let Self { events, tree, limits, .. } = self;
        while tree.depth() > 0 {
            let (place, event) = events.event()?;
            match event {
                Event::Start(start) => {
                    check_size(limits, place, tree.depth(), tree.len() + 1)?;
                    open(tree, place, &start)?;
                }
                Event::End(_) => tree.close(),
                Event::Text(text) => append(limits, place, tree, &text.xml10_content())?,
                Event::CData(text) => append(limits, place, tree, &text.xml10_content())?,
                Event::GeneralRef(name) => {
                    let character = reference(place, &name)?;
                    append(limits, place, tree, character.encode_utf8(&mut [0; 4]))?;
                }
                Event::Eof => {
                    return Err(broken(place, "the file ends before the document does", TRUNCATED));
                }
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) | Event::Empty(_) => {}
            }
        }
        Ok(())
    }
}

impl<'a> Elements<Sliced<'a>> {
    /// Reads what comes next under the root, if it is a membership of the usual form.
    pub fn usual(&mut self, membership: &mut UsualMembership<'a>) -> bool {
        self.child_at = self.events.position();
        self.root.is_some() && self.events.usual(membership, &self.limits)
    }
}

fn broken(place: Place, what: impl Into<String>, fix: &'static str) -> Broken {
    Broken { place, what: what.into(), fix }
}

/// A DOCTYPE may name a DTD, which is never fetched; one that declares entities is refused.
fn check_doctype(place: Place, text: &str) -> Result<(), Broken> {
    if text.contains("<!ENTITY") || text.contains("<!entity") {
        return Err(broken(place, "the DOCTYPE declares entities", "leave the declarations out"));
    }
    Ok(())
}

/// Whether one more element, `depth` deep and the `count`th of its record, is within the limits.
pub(super) fn check_size(
    limits: &ReadLimits,
    place: Place,
    depth: usize,
    count: usize,
) -> Result<(), Broken> {
    let what = if depth >= limits.depth {
        format!("elements are nested deeper than {}", limits.depth)
    } else if count > limits.elements {
        format!("one record has more than {} elements", limits.elements)
    } else {
        return Ok(());
    };
    Err(broken(place, what, NO_ROSTER))
}

fn append(limits: &ReadLimits, place: Place, tree: &mut Tree, text: &str) -> Result<(), Broken> {
    check_characters(place, text)?;
    if tree.append(text) > limits.text {
        let Unreadable { what, fix } = too_long(limits.text);
        return Err(broken(place, what, fix));
    }
    Ok(())
}

fn open(tree: &mut Tree, place: Place, start: &BytesStart<'_>) -> Result<(), Broken> {
    tree.open(start.local_name().as_ref(), place);
    if start.attributes_raw().is_empty() {
        return Ok(());
    }
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| {
            broken(place, format!("an attribute cannot be read: {error}"), "mend the attribute")
        })?;
        // The reason may repeat the value, which may be a password.
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|_| broken(place, "an attribute has a reference that XML does not know", NUMBER))?;
        check_characters(place, &value)?;
        tree.attribute(attribute.key.local_name().as_ref(), &value);
    }
    Ok(())
}

/// One of the five predefined entities or a character reference; nothing else is expanded. An unknown one is
/// not repeated: after a stray `&` it is a piece of somebody's name.
fn reference(place: Place, name: &BytesRef<'_>) -> Result<char, Broken> {
    match name.resolve_char_ref() {
        Ok(Some(character)) => Ok(character),
        Ok(None) => match &**name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(broken(place, "an entity that is none of the five that XML knows", NUMBER)),
        },
        Err(_) => Err(broken(place, "a character reference names no character", NUMBER)),
    }
}

pub(super) fn check_characters(place: Place, text: &str) -> Result<(), Broken> {
    // Nearly every text is plain, and asking its bytes is cheaper.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    match text.chars().find(|character| !xml::is_allowed(*character)) {
        None => Ok(()),
        Some(character) => Err(broken(
            place,
            format!("the character U+{:04X} is not allowed in XML", u32::from(character)),
            "leave it out",
        )),
    }
}

/// The root of a roster.
pub(super) const ROOT: &str = "enterprise";

pub(super) const AGAIN: &str = "have the MIS send it again";
const NUMBER: &str = "write the character itself or its number";
pub(super) const TRUNCATED: &str = "the transfer was cut off: have the MIS send it again";
pub(super) const NO_ROSTER: &str = "this is no roster: look at what the MIS sends";
const SECOND_ROOT: &str = "send one document per file";
