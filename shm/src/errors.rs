//! Distinct errors: what went wrong, how often, first and last, for any tool to read.
//!
//! A log tells a story that nobody reads until afterwards; a counter tells that something is
//! wrong but not what. This table keeps one row per distinct error (code, lane, text) with its
//! first and last time and its count, so that a million repetitions are one row. A row, once used,
//! stays; when none is free, further distinct errors are counted together.
//!
//! | line | words | |
//! |--|--|--|
//! | 0 | 0 | rows in use |
//! | | 1 | errors that found no row |
//! | 1 | | zero |
//! | 2 + 2 i | 0 | seqlock version of row i |
//! | | 1 | code u32, lane u32 |
//! | | 2, 3 | first, last time: ns UTC |
//! | | 4 | count |
//! | | 5 | bytes of the text |
//! | | 6 to 15 | text, utf-8, NUL-padded |

use crate::lines::Lines;
use crate::row_error::RowError;
use crate::seqlock;
use crate::sync::Ordering;

/// Rows of a table unless told otherwise.
pub const DEFAULT_ROWS: u32 = 256;
/// Most bytes of a text; longer ones are cut at a character.
pub const TEXT_BYTES: usize = 80;

const ROW_LINES: usize = 2;
const FIRST_ROW: usize = 2;
const ROW_WORDS: usize = 15;
const TEXT_WORD: usize = 5;

/// Lines of a table with room for `rows` rows.
pub const fn table_lines(rows: u64) -> u64 {
    FIRST_ROW as u64 + rows * ROW_LINES as u64
}

fn room<L: Lines>(lines: &L) -> usize {
    lines.lines().saturating_sub(FIRST_ROW) / ROW_LINES
}

/// A distinct error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRow {
    /// Code, of the crate that reports.
    pub code: u32,
    /// Lane (producer number) that it happened in.
    pub lane: u32,
    /// What happened.
    pub text: String,
    /// First time, ns UTC.
    pub first_ns: u64,
    /// Last time, ns UTC.
    pub last_ns: u64,
    /// How often.
    pub count: u64,
}

/// A row by its number, so that a repetition needs no search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorId(u32);

/// The producer's side: one thread.
#[derive(Debug)]
pub struct ErrorWriter<L> {
    lines: L,
    room: usize,
    /// What identifies the rows in use, in their order.
    keys: Vec<(u32, u32, [u8; TEXT_BYTES])>,
    overflow: u64,
}

/// Cuts a text to what a row holds, at a character.
fn cut(text: &str) -> [u8; TEXT_BYTES] {
    let mut end = text.len().min(TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut bytes = [0; TEXT_BYTES];
    for (to, from) in bytes.iter_mut().zip(text.bytes().take(end)) {
        *to = from;
    }
    bytes
}

impl<L: Lines> ErrorWriter<L> {
    /// Writes to a fresh (zero) table. All memory is taken here.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        ErrorWriter { lines, room, keys: Vec::with_capacity(room), overflow: 0 }
    }

    /// Counts one occurrence, in a row of its own if it is a new one. Searches the table: for
    /// repetitions in a lane keep the id and call [`Self::again`].
    pub fn report(&mut self, code: u32, lane: u32, text: &str, now_ns: u64) -> Option<ErrorId> {
        let key = (code, lane, cut(text));
        if let Some(found) = self.keys.iter().position(|known| *known == key) {
            let id = ErrorId(found as u32);
            self.again(id, now_ns);
            return Some(id);
        }
        let index = self.keys.len();
        if index >= self.room {
            self.overflow += 1;
            // Partner: `ErrorReader::overflow`. A count that stands alone.
            self.lines.line(0)[1].store(self.overflow, Ordering::Relaxed);
            return None;
        }
        self.begin(index, &key, now_ns);
        self.keys.push(key);
        // Partner: `ErrorReader::count`. Relaxed, because the fences of the row's own seqlock order
        // it: who sees the row counted sees at least that it was begun.
        self.lines.line(0)[0].store(index as u64 + 1, Ordering::Relaxed);
        Some(ErrorId(index as u32))
    }

    fn begin(&self, index: usize, key: &(u32, u32, [u8; TEXT_BYTES]), now_ns: u64) {
        let (code, lane, text) = key;
        let used = text.iter().position(|&b| b == 0).unwrap_or(TEXT_BYTES);
        seqlock::update(&self.lines, FIRST_ROW + index * ROW_LINES, |row| {
            row.set(0, u64::from(*code) | u64::from(*lane) << 32);
            row.set(1, now_ns);
            row.set(2, now_ns);
            row.set(3, 1);
            row.set(4, used as u64);
            for (at, chunk) in text.as_chunks::<8>().0.iter().enumerate() {
                row.set(TEXT_WORD + at, u64::from_le_bytes(*chunk));
            }
        });
    }

    /// Counts one more occurrence of a known error. No search, no allocation.
    pub fn again(&mut self, id: ErrorId, now_ns: u64) {
        if (id.0 as usize) < self.keys.len() {
            seqlock::update(&self.lines, FIRST_ROW + id.0 as usize * ROW_LINES, |row| {
                row.set(2, now_ns);
                row.set(3, row.get(3).saturating_add(1));
            });
        }
    }
}

/// Any process's side.
#[derive(Clone, Debug)]
pub struct ErrorReader<L> {
    lines: L,
    room: usize,
}

impl<L: Lines> ErrorReader<L> {
    /// Reads the table in these lines.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        ErrorReader { lines, room }
    }

    /// Rows in use, never more than the table has.
    pub fn count(&self) -> usize {
        // Partner: `ErrorWriter::report`, which says why relaxed is enough.
        let count = self.lines.line(0)[0].load(Ordering::Relaxed);
        usize::try_from(count).unwrap_or(usize::MAX).min(self.room)
    }

    /// Occurrences of errors that found no row.
    pub fn overflow(&self) -> u64 {
        // Partner: `ErrorWriter::report`.
        self.lines.line(0)[1].load(Ordering::Relaxed)
    }

    /// Row `index`.
    ///
    /// # Errors
    /// [`RowError::Beyond`] or [`RowError::Torn`].
    pub fn read(&self, index: usize) -> Result<ErrorRow, RowError> {
        if index >= self.count() {
            return Err(RowError::Beyond);
        }
        let mut words = [0; ROW_WORDS];
        seqlock::read(&self.lines, FIRST_ROW + index * ROW_LINES, &mut words)?;
        let [key, first_ns, last_ns, count, used, text @ ..] = words;
        let bytes: Vec<u8> = text.iter().flat_map(|word| word.to_le_bytes()).collect();
        let used = usize::try_from(used).unwrap_or(usize::MAX).min(TEXT_BYTES);
        let text = String::from_utf8_lossy(bytes.get(..used).unwrap_or_default()).into_owned();
        let (code, lane) = (key as u32, (key >> 32) as u32);
        Ok(ErrorRow { code, lane, text, first_ns, last_ns, count })
    }
}
