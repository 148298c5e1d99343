//! Where everything of a seat is, in lines from the end of the region's header.
//!
//! `seat-N.ring`, written by the producer only:
//!
//! | line | what | see |
//! |--|--|--|
//! | 0 | word 0: position | [`crate::ring`] |
//! | 2 | status row | [`crate::seat::SeatStatus`] |
//! | 4, 5 | sixteen counters | [`crate::seat::Counter`] |
//! | 8 .. | slots | [`crate::slot`] |
//!
//! `seat-N.ctl`, written by the consumer (and by the producer only to free a dead one's claim):
//!
//! | line | what | see |
//! |--|--|--|
//! | 0 | word 0: claim, word 1: bell | [`crate::claim`] |
//! | 2 | word 0: cursor | [`crate::ring`] |
//! | 4 .. | request row with the instrument bitmap | below |
//!
//! Request row, a [`crate::seqlock`] row:
//!
//! | payload word | |
//! |--|--|
//! | 0 | claim word of the writer |
//! | 1 | terms: classes u8, policy u8, all instruments u8, 0 u8, depth u16, 0 u16 |
//! | 2 | resync counter |
//! | 3 | number of this request, counted up by the writer |
//! | 4 | checksum of the other words, so that a mix of two writers is not taken for a request |
//! | 5 .. | bit i of word i / 64: instrument i is wanted |
//!
//! Lines that are not named stay zero: processors fetch lines in pairs, and two writers must not
//! share one.

use crate::lines::LINE_WORDS;
use crate::ring::RingShape;
use crate::seqlock::row_lines;

/// Ring memory: line of the position.
pub const RING_POSITION: usize = 0;
/// Ring memory: first line of the status row.
pub const RING_STATUS: usize = 2;
/// Ring memory: first line of the counters.
pub const RING_COUNTERS: usize = 4;
/// Ring memory: lines of counters.
pub const COUNTER_LINES: usize = 2;
/// Ring memory: first line of the slots.
pub const RING_SLOTS: usize = 8;

/// Ctl memory: line of the claim and the bell.
pub const CTL_CLAIM: usize = 0;
/// Ctl memory: line of the cursor.
pub const CTL_CURSOR: usize = 2;
/// Ctl memory: first line of the request row.
pub const CTL_REQUEST: usize = 4;

/// Payload words of a request before its bitmap.
pub(crate) const REQUEST_WORDS: usize = 5;

/// Seats a producer may have: one bit each in a byte.
pub const MAX_SEATS: usize = 8;

/// Lines of the ring memory of a seat, after the region's header.
pub const fn ring_lines(capacity: usize, slot_lines: usize) -> usize {
    RING_SLOTS + capacity * slot_lines
}

/// Words of a bitmap over `instruments` instruments.
pub const fn bitmap_words(instruments: usize) -> usize {
    instruments.div_ceil(64)
}

/// Lines of the ctl memory of a seat, after the region's header.
pub const fn ctl_lines(instruments: usize) -> usize {
    CTL_REQUEST + row_lines(REQUEST_WORDS + bitmap_words(instruments))
}

/// The shape of a seat's ring.
pub const fn ring_shape(capacity: usize) -> RingShape {
    RingShape {
        capacity,
        position_line: RING_POSITION,
        slots_line: RING_SLOTS,
        cursor_line: CTL_CURSOR,
    }
}

const _: () =
    assert!(RING_COUNTERS + COUNTER_LINES <= RING_SLOTS && COUNTER_LINES * LINE_WORDS == 16);
const _: () = assert!(ctl_lines(1) == CTL_REQUEST + 1 && ctl_lines(128) == CTL_REQUEST + 1);
const _: () = assert!(ctl_lines(129) == CTL_REQUEST + 2);
