//! Reads an encrypted file from any place; memory holds the chunk that was read last.

use super::{CHUNK, HEADER_LEN, Keys, Seal, SealError, TAG};
use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, PoisonError},
};

const CHUNK_U64: u64 = CHUNK as u64;
const SEALED_CHUNK: u64 = (CHUNK + TAG) as u64;

/// An encrypted file that is known to be whole in length; each chunk is checked as it is read. Clones share it.
#[derive(Clone)]
pub struct Opened(Arc<Inner>);

struct Inner {
    file: File,
    sealed: Seal,
    chunks: u64,
    /// Bytes of the last chunk, with its tag.
    last_len: usize,
    /// Readers go on from where they were: most ask for the chunk that was read last.
    recent: Mutex<(u64, Arc<Vec<u8>>)>,
}

impl Opened {
    /// # Errors
    /// A file that is no encrypted one or was cut short; a key that is not known, or another one.
    pub fn open(file: File, keys: &Keys) -> Result<Self, SealError> {
        let mut header = [0; HEADER_LEN];
        let sealed_len = file.metadata()?.len().checked_sub(HEADER_LEN as u64);
        let cut_short = SealError::Damaged("it breaks off");
        let Some(sealed_len) = sealed_len.filter(|length| *length >= TAG as u64) else {
            return Err(cut_short);
        };
        file.read_exact_at(&mut header, 0)?;
        let sealed = Seal::of_header(&header, keys)?;
        let chunks = sealed_len.div_ceil(SEALED_CHUNK);
        let last_len = usize::try_from(sealed_len - (chunks - 1) * SEALED_CHUNK)
            .map_err(|_| SealError::Damaged("it is too long"))?;
        if last_len < TAG || (last_len == TAG && chunks > 1) {
            return Err(cut_short);
        }
        let recent = Mutex::new((u64::MAX, Arc::default()));
        let opened = Self(Arc::new(Inner { file, sealed, chunks, last_len, recent }));
        opened.chunk(chunks - 1)?;
        Ok(opened)
    }

    /// Bytes of what was encrypted.
    pub fn len(&self) -> u64 {
        (self.0.chunks - 1) * CHUNK_U64 + (self.0.last_len - TAG) as u64
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn reader(&self, start: u64) -> OpenedReader {
        OpenedReader { opened: self.clone(), at: start, chunk: None }
    }

    fn chunk(&self, place: u64) -> Result<Arc<Vec<u8>>, SealError> {
        let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.0 != place {
            *recent = (place, Arc::new(self.0.read_chunk(place)?));
        }
        Ok(recent.1.clone())
    }
}

impl Inner {
    fn read_chunk(&self, place: u64) -> Result<Vec<u8>, SealError> {
        let is_last = place + 1 == self.chunks;
        let mut chunk = vec![0; if is_last { self.last_len } else { CHUNK + TAG }];
        self.file.read_exact_at(&mut chunk, HEADER_LEN as u64 + place * SEALED_CHUNK)?;
        self.sealed.open(place, is_last, &mut chunk)?;
        Ok(chunk)
    }
}

/// Reads on from a place.
pub struct OpenedReader {
    opened: Opened,
    at: u64,
    chunk: Option<(u64, Arc<Vec<u8>>)>,
}

impl Read for OpenedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.opened.len() {
            return Ok(0);
        }
        let (place, within) = (self.at / CHUNK_U64, (self.at % CHUNK_U64) as usize);
        let chunk = match &self.chunk {
            Some((held, chunk)) if *held == place => chunk,
            _ => {
                let chunk = self.opened.chunk(place).map_err(|error| match error {
                    SealError::File(error) => error,
                    other => io::Error::new(io::ErrorKind::InvalidData, other),
                })?;
                &self.chunk.insert((place, chunk)).1
            }
        };
        let taken = buffer.len().min(chunk.len() - within);
        buffer[..taken].copy_from_slice(&chunk[within..within + taken]);
        self.at += taken as u64;
        Ok(taken)
    }
}
