//! Files encrypted at rest: in chunks, so that one can be read from any place, and nobody can change one unseen.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `RLVSEAL1` |
//! | 64 | the id of the key, filled up with zeros |
//! | 32 | salt: random, another for each file |
//! | 16 | check: tells whether a key is the one, without telling anything of it |
//! | … | chunks of 65,536 bytes each, the last one of what is left, each with a tag of 16 bytes behind it |
//!
//! A file's own key and its check are HKDF-SHA256 of key and salt; chunks are AES-256-GCM. The nonce of a chunk is its
//! number and whether it is the last; what stands before the chunks is authenticated with each. So a chunk that was
//! changed, moved, taken from another file or left out is an error, and so is a file that was cut short, even between
//! two chunks: [`Opened::open`] looks at the last one.

mod keys;
mod opened;
mod sealing;

pub use keys::{KEY_VARIABLE, Key, KeyId, Keys};
pub use opened::{Opened, OpenedReader};
pub use sealing::Sealing;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use std::io;

const MAGIC: &[u8; 8] = b"RLVSEAL1";
const ID_LEN: usize = KeyId::MAX_LEN;
const SALT_LEN: usize = 32;
const CHECK_LEN: usize = 16;
const KEY_LEN: usize = 32;
const HEADER_LEN: usize = MAGIC.len() + ID_LEN + SALT_LEN + CHECK_LEN;
/// Bytes of a chunk before they are encrypted.
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// Another form has another one, so that no key is used in two ways.
const PURPOSE: &[&[u8]] = &[b"rollover sealed file 1"];

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("it is encrypted with the key {0}, which is not known here: set {KEY_VARIABLE}{0}")]
    UnknownKey(KeyId),
    #[error("it is encrypted with another key {0} than the one that is set: correct {KEY_VARIABLE}{0}")]
    OtherKey(KeyId),
    #[error("it is not what was written: {0}")]
    Damaged(&'static str),
}

/// Whether a file that begins so is an encrypted one.
pub fn is_sealed(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC)
}

/// What stands before the chunks, and what opens and closes them.
struct Seal {
    header: [u8; HEADER_LEN],
    key: LessSafeKey,
}

/// The length of what is derived of a key and a salt.
struct Derived;

impl KeyType for Derived {
    fn len(&self) -> usize {
        KEY_LEN + CHECK_LEN
    }
}

impl Seal {
    fn new(id: &KeyId, key: &Key, salt: [u8; SALT_LEN]) -> Self {
        let mut derived = [0; KEY_LEN + CHECK_LEN];
        Salt::new(HKDF_SHA256, &salt)
            .extract(key.bytes())
            .expand(PURPOSE, Derived)
            .and_then(|okm| okm.fill(&mut derived))
            .expect("HKDF gives up to 255 times its digest");
        let (own, check) = derived.split_at(KEY_LEN);
        let mut header = [0; HEADER_LEN];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        let name = id.as_str().as_bytes();
        header[MAGIC.len()..][..name.len()].copy_from_slice(name);
        header[MAGIC.len() + ID_LEN..][..SALT_LEN].copy_from_slice(&salt);
        header[HEADER_LEN - CHECK_LEN..].copy_from_slice(check);
        let own = UnboundKey::new(&AES_256_GCM, own).expect("the key has the length of its algorithm");
        Self { header, key: LessSafeKey::new(own) }
    }

    /// Of a header that was read: the same box, if the key is the one.
    fn of_header(header: &[u8; HEADER_LEN], keys: &Keys) -> Result<Self, SealError> {
        if !is_sealed(header) {
            return Err(SealError::Damaged("it does not begin as an encrypted file does"));
        }
        let id = &header[MAGIC.len()..][..ID_LEN];
        let end = id.iter().position(|byte| *byte == 0).unwrap_or(ID_LEN);
        let id = std::str::from_utf8(&id[..end]).ok().and_then(|id| id.parse::<KeyId>().ok());
        let id = id.ok_or(SealError::Damaged("it names no key"))?;
        let key = keys.get(&id).ok_or_else(|| SealError::UnknownKey(id.clone()))?;
        let mut salt = [0; SALT_LEN];
        salt.copy_from_slice(&header[MAGIC.len() + ID_LEN..][..SALT_LEN]);
        let same = Self::new(&id, key, salt);
        if same.header == *header { Ok(same) } else { Err(SealError::OtherKey(id)) }
    }

    /// Encrypts a chunk where it lies, and puts its tag behind it.
    fn close(&self, place: u64, is_last: bool, chunk: &mut Vec<u8>) {
        self.key
            .seal_in_place_append_tag(nonce(place, is_last), Aad::from(&self.header), chunk)
            .expect("a chunk is far smaller than what the algorithm takes");
    }

    /// Decrypts a chunk where it lies; what was changed is an error.
    fn open(&self, place: u64, is_last: bool, chunk: &mut Vec<u8>) -> Result<(), SealError> {
        let opened = self.key.open_in_place(nonce(place, is_last), Aad::from(&self.header), chunk);
        let length = opened.map_err(|_| SealError::Damaged("a part of it was changed or is missing"))?.len();
        chunk.truncate(length);
        Ok(())
    }
}

/// A file's key is its own, so a number is enough for a nonce that never comes twice.
fn nonce(place: u64, is_last: bool) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[3..11].copy_from_slice(&place.to_be_bytes());
    nonce[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(nonce)
}
