//! What is counted.
//!
//! Each program plays a generated day. Its first half warms up tables and books and is not counted;
//! what it does with the second half is.
//!
//! ```text
//! decode.rs  raw ITCH to book events, every field read
//! book.rs    decoded events into the order books
//! lane.rs    publish: a lane, from packets to a seat's ring; consume: its consumer
//! ```

mod book;
mod decode;
mod lane;

use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tools::venue_sim::day::{self, Spec};

use crate::error::Error;

/// Messages that are counted, unless told otherwise.
pub const MESSAGES: u64 = 100_000;
/// Symbols of the day; each is then as busy as one of a whole market is.
const SYMBOLS: u16 = 100;

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// Raw ITCH to book events; every field of each is read.
    Decode,
    /// Decoded events into the order books, one by one.
    Book,
    /// A whole lane: packets to records of ORDERS and TRADES in a seat's ring. Decoding and books
    /// are part of it.
    Publish,
    /// A consumer that reads every word of these records.
    Consume,
}

impl Program {
    /// All of them, in the order of the data.
    pub const ALL: [Program; 4] =
        [Program::Decode, Program::Book, Program::Publish, Program::Consume];

    /// Name on the command line and in the baseline.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Program::Decode => "decode",
            Program::Book => "book",
            Program::Publish => "publish",
            Program::Consume => "consume",
        }
    }

    /// What its instructions are divided by.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Program::Consume => "record",
            _ => "message",
        }
    }

    /// Runs it over a day.
    ///
    /// # Errors
    /// If something cannot be set up, or a message is refused.
    pub fn run(self, day: &Day) -> Result<Measured, Error> {
        let (units, answer) = match self {
            Program::Decode => decode::run(day),
            Program::Book => book::run(day),
            Program::Publish => lane::run(day, lane::Side::Lane),
            Program::Consume => lane::run(day, lane::Side::Consumer),
        }?;
        Ok(Measured { units, answer, isa: simd::Isa::detect().name().to_owned() })
    }
}

/// What a program tells of its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Messages or records whose instructions were counted.
    pub units: u64,
    /// What came out; the same on every processor.
    pub answer: u64,
    /// The instruction set that was chosen.
    pub isa: String,
}

/// A day as raw ITCH, in two halves.
#[derive(Clone, Debug)]
pub struct Day {
    bytes: Vec<u8>,
    /// Where the second half begins.
    middle: usize,
    /// Messages of the second half.
    messages: u64,
}

impl Day {
    /// A generated day of twice as many messages as are counted, as bytes.
    ///
    /// # Errors
    /// If so few messages make no day.
    pub fn generate(messages: u64) -> Result<Vec<u8>, Error> {
        let messages = messages.saturating_mul(2);
        let spec = Spec { messages, symbols: SYMBOLS, ..Spec::WHOLE };
        let mut bytes = Vec::new();
        day::generate(&spec, &mut bytes).map_err(|error| Error::program("day", error))?;
        Ok(bytes)
    }

    /// Raw ITCH of twice as many messages as are counted.
    #[must_use]
    pub fn of(bytes: Vec<u8>, messages: u64) -> Day {
        let middle = offset_of(&bytes, messages);
        Day { bytes, middle, messages }
    }

    /// The same from a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path, messages: u64) -> Result<Day, Error> {
        let bytes = std::fs::read(path).map_err(Error::file(path, "read"))?;
        Ok(Day::of(bytes, messages))
    }

    /// What warms up, and what is counted.
    fn halves(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at(self.middle)
    }
}

/// Where the message after so many begins.
fn offset_of(bytes: &[u8], messages: u64) -> usize {
    let mut rest = bytes;
    for _ in 0..messages {
        let Some((_, behind)) = split(rest) else { break };
        rest = behind;
    }
    bytes.len() - rest.len()
}

/// The first message, and what is behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Callgrind counts what runs in here and nothing else: it knows this function by its name, which
/// therefore must remain and must never be inlined.
#[inline(never)]
pub fn counted_by_callgrind<T>(work: impl FnOnce() -> T) -> T {
    std::hint::black_box(work())
}

/// Adds a word to an answer, so that order matters and nothing can be left out.
#[inline(always)]
const fn mix(answer: u64, word: u64) -> u64 {
    answer.rotate_left(5) ^ word
}
