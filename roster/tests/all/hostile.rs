//! Files that are broken, that are something else, or that mean harm: refused within limits, nothing repeated.

use rollover_roster::read::{ReadLimits, ReadOptions, ReadReport, read_imse};
use std::io::{self, BufReader, Read};

fn refused_within(bytes: impl AsRef<[u8]>, limits: &ReadLimits) -> ReadReport {
    read_imse(bytes.as_ref(), &ReadOptions::from(*limits)).expect_err("the file is wrong")
}

fn refused(bytes: impl AsRef<[u8]>) -> String {
    refused_within(bytes, &ReadLimits::default()).to_string()
}

const PERSON: &str = "<person><sourcedid><source>sas</source><id>p-1</id></sourcedid>\
                      <name><n><given>Kari</given><family>Berg</family></n></name></person>";

#[test]
fn an_empty_file_deletes_nothing() {
    assert_eq!(
        refused(""),
        "line 1, column 1, file: the file is empty; look at the export of the MIS and at the transfer"
    );
    for empty in ["<enterprise/>", "<enterprise><properties/></enterprise>", "<enterprise></enterprise>"] {
        let text = refused(empty);
        assert!(text.starts_with("file: the file holds no person and no group; "), "{text}");
    }
    let all_deleted = format!("<enterprise>{}</enterprise>", PERSON.replacen('>', " recstatus=\"3\">", 1));
    assert!(refused(all_deleted).starts_with("file: the file holds no person and no group; "));
}

#[test]
fn what_is_no_roster_is_told_apart() {
    assert_eq!(
        refused("<html><body/></html>"),
        "file: the document is <html>; expected <enterprise>: look at what the MIS sends"
    );
    for other in ["sourcedId,status\n1,active\n", "{\"users\": []}", "PK\u{3}\u{4} zip", "  hello"] {
        assert_eq!(
            refused(other),
            "line 1, column 1, file: text stands outside the document; \
             this is no roster: look at what the MIS sends"
        );
    }
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let whole = format!("<enterprise>\n{PERSON}\n<!-- end --></enterprise>");
    assert!(read_imse(whole.as_bytes(), &ReadOptions::default()).is_ok());
    for length in 0..whole.len() {
        let text = refused(&whole[..length]);
        assert!(text.starts_with("line "), "{length}: {text}");
        assert!(!text.contains("Kari") && !text.contains("Berg") && !text.contains("p-1"), "{text}");
    }
}

#[test]
fn what_follows_the_document_is_refused() {
    let whole = format!("<enterprise>{PERSON}</enterprise>");
    assert!(read_imse(format!("{whole}\n<!-- done -->\n").as_bytes(), &ReadOptions::default()).is_ok());
    let second = refused(format!("{whole}{whole}"));
    assert!(
        second.contains("<enterprise> follows the end of the document; send one document per file"),
        "{second}"
    );
    let text = refused(format!("{whole}\ntrailing"));
    assert!(text.starts_with("line 1, ") && text.contains("text stands outside the document"), "{text}");
}

#[test]
fn entities_are_never_expanded() {
    let bomb = "<!DOCTYPE enterprise [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let outside = "<!DOCTYPE enterprise [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>";
    let parameter = "<!DOCTYPE enterprise [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x\"> %p;]>";
    for doctype in [bomb, outside, parameter] {
        let text = refused(format!("{doctype}<enterprise>{PERSON}</enterprise>"));
        assert_eq!(text, "line 1, column 1, file: the DOCTYPE declares entities; leave the declarations out");
    }
    for reference in ["&b;", "&nbsp;", "&Kari;", "&x y;"] {
        let text = refused(format!("<enterprise>{}</enterprise>", PERSON.replace("Kari", reference)));
        assert!(text.contains("an entity that is none of the five that XML knows; "), "{reference}: {text}");
    }
    for reference in ["&#0;", "&#xD800;", "&#x110000;", "&#;", "&#99999999999;"] {
        let text = refused(format!("<enterprise>{}</enterprise>", PERSON.replace("Kari", reference)));
        assert!(text.contains("a character reference names no character; "), "{reference}: {text}");
    }
}

#[test]
fn characters_that_xml_does_not_allow_are_refused() {
    for character in ["\u{1}", "&#1;", "\u{b}", "\u{fffe}", "<![CDATA[\u{2}]]>"] {
        let text = refused(format!("<enterprise>{}</enterprise>", PERSON.replace("ari", character)));
        assert!(text.contains(" is not allowed in XML; leave it out"), "{text}");
    }
}

/// A stray sign turns a name into markup, and parsers like to quote what they stumble over.
#[test]
fn no_error_repeats_a_name_or_a_key() {
    let slips = [
        "<given>Tom & Kari</given>",
        "<given>Tom &Kari;</given>",
        "<given>Tom <Kari></given>",
        "<given>Tom </Kari></given>",
        "<given Kari>Tom</given>",
        "<given a=\"&Kari;\">Tom</given>",
        "<given a=\"Kari\" a=\"Kari\">Tom</given>",
        "<given>Tom <!Kari></given>",
        "<given>Tom <?Kari></given>",
        "<given>Tom < Kari</given>",
        "<given>&#Kari;</given>",
    ];
    for slip in slips {
        let text =
            refused(format!("<enterprise>{}</enterprise>", PERSON.replace("<given>Kari</given>", slip)));
        assert!(!text.contains("Kari"), "{slip}: {text}");
        assert!(text.starts_with("line 1, column "), "{slip}: {text}");
    }
}

#[test]
fn every_limit_holds_at_and_breaks_just_over() {
    let person = |id: usize| PERSON.replace("p-1", &format!("p-{id}"));
    let file = |inside: &str| format!("<enterprise>{inside}</enterprise>");
    let deep = |depth: usize| {
        let inside = "<x>".repeat(depth - 1) + &"</x>".repeat(depth - 1);
        file(&(PERSON.to_owned() + "<other>" + &inside + "</other>"))
    };
    let wide = |count: usize| file(&(PERSON.to_owned() + "<other>" + &"<x/>".repeat(count - 1) + "</other>"));
    let long = |length: usize| file(&(PERSON.to_owned() + "<other>" + &"x".repeat(length) + "</other>"));
    let split = |length: usize| {
        file(&(PERSON.to_owned() + "<other>" + &"x".repeat(length - 1) + "<!-- -->x</other>"))
    };
    let many = |count: usize| file(&(1..=count).map(person).collect::<String>());
    let size = file(PERSON).len() as u64;
    let default = ReadLimits::default();
    let cases = [
        (file(PERSON), ReadLimits { bytes: size, ..default }, None),
        (file(PERSON), ReadLimits { bytes: size - 1, ..default }, Some("the file is larger than ")),
        (deep(5), ReadLimits { depth: 5, ..default }, None),
        (deep(6), ReadLimits { depth: 5, ..default }, Some("elements are nested deeper than 5")),
        (wide(9), ReadLimits { elements: 9, ..default }, None),
        (wide(10), ReadLimits { elements: 9, ..default }, Some("one record has more than 9 elements")),
        (long(100), ReadLimits { text: 100, ..default }, None),
        (long(101), ReadLimits { text: 100, ..default }, Some("a text is longer than 100 bytes")),
        (split(101), ReadLimits { text: 100, ..default }, Some("a text is longer than 100 bytes")),
        (many(3), ReadLimits { records: 3, ..default }, None),
        (many(4), ReadLimits { records: 3, ..default }, Some("more than 3 records")),
    ];
    for (text, limits, expected) in cases {
        let result = read_imse(text.as_bytes(), &limits.into()).map_err(|report| report.to_string());
        match (result, expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
            (Ok(_), Some(expected)) => panic!("not refused: {expected}"),
            (Err(error), None) => panic!("refused at the limit: {error}"),
        }
    }
}

/// Gives a beginning, then the same byte without end, and counts what was taken.
struct Endless {
    beginning: &'static [u8],
    byte: u8,
    taken: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.beginning.is_empty() {
            buffer.fill(self.byte);
            buffer.len()
        } else {
            self.beginning.read(buffer)?
        };
        self.taken += count;
        Ok(count)
    }
}

/// A parser holds a tag, a text or a comment whole; one without an end must not fill the memory.
#[test]
fn a_piece_without_an_end_is_given_up_early() {
    let beginnings: [&[u8]; 7] = [
        b"<enterprise><person>",
        b"<enterprise><person ",
        b"<enterprise><person a=\"",
        b"<enterprise><!-- ",
        b"<enterprise><![CDATA[",
        b"<!DOCTYPE ",
        b"<",
    ];
    for beginning in beginnings {
        let mut endless = Endless { beginning, byte: b'x', taken: 0 };
        let report = read_imse(BufReader::new(&mut endless), &ReadOptions::default()).unwrap_err();
        assert!(report.to_string().contains("a text is longer than 65536 bytes"), "{report}");
        assert!(endless.taken < 1_000_000, "{} bytes were read", endless.taken);
    }
}

#[test]
fn a_disk_that_fails_is_said_to_fail() {
    struct Failing(&'static [u8]);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::other("the cable is out")) } else { self.0.read(buffer) }
        }
    }
    let long = format!("<enterprise>{PERSON}{}", " ".repeat(1_000)).leak();
    for beginning in [b"".as_slice(), b"<enterprise>", long.as_bytes()] {
        let report = read_imse(BufReader::new(Failing(beginning)), &ReadOptions::default()).unwrap_err();
        assert!(report.to_string().contains("the file cannot be read: the cable is out"), "{report}");
    }
}
