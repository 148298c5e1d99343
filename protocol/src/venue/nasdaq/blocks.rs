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
use super::extract::{Odd, Sort, WINDOW, Window, event, sort};
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
    #[inline]
    pub fn fill(&mut self, events: &mut [BookEvent]) -> Taken<'a> {
        let (bytes, mut rest, mut count) = (self.rest, self.rest, 0);
        let mut odd = None;
        for slot in events.iter_mut().take(MAX_FILL) {
            let at = (bytes.len() - rest.len() + LENGTH_LEN) as u32;
            let Some((event, behind)) = step(rest, at, &mut odd) else { break };
            *slot = event;
            rest = behind;
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
        let (event, rest) = step(self.rest, 0, &mut None)?;
        self.rest = rest;
        Some(event)
    }
}

/// The event of the first block, and what is behind it. The cursor is a value and never has an
/// address, so that it stays in a register; `odd` is room that is used where it must be.
#[inline(always)]
fn step<'a>(rest: &'a [u8], at: u32, odd: &mut Option<Odd>) -> Option<(BookEvent, &'a [u8])> {
    let (window, sort, rest) = match in_place(rest) {
        Some(in_place) => in_place,
        None => {
            let behind = odd_block(rest, odd)?;
            let odd = odd.as_ref()?;
            (&odd.window, odd.sort(), behind)
        }
    };
    Some((event(window, sort, at), rest))
}

#[inline(always)]
fn in_place(rest: &[u8]) -> Option<(&Window, Sort<'_>, &[u8])> {
    let [high, low, window @ ..] = rest.first_chunk::<REACH>()?;
    let sort = sort(window, [*high, *low])?;
    let behind = rest.get(LENGTH_LEN..)?.get(usize::from(*low)..)?;
    Some((window, sort, behind))
}

/// A block that is refused, or has too few bytes behind it for the window: what is behind it.
#[inline(never)]
fn odd_block<'a>(rest: &'a [u8], odd: &mut Option<Odd>) -> Option<&'a [u8]> {
    let (length, rest) = rest.split_first_chunk()?;
    let (message, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *odd = Some(Odd::new(message));
    Some(rest)
}
