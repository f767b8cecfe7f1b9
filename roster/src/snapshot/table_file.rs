//! The file of a table as it lies on disk, plain or encrypted: written to its end, and read from any place.

use super::digests::Digesting;
use crate::seal::{Keys, Opened, OpenedReader, SealError, Sealing, is_sealed};
use bytes::Bytes;
use parquet::{
    errors::{ParquetError, Result},
    file::reader::{ChunkReader, Length},
};
use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    os::unix::fs::FileExt,
    path::Path,
};

/// A file that is being written. Its digest is that of what lies on the disk.
pub(super) enum Out {
    Plain(Box<Digesting<File>>),
    Sealed(Box<Sealing<Digesting<File>>>),
}

impl Out {
    /// Makes the file; encrypted when the keys have one to write with.
    pub fn create(path: &Path, keys: &Keys) -> io::Result<Self> {
        let file = Digesting::new(File::create_new(path)?);
        Ok(match keys.writes() {
            None => Self::Plain(Box::new(file)),
            Some((id, key)) => Self::Sealed(Box::new(Sealing::new(file, id, key)?)),
        })
    }

    /// Brings the file down to the disk and gives its digest.
    pub fn close(self) -> io::Result<blake3::Hash> {
        let digesting = match self {
            Self::Plain(file) => *file,
            Self::Sealed(sealing) => sealing.finish()?,
        };
        let (file, digest) = digesting.finish();
        file.sync_all()?;
        Ok(digest)
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Sealed(sealing) => sealing.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Sealed(sealing) => sealing.flush(),
        }
    }
}

/// A file that is there.
pub(super) enum TableFile {
    Plain(File),
    Sealed(Opened),
}

impl TableFile {
    pub fn open(path: &Path, keys: &Keys) -> std::result::Result<Self, SealError> {
        let file = File::open(path)?;
        let mut beginning = [0; 8];
        match file.read_exact_at(&mut beginning, 0) {
            Ok(()) if is_sealed(&beginning) => Opened::open(file, keys).map(Self::Sealed),
            _ => Ok(Self::Plain(file)),
        }
    }

    /// Everything in it, decrypted.
    pub fn copy_to(&self, out: &mut impl Write) -> io::Result<u64> {
        match self {
            Self::Plain(file) => io::copy(&mut &*file, out),
            Self::Sealed(opened) => io::copy(&mut opened.reader(0), out),
        }
    }
}

impl Length for TableFile {
    fn len(&self) -> u64 {
        match self {
            Self::Plain(file) => Length::len(file),
            Self::Sealed(opened) => opened.len(),
        }
    }
}

pub(super) enum TableRead {
    Plain(BufReader<File>),
    Sealed(OpenedReader),
}

impl Read for TableRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Sealed(opened) => opened.read(buffer),
        }
    }
}

impl ChunkReader for TableFile {
    type T = TableRead;

    fn get_read(&self, start: u64) -> Result<TableRead> {
        match self {
            Self::Plain(file) => file.get_read(start).map(TableRead::Plain),
            Self::Sealed(opened) => Ok(TableRead::Sealed(opened.reader(start))),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        match self {
            Self::Plain(file) => file.get_bytes(start, length),
            // A length that the file does not have must take no memory.
            Self::Sealed(opened) if length as u64 > opened.len() => {
                Err(ParquetError::EOF(format!("{length} bytes are more than the file has")))
            }
            Self::Sealed(opened) => {
                let mut bytes = vec![0; length];
                opened.reader(start).read_exact(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }
}
