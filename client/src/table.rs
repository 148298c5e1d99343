//! Instruments of a lane: from symbols to the numbers in records and back.
//!
//! A number holds for one generation. The lane's table grows while a session goes on, so a number
//! that is not known yet makes the copy catch up before it is called unknown.

use std::collections::HashMap;

use shm::instruments::InstrumentReader;
use shm::mapping::MappedLines;
use wire::instrument::text_of;
use wire::{InstrumentId, InstrumentRow};

/// A copy of a lane's instrument table.
#[derive(Debug, Default)]
pub struct InstrumentTable {
    reader: Option<InstrumentReader<MappedLines>>,
    rows: Vec<InstrumentRow>,
    by_index: HashMap<u32, usize>,
    by_name: HashMap<String, usize>,
    /// Rows that were being written when they were read.
    torn: Vec<u32>,
    seen: u32,
}

impl InstrumentTable {
    /// Starts again with the table of a new generation.
    pub(crate) fn begin(&mut self, reader: InstrumentReader<MappedLines>) {
        *self = InstrumentTable { reader: Some(reader), ..InstrumentTable::default() };
        self.catch_up();
    }

    /// Reads rows that were added since. Returns whether there were any.
    #[inline]
    pub fn catch_up(&mut self) -> bool {
        let Some(reader) = &self.reader else { return false };
        let count = reader.count();
        if count == self.seen && self.torn.is_empty() {
            return false;
        }
        self.read_from(count)
    }

    #[cold]
    fn read_from(&mut self, count: u32) -> bool {
        let before = self.rows.len();
        let torn = std::mem::take(&mut self.torn);
        for index in torn.into_iter().chain(self.seen..count) {
            self.read_row(index);
        }
        self.seen = self.seen.max(count);
        self.rows.len() != before
    }

    fn read_row(&mut self, index: u32) {
        let Some(Ok(words)) = self.reader.as_ref().map(|reader| reader.read(index)) else {
            self.torn.push(index);
            return;
        };
        let row = InstrumentRow::from_words(words);
        let number = row.instrument.index();
        if number == 0 {
            // The venue itself, or a row of another layout: no instrument.
            return;
        }
        let place = self.rows.len();
        self.rows.push(row);
        self.by_index.insert(number, place);
        for name in [text_of(&row.canonical), row.symbol()] {
            if !name.is_empty() {
                self.by_name.insert(name, place);
            }
        }
    }

    /// Reads every row again: flags and ticks may have changed. Not for a hot path.
    pub fn reread(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.begin(reader);
        }
    }

    /// Row of an instrument, if its row has been read.
    pub fn get(&self, id: InstrumentId) -> Option<&InstrumentRow> {
        let row = self.rows.get(*self.by_index.get(&id.index())?)?;
        (row.instrument == id).then_some(row)
    }

    /// Row of an instrument; reads on if it is not known yet.
    pub fn find(&mut self, id: InstrumentId) -> Option<&InstrumentRow> {
        if self.get(id).is_none() {
            self.catch_up();
        }
        self.get(id)
    }

    /// Number of a native or canonical symbol, if its row has been read.
    pub fn by_symbol(&self, symbol: &str) -> Option<InstrumentId> {
        self.rows.get(*self.by_name.get(symbol)?).map(|row| row.instrument)
    }

    /// All rows that have been read, in the order in which the lane added them.
    pub fn rows(&self) -> &[InstrumentRow] {
        &self.rows
    }
}
