//! OneRoster bundles: strict against lenient, read against written, and a delta applied twice.

use crate::{check_lenient, check_report, invented, lenient, strict};
use rollover_roster::{
    model::Roster,
    read::{
        ReadOptions, ReadReport, ReadRoster,
        oneroster::{Delta, OneRoster, Version, apply_delta, read_oneroster_zip},
    },
    write::{Sender, write_oneroster_zip},
};
use std::{
    io::{Cursor, Write},
    sync::LazyLock,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

pub const SOURCE: &str = "fjordsas";
/// Begins the line before each file of a bundle that is written as one text.
const FILE: &str = "#file ";

static BASE: LazyLock<Roster> = LazyLock::new(|| read_again(&invented(), Version::V1_1));

pub fn check(zip: &[u8]) {
    let read = |options: &ReadOptions| read_oneroster_zip(Cursor::new(zip.to_vec()), Some(SOURCE), options);
    let (strictly, leniently) = (read(&strict()), read(&lenient()));
    if let Err(report) = &leniently {
        check_report(report);
    }
    match (strictly, leniently) {
        (Ok(OneRoster::Full(read)), leniently) => {
            check_lenient(&read, leniently.map(full));
            check_written(&read.roster);
        }
        (Ok(OneRoster::Delta(delta)), leniently) => {
            check_delta(*delta, &read);
            if let Ok(OneRoster::Delta(delta)) = leniently {
                drop(applied(&BASE, *delta));
            }
        }
        (Err(report), leniently) => {
            check_report(&report);
            if let Ok(OneRoster::Delta(delta)) = leniently {
                drop(applied(&BASE, *delta));
            }
        }
    }
}

fn full(read: OneRoster) -> ReadRoster {
    match read {
        OneRoster::Full(read) => read,
        OneRoster::Delta(_) => panic!("whole when read strictly, and changes alone when not"),
    }
}

/// The same changes once more change nothing.
fn check_delta(delta: Delta, read: &impl Fn(&ReadOptions) -> Result<OneRoster, ReadReport>) {
    let Ok(once) = applied(&BASE, delta) else { return };
    let Ok(OneRoster::Delta(again)) = read(&strict()) else { panic!("read another way a second time") };
    match applied(&once.roster, *again) {
        Ok(twice) => assert_eq!(once.roster, twice.roster),
        Err(report) => panic!("refused the second time: {report}"),
    }
}

fn applied(base: &Roster, delta: Delta) -> Result<ReadRoster, ReadReport> {
    apply_delta(Some(base.records().iter().cloned()), delta).inspect_err(check_report)
}

/// The format carries less than a roster; what has been through it once stays as it is.
fn check_written(roster: &Roster) {
    for version in [Version::V1_1, Version::V1_2] {
        assert_eq!(*roster, read_again(roster, version), "{version:?}");
    }
}

fn read_again(roster: &Roster, version: Version) -> Roster {
    match read_oneroster_zip(Cursor::new(written(roster, version)), Some(SOURCE), &strict()) {
        Ok(read) => full(read).roster,
        Err(report) => panic!("what was written is refused: {report}"),
    }
}

pub fn written(roster: &Roster, version: Version) -> Vec<u8> {
    let day = |text: &str| text.parse().expect("a day");
    let sender = Sender {
        source: SOURCE.to_owned(),
        system_name: "Fjord SAS".to_owned(),
        version,
        year_begin: day("2023-08-01"),
        year_end: day("2024-07-31"),
    };
    let mut zip = Cursor::new(Vec::new());
    write_oneroster_zip(&mut zip, roster, &sender).expect("the reader lets in only what can be written");
    zip.into_inner()
}

/// A bundle as one text, its files behind lines that name them.
pub fn of_text(text: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut is_open = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(FILE.as_bytes()) {
            Some(name) => {
                let name = String::from_utf8_lossy(name);
                is_open = zip.start_file(name.trim(), options).is_ok();
            }
            None if is_open => zip.write_all(line).expect("memory takes it"),
            None => {}
        }
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// The other way round, for seeds.
pub fn to_text(zip: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a bundle that was written");
    let mut text = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("a file of it");
        text.extend(format!("{FILE}{}\n", file.name().expect("a name")).bytes());
        std::io::copy(&mut file, &mut text).expect("memory takes it");
    }
    text
}
