//! Hints: what to fetch for events that are known and not yet taken.
//!
//! A packet of a busy moment holds dozens of messages. What each of them touches lies far apart in
//! memory, so a lane that took them one by one would wait for memory with each. Instead it reads all
//! of a packet first and asks for what they need, in three stages, each of which reads what the one
//! before it has fetched. Hints change nothing and need not be right: an instrument that is named in
//! the same packet has none.

use book::{Side, Trail};
use protocol::venue::nasdaq::BookEvent;

use super::Nasdaq;

impl Nasdaq {
    /// First stage: the way to the order, the levels of the book, the instrument's state.
    #[inline(always)]
    pub(crate) fn hint_books(&self, events: &[BookEvent], trails: &mut [Trail]) {
        for (event, trail) in events.iter().zip(trails) {
            let index = self.directory.index(event.locate);
            let side = if event.side == 0 { Side::Bid } else { Side::Ask };
            *trail = self.books.approach(index, event.reference, side);
            simd::prefetch_index(&self.states, index as usize);
        }
    }

    /// Second stage: the order.
    #[inline(always)]
    pub(crate) fn hint_orders(&self, events: &[BookEvent], trails: &mut [Trail]) {
        for (event, trail) in events.iter().zip(trails) {
            *trail = self.books.approach_order(*trail, event.reference);
        }
    }

    /// Third stage: the level of the order. `trails` may be more than there are events.
    #[inline(always)]
    pub(crate) fn hint_levels(&self, events: &[BookEvent], trails: &[Trail]) {
        for (_, trail) in events.iter().zip(trails) {
            self.books.approach_level(*trail);
        }
    }
}
