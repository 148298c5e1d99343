//! The instrument table: 256-byte rows that only grow in number and are read without a lock.
//!
//! Consumers map native symbols to ids here at attach, and look rows up while the producer may be
//! changing one (an exponent never changes, a status flag may). A row's layout belongs to `wire`,
//! with one exception: its last four bytes are the version of a seqlock, odd while the row is
//! being written. That puts the version into the upper half of the row's last word, so that the
//! word's lower half travels with it.
//!
//! | line | words | |
//! |--|--|--|
//! | 0 | 0 | rows in use; grows only, stored after the row is complete |
//! | 1 to 3 | | zero |
//! | 4 + 4 i | 32 | row i; bytes 252 to 255 version |

use crate::lines::{LINE_WORDS, Lines};
use crate::order;
use crate::row_error::RowError;
use crate::seqlock::MAX_TRIES;
use crate::sync::{Ordering, spin};

/// Words of a row. The models use a short one: the protocol is the same, the interleavings fewer.
pub const ROW_WORDS: usize = if cfg!(loom) { 8 } else { 32 };
/// Bytes of a row.
pub const ROW_BYTES: usize = 256;
/// A row as words; its layout belongs to `wire`.
pub type Row = [u64; ROW_WORDS];

const _: () = assert!(cfg!(loom) || ROW_WORDS * 8 == ROW_BYTES);

const ROW_LINES: usize = ROW_WORDS / LINE_WORDS;
const FIRST_ROW: usize = 4;
/// Word of the row that holds the version in its upper half.
const LAST: usize = ROW_WORDS - 1;
const LOW_HALF: u64 = u32::MAX as u64;

/// Lines of a table with room for `rows` rows.
pub const fn table_lines(rows: u64) -> u64 {
    FIRST_ROW as u64 + rows * ROW_LINES as u64
}

fn room<L: Lines>(lines: &L) -> u32 {
    let rows = lines.lines().saturating_sub(FIRST_ROW) / ROW_LINES;
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// The table has no room for another instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instrument table full at {room} rows: raise the producer's instruments")]
pub struct TableFull {
    /// Rows that the table has.
    pub room: u32,
}

/// The producer's side: one thread, no other writer.
#[derive(Debug)]
pub struct InstrumentWriter<L> {
    lines: L,
    room: u32,
    count: u32,
}

impl<L: Lines> InstrumentWriter<L> {
    /// Writes to a fresh (zero) table.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        InstrumentWriter { lines, room, count: 0 }
    }

    /// Rows in use.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Appends a row and returns its index. The row's own version field is ignored.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn append(&mut self, row: &Row) -> Result<u32, TableFull> {
        let index = self.count;
        if index >= self.room {
            return Err(TableFull { room: self.room });
        }
        self.store(index, row);
        self.count += 1;
        let count = u64::from(self.count);
        // Partner: `count`. Relaxed is enough: the row's seqlock has a release fence before this
        // store, and a reader's acquire fence behind its load. Who saw the row counted sees at
        // least that the row was begun, and so waits for it.
        self.lines.line(0)[0].store(count, Ordering::Relaxed);
        Ok(index)
    }

    /// Replaces a row in use.
    ///
    /// # Errors
    /// [`RowError::Beyond`].
    pub fn update(&mut self, index: u32, row: &Row) -> Result<(), RowError> {
        if index >= self.count {
            return Err(RowError::Beyond);
        }
        self.store(index, row);
        Ok(())
    }

    fn store(&self, index: u32, row: &Row) {
        let first = FIRST_ROW + index as usize * ROW_LINES;
        let word = |at: usize| &self.lines.line(first + at / LINE_WORDS)[at % LINE_WORDS];
        // Our own word: no partner.
        let before = word(LAST).load(Ordering::Relaxed);
        let odd = ((before >> 32) as u32) | 1;
        // Partner: the second look of `read`, through the fence.
        word(LAST).store(u64::from(odd) << 32 | before & LOW_HALF, Ordering::Relaxed);
        order::SEQLOCK_BEGIN.fence();
        for (at, &value) in row.iter().enumerate().take(LAST) {
            // Partner: the loads of `read`; order comes from the version.
            word(at).store(value, Ordering::Relaxed);
        }
        let even = u64::from(odd.wrapping_add(1)) << 32 | row[LAST] & LOW_HALF;
        word(LAST).store(even, order::SEQLOCK_COMMIT.get());
    }
}

/// Any process's side.
#[derive(Clone, Debug)]
pub struct InstrumentReader<L> {
    lines: L,
    room: u32,
}

impl<L: Lines> InstrumentReader<L> {
    /// Reads the table in these lines.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        InstrumentReader { lines, room }
    }

    /// Rows in use: never more than the table has room for, whatever the memory says.
    pub fn count(&self) -> u32 {
        // Partner: `append`, which says why relaxed is enough.
        let count = self.lines.line(0)[0].load(Ordering::Relaxed);
        u32::try_from(count).unwrap_or(u32::MAX).min(self.room)
    }

    /// A copy of row `index`, all words of one state.
    ///
    /// # Errors
    /// [`RowError::Beyond`] or [`RowError::Torn`].
    pub fn read(&self, index: u32) -> Result<Row, RowError> {
        if index >= self.count() {
            return Err(RowError::Beyond);
        }
        for _ in 0..MAX_TRIES {
            if let Some(row) = self.try_read(index) {
                return Ok(row);
            }
            spin();
        }
        Err(RowError::Torn)
    }

    fn try_read(&self, index: u32) -> Option<Row> {
        let first = FIRST_ROW + index as usize * ROW_LINES;
        let word = |at: usize| &self.lines.line(first + at / LINE_WORDS)[at % LINE_WORDS];
        let before = word(LAST).load(order::SEQLOCK_OPEN.get());
        if before >> 32 & 1 != 0 {
            return None;
        }
        let mut row = [0; ROW_WORDS];
        for (at, value) in row.iter_mut().enumerate().take(LAST) {
            // Partner: the stores of `store`; order comes from the version.
            *value = word(at).load(Ordering::Relaxed);
        }
        row[LAST] = before;
        order::SEQLOCK_CLOSE.fence();
        // Partner: the odd store of `store`, through the fences.
        (word(LAST).load(Ordering::Relaxed) == before).then_some(row)
    }

    /// Version of row `index`: changes by 2 with every change of the row. `None` beyond the room.
    pub fn version(&self, index: u32) -> Option<u32> {
        if index >= self.room {
            return None;
        }
        let first = FIRST_ROW + index as usize * ROW_LINES;
        // A hint only: who sees a change reads the row with `read`.
        let last = self.lines.line(first + ROW_LINES - 1)[LINE_WORDS - 1].load(Ordering::Relaxed);
        Some((last >> 32) as u32)
    }
}
