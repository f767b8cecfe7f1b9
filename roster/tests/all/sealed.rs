//! Files encrypted at rest: what was written comes back from any place; what was changed, moved, cut off or closed with
//! another key is an error; an encrypted snapshot gives nothing away and reads as a plain one does.

use rollover_roster::{
    invent::{Invention, Municipality},
    model::{Record, Roster},
    seal::{Key, KeyId, Keys, Opened, SealError, Sealing},
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};

const CHUNK: usize = 64 * 1024;
const SEALED_CHUNK: usize = CHUNK + 16;
const HEADER: usize = 120;

fn id(text: &str) -> KeyId {
    text.parse().unwrap()
}

/// The keys 2025 and 2026; `writes` names the one to write with.
fn keys(writes: Option<&str>) -> Keys {
    let all = [("2025", 25), ("2026", 26)].map(|(name, byte)| (id(name), Key::new([byte; 32])));
    Keys::new(all.into(), writes.map(id)).unwrap()
}

fn alone(name: &str, byte: u8) -> Keys {
    Keys::new([(id(name), Key::new([byte; 32]))].into(), None).unwrap()
}

/// No two chunks are alike.
fn plain(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / CHUNK * 31 + at % 251) as u8).collect()
}

fn seal(plain: &[u8]) -> Vec<u8> {
    let keys = keys(Some("2026"));
    let (id, key) = keys.writes().unwrap();
    let mut sealing = Sealing::new(Vec::new(), id, key).unwrap();
    for part in plain.chunks(10_007) {
        sealing.write_all(part).unwrap();
    }
    sealing.finish().unwrap()
}

fn open(sealed: &[u8], keys: &Keys) -> Result<Opened, SealError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(sealed).unwrap();
    Opened::open(file, keys)
}

fn read(sealed: &[u8]) -> Result<Vec<u8>, String> {
    let opened = open(sealed, &keys(None)).map_err(|error| error.to_string())?;
    let mut read = Vec::new();
    opened.reader(0).read_to_end(&mut read).map_err(|error| error.to_string())?;
    Ok(read)
}

#[test]
fn what_was_written_comes_back_from_any_place() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 77] {
        let plain = plain(length);
        let sealed = seal(&plain);
        assert_eq!(read(&sealed).unwrap(), plain, "{length}");
        let opened = open(&sealed, &keys(None)).unwrap();
        assert_eq!((opened.len(), opened.is_empty()), (length as u64, length == 0));
        for start in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, length.saturating_sub(1), length, length + 1] {
            let mut found = Vec::new();
            opened.reader(start as u64).read_to_end(&mut found).unwrap();
            assert_eq!(found, plain.get(start..).unwrap_or_default(), "{length} from {start}");
        }
    }
    assert_ne!(seal(b"the same"), seal(b"the same"), "each file has a salt of its own");
}

#[test]
fn a_file_that_was_cut_short_is_refused_at_once() {
    let sealed = seal(&plain(3 * CHUNK + 77));
    let ends = [0, 8, HEADER, HEADER + 1, HEADER + 16, HEADER + SEALED_CHUNK, HEADER + 2 * SEALED_CHUNK];
    for end in ends.into_iter().chain([sealed.len() - 77 - 16, sealed.len() - 1]) {
        let opened = open(&sealed[..end], &keys(None));
        assert!(matches!(opened.map(drop), Err(SealError::Damaged(_))), "cut at {end}");
    }
    let longer = [sealed.as_slice(), b"x"].concat();
    assert!(matches!(open(&longer, &keys(None)).map(drop), Err(SealError::Damaged(_))));
}

#[test]
fn a_bit_that_was_flipped_is_found_wherever_it_is() {
    let sealed = seal(&plain(2 * CHUNK + 5));
    let places = [0, 9, 40, 75, 110, HEADER, HEADER + CHUNK, HEADER + SEALED_CHUNK + 3, sealed.len() - 1];
    for place in places {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        assert!(read(&changed).is_err(), "at {place}");
    }
}

#[test]
fn chunks_that_were_moved_left_out_or_taken_from_another_file_are_found() {
    let plain = plain(3 * CHUNK);
    let (sealed, other) = (seal(&plain), seal(&plain));
    let chunk = |file: &[u8], place: usize| file[HEADER + place * SEALED_CHUNK..][..SEALED_CHUNK].to_vec();
    let of = |chunks: &[Vec<u8>]| [sealed[..HEADER].to_vec(), chunks.concat()].concat();
    let [a, b, c] = [0, 1, 2].map(|place| chunk(&sealed, place));
    assert_eq!(read(&of(&[a.clone(), b.clone(), c.clone()])).unwrap(), plain);
    for (what, chunks) in [
        ("swapped", vec![b.clone(), a.clone(), c.clone()]),
        ("left out", vec![a.clone(), c.clone()]),
        ("twice", vec![a.clone(), a.clone(), b.clone(), c.clone()]),
        ("another file's", vec![a.clone(), chunk(&other, 1), c.clone()]),
        ("none follows", vec![a.clone(), b.clone()]),
    ] {
        assert!(read(&of(&chunks)).is_err(), "{what}");
    }
}

#[test]
fn a_key_that_is_missing_or_another_one_is_named_and_never_shown() {
    let sealed = seal(b"Kari Nordmann");
    let told = |keys: &Keys| open(&sealed, keys).map(drop).unwrap_err().to_string();
    let missing = told(&alone("2025", 25));
    assert!(
        missing.contains("2026, which is not known") && missing.contains("ROLLOVER_SNAPSHOT_KEY_2026"),
        "{missing}"
    );
    let another = told(&alone("2026", 99));
    assert!(
        another.contains("another key 2026") && another.contains("ROLLOVER_SNAPSHOT_KEY_2026"),
        "{another}"
    );
    assert_eq!(format!("{:?}", Key::new([65; 32])), "Key(…)");
    assert_eq!(Keys::new([].into(), Some(id("2026"))).unwrap_err(), id("2026"));
    for wrong in ["", "a", "2026-06", "Å", &"A".repeat(65)] {
        assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
    }
}

fn roster() -> Roster {
    Municipality::new(&Invention { schools: 2, ..Invention::small(7) }).roster()
}

fn records(store: &SnapshotStore, id: &SnapshotId) -> Result<Vec<Record>, SnapshotError> {
    store.read(id)?.collect()
}

fn store(root: &Path, keys: Keys) -> SnapshotStore {
    SnapshotStore::open(root).unwrap().with_keys(keys)
}

fn files_of(root: &Path, id: &SnapshotId) -> Vec<PathBuf> {
    let folder = root.join(&id.to_string()[..2]).join(id.to_string());
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
}

#[test]
fn an_encrypted_snapshot_reads_as_a_plain_one_and_tells_no_name() {
    let (roster, plain, sealed) = (roster(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let open_store = store(plain.path(), Keys::default());
    let closed_store = store(sealed.path(), keys(Some("2026")));
    let id = closed_store.write(&roster).unwrap();
    assert_eq!(id, open_store.write(&roster).unwrap(), "the name is that of the content");
    assert_eq!(records(&closed_store, &id).unwrap(), roster.records());
    assert_eq!(closed_store.counts(&id).unwrap(), open_store.counts(&id).unwrap());
    let digests = |store: &SnapshotStore| {
        store.membership_digests(&id).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(digests(&closed_store), digests(&open_store));
    // Long enough to be found by no chance.
    let name = |record: &Record| match record {
        Record::Person(person) if person.family.len() > 5 => Some(person.family.clone().into_bytes()),
        _ => None,
    };
    let names: BTreeSet<Vec<u8>> = roster.records().iter().filter_map(name).collect();
    let told = |root: &Path| {
        let files: Vec<Vec<u8>> = files_of(root, &id).iter().map(|file| fs::read(file).unwrap()).collect();
        let holds = |name: &&Vec<u8>| files.iter().any(|file| file.windows(name.len()).any(|at| at == *name));
        names.iter().filter(holds).count()
    };
    assert_eq!(told(sealed.path()), 0);
    assert!(told(plain.path()) > 0, "a plain one tells the first name of a page and the last");
}

#[test]
fn keys_are_changed_and_what_was_written_before_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let roster = |seed| Municipality::new(&Invention { schools: 1, ..Invention::small(seed) }).roster();
    let write = |writes, seed| store(folder.path(), keys(writes)).write(&roster(seed)).unwrap();
    let ids = [write(None, 1), write(Some("2025"), 2), write(Some("2026"), 3)];
    let readable = |keys: Keys| {
        let store = store(folder.path(), keys);
        ids.map(|id| records(&store, &id).is_ok())
    };
    assert_eq!(readable(keys(Some("2026"))), [true, true, true]);
    assert_eq!(readable(keys(None)), [true, true, true]);
    assert_eq!(readable(alone("2026", 26)), [true, false, true]);
    assert_eq!(readable(Keys::default()), [true, false, false]);
    let told = records(&store(folder.path(), Keys::default()), &ids[1]).unwrap_err();
    assert!(matches!(told, SnapshotError::Sealed { source: SealError::UnknownKey(_), .. }), "{told}");
    assert!(told.to_string().contains("ROLLOVER_SNAPSHOT_KEY_2025"), "{told}");
}

#[test]
fn an_encrypted_snapshot_is_written_out_plain() {
    let (roster, folder) = (roster(), tempfile::tempdir().unwrap());
    let closed_store = store(folder.path(), keys(Some("2026")));
    let id = closed_store.write(&roster).unwrap();
    let out = folder.path().join("out");
    closed_store.export(&id, &out).unwrap();
    for table in ["group", "person", "course", "membership", "membership_group"] {
        let mut ends = [0; 4];
        File::open(out.join(format!("{table}.parquet"))).unwrap().read_exact(&mut ends).unwrap();
        assert_eq!(&ends, b"PAR1", "{table}");
    }
    // What was written out is a snapshot again.
    let again = folder.path().join("again");
    let place = again.join(&id.to_string()[..2]);
    fs::create_dir_all(&place).unwrap();
    fs::rename(&out, place.join(id.to_string())).unwrap();
    assert_eq!(records(&store(&again, Keys::default()), &id).unwrap(), roster.records());
    assert!(closed_store.export(&id, &again).is_err(), "a folder that is there is left alone");
}
