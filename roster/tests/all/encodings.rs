//! One roster in every encoding that the reader knows.

use rollover_roster::{
    model::{Record, Roster},
    read::{ReadOptions, read_imse},
};

fn text(first_line: &str, name: &str) -> String {
    format!(
        "{first_line}<enterprise><person><sourcedid><source>sas</source><id>p-1</id></sourcedid>\
         <name><n><given>{name}</given><family>Ødegård</family></n></name></person></enterprise>"
    )
}

fn declaration(encoding: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>\n")
}

fn read(bytes: &[u8]) -> Result<Roster, String> {
    read_imse(bytes, &ReadOptions::default()).map(|read| read.roster).map_err(|report| report.to_string())
}

fn assert_name(bytes: &[u8], name: &str) {
    let roster = read(bytes).unwrap();
    let [Record::Person(person)] = roster.records() else { panic!("one person") };
    assert!(person.given == name && person.family == "Ødegård", "{:?} {:?}", person.given, person.family);
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn utf_8_with_and_without_mark_and_declaration() {
    for first_line in ["", "\u{feff}", &declaration("UTF-8"), &format!("\u{feff}{}", declaration("utf-8"))] {
        assert_name(text(first_line, "Åse 漢字").as_bytes(), "Åse 漢字");
    }
}

/// As generators really write it; the DTD is named, and never fetched.
#[test]
fn iso_8859_1_with_a_doctype_that_names_a_public_dtd() {
    let doctype = "<!DOCTYPE enterprise PUBLIC \"-//IMS Global//DTD Enterprise 1.1//EN\" \
                   \"http://127.0.0.1:1/ims_epv1p1.dtd\">\n";
    for label in ["ISO-8859-1", "iso-8859-1", "latin1"] {
        let first_lines = declaration(label) + doctype;
        assert_name(&latin1(&text(&first_lines, "Håkon")), "Håkon");
    }
    let single_quotes = "<?xml version='1.0' encoding = 'ISO-8859-1' standalone='no'?>";
    assert_name(&latin1(&text(single_quotes, "Bjørn")), "Bjørn");
}

#[test]
fn windows_1252() {
    let mut bytes = latin1(&text(&declaration("windows-1252"), "Zoë @"));
    let at = bytes.iter().position(|byte| *byte == b'@').unwrap();
    bytes[at] = 0x8a;
    assert_name(&bytes, "Zoë Š");
}

#[test]
fn utf_16_in_both_orders_with_and_without_mark() {
    for first_line in [&declaration("UTF-16"), "", &format!("\u{feff}{}", declaration("UTF-16"))] {
        let text = text(first_line, "Åse 🎒");
        assert_name(&utf16(&text, u16::to_le_bytes), "Åse 🎒");
        assert_name(&utf16(&text, u16::to_be_bytes), "Åse 🎒");
    }
}

/// The reader decodes in pieces: a character on a border must not come apart.
#[test]
fn characters_on_the_border_of_a_piece() {
    for before in 0..4 {
        let filler = format!("<!--{}{}-->", "x".repeat(before), "漢".repeat(20_000));
        assert_name(text(&filler, "Åse").as_bytes(), "Åse");
        assert_name(&utf16(&format!("\u{feff}{}", text(&filler, "Åse")), u16::to_le_bytes), "Åse");
    }
}

#[test]
fn other_encodings_and_bytes_that_are_none_are_refused() {
    let unknown = read(text(&declaration("EBCDIC-XYZ"), "Kari").as_bytes()).unwrap_err();
    assert_eq!(
        unknown,
        "file: the encoding \"EBCDIC-XYZ\" is not read; send it as UTF-8, ISO-8859-1, Windows-1252 or UTF-16, \
         and say which in the first line"
    );
    let unsaid = read(&latin1(&text("", "Håkon"))).unwrap_err();
    assert!(unsaid.contains("a byte sequence that is not UTF-8; send it as "), "{unsaid}");
    let late = [text("", &"x".repeat(100)).as_bytes(), &[b' '; 60_000], &[0xff]].concat();
    let late = read(&late).unwrap_err();
    assert!(late.contains("line 1, ") && late.contains("a byte sequence that is not UTF-8"), "{late}");
}
