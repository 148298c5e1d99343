//! Hints: what to fetch for events that are known and not yet taken.
//!
//! A packet of a busy moment holds dozens of messages. What each of them touches lies far apart in
//! memory, so a lane that took them one by one would wait for memory with each. Instead it reads all
//! of a packet first and asks for what they need, in three stages, each of which reads what the one
//! before it has fetched. Hints change nothing and need not be right: an instrument that is named in
//! the same packet has none.

use book::Side;
use protocol::venue::nasdaq::BookEvent;

use super::Nasdaq;

impl Nasdaq {
    /// First stage: the way to the order, the best prices of the book, the instrument's state.
    #[inline(always)]
    pub(crate) fn hint_books(&self, events: &[BookEvent]) {
        for event in events {
            let index = self.directory.index(event.locate);
            self.books.prefetch(index, event.reference);
            simd::prefetch_index(&self.states, index as usize);
        }
    }

    /// Second stage: the order, or the level that a new one will join.
    #[inline(always)]
    pub(crate) fn hint_orders(&self, events: &[BookEvent]) {
        for event in events {
            let index = self.directory.index(event.locate);
            let side = if event.side == 0 { Side::Bid } else { Side::Ask };
            self.books.prefetch_order(event.reference);
            self.books.prefetch_joined(index, side, i64::from(event.price));
        }
    }

    /// Third stage: the level of the order, and the one that its replacement will join.
    #[inline(always)]
    pub(crate) fn hint_levels(&self, events: &[BookEvent]) {
        for event in events {
            let index = self.directory.index(event.locate);
            self.books.prefetch_replaced(index, event.reference, i64::from(event.price));
        }
    }
}
