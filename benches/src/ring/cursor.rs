//! The plain way, written here as the yardstick: a head and a tail on lines of their own, 64-byte
//! slots, no copy of the other side's cursor kept. Each record costs the lines of both cursors
//! besides its own.

use super::link::{Ends, Link, Receive64, Send64, WORDS, words};
use super::region::region;
use crate::harness::CompareError;
use shm::lines::{Line, Lines};
use shm::mapping::MappedLines;
use shm::sync::Ordering;
use std::path::Path;

const HEAD: usize = 0;
const TAIL: usize = 2;
const SLOTS: usize = 8;

/// The plain ring.
pub struct Cursor;

/// One of its ends; both keep the same.
pub struct End {
    lines: MappedLines,
    mask: u64,
    position: u64,
}

impl End {
    #[inline(always)]
    fn slot(&self) -> &Line {
        self.lines.line(SLOTS + (self.position & self.mask) as usize)
    }
}

impl Link for Cursor {
    type Tx = Sender;
    type Rx = Receiver;
    const NAME: &'static str = "plain cursor ring";
    const NOTE: &'static str = "the yardstick: written here, no cached cursors";

    fn open(folder: &Path, name: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let tx = region(folder, &format!("{name}.plain"), SLOTS + capacity)?;
        let rx = tx.clone();
        let mask = capacity as u64 - 1;
        Ok((
            Box::new(move || Ok(Sender(End { lines: tx.map()?, mask, position: 0 }))),
            Box::new(move || Ok(Receiver(End { lines: rx.map()?, mask, position: 0 }))),
        ))
    }
}

/// The end that moves the head.
pub struct Sender(End);

/// The end that moves the tail.
pub struct Receiver(End);

impl Send64 for Sender {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.send_words(&words(n))
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        let end = &mut self.0;
        // Partner: the receiver's store of the tail.
        let tail = end.lines.line(TAIL)[0].load(Ordering::Acquire);
        if end.position.wrapping_sub(tail) > end.mask {
            return false;
        }
        for (word, value) in end.slot().iter().zip(words) {
            // Partner: the receiver's loads, ordered by the head.
            word.store(*value, Ordering::Relaxed);
        }
        end.position += 1;
        end.lines.line(HEAD)[0].store(end.position, Ordering::Release);
        true
    }
}

impl Receive64 for Receiver {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        let end = &mut self.0;
        // Partner: the sender's store of the head.
        let head = end.lines.line(HEAD)[0].load(Ordering::Acquire);
        if head == end.position {
            return None;
        }
        let mut words = [0; WORDS];
        for (value, word) in words.iter_mut().zip(end.slot()) {
            // Partner: the sender's stores, ordered by the head.
            *value = word.load(Ordering::Relaxed);
        }
        end.position += 1;
        end.lines.line(TAIL)[0].store(end.position, Ordering::Release);
        Some(words)
    }
}
