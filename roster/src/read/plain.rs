//! Reads an element whose markup is plain straight into the tree, several times faster than by events.
//!
//! Plain is what nearly every record is made of: names of ASCII letters, attributes in the usual form, texts without
//! references. At anything else it gives up and the parser of events, which knows all of XML, reads that element. What
//! it does take it takes as that parser would: a test holds both against each other.

use super::{
    ReadLimits,
    element::{check_characters, check_size},
    tree::{Place, Tree},
};

/// Reads the element that begins at `at`, behind white space; gives where it ends. The tree is empty before.
pub(super) fn read_element(text: &str, at: usize, tree: &mut Tree, limits: &ReadLimits) -> Option<usize> {
    let bytes = text.as_bytes();
    let at = at + bytes[at..].iter().take_while(|byte| is_white(**byte)).count();
    let mut scanner = Scanner { text, bytes, at, tree, limits };
    scanner.tag()?;
    while scanner.tree.depth() > 0 {
        scanner.text()?;
        scanner.tag()?;
    }
    Some(scanner.at)
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tree: &'a mut Tree,
    limits: &'a ReadLimits,
}

const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn name(&mut self) -> Option<&'a str> {
        let length = self.bytes[self.at..].iter().take_while(|byte| is_of_name(**byte)).count();
        let name = &self.text[self.at..self.at + length];
        self.at += length;
        name.starts_with(|first: char| first.is_ascii_alphabetic()).then_some(name)
    }

    /// Text up to the next tag.
    fn text(&mut self) -> Option<()> {
        let length = memchr::memchr(b'<', &self.bytes[self.at..])?;
        if length == 0 {
            return Some(());
        }
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        self.check(text)?;
        (self.tree.append(text) <= self.limits.text).then_some(())
    }

    /// Whether a text stands for itself, and may stand there.
    fn check(&self, text: &str) -> Option<()> {
        if text.len() > self.limits.text || text.bytes().any(|byte| matches!(byte, b'&' | b'\r')) {
            return None;
        }
        check_characters(Place::default(), text).ok()
    }

    fn tag(&mut self) -> Option<()> {
        let start = self.at;
        self.expect(b'<')?;
        if self.peek()? == b'/' {
            self.at += 1;
            let name = self.name()?;
            (self.tree.innermost()? == name).then_some(())?;
            self.tree.close();
            self.expect(b'>')?;
        } else {
            self.start_tag()?;
        }
        (self.at - start <= self.limits.text).then_some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        let name = self.name()?;
        if self.tree.depth() > 0 {
            check_size(self.limits, Place::default(), self.tree.depth(), self.tree.len() + 1).ok()?;
        }
        self.tree.open(name, Place::default());
        while is_white(self.peek()?) {
            self.at += 1;
            if is_of_name(self.peek()?) {
                self.attribute()?;
            }
        }
        if self.peek()? == b'/' {
            self.at += 1;
            self.tree.close();
        }
        self.expect(b'>')
    }

    fn attribute(&mut self) -> Option<()> {
        let name = self.name()?;
        self.expect(b'=')?;
        let quote = self.peek().filter(|quote| matches!(quote, b'"' | b'\''))?;
        self.at += 1;
        let length = memchr::memchr2(quote, b'<', &self.bytes[self.at..])?;
        let value = &self.text[self.at..self.at + length];
        self.at += length;
        self.expect(quote)?;
        self.check(value)?;
        if value.bytes().any(is_break) || self.tree.has_attribute(name) {
            return None;
        }
        self.tree.attribute(name, value);
        Some(())
    }
}

/// What an attribute gives as a blank.
const fn is_break(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(text: &str) -> Option<usize> {
        read_element(text, 0, &mut Tree::default(), &ReadLimits::default())
    }

    #[test]
    fn plain_elements_are_read_and_others_are_left() {
        let plain = ["<a/>", " \n<a></a>", "<a b=\"1\" c='>' ><b>x é</b> y <c-d.e/></a>", "<a>]]> ></a>"];
        for text in plain {
            assert_eq!(end_of(&format!("{text}<next>")), Some(text.len()), "{text}");
        }
        let others = [
            "",
            "x",
            "<",
            "<a",
            "<a>",
            "<a></b>",
            "</a>",
            "<a></a >",
            "<é/>",
            "<x:a/>",
            "<a>&amp;</a>",
            "<a>\r</a>",
            "<a><!-- --></a>",
            "<a><![CDATA[x]]></a>",
            "<a><?x?></a>",
            "<a b/>",
            "<a b=1/>",
            "<a b =\"\"/>",
            "<a b=\"&lt;\"/>",
            "<a b=\"<\"/>",
            "<a b=\"\n\"/>",
            "<a b=\"\" b=\"\"/>",
            "<a/ >",
            "<a b=\"\"c=\"\"/>",
            "<a>\u{1}</a>",
            "<a b=\"\u{fffe}\"/>",
            "<a>\u{ffff}</a>",
            "<1/>",
        ];
        for text in others {
            assert_eq!(end_of(text), None, "{text}");
        }
    }

    #[test]
    fn limits_are_left_to_the_other_way() {
        let limits = ReadLimits { depth: 3, elements: 4, text: 10, ..ReadLimits::default() };
        let cases = [
            ("<a><b><c/></b></a>", true),
            ("<a><b><c><d/></c></b></a>", false),
            ("<a><b/><b/><b/></a>", true),
            ("<a><b/><b/><b/><b/></a>", false),
            ("<a>0123456789</a>", true),
            ("<a>01234<b/>56789x</a>", false),
            ("<abcdefg/>", true),
            ("<abcdefgh/>", false),
        ];
        for (text, taken) in cases {
            let end = read_element(text, 0, &mut Tree::default(), &limits);
            assert_eq!(end.is_some(), taken, "{text}");
        }
    }
}
