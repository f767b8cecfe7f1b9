//! Snapshots in an object store: written once the store has them, fetched when they are read, taken away by nobody who
//! does not see that they are needed; at every call the process may die.

use rollover_roster::{
    invent::{Invention, Municipality},
    model::{Record, Roster},
    seal::{Key, Keys},
    snapshot::{Object, Objects, ObjectsError, SnapshotError, SnapshotId, SnapshotStore},
};
use std::{
    collections::BTreeMap,
    fmt, fs,
    fs::File,
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const MUCH_ROOM: u64 = 1 << 30;

/// An object store in memory with a clock of its own, that can be told to fail at a call or to let somebody in before it.
#[derive(Default)]
struct Memory(Mutex<State>);

type Visit = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    now: u64,
    /// Name: when it was written, and what.
    objects: BTreeMap<String, (u64, Vec<u8>)>,
    calls: usize,
    /// Calls that still work; `None`: all.
    works: Option<usize>,
    visitor: Option<(&'static str, Visit)>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")
    }
}

impl Memory {
    /// Counts the call, or fails it. A visitor who waits for such a call comes first.
    fn call(&self, what: &str) -> Result<(), ObjectsError> {
        let visitor = {
            let mut state = self.0.lock().unwrap();
            state.calls += 1;
            if state.works == Some(0) {
                return Err(ObjectsError("the process died".to_owned()));
            }
            state.works = state.works.map(|left| left - 1);
            state.visitor.take_if(|(waits_for, _)| what.contains(*waits_for))
        };
        if let Some((_, visit)) = visitor {
            visit();
        }
        Ok(())
    }

    fn let_in(&self, before: &'static str, visit: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap().visitor = Some((before, Box::new(visit)));
    }

    fn pass(&self, time: Duration) {
        self.0.lock().unwrap().now += time.as_secs();
    }

    fn works(&self, calls: Option<usize>) {
        self.0.lock().unwrap().works = calls;
    }

    fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().objects.keys().cloned().collect()
    }

    fn write(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.0.lock().unwrap();
        let now = state.now;
        state.objects.insert(name.to_owned(), (now, bytes));
    }
}

impl Objects for Memory {
    fn list(&self, beginning: &str) -> Result<Vec<Object>, ObjectsError> {
        self.call(&format!("list {beginning}"))?;
        let state = self.0.lock().unwrap();
        let found = state.objects.iter().filter(|(name, _)| name.starts_with(beginning));
        let object = |(name, (written, bytes)): (&String, &(u64, Vec<u8>))| Object {
            name: name.clone(),
            bytes: bytes.len() as u64,
            age: Duration::from_secs(state.now - written),
        };
        Ok(found.map(object).collect())
    }

    fn get(&self, name: &str, bytes: u64, to: &mut File) -> Result<bool, ObjectsError> {
        self.call(&format!("get {name}"))?;
        let state = self.0.lock().unwrap();
        let Some((_, content)) = state.objects.get(name) else { return Ok(false) };
        assert_eq!(content.len() as u64, bytes, "{name}");
        to.write_all(content).unwrap();
        Ok(true)
    }

    fn put(&self, name: &str, file: &Path) -> Result<(), ObjectsError> {
        self.call(&format!("put {name}"))?;
        self.write(name, fs::read(file).unwrap());
        Ok(())
    }

    fn mark(&self, name: &str) -> Result<(), ObjectsError> {
        self.call(&format!("mark {name}"))?;
        self.write(name, Vec::new());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), ObjectsError> {
        self.call(&format!("delete {name}"))?;
        self.0.lock().unwrap().objects.remove(name);
        Ok(())
    }
}

/// A machine with a cache of its own.
struct Machine {
    folder: TempDir,
    store: SnapshotStore,
}

impl Machine {
    fn new(objects: &Arc<Memory>) -> Self {
        Self::with_room(objects, MUCH_ROOM)
    }

    fn with_room(objects: &Arc<Memory>, room: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SnapshotStore::open(folder.path()).unwrap().in_objects(objects.clone(), room);
        Self { folder, store }
    }

    fn reads(&self, id: &SnapshotId) -> Result<Vec<Record>, SnapshotError> {
        self.store.read(id)?.collect()
    }

    /// What lies in the cache, and of it nothing half done.
    fn holds(&self) -> Vec<String> {
        let mut names = Vec::new();
        for digits in fs::read_dir(self.folder.path()).unwrap() {
            let digits = digits.unwrap();
            assert!(!digits.file_name().to_string_lossy().starts_with(".new-"), "{digits:?}");
            names.extend(fs::read_dir(digits.path()).unwrap().map(|place| place.unwrap().file_name()));
        }
        names.into_iter().map(|name| name.into_string().unwrap()).collect()
    }
}

fn roster(seed: u64) -> Roster {
    Municipality::new(&Invention { schools: 1, ..Invention::small(seed) }).roster()
}

#[test]
fn what_one_machine_writes_another_reads_and_the_cache_may_go_at_any_time() {
    let objects = Arc::new(Memory::default());
    let (one, two, roster) = (Machine::new(&objects), Machine::new(&objects), roster(1));
    let id = one.store.write(&roster).unwrap();
    assert_eq!(two.holds(), [""; 0]);
    assert_eq!(two.reads(&id).unwrap(), roster.records());
    assert_eq!((two.holds(), one.holds()), (vec![id.to_string()], vec![id.to_string()]));
    let before = objects.calls();
    assert_eq!(two.reads(&id).unwrap(), roster.records());
    assert_eq!(objects.calls(), before, "from the cache");
    fs::remove_dir_all(two.folder.path().join(&id.to_string()[..2])).unwrap();
    assert_eq!(two.store.counts(&id).unwrap(), roster.counts());
    let copies = objects.names().len();
    assert_eq!(two.store.write(&roster).unwrap(), id);
    assert_eq!(objects.names().len(), copies + 1, "a mark that it is used, and no second copy");
    let unknown = "ab".repeat(32).parse().unwrap();
    assert!(matches!(one.reads(&unknown), Err(SnapshotError::Missing { .. })));
}

#[test]
fn a_writer_that_dies_at_any_call_has_written_all_or_nothing() {
    let roster = roster(1);
    let id = SnapshotId::of(&roster);
    let all = {
        let objects = Arc::new(Memory::default());
        Machine::new(&objects).store.write(&roster).unwrap();
        objects.calls()
    };
    assert!(all > 7, "{all}");
    for works in 0..all {
        let objects = Arc::new(Memory::default());
        let dying = Machine::new(&objects);
        objects.works(Some(works));
        let written = dying.store.write(&roster);
        assert!(matches!(written, Err(SnapshotError::Objects { .. })), "{works}: {written:?}");
        assert_eq!(dying.holds(), [""; 0], "{works}");
        objects.works(None);
        // Nobody takes the beginning for a snapshot, and the next one writes it.
        let next = Machine::new(&objects);
        assert!(next.store.list().unwrap().is_empty(), "{works}");
        assert!(matches!(next.reads(&id), Err(SnapshotError::Missing { .. })), "{works}");
        assert_eq!(next.store.write(&roster).unwrap(), id);
        assert_eq!(Machine::new(&objects).reads(&id).unwrap(), roster.records(), "{works}");
        // The beginning goes once it is old, and what was written stays.
        next.store.remove_remains(DAY).unwrap();
        let young = objects.names().len();
        objects.pass(DAY);
        next.store.remove_remains(DAY).unwrap();
        assert_eq!((objects.names().len(), young >= 7), (7, true), "{works}: {:?}", objects.names());
        assert_eq!(Machine::new(&objects).reads(&id).unwrap(), roster.records(), "{works}");
    }
}

#[test]
fn a_purge_that_dies_at_any_call_leaves_a_snapshot_that_reads_or_none() {
    let roster = roster(1);
    for works in 0.. {
        let objects = Arc::new(Memory::default());
        let machine = Machine::new(&objects);
        let id = machine.store.write(&roster).unwrap();
        objects.pass(DAY);
        objects.works(Some(works));
        let purged = machine.store.remove_idle(&id, DAY);
        objects.works(None);
        let other = Machine::new(&objects);
        match other.reads(&id) {
            Ok(records) => assert_eq!(records, roster.records(), "{works}"),
            Err(SnapshotError::Missing { .. }) => {}
            Err(error) => panic!("{works}: {error}"),
        }
        // Whoever needs it again writes it, and it stays; what was left of the first goes.
        assert_eq!(other.store.write(&roster).unwrap(), id);
        other.store.remove_remains(DAY).unwrap();
        assert_eq!(Machine::new(&objects).reads(&id).unwrap(), roster.records(), "{works}");
        if purged.is_ok() {
            assert!(works > 10, "{works} calls");
            break;
        }
    }
}

#[test]
fn a_snapshot_goes_from_the_store_and_from_the_cache_once_it_is_idle() {
    let objects = Arc::new(Memory::default());
    let (machine, other) = (Machine::new(&objects), Machine::new(&objects));
    let (id, young) = (machine.store.write(&roster(1)).unwrap(), machine.store.write(&roster(2)).unwrap());
    assert!(!machine.store.remove_idle(&id, DAY).unwrap(), "it is young");
    objects.pass(DAY);
    // Somebody came to the same roster on another machine.
    other.store.write(&roster(2)).unwrap();
    let idle: BTreeMap<_, _> =
        machine.store.list().unwrap().into_iter().map(|kept| (kept.id, kept.idle)).collect();
    assert_eq!(idle, [(id, DAY), (young, Duration::ZERO)].into());
    assert!(machine.store.list().unwrap().iter().all(|kept| kept.bytes > 1_000));
    assert!(!machine.store.remove_idle(&young, DAY).unwrap());
    assert!(machine.store.remove_idle(&id, DAY).unwrap());
    assert!(!machine.store.remove_idle(&id, DAY).unwrap(), "it is gone");
    assert_eq!(machine.holds(), [young.to_string()]);
    assert!(objects.names().iter().all(|name| name.contains(&young.to_string())), "{:?}", objects.names());
}

#[test]
fn a_writer_who_comes_while_a_purge_looks_loses_nothing() {
    // Before which call of the purge the writer comes.
    for before in ["mark ", "list ", "delete ", "B3SUMS", "person.parquet", "going-"] {
        let objects = Arc::new(Memory::default());
        let machine = Machine::new(&objects);
        let id = machine.store.write(&roster(1)).unwrap();
        objects.pass(DAY);
        let visitor = objects.clone();
        objects.let_in(before, move || {
            let writer = Machine::new(&visitor);
            assert_eq!(writer.store.write(&roster(1)).unwrap(), SnapshotId::of(&roster(1)));
        });
        machine.store.remove_idle(&id, DAY).unwrap();
        assert!(objects.0.lock().unwrap().visitor.is_none(), "somebody came before {before}");
        assert_eq!(Machine::new(&objects).reads(&id).unwrap(), roster(1).records(), "{before}");
    }
}

#[test]
fn a_purge_that_comes_while_a_writer_looks_takes_nothing_that_is_about_to_be_named() {
    // Before which call of the writer the purge comes.
    for before in ["list ", "used", "put ", "B3SUMS"] {
        let objects = Arc::new(Memory::default());
        let machine = Machine::new(&objects);
        let id = machine.store.write(&roster(1)).unwrap();
        objects.pass(DAY);
        if ["put ", "B3SUMS"].contains(&before) {
            assert!(machine.store.remove_idle(&id, DAY).unwrap(), "else nothing is put");
        }
        let visitor = objects.clone();
        objects.let_in(before, move || {
            let purge = Machine::new(&visitor);
            purge.store.remove_idle(&SnapshotId::of(&roster(1)), DAY).unwrap();
            purge.store.remove_remains(DAY).unwrap();
        });
        assert_eq!(Machine::new(&objects).store.write(&roster(1)).unwrap(), id);
        assert!(objects.0.lock().unwrap().visitor.is_none(), "somebody came before {before}");
        assert_eq!(Machine::new(&objects).reads(&id).unwrap(), roster(1).records(), "{before}");
    }
}

#[test]
fn what_is_damaged_in_the_store_is_an_error_and_does_not_get_into_the_cache() {
    let objects = Arc::new(Memory::default());
    let id = Machine::new(&objects).store.write(&roster(1)).unwrap();
    let names: Vec<String> = objects.names();
    for name in &names {
        let original = objects.0.lock().unwrap().objects[name].1.clone();
        let mut bytes = original.clone();
        bytes[original.len() / 2] ^= 1;
        objects.write(name, bytes);
        let machine = Machine::new(&objects);
        assert!(matches!(machine.reads(&id), Err(SnapshotError::Damaged { .. })), "{name}");
        assert_eq!(machine.holds(), [""; 0], "{name}");
        objects.write(name, original);
    }
    assert!(Machine::new(&objects).reads(&id).is_ok());
    // The objects of one under the name of another.
    let other = SnapshotId::of(&roster(2));
    for name in names {
        let bytes = objects.0.lock().unwrap().objects[&name].1.clone();
        let name = name.replace(&id.to_string(), &other.to_string());
        objects.write(&format!("{}{}", &other.to_string()[..2], &name[2..]), bytes);
    }
    let machine = Machine::new(&objects);
    assert!(matches!(machine.reads(&other), Err(SnapshotError::OtherContent { .. })));
    assert_eq!(machine.holds(), [""; 0]);
}

#[test]
fn a_folder_of_snapshots_that_was_copied_there_by_hand_is_read() {
    let (folder, objects) = (tempfile::tempdir().unwrap(), Arc::new(Memory::default()));
    let id = SnapshotStore::open(folder.path()).unwrap().write(&roster(1)).unwrap();
    let place = format!("{}/{id}", &id.to_string()[..2]);
    for file in fs::read_dir(folder.path().join(&place)).unwrap() {
        let file = file.unwrap();
        objects.write(
            &format!("{place}/{}", file.file_name().to_string_lossy()),
            fs::read(file.path()).unwrap(),
        );
    }
    objects.write("readme.txt", b"what else lies there".to_vec());
    let machine = Machine::new(&objects);
    assert_eq!(machine.reads(&id).unwrap(), roster(1).records());
    assert_eq!(machine.store.write(&roster(1)).unwrap(), id);
    objects.pass(DAY);
    assert!(machine.store.remove_idle(&id, DAY).unwrap());
    assert_eq!(objects.names(), ["readme.txt"]);
}

#[test]
fn the_cache_keeps_within_its_room() {
    let objects = Arc::new(Memory::default());
    let machine = Machine::with_room(&objects, 1);
    let ids: Vec<_> = (1..=3).map(|seed| machine.store.write(&roster(seed)).unwrap()).collect();
    assert_eq!(machine.holds().len(), 3, "what was written a moment ago is in use");
    for id in &ids[..2] {
        let place = machine.folder.path().join(&id.to_string()[..2]).join(id.to_string());
        let then = fs::metadata(&place).unwrap().modified().unwrap() - Duration::from_secs(3_700);
        File::open(&place).unwrap().set_modified(then).unwrap();
    }
    machine.store.make_room().unwrap();
    assert_eq!(machine.holds(), [ids[2].to_string()]);
    assert_eq!(machine.reads(&ids[0]).unwrap(), roster(1).records(), "it is fetched again");
}

#[test]
fn what_is_encrypted_lies_encrypted_in_store_and_cache() {
    let objects = Arc::new(Memory::default());
    let keys = || {
        let id = "2026".parse().unwrap();
        Keys::new([("2026".parse().unwrap(), Key::new([7; 32]))].into(), Some(id)).unwrap()
    };
    let store = |machine: &Machine| machine.store.clone().with_keys(keys());
    let (one, two) = (Machine::new(&objects), Machine::new(&objects));
    let id = store(&one).write(&roster(1)).unwrap();
    let found: Result<Vec<_>, _> = store(&two).read(&id).unwrap().collect();
    assert_eq!(found.unwrap(), roster(1).records());
    let state = objects.0.lock().unwrap();
    let tables = state.objects.iter().filter(|(name, _)| name.ends_with(".parquet"));
    let sealed: Vec<bool> = tables.map(|(_, (_, bytes))| bytes.starts_with(b"RLVSEAL1")).collect();
    assert_eq!(sealed, [true; 5]);
    drop(state);
    let unlocked = Machine::new(&objects);
    assert!(matches!(unlocked.reads(&id), Err(SnapshotError::Sealed { .. })));
    assert_eq!(unlocked.holds(), [""; 0]);
}
