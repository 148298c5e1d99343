//! Blocks: messages one behind the other, each with its length before it, as book events.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | length | big-endian, of the message alone |
//! | 2 | length | message | |
//!
//! A MoldUDP64 packet behind its header (`payload[HEADER_LEN..]`) and a file of messages are both
//! that. Because more bytes
//! follow, a message is read through a window of fixed size where it lies; only the last one needs
//! a copy.
//!
//! Where the next block begins is known only when this one's length has been loaded, and nothing
//! can be done before. So that load is all there is between one block and the next: lengths fit
//! into their second byte, which alone moves the cursor; that the first is 0, that the length is
//! the type's, and that it is all there, is checked beside it.

use super::event::BookEvent;
use super::extract::{WINDOW, window};
use super::file::LENGTH_LEN;

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
    #[inline]
    pub fn fill(&mut self, events: &mut [BookEvent]) -> Taken<'a> {
        let bytes = self.rest;
        let mut count = 0;
        for slot in events.iter_mut().take(MAX_FILL) {
            let at = (bytes.len() - self.rest.len() + LENGTH_LEN) as u32;
            let Some(event) = self.step(at) else { break };
            *slot = event;
            count += 1;
        }
        Taken { count, bytes }
    }

    #[inline(always)]
    fn step(&mut self, at: u32) -> Option<BookEvent> {
        if let Some([high, low, bytes @ ..]) = self.rest.first_chunk::<REACH>() {
            let (event, accepted) = window(bytes, u32::from(u16::from_be_bytes([*high, *low])), at);
            if let (true, Some(rest)) = (accepted, self.rest.get(LENGTH_LEN + usize::from(*low)..))
            {
                self.rest = rest;
                return Some(event);
            }
        }
        self.last(at)
    }

    /// A block that is refused, or has too few bytes behind it for the window.
    #[inline(never)]
    fn last(&mut self, at: u32) -> Option<BookEvent> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let (message, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.rest = rest;
        let event = BookEvent { at, ..BookEvent::read(message) };
        Some(event)
    }
}

impl Iterator for Blocks<'_> {
    type Item = BookEvent;

    #[inline]
    fn next(&mut self) -> Option<BookEvent> {
        self.step(0)
    }
}
