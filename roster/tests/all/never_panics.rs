//! Whatever comes, the reader answers: a roster, or a report that says something.

use crate::generate;
use proptest::{prelude::*, sample::Index};
use rollover_roster::{
    model::Roster,
    read::{ReadOptions, read_imse},
    write::write_imse,
};

/// Reads; a report has an error, and each error says what is wrong and what to do.
fn survive(bytes: &[u8]) {
    if let Err(report) = read_imse(bytes, &ReadOptions::default()) {
        assert!(!report.is_empty());
        for error in &report.errors {
            assert!(!error.what.is_empty() && !error.fix.is_empty(), "{error}");
        }
    }
}

fn written(roster: &Roster) -> Vec<u8> {
    let mut out = Vec::new();
    write_imse(&mut out, roster, "sas", "2024-06-03").unwrap();
    out
}

/// Pieces of markup that mean something to a parser.
const PIECES: &[&[u8]] = &[
    b"<",
    b">",
    b"</",
    b"/>",
    b"&",
    b"&amp;",
    b"&#0;",
    b"&#x110000;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?xml",
    b"?>",
    b"<!DOCTYPE x [",
    b"<!ENTITY a \"b\">",
    b"]>",
    b"\"",
    b"'",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"<person>",
    b"</person>",
    b"<enterprise>",
    b"</enterprise>",
    b" recstatus=\"3\"",
    b"=",
];

/// One thing that goes wrong with a file on its way.
#[derive(Debug, Clone)]
pub enum Damage {
    Cut(Index),
    Flip(Index, u8),
    Put(Index, &'static [u8]),
    Drop(Index, usize),
    Repeat(Index, usize),
}

pub fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (any::<Index>(), prop::sample::select(PIECES)).prop_map(|(at, piece)| Damage::Put(at, piece)),
        (any::<Index>(), 1..200_usize).prop_map(|(at, count)| Damage::Drop(at, count)),
        (any::<Index>(), 1..200_usize).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

pub fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    let piece = |at: usize, count: usize, length: usize| at..(at + count).min(length);
    match damage {
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Flip(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Damage::Put(at, piece) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, piece.iter().copied());
        }
        Damage::Drop(at, count) => {
            bytes.drain(piece(at.index(bytes.len()), *count, bytes.len()));
        }
        Damage::Repeat(at, count) => {
            let range = piece(at.index(bytes.len()), *count, bytes.len());
            let again = bytes[range.clone()].to_vec();
            bytes.splice(range.start..range.start, again);
        }
    }
}

proptest! {
    #[test]
    fn on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        survive(&bytes);
    }

    #[test]
    fn on_any_heap_of_markup(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        survive(&pieces.concat());
        survive(&[b"<enterprise>".as_slice(), &pieces.concat()].concat());
    }

    #[test]
    fn on_a_damaged_file(roster in generate::roster(), damages in prop::collection::vec(damage(), 1..6)) {
        let mut bytes = written(&roster);
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        survive(&bytes);
    }

    #[test]
    fn and_a_file_that_was_cut_off_is_never_taken_for_whole(roster in generate::roster(), at in any::<Index>()) {
        let mut bytes = written(&roster);
        // Without its last line break it is still whole.
        bytes.truncate(at.index(bytes.len() - 1));
        prop_assert!(read_imse(bytes.as_slice(), &ReadOptions::default()).is_err());
    }
}
