//! Numbers for sourcedIds, so that a million enrollments hold numbers in place of texts.

use super::schema::Table;
use std::{collections::HashMap, sync::Arc};

/// A place in [`Ids`].
pub(super) type Id = u32;

/// The sourcedIds of one namespace: rows that define them, and references that came first.
#[derive(Debug, Default)]
pub(super) struct Ids {
    numbers: HashMap<Arc<str>, Id>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    text: Arc<str>,
    defined: Option<Definition>,
}

/// The row that a sourcedId stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definition {
    pub table: Table,
    /// 0 when it is of an earlier bundle.
    pub line: u32,
    /// It is deleted or switched off: what points at it goes with it.
    pub gone: bool,
}

impl Ids {
    pub fn mention(&mut self, text: &str) -> Id {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = Id::try_from(self.entries.len()).expect("rows are limited to fewer");
        let text: Arc<str> = text.into();
        self.entries.push(Entry { text: text.clone(), defined: None });
        self.numbers.insert(text, number);
        number
    }

    /// Gives the definition that stands already, if one does.
    pub fn define(&mut self, text: &str, definition: Definition) -> Result<Id, Definition> {
        let number = self.mention(text);
        match &mut self.entries[number as usize].defined {
            Some(before) => Err(*before),
            empty => {
                *empty = Some(definition);
                Ok(number)
            }
        }
    }

    /// Something that this bundle names and an earlier one defined.
    pub fn adopt(&mut self, text: &str, table: Table) {
        if let Some(number) = self.find(text) {
            let empty = &mut self.entries[number as usize].defined;
            *empty = empty.or(Some(Definition { table, line: 0, gone: false }));
        }
    }

    pub fn find(&self, text: &str) -> Option<Id> {
        self.numbers.get(text).copied()
    }

    pub fn text(&self, id: Id) -> &str {
        &self.entries[id as usize].text
    }

    pub fn definition(&self, id: Id) -> Option<Definition> {
        self.entries[id as usize].defined
    }

    pub fn is_there(&self, id: Id) -> bool {
        self.definition(id).is_some_and(|definition| !definition.gone)
    }

    pub fn is_gone(&self, id: Id) -> bool {
        self.definition(id).is_some_and(|definition| definition.gone)
    }

    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The place of each in the order of their texts.
    pub fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<Id> = (0..self.entries.len() as Id).collect();
        order.sort_unstable_by(|one, other| self.text(*one).cmp(self.text(*other)));
        let mut ranks = vec![0; order.len()];
        for (rank, id) in (0..).zip(order) {
            ranks[id as usize] = rank;
        }
        ranks
    }
}
