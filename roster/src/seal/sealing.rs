//! Encrypts what is written, chunk by chunk; memory holds one.

use super::{CHUNK, Key, KeyId, SALT_LEN, Seal, TAG};
use ring::rand::{SystemRandom, generate};
use std::io::{self, Write};

/// Writes encrypted what is written to it. Without [`Sealing::finish`] the file is no whole one, and is refused.
pub struct Sealing<W> {
    inner: W,
    sealed: Seal,
    chunk: Vec<u8>,
    place: u64,
}

impl<W: Write> Sealing<W> {
    /// The salt is the system's own chance, and no argument: one that came twice would give the contents away.
    pub fn new(mut inner: W, id: &KeyId, key: &Key) -> io::Result<Self> {
        let salt: [u8; SALT_LEN] = generate(&SystemRandom::new())
            .map_err(|_| io::Error::other("the system gives no random numbers"))?
            .expose();
        let sealed = Seal::new(id, key, salt);
        inner.write_all(&sealed.header)?;
        Ok(Self { inner, sealed, chunk: Vec::with_capacity(CHUNK + TAG), place: 0 })
    }

    /// Writes the last chunk and gives back where it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_chunk(true)?;
        Ok(self.inner)
    }

    fn end_chunk(&mut self, is_last: bool) -> io::Result<()> {
        self.sealed.close(self.place, is_last, &mut self.chunk);
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        self.place += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk goes only when more follows: it may be the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.end_chunk(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// What fills no chunk yet stays here.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
