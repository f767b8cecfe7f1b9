//! Byte strings in their order: in memory up to a budget, beyond it in sorted runs on disk that are merged.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Takes byte strings in any order.
pub(super) struct Sorter {
    scratch: PathBuf,
    /// Bytes of memory.
    budget: usize,
    bytes: Vec<u8>,
    items: Vec<Range<usize>>,
    runs: Vec<Run>,
}

impl Sorter {
    pub fn new(scratch: &Path, budget: usize) -> Self {
        let scratch = scratch.to_path_buf();
        Self { scratch, budget, bytes: Vec::new(), items: Vec::new(), runs: Vec::new() }
    }

    /// Takes an item of at most 65,535 bytes.
    pub fn push(&mut self, item: &[u8]) -> io::Result<()> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(item);
        self.items.push(start..self.bytes.len());
        if self.bytes.len() + self.items.len() * size_of::<Range<usize>>() >= self.budget {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        let bytes = &self.bytes;
        self.items.sort_unstable_by(|one, other| bytes[one.clone()].cmp(&bytes[other.clone()]));
        let mut run = RunWriter::new(&self.scratch)?;
        for item in self.items.drain(..) {
            run.push(&bytes[item])?;
        }
        self.runs.push(run.finish()?);
        self.bytes.clear();
        Ok(())
    }

    /// All items, sorted.
    pub fn finish(mut self) -> io::Result<Merge> {
        self.spill()?;
        (self.bytes, self.items) = (Vec::new(), Vec::new());
        let mut merge = Merge { heads: BinaryHeap::new(), runs: Vec::new() };
        for run in &self.runs {
            merge.runs.push(run.read());
            merge.refill(merge.runs.len() - 1, Vec::new())?;
        }
        Ok(merge)
    }
}

/// Items one after another.
pub(super) trait Items {
    /// Writes the next item to `item`; `false` when there is none.
    fn next(&mut self, item: &mut Vec<u8>) -> io::Result<bool>;
}

/// The least item of several runs, again and again.
pub(super) struct Merge {
    heads: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    runs: Vec<RunReader>,
}

impl Merge {
    fn refill(&mut self, run: usize, mut room: Vec<u8>) -> io::Result<()> {
        if self.runs[run].next(&mut room)? {
            self.heads.push(Reverse((room, run)));
        }
        Ok(())
    }
}

impl Items for Merge {
    fn next(&mut self, item: &mut Vec<u8>) -> io::Result<bool> {
        let Some(Reverse((mut least, run))) = self.heads.pop() else { return Ok(false) };
        std::mem::swap(item, &mut least);
        self.refill(run, least)?;
        Ok(true)
    }
}

/// Sorted items in a file that has no name, so that a crash leaves none behind. Clones share it.
#[derive(Clone)]
pub(super) struct Run(Arc<File>);

impl Run {
    /// Reads from the beginning; any number of readers may do so.
    pub fn read(&self) -> RunReader {
        RunReader(BufReader::new(FromStart { file: Arc::clone(&self.0), at: 0 }))
    }
}

pub(super) struct RunWriter(BufWriter<File>);

impl RunWriter {
    pub fn new(scratch: &Path) -> io::Result<Self> {
        tempfile::tempfile_in(scratch).map(BufWriter::new).map(Self)
    }

    pub fn push(&mut self, item: &[u8]) -> io::Result<()> {
        let length = u16::try_from(item.len()).map_err(io::Error::other)?;
        self.0.write_all(&length.to_le_bytes())?;
        self.0.write_all(item)
    }

    pub fn finish(self) -> io::Result<Run> {
        self.0.into_inner().map(Arc::new).map(Run).map_err(io::IntoInnerError::into_error)
    }
}

pub(super) struct RunReader(BufReader<FromStart>);

impl Items for RunReader {
    fn next(&mut self, item: &mut Vec<u8>) -> io::Result<bool> {
        if self.0.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut length = [0; 2];
        self.0.read_exact(&mut length)?;
        item.resize(usize::from(u16::from_le_bytes(length)), 0);
        self.0.read_exact(item)?;
        Ok(true)
    }
}

/// Reads a file from its start without moving the place of others who read it.
struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(items: &[Vec<u8>], budget: usize) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path(), budget);
        items.iter().for_each(|item| sorter.push(item).unwrap());
        let mut merge = sorter.finish().unwrap();
        let mut sorted = Vec::new();
        let mut item = Vec::new();
        while merge.next(&mut item).unwrap() {
            sorted.push(item.clone());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "runs have no name");
        sorted
    }

    #[test]
    fn the_order_does_not_depend_on_the_budget() {
        let mut items: Vec<Vec<u8>> = (0_u32..500)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes().repeat(n as usize % 3))
            .collect();
        let spilled = sorted(&items, 700);
        assert_eq!(spilled, sorted(&items, 1 << 20));
        items.sort();
        assert_eq!(spilled, items);
        assert!(sorted(&[], 10).is_empty());
    }
}
