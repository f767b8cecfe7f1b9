//! Digests of a snapshot's files, as `b3sum` writes and checks them: damage is seen before a file is parsed, since
//! parsers of Parquet may panic on it.
//!
//! Reading a file for its digest once is enough for a process, as long as the file stands as it was then: the same
//! inode, size and times.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The file with one line for each of the others.
pub(super) const NAME: &str = "B3SUMS";
/// It has a line for each of a handful of files.
pub(super) const MAX_LIST_BYTES: u64 = 64 * 1024;
/// Files that are remembered as whole; beyond that, all are looked at again.
const MAX_REMEMBERED: usize = 10_000;

/// Takes the digest of what is written, so that it need not be read again.
pub(super) struct Digesting<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Digesting<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: blake3::Hasher::new() }
    }

    pub fn finish(self) -> (W, blake3::Hash) {
        (self.inner, self.hasher.finalize())
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes the digests of files that are complete, down to the disk.
pub(super) fn write(folder: &Path, files: &[(String, blake3::Hash)]) -> io::Result<()> {
    let mut lines = String::new();
    for (name, digest) in files {
        writeln!(lines, "{digest}  {name}").expect("a text takes any line");
    }
    let mut file = File::create_new(folder.join(NAME))?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

/// Files that were found whole, as they stood then.
#[derive(Debug, Default)]
pub(super) struct Whole(Mutex<HashMap<PathBuf, (Stamp, blake3::Hash)>>);

/// Another file, or one that was written to, has another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        Ok(Self {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}

impl Whole {
    /// Whether a file is what was written.
    pub fn check(&self, folder: &Path, name: &str) -> Result<(), String> {
        let lines = fs::read(folder.join(NAME)).map_err(|error| format!("{NAME}: {error}"))?;
        let path = folder.join(name);
        let stamp = Stamp::of(&path).map_err(|error| format!("{name}: {error}"))?;
        let remembered = self.remembered(&path, stamp);
        let found = match remembered {
            Some(digest) => digest,
            None => digest(&path).map_err(|error| format!("{name}: {error}"))?,
        };
        let line = format!("{found}  {name}");
        if !lines.split(|byte| *byte == b'\n').any(|written| written == line.as_bytes()) {
            return Err(format!("{name} is not the file that was written"));
        }
        if remembered.is_none() {
            self.remember(path, stamp, found);
        }
        Ok(())
    }

    fn remembered(&self, path: &Path, stamp: Stamp) -> Option<blake3::Hash> {
        let whole = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        whole.get(path).filter(|(then, _)| *then == stamp).map(|(_, digest)| *digest)
    }

    fn remember(&self, path: PathBuf, stamp: Stamp, digest: blake3::Hash) {
        let mut whole = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if whole.len() >= MAX_REMEMBERED {
            whole.clear();
        }
        whole.insert(path, (stamp, digest));
    }
}

fn digest(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_file_that_was_whole_is_looked_at_again_once_it_was_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("group.parquet");
        lay(&path, "as written");
        write(folder.path(), &[("group.parquet".to_owned(), blake3::hash(b"as written"))]).unwrap();
        let whole = Whole::default();
        whole.check(folder.path(), "group.parquet").unwrap();
        whole.check(folder.path(), "group.parquet").unwrap();
        assert_eq!(whole.0.lock().unwrap().len(), 1);
        lay(&path, "something else");
        assert!(whole.check(folder.path(), "group.parquet").is_err());
        lay(&path, "as written");
        whole.check(folder.path(), "group.parquet").unwrap();
    }

    #[test]
    fn what_is_written_through_has_the_digest_of_the_whole() {
        let mut digesting = Digesting::new(Vec::new());
        digesting.write_all(b"one ").unwrap();
        digesting.write_all(b"two").unwrap();
        let (bytes, digest) = digesting.finish();
        assert_eq!((bytes.as_slice(), digest), (b"one two".as_slice(), blake3::hash(b"one two")));
    }
}
