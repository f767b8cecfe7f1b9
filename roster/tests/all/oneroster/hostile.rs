//! ZIPs and files that are broken or mean harm: refused within limits, without a panic, nothing repeated.

use super::{Files, all, options};
use proptest::{collection::vec, prelude::*};
use rollover_roster::read::{
    Leniency, Lenient, ReadLimits, ReadOptions,
    oneroster::{OneRoster, read_oneroster, read_oneroster_zip},
};
use std::io::{Cursor, Write};

fn refused(zip: Vec<u8>, options: &ReadOptions) -> String {
    match read_oneroster_zip(Cursor::new(zip), Some("sas"), options) {
        Err(report) => all(&report),
        Ok(_) => panic!("it was read"),
    }
}

fn strict(files: &Files) -> String {
    refused(files.zip(), &ReadOptions::default())
}

#[test]
fn paths_and_packages_that_mean_harm_are_refused() {
    let cases = [
        ("../users.csv", "is a path that leads out of the ZIP"),
        ("a/../../users.csv", "is a path that leads out of the ZIP"),
        ("/etc/users.csv", "is a path that leads out of the ZIP"),
        ("c:\\users.csv", "is a path that leads out of the ZIP"),
        ("more.zip", "is a ZIP in the ZIP"),
        ("sub/users.csv", "the files of the ZIP lie in a folder; pack them at its root"),
    ];
    for (name, expected) in cases {
        let text = strict(&Files::small().with(name, "x"));
        assert!(text.contains(expected), "{name}: {text}");
    }
    let many = (0..70).fold(Files::small(), |files, at| files.with(&format!("{at}.txt"), ""));
    assert!(strict(&many).contains("the ZIP holds 78 files; at most 64 are read"));
}

#[test]
fn one_folder_around_all_may_pass() {
    let mut files = Files(std::iter::empty().collect());
    for (name, contents) in Files::small().0 {
        files = files.with(&format!("export/{name}"), contents);
    }
    assert!(strict(&files).contains("the files of the ZIP lie in a folder"));
    let files = files.with("__MACOSX/export/._users.csv", "x");
    let read = files.roster_with(&options(&[Leniency::WrappingFolder]));
    assert_eq!((read.roster, read.concessions.count(Leniency::WrappingFolder)), (Files::small().roster(), 1));
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let bomb = Files::small().with("users.csv", vec![b'0'; 8 * 1024 * 1024]);
    assert!(
        strict(&bomb).contains("\"users.csv\" is packed to less than a 200th of its size"),
        "{}",
        strict(&bomb)
    );
    let limits = ReadLimits { bytes: 2_000, ..ReadLimits::default() };
    let text = refused(Files::small().with("users.csv", vec![b'0'; 2_001]).zip(), &limits.into());
    assert!(text.contains("has more than 2000 bytes"), "{text}");
}

#[test]
fn an_open_quote_does_not_take_the_rest_of_the_file() {
    let rows = "p1,,,true,s1,student,kari,,\"Kari,Berg,,,,,,,7,\n".repeat(1_001);
    let users = String::from_utf8(Files::small().0["users.csv"].clone()).unwrap();
    let header = users.lines().next().unwrap();
    let limits = ReadLimits { text: 1_000, ..ReadLimits::default() };
    let text = refused(Files::small().with("users.csv", format!("{header}\n{rows}")).zip(), &limits.into());
    assert!(text.contains("users.csv") && !text.contains("Kari"), "{text}");
    let limits = ReadLimits { records: 5, ..ReadLimits::default() };
    let text = refused(Files::small().zip(), &limits.into());
    assert!(text.contains("more than 5 rows in the bundle") || text.contains("no name and value"), "{text}");
}

#[test]
fn what_is_no_whole_zip_is_told() {
    let zip = Files::small().zip();
    for length in [0, 1, 100, zip.len() - 1] {
        let cut = Cursor::new(zip[..length].to_vec());
        let report = read_oneroster_zip(cut, None, &ReadOptions::default()).unwrap_err();
        assert!(all(&report).contains("ZIP: the file is no whole ZIP"), "{length}: {}", all(&report));
        assert!(report.breaks_off(), "it may be on its way");
    }
    let mut spoilt = zip;
    let at = spoilt.windows(4).position(|window| window == b"Kari").unwrap_or(300);
    spoilt[at] ^= 0xFF;
    let text = refused(spoilt, &ReadOptions::default());
    assert!(!text.is_empty());
}

#[test]
fn a_folder_is_read_by_its_known_names_and_not_left_by_links() {
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in &Files::small().0 {
        std::fs::File::create(folder.path().join(name)).unwrap().write_all(contents).unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), "not read").unwrap();
    let OneRoster::Full(read) = read_oneroster(folder.path(), None, &ReadOptions::default()).unwrap() else {
        panic!("a delta")
    };
    assert_eq!(read.roster, Files::small().roster());
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("users.csv");
    std::fs::rename(folder.path().join("users.csv"), &target).unwrap();
    std::os::unix::fs::symlink(&target, folder.path().join("users.csv")).unwrap();
    let report = read_oneroster(folder.path(), None, &ReadOptions::default()).unwrap_err();
    assert!(all(&report).contains("users.csv is no file of this folder"), "{}", all(&report));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..2_000)) {
        prop_assert!(read_oneroster_zip(Cursor::new(bytes), None, &ReadOptions::default()).is_err());
    }

    #[test]
    fn no_damage_makes_it_panic(file in 0..8_usize, at in any::<prop::sample::Index>(), bytes in vec(any::<u8>(), 0..20), lenient in any::<bool>()) {
        let mut files = Files::small();
        let contents = files.0.values_mut().nth(file).unwrap();
        let at = at.index(contents.len());
        let end = (at + bytes.len() / 2).min(contents.len());
        contents.splice(at..end, bytes);
        let lenient = if lenient { Lenient::all() } else { Lenient::default() };
        // Any answer will do.
        drop(files.read(&ReadOptions { lenient, ..ReadOptions::default() }));
    }

    #[test]
    fn no_damaged_zip_makes_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut zip = Files::small().zip();
        let at = at.index(zip.len());
        zip[at] = byte;
        drop(read_oneroster_zip(Cursor::new(zip), None, &ReadOptions::default()));
    }
}
