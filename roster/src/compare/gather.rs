//! Reads the blocks of a file on several threads, in any order.

use super::{
    Options,
    checks::{Batch, Complete, Gathered},
    runs::Sorter,
};
use crate::read::{Block, Blocks, Plain, ReadLimits, read_block};
use std::{
    fs::File,
    io,
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
        limits: options.read.limits,
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
