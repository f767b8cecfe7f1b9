//! A customer's mapping, written by a person: refused with a word, or used to read a roster.
#![no_main]

use rollover_fuzz::{check_report, imse, invented, lenient, strict};
use rollover_roster::read::{Mapping, ReadOptions, read_imse};
use std::sync::LazyLock;

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| imse::written(&invented()));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(mapping) = toml::from_str::<Mapping>(text) else { return };
    if let Err(bad) = mapping.check() {
        assert!(!bad.expected.is_empty());
        return;
    }
    let stored = serde_json::to_string(&mapping).expect("a mapping can be stored");
    assert_eq!(mapping, serde_json::from_str::<Mapping>(&stored).expect("what was stored is read"));
    for options in [strict(), lenient()] {
        let options = ReadOptions { mapping: mapping.clone(), ..options };
        match read_imse(FILE.as_slice(), &options) {
            Ok(read) => assert_eq!(read.roster, read_imse(FILE.as_slice(), &options).expect("again").roster),
            Err(report) => check_report(&report),
        }
    }
});
