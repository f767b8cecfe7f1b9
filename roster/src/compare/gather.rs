//! Collects what the blocks of a file hold, from several threads in any order, and checks records against each other.
//!
//! It only finds out *whether* something is wrong between records: what, and where, is for the checks of the reader to
//! say. Both are held together by a test that no file passes one and fails the other.

use super::{
    Options,
    entry::Entry,
    runs::{Merge, Sorter},
};
use crate::{
    model::{Kind, Record, SyncKey},
    read::{Block, BlockFacts, Blocks, Plain, Properties, ReadLimits, read_block},
};
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    hash::{BuildHasherDefault, Hasher},
    io,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

/// Reads all blocks on several threads. `None` when anything in them has to be reported.
pub(super) fn gather(mut blocks: Blocks<&File>, options: &Options<'_>) -> io::Result<Option<Complete>> {
    let gathering = Gathering {
        limits: options.limits,
        encoding: blocks.encoding,
        gathered: Mutex::new(Gathered::new(Sorter::new(options.scratch, options.memory))),
        given_up: AtomicBool::new(false),
    };
    let (send, receive) = sync_channel(options.threads);
    let receive = Mutex::new(receive);
    thread::scope(|scope| {
        let work = || gathering.work(&receive);
        let workers: Vec<_> = (0..options.threads).map(|_| scope.spawn(work)).collect();
        let mut read = Ok(());
        while !gathering.given_up.load(Ordering::Relaxed) {
            match blocks.next() {
                Ok(Some(block)) => send.send(block).expect("workers take blocks until there are no more"),
                Ok(None) => break,
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        drop(send);
        let results = workers.into_iter().map(|worker| worker.join().expect("a worker does not panic"));
        results.fold(read, io::Result::and)
    })?;
    if gathering.given_up.into_inner() {
        return Ok(None);
    }
    gathering.gathered.into_inner().expect("a worker does not panic").finish()
}

/// What the threads share.
struct Gathering {
    limits: ReadLimits,
    encoding: Plain,
    gathered: Mutex<Gathered>,
    /// Something has to be reported, or went wrong: the rest need not be read.
    given_up: AtomicBool,
}

impl Gathering {
    /// Reads blocks until there are no more.
    fn work(&self, blocks: &Mutex<Receiver<Block>>) -> io::Result<()> {
        let mut result = Ok(());
        loop {
            let next = blocks.lock().expect("nobody panics while waiting").recv();
            let Ok(block) = next else { return result };
            // Once given up, blocks are taken all the same, so that who sends them does not wait for ever.
            if self.given_up.load(Ordering::Relaxed) {
                continue;
            }
            match self.read(&block) {
                Ok(true) => {}
                Ok(false) => self.given_up.store(true, Ordering::Relaxed),
                Err(error) => {
                    self.given_up.store(true, Ordering::Relaxed);
                    result = Err(error);
                }
            }
        }
    }

    /// Whether the block is without an error, alone and beside those before.
    fn read(&self, block: &Block) -> io::Result<bool> {
        let mut batch = Batch::default();
        let read = read_block(block, self.encoding, &self.limits, |at, records| batch.take(at, records));
        let Some(facts) = read else { return Ok(false) };
        batch.close();
        let mut gathered = self.gathered.lock().expect("a worker does not panic");
        gathered.take(block.at, facts, batch)?;
        Ok(gathered.is_plain(self.limits.records))
    }
}

/// What one block gave.
#[derive(Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    persons: Vec<Digest>,
    logins: Vec<(Digest, Digest)>,
    groups: Vec<(Digest, Kind)>,
    /// Persons and groups that must be in the file.
    needed_persons: Vec<Digest>,
    needed_groups: Vec<Digest>,
    records: usize,
    conflict: bool,
}

/// Stands for a key or a login: two that are the same by chance do not occur.
type Digest = u128;

fn digest(parts: [&str; 2]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(parts[0].as_bytes()).update(&[0]).update(parts[1].as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(short)
}

fn of_key(key: &SyncKey) -> Digest {
    digest([&key.source, &key.id])
}

impl Batch {
    /// Takes the records of one child of the root.
    pub fn take(&mut self, place: Range<u64>, records: &mut Vec<Record>) {
        self.records += records.len();
        self.conflict |= !put_in_order(records);
        for record in records.iter() {
            self.look_at(record);
        }
        if let Some(Record::Membership(member)) = records.first() {
            self.needed_groups.push(of_key(&member.group));
        }
        self.entries.extend(Entry::of(records, place));
    }

    fn look_at(&mut self, record: &Record) {
        match record {
            Record::Membership(member) => self.needed_persons.push(of_key(&member.person)),
            Record::Person(person) => {
                let key = of_key(&person.key);
                self.persons.push(key);
                self.logins.extend(person.userid.as_ref().map(|userid| (digest(["", userid]), key)));
            }
            Record::Group(group) => self.group(Kind::Group, &group.key, group.parent.as_ref()),
            Record::Course(course) => self.group(Kind::Course, &course.key, course.parent.as_ref()),
        }
    }

    fn group(&mut self, kind: Kind, key: &SyncKey, parent: Option<&SyncKey>) {
        self.groups.push((of_key(key), kind));
        self.needed_groups.extend(parent.map(of_key));
    }

    /// The same persons are members of many groups: once is enough.
    pub fn close(&mut self) {
        self.needed_persons.sort_unstable();
        self.needed_persons.dedup();
    }
}

/// Sorts records of one kind, and of one group, by key, each once. `false` when two of one key differ.
pub(super) fn put_in_order(records: &mut Vec<Record>) -> bool {
    if !records.is_sorted_by(|one, other| one.by_key(other).is_lt()) {
        records.sort_by(Record::by_key);
        records.dedup();
    }
    records.is_sorted_by(|one, other| one.by_key(other).is_lt())
}

/// What all blocks gave so far.
pub(super) struct Gathered {
    entries: Sorter,
    item: Vec<u8>,
    persons: HashSet<Digest, ByDigest>,
    /// By login, whose it is.
    logins: HashMap<Digest, Digest, ByDigest>,
    groups: HashMap<Digest, Kind, ByDigest>,
    /// Needed by a block that came before them, or not there at all.
    missing_persons: HashSet<Digest, ByDigest>,
    missing_groups: HashSet<Digest, ByDigest>,
    records: usize,
    conflict: bool,
    /// With the place of the block that they stood in.
    properties: Option<(u64, Properties)>,
    groups_without_id: u64,
}

impl Gathered {
    pub fn new(entries: Sorter) -> Self {
        Self {
            entries,
            item: Vec::new(),
            persons: HashSet::default(),
            logins: HashMap::default(),
            groups: HashMap::default(),
            missing_persons: HashSet::default(),
            missing_groups: HashSet::default(),
            records: 0,
            conflict: false,
            properties: None,
            groups_without_id: 0,
        }
    }

    /// Takes what the block at `at` gave.
    pub fn take(&mut self, at: u64, facts: BlockFacts, batch: Batch) -> io::Result<()> {
        for entry in batch.entries {
            entry.write(&mut self.item);
            self.entries.push(&self.item)?;
        }
        self.conflict |= batch.conflict;
        self.persons.extend(batch.persons);
        for (login, person) in batch.logins {
            self.conflict |= *self.logins.entry(login).or_insert(person) != person;
        }
        for (group, kind) in batch.groups {
            self.conflict |= *self.groups.entry(group).or_insert(kind) != kind;
        }
        let missing = batch.needed_persons.into_iter().filter(|person| !self.persons.contains(person));
        self.missing_persons.extend(missing);
        let missing = batch.needed_groups.into_iter().filter(|group| !self.groups.contains_key(group));
        self.missing_groups.extend(missing);
        self.records += batch.records;
        self.groups_without_id += facts.groups_without_id;
        if let Some(properties) = facts.properties
            && self.properties.as_ref().is_none_or(|(before, _)| *before < at)
        {
            self.properties = Some((at, properties));
        }
        Ok(())
    }

    /// Whether the records so far may be those of a roster that is read without an error.
    pub const fn is_plain(&self, limit: usize) -> bool {
        !self.conflict && self.records <= limit
    }

    /// Whether nothing is there that needs what is not there. An empty roster is none.
    fn is_complete(&self) -> bool {
        self.records > 0
            && self.missing_persons.iter().all(|person| self.persons.contains(person))
            && self.missing_groups.iter().all(|group| self.groups.contains_key(group))
    }

    /// `None` when something is wrong between the records.
    pub fn finish(self) -> io::Result<Option<Complete>> {
        if self.conflict || !self.is_complete() {
            return Ok(None);
        }
        let properties = self.properties.map(|(_, properties)| properties).unwrap_or_default();
        let groups_without_id = self.groups_without_id;
        Ok(Some(Complete { entries: self.entries.finish()?, properties, groups_without_id }))
    }
}

/// A whole file.
pub(super) struct Complete {
    pub entries: Merge,
    pub properties: Properties,
    pub groups_without_id: u64,
}

/// Digests are as good as any hash of them.
#[derive(Default)]
pub(super) struct OfDigest(u64);

type ByDigest = BuildHasherDefault<OfDigest>;

impl Hasher for OfDigest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, digest: u128) {
        // The lower half.
        self.0 = digest as u64;
    }
}
