//! Keys that files are encrypted with: by id, one of them the one that is written with.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

/// Begins the environment variable of each key; its id follows.
pub const KEY_VARIABLE: &str = "ROLLOVER_SNAPSHOT_KEY_";

/// The name of a key, of A-Z, 0-9 and _.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    pub const MAX_LEN: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = &'static str;

    /// The text is not repeated in the error: it may be the key itself.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if !text.is_empty() && text.len() <= Self::MAX_LEN && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected the id of a key, of A-Z, 0-9 and _, as 2026 for ROLLOVER_SNAPSHOT_KEY_2026")
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// The keys that are known; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    all: BTreeMap<KeyId, Key>,
    /// `None`: what is written is not encrypted.
    writes: Option<KeyId>,
}

impl Keys {
    /// `writes` names the key that is written with; every key reads. An error names it when it is not among them.
    pub fn new(all: BTreeMap<KeyId, Key>, writes: Option<KeyId>) -> Result<Self, KeyId> {
        match writes {
            Some(id) if !all.contains_key(&id) => Err(id),
            writes => Ok(Self(Arc::new(Known { all, writes }))),
        }
    }

    pub(super) fn get(&self, id: &KeyId) -> Option<&Key> {
        self.0.all.get(id)
    }

    /// The key that is written with.
    pub fn writes(&self) -> Option<(&KeyId, &Key)> {
        self.0.all.get_key_value(self.0.writes.as_ref()?)
    }
}
