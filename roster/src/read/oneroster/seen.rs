//! Finds sourcedIds that come twice in a large file, without a map of them.

use super::{report::Reading, schema::Table};
use std::hash::{BuildHasher, RandomState};

/// All of them in one text, sorted by digest at the end; equal digests are compared by their texts.
#[derive(Default)]
pub(super) struct Seen {
    hasher: RandomState,
    texts: String,
    rows: Vec<(u64, u32, u32)>,
}

impl Seen {
    pub fn add(&mut self, text: &str, line: u32) {
        // Beyond four gigabytes of sourcedIds the limit on bytes has ended the file.
        let start = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push_str(text);
        self.texts.push('\n');
        self.rows.push((self.hasher.hash_one(text), line, start));
    }

    fn text(&self, start: u32) -> &str {
        self.texts.get(start as usize..).and_then(|rest| rest.split('\n').next()).unwrap_or_default()
    }

    pub fn report(mut self, table: Table, reading: &mut Reading<'_>) {
        self.rows.sort_unstable();
        let mut twice: Vec<(u32, u32)> = self
            .rows
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0 && self.text(pair[0].2) == self.text(pair[1].2))
            .map(|pair| (pair[1].1, pair[0].1))
            .collect();
        twice.sort_unstable();
        for (line, before) in twice {
            let what = format!("the same sourcedId as at line {before}");
            reading.at(table, line, "sourcedId", what, "each sourcedId stands for one thing and comes once");
        }
    }
}
