//! What other threads tell the lane about seats: which consumers died, and to stop waiting.

use crate::order;
use crate::seat::layout::MAX_SEATS;
use crate::sync::{AtomicU64, Ordering};

const STOP: u64 = 1 << 63;
const DEAD: u64 = (1 << MAX_SEATS) - 1;

/// A word of flags from the control plane to the lane. The lane looks once per poll.
pub struct Signals {
    word: AtomicU64,
}

impl Default for Signals {
    fn default() -> Self {
        Signals::new()
    }
}

impl Signals {
    /// No flag raised.
    pub fn new() -> Self {
        Signals { word: AtomicU64::new(0) }
    }

    /// The consumer of `seat` is dead: its lock is free, its claim is not. The lane takes the seat
    /// back at its next poll. Numbers beyond the last seat are nobody's.
    ///
    /// Raise it once per dead claim: the flag names the seat, not the claim, so that a second flag
    /// raised after the seat has been taken back would hit the next holder.
    pub fn seat_died(&self, seat: usize) {
        if seat < MAX_SEATS {
            self.word.fetch_or(1 << seat, order::SIGNAL_RAISE.get());
        }
    }

    /// Seats flagged dead that the lane has not taken back yet.
    pub fn pending(&self) -> u8 {
        // For the control plane's own book-keeping: a number by itself.
        (self.word.load(Ordering::Relaxed) & DEAD) as u8
    }

    /// The lane is to end: it no longer waits for any seat.
    pub fn stop(&self) {
        self.word.fetch_or(STOP, order::SIGNAL_RAISE.get());
    }

    /// Whether the lane is to end.
    pub fn stopped(&self) -> bool {
        // A flag by itself: nothing is read on account of it.
        self.word.load(Ordering::Relaxed) & STOP != 0
    }

    /// Takes the flags of dead seats.
    #[inline(always)]
    pub fn take_dead(&self) -> u8 {
        // A look before the exchange, which costs much more and finds nothing nearly always.
        if self.word.load(Ordering::Relaxed) & DEAD == 0 {
            return 0;
        }
        (self.word.fetch_and(!DEAD, order::SIGNAL_TAKE.get()) & DEAD) as u8
    }
}
