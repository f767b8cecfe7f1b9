//! Reads a membership in the form in which nearly every one is written, without a tree and without a copy.
//!
//! The form is that of the standard in its usual order, with nothing that is rarely there: no references, comments,
//! deleted members, groups in groups or former keys. At anything else it gives up, and the way by the tree, which
//! knows all of it, reads that membership. What it does take it takes as that way would: a test holds both against
//! each other.

use super::field::{ID, LONG, SOURCE};
use crate::{
    model::{Member, Role},
    read::{ReadLimits, element::check_characters, tree::Place},
};
use chrono::NaiveDate;

/// White space between two tags; more of it is left to the other way.
const WHITE: usize = 256;
/// Elements inside elements, at most.
const DEPTH: usize = 5;

/// The memberships of one group, borrowed from the text that they stand in.
#[derive(Default)]
pub(crate) struct UsualMembership<'a> {
    /// Source and id.
    pub group: (&'a str, &'a str),
    pub members: Vec<Member<'a>>,
}

impl<'a> UsualMembership<'a> {
    /// Reads the element that begins at `at`, behind white space; gives where it ends.
    pub fn read(&mut self, text: &'a str, at: usize, limits: &ReadLimits) -> Option<usize> {
        // Under limits as low as these even the usual form may be too much.
        if limits.depth < DEPTH || limits.text < WHITE {
            return None;
        }
        self.members.clear();
        let mut scanner = Scanner { text, bytes: text.as_bytes(), at, elements: 0 };
        scanner.open(b"<membership>")?;
        self.group = scanner.key()?;
        while !scanner.is_next(b"</membership>")? {
            self.members.push(scanner.member()?);
        }
        scanner.close(b"</membership>")?;
        (scanner.elements <= limits.elements).then_some(scanner.at)
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    elements: usize,
}

impl<'a> Scanner<'a> {
    fn white(&mut self) -> Option<()> {
        let is_white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let length = self.bytes[self.at..].iter().take_while(is_white).count();
        self.at += length;
        (length <= WHITE).then_some(())
    }

    /// Whether this follows; if it does, it is passed.
    fn pass(&mut self, tag: &[u8]) -> bool {
        let is_there = self.bytes[self.at..].starts_with(tag);
        if is_there {
            self.at += tag.len();
        }
        is_there
    }

    /// Whether this comes next, behind white space.
    fn is_next(&mut self, tag: &[u8]) -> Option<bool> {
        self.white()?;
        Some(self.bytes[self.at..].starts_with(tag))
    }

    /// Passes a start tag behind white space, if it is the next.
    fn opens(&mut self, tag: &[u8]) -> Option<bool> {
        self.white()?;
        let opens = self.pass(tag);
        self.elements += usize::from(opens);
        Some(opens)
    }

    fn open(&mut self, tag: &[u8]) -> Option<()> {
        self.opens(tag)?.then_some(())
    }

    fn close(&mut self, tag: &[u8]) -> Option<()> {
        self.white()?;
        self.pass(tag).then_some(())
    }

    /// The trimmed text up to the end tag, of at most so many bytes.
    fn text(&mut self, end: &[u8], longest: usize) -> Option<&'a str> {
        let rest = &self.bytes[self.at..];
        let is_plain = |byte: &&u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'<' | b'&');
        let mut length = rest.iter().take_while(is_plain).count();
        if rest.get(length) != Some(&b'<') {
            length = memchr::memchr3(b'<', b'&', b'\r', rest)?;
            check_characters(Place::default(), &self.text[self.at..self.at + length]).ok()?;
        }
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        (self.pass(end) && length <= longest).then(|| text.trim())
    }

    /// Source and id. Without an id it is an error, which is for the other way to say.
    fn key(&mut self) -> Option<(&'a str, &'a str)> {
        self.open(b"<sourcedid>")?;
        self.open(b"<source>")?;
        let source = self.text(b"</source>", SOURCE)?;
        self.open(b"<id>")?;
        let id = self.text(b"</id>", ID)?;
        self.close(b"</sourcedid>")?;
        (!id.is_empty()).then_some((source, id))
    }

    fn member(&mut self) -> Option<Member<'a>> {
        self.open(b"<member>")?;
        let person = self.key()?;
        if self.opens(b"<idtype>")? && !matches!(self.text(b"</idtype>", LONG)?, "" | "1" | "Person") {
            return None;
        }
        self.open(b"<role")?;
        let role = self.role_type()?;
        let mut subrole = None;
        if self.opens(b"<subrole>")? {
            subrole = Some(self.text(b"</subrole>", LONG)?).filter(|subrole| !subrole.is_empty());
        }
        if self.opens(b"<status>")? && !matches!(self.text(b"</status>", LONG)?, "" | "1") {
            return None;
        }
        let (mut begin, mut end) = (None, None);
        if self.opens(b"<timeframe>")? {
            begin = self.bound(b"<begin", b"</begin>")?;
            end = self.bound(b"<end", b"</end>")?;
            self.close(b"</timeframe>")?;
        }
        self.close(b"</role>")?;
        self.close(b"</member>")?;
        Some(Member { person, role, begin, end, subrole, custom_role: None })
    }

    /// What is left of the start tag of a role.
    fn role_type(&mut self) -> Option<Role> {
        if self.pass(b">") {
            return Some(Role::Learner);
        }
        self.pass(b" roletype=\"").then_some(())?;
        let role = Role::from_code(self.text.get(self.at..self.at + 2)?)?;
        self.at += 2;
        self.pass(b"\">").then_some(role)
    }

    /// A date, if it restricts. The outer `None` is one that is not read here.
    fn bound(&mut self, start: &[u8], end: &[u8]) -> Option<Option<NaiveDate>> {
        if !self.opens(start)? {
            return Some(None);
        }
        let restricts = self.pass(b" restrict=\"1\">");
        if !restricts && !self.pass(b" restrict=\"0\">") && !self.pass(b">") {
            return None;
        }
        let date = date_of(self.text(end, LONG)?)?;
        Some(restricts.then_some(date))
    }
}

/// A date of digits alone, as 2024-08-01.
fn date_of(text: &str) -> Option<NaiveDate> {
    let number = |digits: &str| {
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let [year, month, day] = [text.get(..4)?, text.get(5..7)?, text.get(8..)?].map(number);
    let is_date = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    NaiveDate::from_ymd_opt(i32::try_from(year?).ok()?, month?, day?).filter(|_| is_date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Record, SyncKey},
        read::{Block, Part, Plain, imse::block::read_by_tree},
    };
    use proptest::prelude::*;

    /// What the way by the tree makes of the same text.
    fn by_tree(text: &str) -> Option<Vec<Record>> {
        let block = Block { at: 0, bytes: text.as_bytes().to_vec(), part: Part::INSIDE };
        let mut all = Vec::new();
        read_by_tree(&block, Plain::Utf8, &ReadLimits::default(), |_, found| {
            all.append(&mut found.into_records())
        })?;
        Some(all)
    }

    fn here(text: &str, limits: &ReadLimits) -> Option<(usize, Vec<Record>)> {
        let mut found = UsualMembership::default();
        let end = found.read(text, 0, limits)?;
        let (source, id) = found.group;
        let group = SyncKey { source: source.to_owned(), id: id.to_owned() };
        let record = |member: &Member<'_>| Record::Membership(member.to_membership(group.clone()));
        Some((end, found.members.iter().map(record).collect()))
    }

    const USUAL: &str = "\r\n<membership><sourcedid><source>sas</source><id>8a</id></sourcedid>\
        \n<member><sourcedid><source> s\u{f8}r </source><id>p-1</id></sourcedid><idtype>1</idtype>\
        <role roletype=\"02\"><subrole>vikar</subrole><status>1</status><timeframe>\
        <begin restrict=\"1\">2024-08-01</begin><end restrict=\"0\">2025-06-20</end></timeframe></role></member>\
        \n<member><sourcedid><source></source><id>p-2</id></sourcedid><role></role></member>\n</membership>";

    #[test]
    fn the_usual_form_is_read_here() {
        let (end, records) = here(USUAL, &ReadLimits::default()).unwrap();
        assert_eq!((end, records.len()), (USUAL.len(), 2));
        assert_eq!(by_tree(USUAL), Some(records));
    }

    #[test]
    fn low_limits_are_left_to_the_other_way() {
        let limits = ReadLimits::default();
        let cases = [
            (ReadLimits { elements: 20, ..limits }, true),
            (ReadLimits { elements: 19, ..limits }, false),
            (ReadLimits { depth: DEPTH, ..limits }, true),
            (ReadLimits { depth: DEPTH - 1, ..limits }, false),
            (ReadLimits { text: WHITE - 1, ..limits }, false),
        ];
        for (limits, expected) in cases {
            assert_eq!(here(USUAL, &limits).is_some(), expected, "{limits:?}");
        }
    }

    /// What may stand at any place of a membership, and change what it means.
    const PIECES: &[&str] = &[
        "x",
        " ",
        "\n",
        "\r\n",
        "\u{a0}",
        "\u{1}",
        "\u{ffff}",
        "&amp;",
        "&",
        "<!-- x -->",
        "<![CDATA[x]]>",
        "<x/>",
        "<sourcedid><source>a</source><id>b</id></sourcedid>",
        "<sourcedid sourcedidtype=\"Old\"><id>o</id></sourcedid>",
        "<idtype>1</idtype>",
        "<idtype>2</idtype>",
        "<idtype>person</idtype>",
        "<idtype></idtype>",
        "<status>0</status>",
        "<status>1</status>",
        "<status>2</status>",
        "<role roletype=\"04\"></role>",
        "<role roletype=\"4\"></role>",
        "<role roletype=\"99\"></role>",
        "<role recstatus=\"3\"><status>1</status></role>",
        "<role/>",
        "<subrole>rektor</subrole>",
        "<timeframe><begin>2024-01-01</begin></timeframe>",
        "<begin>2024-02-30</begin>",
        "<begin restrict=\"1\">+024-01-01</begin>",
        "<end restrict=\"1\"> 2024-1-1 </end>",
        "</role>",
        "</member>",
        "<member>",
        "</membership>",
        "<membership>",
        " recstatus=\"3\"",
        " roletype=\"03\"",
        "<id>z</id>",
        "<source>",
        "<datetime>2024-01-01</datetime>",
        "<extension><pifu_primaryRelation>1</pifu_primaryRelation></extension>",
    ];

    /// The usual form, with pieces put in and others left out.
    fn nearly_usual() -> impl Strategy<Value = String> {
        let edit = (any::<prop::sample::Index>(), prop::option::of(prop::sample::select(PIECES)));
        prop::collection::vec(edit, 0..4).prop_map(|edits| {
            let mut parts: Vec<&str> = USUAL.split_inclusive('>').collect();
            for (at, piece) in edits {
                match piece {
                    Some(piece) => parts.insert(at.index(parts.len() + 1), piece),
                    None => drop(parts.remove(at.index(parts.len()))),
                }
            }
            parts.concat()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn both_ways_read_the_same(text in nearly_usual()) {
            let limits = ReadLimits::default();
            if let Some((end, records)) = here(&text, &limits) {
                prop_assert_eq!(by_tree(&text[..end]), Some(records));
            }
        }
    }
}
