//! A row of words that one writer changes and any number of readers copy, none waiting for
//! another.
//!
//! Readers of images, the clock page and the seats' status must never hold up the lane, and a
//! writer that died half-way must never wedge a reader. So there is no lock: the row's first word
//! is a version, odd while the row is being written; a reader copies the row between two looks at
//! the version and keeps the copy if both were the same even number. Reading gives up after
//! [`MAX_TRIES`] with [`Torn`]. All words are relaxed atomics, so that the race between copying
//! and writing is an ordinary one, not undefined behaviour.
//!
//! | word of the row | |
//! |--|--|
//! | 0 | version: even = at rest, odd = being written; +2 per change |
//! | 1 .. 8 n - 1 | payload, n lines |

use crate::lines::{LINE_WORDS, Lines};
use crate::order;
use crate::sync::{Ordering, spin};
use thiserror::Error;

/// Attempts of [`read`] before it returns [`Torn`]. A writer holds a row for some tens of
/// nanoseconds, so that this many failures mean a writer that died, or that is descheduled.
pub const MAX_TRIES: usize = if cfg!(loom) { 2 } else { 1_000 };

/// The row was being written each time it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "row at line {first_line} was being written in {MAX_TRIES} attempts: try later, or the \
     writer died"
)]
pub struct Torn {
    /// First line of the row.
    pub first_line: usize,
}

/// How many lines a row with `payload` words takes.
pub const fn row_lines(payload: usize) -> usize {
    (payload + 1).div_ceil(LINE_WORDS)
}

/// Write access to a row inside [`update`].
pub struct RowWriter<'a, L: Lines> {
    lines: &'a L,
    first: usize,
}

impl<L: Lines> RowWriter<'_, L> {
    /// Sets payload word `index` (0 is the word behind the version).
    ///
    /// # Panics
    /// If the word lies behind the end of the region.
    #[inline(always)]
    pub fn set(&self, index: usize, value: u64) {
        let word = index + 1;
        // Partner: the relaxed loads of `read`; order comes from the version.
        self.lines.line(self.first + word / LINE_WORDS)[word % LINE_WORDS]
            .store(value, Ordering::Relaxed);
    }

    /// Payload word `index`, as the only writer left it.
    ///
    /// # Panics
    /// If the word lies behind the end of the region.
    #[inline(always)]
    pub fn get(&self, index: usize) -> u64 {
        let word = index + 1;
        // Partner: our own store; nobody else writes.
        self.lines.line(self.first + word / LINE_WORDS)[word % LINE_WORDS].load(Ordering::Relaxed)
    }
}

/// Changes some words of the row that begins at line `first`, and returns the new version.
///
/// Only one thread of one process may write a row. A row that an earlier writer left odd is taken
/// over.
#[inline]
pub fn update<L: Lines>(lines: &L, first: usize, change: impl FnOnce(&RowWriter<'_, L>)) -> u64 {
    let version = &lines.line(first)[0];
    // Our own word: no partner.
    let odd = version.load(Ordering::Relaxed) | 1;
    // Partner: the second look of `read`, through the fence.
    version.store(odd, Ordering::Relaxed);
    order::SEQLOCK_BEGIN.fence();
    change(&RowWriter { lines, first });
    let even = odd.wrapping_add(1);
    version.store(even, order::SEQLOCK_COMMIT.get());
    even
}

/// Replaces the payload of the row that begins at line `first`, and returns the new version.
///
/// # Panics
/// If `payload` reaches behind the end of the region.
#[inline]
pub fn write<L: Lines>(lines: &L, first: usize, payload: &[u64]) -> u64 {
    update(lines, first, |row| {
        for (index, value) in payload.iter().enumerate() {
            row.set(index, *value);
        }
    })
}

/// One attempt to copy the row that begins at line `first`; the version of the copy if it is one
/// state of the row.
///
/// # Panics
/// If `payload` reaches behind the end of the region.
#[inline]
pub fn try_read<L: Lines>(lines: &L, first: usize, payload: &mut [u64]) -> Option<u64> {
    let head = lines.line(first);
    let version = head[0].load(order::SEQLOCK_OPEN.get());
    if version & 1 != 0 {
        return None;
    }
    for (index, value) in payload.iter_mut().enumerate() {
        let word = index + 1;
        // Partner: the stores of `RowWriter::set`; order comes from the version.
        *value = lines.line(first + word / LINE_WORDS)[word % LINE_WORDS].load(Ordering::Relaxed);
    }
    order::SEQLOCK_CLOSE.fence();
    // Partner: the odd store of `update`, through the fences.
    (head[0].load(Ordering::Relaxed) == version).then_some(version)
}

/// Copies the row that begins at line `first` and returns its version.
///
/// # Errors
/// [`Torn`] if the row was being written at each of [`MAX_TRIES`] attempts; `payload` is then
/// rubbish.
///
/// # Panics
/// If `payload` reaches behind the end of the region.
#[inline]
pub fn read<L: Lines>(lines: &L, first: usize, payload: &mut [u64]) -> Result<u64, Torn> {
    for _ in 0..MAX_TRIES {
        if let Some(version) = try_read(lines, first, payload) {
            return Ok(version);
        }
        spin();
    }
    Err(Torn { first_line: first })
}

/// The version word alone: tells a reader that keeps a copy whether the row changed since.
#[inline(always)]
pub fn version<L: Lines>(lines: &L, first: usize) -> u64 {
    // A hint only: who sees a change reads the row with `read`.
    lines.line(first)[0].load(Ordering::Relaxed)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::lines::HeapLines;
    use std::sync::Arc;

    #[test]
    fn a_row_comes_back_and_counts_its_versions() {
        let lines = HeapLines::new(4);
        let payload: Vec<u64> = (1..=23).collect();
        assert_eq!(row_lines(payload.len()), 3);
        assert_eq!(write(&lines, 1, &payload), 2);
        let mut copy = [0; 23];
        assert_eq!(read(&lines, 1, &mut copy), Ok(2));
        assert_eq!(&copy[..], &payload[..]);
        update(&lines, 1, |row| {
            assert_eq!(row.get(22), 23);
            row.set(22, 99);
        });
        assert_eq!(read(&lines, 1, &mut copy), Ok(4));
        assert_eq!((copy[21], copy[22]), (22, 99));
        assert_eq!(version(&lines, 1), 4);
        assert!(lines.line(0).iter().all(|word| word.load(Ordering::Relaxed) == 0));
    }

    #[test]
    fn a_writer_that_died_half_way_wedges_nobody() {
        let lines = HeapLines::new(1);
        lines.line(0)[0].store(7, Ordering::Relaxed);
        let mut copy = [0; 7];
        assert_eq!(read(&lines, 0, &mut copy), Err(Torn { first_line: 0 }));
        assert_eq!(write(&lines, 0, &[1; 7]), 8);
        assert_eq!(read(&lines, 0, &mut copy), Ok(8));
        assert_eq!(copy, [1; 7]);
    }

    #[test]
    fn no_torn_copy_under_fire() {
        const WORDS: usize = 40;
        let lines = Arc::new(HeapLines::new(row_lines(WORDS)));
        let reader = Arc::clone(&lines);
        let thread = std::thread::spawn(move || {
            let (mut copy, mut last, mut distinct) = ([0; WORDS], 0, 0);
            while last < 20_000 {
                if read(&reader, 0, &mut copy).is_ok() {
                    assert!(copy.iter().all(|word| *word == copy[0]), "torn: {copy:?}");
                    assert!(copy[0] >= last);
                    distinct += u64::from(copy[0] != last);
                    last = copy[0];
                }
            }
            distinct
        });
        for value in 1..=20_000 {
            write(&lines, 0, &[value; WORDS]);
        }
        assert!(thread.join().expect("the reader") > 0);
    }
}
