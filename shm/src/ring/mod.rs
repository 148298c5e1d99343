//! The ring between one producer and one consumer, lossless by construction.
//!
//! The producer never overwrites a slot that the consumer has not released; the consumer learns of
//! a record from the slot itself ([`crate::slot`]). So a message costs one cache-line transfer, and
//! the consumer's cursor is read by the producer only when its cached copy says that the ring is
//! full. The cursor lies in memory that the consumer writes, and is believed only as far as it can
//! be true: not beyond the head, not backwards, and of the present epoch ([`CursorRefused`]).
//!
//! | memory | written by | word | |
//! |--|--|--|--|
//! | ring, position line | producer | 0 | position: records pushed, see below |
//! | ring, slots | producer | | see [`crate::slot`] |
//! | ctl, cursor line | consumer | 0 | epoch << 48 \| low 48 bits of the position released |
//!
//! A line that the other side has touched must change its owner before it can be written, and that
//! takes as long as a message. So the writer asks for slots some way ahead, where they are free,
//! and a reader that is behind fetches slots ahead; one that keeps up does not, because it would
//! take lines from under the writer. These are hints: no ordering rests on them.
//!
//! The position is stored once per poll and before each look at the cursor, so that it is never
//! more than a lap behind.

mod observer;
mod reader;
mod writer;

pub use observer::Observer;
pub use reader::RingReader;
pub use writer::RingWriter;

use thiserror::Error;

/// Bits of a position in the cursor word.
pub(crate) const CURSOR_BITS: u32 = 48;
/// Mask of a position in the cursor word.
pub(crate) const CURSOR_MASK: u64 = (1 << CURSOR_BITS) - 1;

/// The cursor word of `position` in `epoch`.
pub(crate) const fn cursor_word(epoch: u16, position: u64) -> u64 {
    (epoch as u64) << CURSOR_BITS | (position & CURSOR_MASK)
}

/// Where the parts of a ring are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingShape {
    /// Slots, a power of two.
    pub capacity: usize,
    /// Line of the position, in the producer's memory.
    pub position_line: usize,
    /// First line of the slots, in the producer's memory.
    pub slots_line: usize,
    /// Line of the cursor, in the consumer's memory.
    pub cursor_line: usize,
}

/// Why the producer did not believe a cursor. The cached one stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CursorRefused {
    /// Written in another epoch: an earlier consumer, or the present one before it has begun.
    #[error("cursor of another epoch")]
    Stale,
    /// Ahead of everything that was pushed.
    #[error("cursor beyond the head: the consumer's memory is corrupt")]
    Beyond,
    /// Behind a cursor that was already given.
    #[error("cursor moved backwards: the consumer's memory is corrupt")]
    Backwards,
}

impl CursorRefused {
    /// All of them, in the order of [`CursorRefused::index`].
    pub const ALL: [CursorRefused; 3] =
        [CursorRefused::Stale, CursorRefused::Beyond, CursorRefused::Backwards];

    /// A short name for counters.
    pub const fn name(self) -> &'static str {
        match self {
            CursorRefused::Stale => "cursor_stale",
            CursorRefused::Beyond => "cursor_beyond",
            CursorRefused::Backwards => "cursor_backwards",
        }
    }

    /// Position in [`CursorRefused::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}
