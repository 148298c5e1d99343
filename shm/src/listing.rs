//! The body of the `instance` region: the clock page and the list of producers.
//!
//! The list says where to look; every region that it names is checked by its own header.
//!
//! | line | words | |
//! |--|--|--|
//! | 0 | 8 | clock page (`clock_page`) |
//! | 1 | | zero |
//! | 2 | 0 | producers |
//! | 3 | | zero |
//! | 4 + 2 p | 0 to 3 | name of producer p, 32 bytes, NUL-padded |
//! | | 4 | seats |
//! | | 5 | instruments that its tables have room for |
//! | | 6 | 1 if it has an overwriting ring |

use crate::layout::{padded, text};
use crate::lines::Lines;
use crate::paths::{self, MAX_NAME, MAX_SEATS};
use crate::spec::{MAX_INSTRUMENTS, MAX_PRODUCERS, ProducerSpec};
use crate::sync::Ordering;

const COUNT_LINE: usize = 2;
const FIRST_ROW: usize = 4;
const ROW_LINES: usize = 2;

/// Lines of the body.
pub const LIST_LINES: u64 = (FIRST_ROW + ROW_LINES * MAX_PRODUCERS) as u64;

/// A producer as the list describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerInfo {
    /// Name: also of its directory.
    pub name: String,
    /// Seats.
    pub seats: usize,
    /// Instruments that its tables have room for.
    pub instruments: u32,
    /// Whether it has an overwriting ring.
    pub tail: bool,
}

/// What is wrong with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The body is shorter than a list.
    #[error("instance body is shorter than a producer list")]
    Short,
    /// More producers than a list holds, or none.
    #[error("the number of producers is out of range")]
    Count,
    /// A name that is no producer's.
    #[error("a producer's name is not valid")]
    Name,
    /// Numbers that no producer has.
    #[error("a producer's seats or instruments are out of range")]
    Number,
}

impl ListError {
    /// All of them, in order of their index.
    pub const ALL: [ListError; 4] =
        [ListError::Short, ListError::Count, ListError::Name, ListError::Number];

    /// Name for counters.
    pub const fn name(self) -> &'static str {
        match self {
            ListError::Short => "short",
            ListError::Count => "count",
            ListError::Name => "name",
            ListError::Number => "number",
        }
    }

    /// Place in [`ListError::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Writes the list into a fresh body, before the instance becomes ready.
pub(crate) fn write<L: Lines>(lines: &L, producers: &[ProducerSpec]) {
    for (at, producer) in producers.iter().enumerate().take(MAX_PRODUCERS) {
        let name: [u8; MAX_NAME] = padded(&producer.name);
        let name: [u64; 4] = zerocopy::transmute!(name);
        let tail = u64::from(producer.tail_capacity > 0);
        let numbers = [u64::from(producer.seats), u64::from(producer.instruments), tail];
        let row = lines.line(FIRST_ROW + at * ROW_LINES);
        for (word, value) in row.iter().zip(name.into_iter().chain(numbers)) {
            // Partner: `read`, after the instance's life says ready.
            word.store(value, Ordering::Relaxed);
        }
    }
    // Partner: as above.
    lines.line(COUNT_LINE)[0].store(producers.len() as u64, Ordering::Relaxed);
}

/// Copies and checks the list.
///
/// # Errors
/// [`ListError`].
pub fn read<L: Lines>(lines: &L) -> Result<Vec<ProducerInfo>, ListError> {
    if (lines.lines() as u64) < LIST_LINES {
        return Err(ListError::Short);
    }
    // Partner: the stores of `write`, ordered by the instance's life.
    let count = lines.line(COUNT_LINE)[0].load(Ordering::Relaxed);
    if count == 0 || count > MAX_PRODUCERS as u64 {
        return Err(ListError::Count);
    }
    (0..count as usize).map(|at| read_row(lines, at)).collect()
}

fn read_row<L: Lines>(lines: &L, at: usize) -> Result<ProducerInfo, ListError> {
    let row = lines.line(FIRST_ROW + at * ROW_LINES);
    // Partner: as above. One copy; only the copy is checked and used.
    let words: [u64; 7] = std::array::from_fn(|word| row[word].load(Ordering::Relaxed));
    let [n0, n1, n2, n3, seats, instruments, tail] = words;
    let name: [u8; MAX_NAME] = zerocopy::transmute!([n0, n1, n2, n3]);
    let name = text(&name);
    paths::check_name("producer", name).map_err(|_| ListError::Name)?;
    let instruments = u32::try_from(instruments).map_err(|_| ListError::Number)?;
    if seats > MAX_SEATS as u64 || instruments == 0 || instruments > MAX_INSTRUMENTS || tail > 1 {
        return Err(ListError::Number);
    }
    Ok(ProducerInfo { name: name.to_string(), seats: seats as usize, instruments, tail: tail == 1 })
}
