//! Bytes to UTF-8 while they stream: the encoding is found by its mark or its declaration.

use encoding_rs::{Decoder, Encoding, UTF_8, WINDOWS_1252};
use std::io::{self, BufRead, Read};

/// As much of the beginning as is looked at for the declaration.
const PEEK: usize = 256;
const CHUNK: usize = 32 * 1024;

/// Reads any of UTF-8, ISO-8859-1, Windows-1252 and UTF-16 as UTF-8; counts the bytes that went in.
pub(super) struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
    limit: u64,
    taken: u64,
}

/// The encoding that a file's beginning names. ISO-8859-1 is read as Windows-1252, its superset.
fn encoding_of(beginning: &[u8]) -> Result<&'static Encoding, String> {
    if let Some((encoding, _)) = Encoding::for_bom(beginning) {
        return Ok(encoding);
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
        _ => Err(format!("the encoding {name:?} is not read")),
    }
}

impl<R: BufRead> Decoded<R> {
    /// The error is a sentence about the encoding.
    pub(super) fn new(mut inner: R, limit: u64) -> Result<Self, String> {
        let mut beginning = Vec::with_capacity(PEEK);
        (&mut inner)
            .take(PEEK as u64)
            .read_to_end(&mut beginning)
            .map_err(|error| format!("the file cannot be read: {error}"))?;
        let encoding = encoding_of(&beginning)?;
        let mut decoded = Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            ready: Vec::with_capacity(2 * CHUNK),
            at: 0,
            ended: false,
            limit,
            taken: beginning.len() as u64,
        };
        decoded.decode(&beginning, false).map_err(|error| error.to_string())?;
        Ok(decoded)
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool) -> io::Result<()> {
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
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("a byte sequence that is not {name}"),
                    ));
                }
            }
        }
        self.ready.truncate(written);
        Ok(())
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.ready.len() && !self.ended {
            let mut chunk = vec![0; CHUNK];
            let read = self.inner.read(&mut chunk)?;
            self.taken += read as u64;
            if self.taken > self.limit {
                let message = format!("the file is larger than {} bytes", self.limit);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            self.ended = read == 0;
            self.decode(&chunk[..read], self.ended)?;
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
