//! Encodings: the same text is read the same in each, and no bytes of any make reading panic.
#![no_main]

use encoding_rs::WINDOWS_1252;
use rollover_fuzz::{check_report, strict};
use rollover_roster::read::{ReadReport, ReadRoster, read_imse};

const DECLARED: [&str; 8] =
    ["", "UTF-8", "ISO-8859-1", "windows-1252", "UTF-16", "utf-16le", "US-ASCII", "Shift_JIS"];

fn read(bytes: &[u8]) -> Result<ReadRoster, ReadReport> {
    read_imse(bytes, &strict()).inspect_err(check_report)
}

fn declaration(name: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"{name}\"?>")
}

/// Reads a text in an encoding as it was read in UTF-8; errors stand elsewhere, since a mark and a name have a length.
fn agrees(expected: &Result<ReadRoster, ReadReport>, bytes: &[u8]) {
    match (expected, read(bytes)) {
        (Ok(expected), Ok(found)) => assert_eq!(*expected, found),
        (Err(expected), Err(found)) => assert_eq!(expected.total(), found.total(), "{expected} / {found}"),
        (Ok(_), Err(report)) => panic!("refused in another encoding: {report}"),
        (Err(report), Ok(_)) => panic!("read in another encoding, refused in UTF-8: {report}"),
    }
}

fn check_text(text: &str) {
    let utf8 = read(format!("\u{feff}{text}").as_bytes());
    let units = || "\u{feff}".encode_utf16().chain(text.encode_utf16());
    agrees(&utf8, &units().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    agrees(&utf8, &units().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
    let plain = read(format!("{}{text}", declaration("utf-8")).as_bytes());
    let (narrow, _, has_strangers) = WINDOWS_1252.encode(text);
    if !has_strangers {
        agrees(&plain, &[declaration("windows-1252").as_bytes(), &narrow].concat());
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let name = DECLARED[usize::from(*choice) % DECLARED.len()];
    drop(read(bytes));
    drop(read(&[declaration(name).as_bytes(), bytes].concat()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        // A text that names its encoding itself is another file in each.
        if !text.contains("<?xml") && text.len() < 8_192 {
            check_text(text);
        }
    }
});
