//! Blocks: messages one behind the other, each with its length before it, as book events.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | length | big-endian, of the message alone |
//! | 2 | length | message | |
//!
//! A MoldUDP64 packet behind its header (`payload[HEADER_LEN..]`) and a file of messages are both
//! that. Because more bytes follow, a message is read through a window of fixed size, without
//! bounds to check; only the last ones are read with theirs.
//!
//! Where the next block begins is known only when this one's length has been loaded, and nothing
//! can be done before. So that load is all there is between one block and the next: the cursor is
//! one number, and that the length is the type's is checked beside it. What is longer than the
//! window changes no book and has no row, so whatever has one ends within the bytes that were
//! there for the window: one comparison bounds all of it.

use super::event::BookEvent;
use super::extract::{self, WINDOW, event, sort};
use super::file::LENGTH_LEN;

/// Bytes from a block's length to the end of its window.
const REACH: usize = LENGTH_LEN + WINDOW;
/// The most events of one call, so that the offset of the last one's message fits into 32 bits
/// whatever the lengths.
const MAX_FILL: usize = 1 << 15;

/// A cursor over blocks.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    rest: &'a [u8],
}

/// What [`Blocks::fill`] went through.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'a> {
    /// So many events were written, from the first place on.
    pub count: usize,
    bytes: &'a [u8],
}

impl<'a> Taken<'a> {
    /// The bytes of the message that an event of this call is of; empty for another event.
    #[inline]
    #[must_use]
    pub fn message(&self, event: &BookEvent) -> &'a [u8] {
        let from = self.bytes.get(event.at as usize..).unwrap_or_default();
        from.get(..usize::from(event.length)).unwrap_or_default()
    }
}

impl<'a> Blocks<'a> {
    /// Begins at the first byte.
    #[inline]
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left. Where [`Blocks::next`] has no more event and something is left, the last
    /// block is cut short.
    #[inline]
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Writes the next events into `events`, in order, one per message, at most 32,768. None: no
    /// whole block is left, see [`Blocks::rest`].
    #[inline(always)]
    pub fn fill(&mut self, events: &mut [BookEvent]) -> Taken<'a> {
        let (bytes, mut rest, mut count) = (self.rest, self.rest, 0);
        let at = |rest: &[u8]| (bytes.len() - rest.len() + LENGTH_LEN) as u32;
        for slot in events.iter_mut().take(MAX_FILL) {
            // Writes of their own, so that an event in place goes from registers to its slot.
            if let Some((event, behind)) = in_place(rest, at(rest)) {
                (*slot, rest) = (event, behind);
            } else if let Some(behind) = odd(rest, at(rest), slot) {
                rest = behind;
            } else {
                break;
            }
            count += 1;
        }
        self.rest = rest;
        Taken { count, bytes }
    }
}

impl Iterator for Blocks<'_> {
    type Item = BookEvent;

    #[inline(always)]
    fn next(&mut self) -> Option<BookEvent> {
        if let Some((event, rest)) = in_place(self.rest, 0) {
            self.rest = rest;
            return Some(event);
        }
        if let Some((event, rest)) = other(self.rest, 0) {
            self.rest = rest;
            return Some(event);
        }
        let mut event = BookEvent::NONE;
        self.rest = odd(self.rest, 0, &mut event)?;
        Some(event)
    }

    /// All events, faster than one by one: the loop has nothing in it but reading in place.
    #[inline(always)]
    fn fold<B, F: FnMut(B, BookEvent) -> B>(self, init: B, mut f: F) -> B {
        let (mut rest, mut folded) = (self.rest, init);
        loop {
            while let Some((event, behind)) = in_place(rest, 0) {
                folded = f(folded, event);
                rest = behind;
            }
            if let Some((event, behind)) = other(rest, 0) {
                folded = f(folded, event);
                rest = behind;
                continue;
            }
            let mut event = BookEvent::NONE;
            let Some(behind) = odd(rest, 0, &mut event) else { return folded };
            folded = f(folded, event);
            rest = behind;
        }
    }
}

/// The event of the first block if it changes the book, and what is behind it. The cursor is a
/// value and never has an address, so that it stays in a register.
#[inline(always)]
fn in_place(rest: &[u8], at: u32) -> Option<(BookEvent, &[u8])> {
    let bytes = rest.first_chunk::<REACH>()?;
    // Before both bytes are loaded together, so that nothing is between this load and the cursor.
    let low = bytes[1];
    let (length, window) = bytes.split_first_chunk()?;
    let window = window.first_chunk()?;
    let sort = sort(window, window[0], *length)?;
    let behind = rest.get(LENGTH_LEN + usize::from(low)..)?;
    Some((event(window, sort, at), behind))
}

/// The same of a type that changes no book.
#[inline(always)]
fn other(rest: &[u8], at: u32) -> Option<(BookEvent, &[u8])> {
    let [high, low, window @ ..] = rest.first_chunk::<REACH>()?;
    let behind = rest.get(LENGTH_LEN..)?.get(usize::from(*low)..)?;
    Some((extract::other(window, [*high, *low], at)?, behind))
}

/// The same of a block that is refused, or has too few bytes behind it for the window; `None` if it
/// is cut short. The event goes straight to its place: a copy of words just written is slow.
#[inline(never)]
fn odd<'a>(rest: &'a [u8], at: u32, slot: &mut BookEvent) -> Option<&'a [u8]> {
    let (length, rest) = rest.split_first_chunk()?;
    let (message, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *slot = extract::message(message, at);
    Some(rest)
}
