//! Bytes to UTF-8 while they stream: the encoding is found by its mark or its declaration.

use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};
use std::{
    borrow::Cow,
    io::{self, BufRead, Read},
};

/// As much of the beginning as is looked at for the declaration.
const PEEK: usize = 256;
const CHUNK: usize = 32 * 1024;

/// Reads any of UTF-8, ISO-8859-1, Windows-1252 and UTF-16 as UTF-8; counts the bytes that went in.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    /// What ends the text behind `ready`.
    malformed: Option<String>,
    ended: bool,
    limit: u64,
    taken: u64,
}

/// The bytes cannot be read; travels inside an [`io::Error`] once reading has begun.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(super) struct Unreadable {
    pub what: String,
    pub fix: &'static str,
}

impl From<Unreadable> for io::Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::new(io::ErrorKind::InvalidData, unreadable)
    }
}

const RETRY: &str = "look at the disk, and run the import again";
const ENCODINGS: &str =
    "send it as UTF-8, ISO-8859-1, Windows-1252 or UTF-16, and say which in the first line";

/// The encoding that a file's beginning names. ISO-8859-1 is read as Windows-1252, its superset.
fn encoding_of(beginning: &[u8]) -> Result<&'static Encoding, Unreadable> {
    if let Some((encoding, _)) = Encoding::for_bom(beginning) {
        return Ok(encoding);
    }
    // UTF-16 without a mark shows by its first character, which is always `<`.
    match beginning {
        [b'<', 0, ..] => return Ok(encoding_rs::UTF_16LE),
        [0, b'<', ..] => return Ok(encoding_rs::UTF_16BE),
        _ => {}
    }
    let text = String::from_utf8_lossy(beginning);
    let declared = text
        .split_once("?>")
        .filter(|(declaration, _)| declaration.trim_start().starts_with("<?xml"))
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .map(|(_, rest)| rest.trim_start().trim_start_matches('=').trim_start());
    let Some(declared) = declared else { return Ok(UTF_8) };
    let quote = declared.chars().next().unwrap_or('"');
    let name = declared.trim_start_matches(quote).split(quote).next().unwrap_or_default();
    match Encoding::for_label(name.as_bytes()) {
        Some(encoding) if encoding == UTF_8 || encoding == WINDOWS_1252 => Ok(encoding),
        // A file that says UTF-16 and has no mark is read by its first bytes, which were ASCII just now.
        Some(encoding) if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE => Ok(UTF_8),
        _ => Err(Unreadable { what: format!("the encoding {name:?} is not read"), fix: ENCODINGS }),
    }
}

/// An encoding in which the bytes of ASCII stand for nothing else, so that tags can be found before decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    Utf8,
    Windows1252,
}

impl Plain {
    /// `None` when the bytes are not of this encoding.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Windows1252 => WINDOWS_1252.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }
}

/// The encoding that a file's beginning names, if it is a plain one, and the length of its mark.
pub(super) fn plain_encoding_of(beginning: &[u8]) -> Option<(Plain, usize)> {
    let encoding = encoding_of(beginning).ok()?;
    let mark = Encoding::for_bom(beginning).map_or(0, |(_, length)| length);
    match encoding {
        encoding if encoding == UTF_8 => Some((Plain::Utf8, mark)),
        encoding if encoding == WINDOWS_1252 => Some((Plain::Windows1252, mark)),
        _ => None,
    }
}

impl<R: BufRead> Decoded<R> {
    pub(super) fn new(mut inner: R, limit: u64) -> Result<Self, Unreadable> {
        let mut beginning = Vec::with_capacity(PEEK);
        (&mut inner)
            .take(PEEK as u64)
            .read_to_end(&mut beginning)
            .map_err(|error| Unreadable { what: format!("the file cannot be read: {error}"), fix: RETRY })?;
        let encoding = encoding_of(&beginning)?;
        let mut decoded = Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            ready: Vec::with_capacity(2 * CHUNK),
            at: 0,
            malformed: None,
            ended: false,
            limit,
            taken: beginning.len() as u64,
        };
        decoded.decode(&beginning, false);
        Ok(decoded)
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool) {
        self.ready.clear();
        self.at = 0;
        let room =
            self.decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(4 * CHUNK).max(16);
        self.ready.resize(room, 0);
        let mut written = 0;
        loop {
            let (result, read, wrote) =
                self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.ready[written..], last);
            written += wrote;
            bytes = &bytes[read..];
            match result {
                encoding_rs::DecoderResult::InputEmpty => break,
                encoding_rs::DecoderResult::OutputFull => self.ready.resize(self.ready.len() * 2, 0),
                encoding_rs::DecoderResult::Malformed(..) => {
                    let name = self.decoder.encoding().name();
                    self.malformed = Some(format!("a byte sequence that is not {name}"));
                    break;
                }
            }
        }
        self.ready.truncate(written);
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.ready.len() {
            // What stands before it was read, so the error has its place.
            if let Some(what) = &self.malformed {
                return Err(Unreadable { what: what.clone(), fix: ENCODINGS }.into());
            }
            if self.ended {
                break;
            }
            let mut chunk = vec![0; CHUNK];
            let read = self.inner.read(&mut chunk)?;
            self.taken += read as u64;
            if self.taken > self.limit {
                let what = format!("the file is larger than {} bytes", self.limit);
                return Err(Unreadable { what, fix: "split the customer, or raise the limit" }.into());
            }
            self.ended = read == 0;
            self.decode(&chunk[..read], self.ended);
        }
        Ok(&self.ready[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.ready.len());
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}
