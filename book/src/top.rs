//! Top of book: the best price and quantity of both sides.

use wire::NONE;

/// Best prices and the quantities there, in the exponents of the instrument.
///
/// An empty side has price [`NONE`] and quantity 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Top {
    /// Highest bid price, or [`NONE`].
    pub bid_price: i64,
    /// Quantity of all orders at it.
    pub bid_qty: i64,
    /// Lowest ask price, or [`NONE`].
    pub ask_price: i64,
    /// Quantity of all orders at it.
    pub ask_qty: i64,
}

impl Top {
    /// The top of an empty book.
    pub const EMPTY: Top = Top { bid_price: NONE, bid_qty: 0, ask_price: NONE, ask_qty: 0 };

    /// Whether both sides have a price.
    #[inline]
    #[must_use]
    pub const fn is_two_sided(&self) -> bool {
        self.bid_price != NONE && self.ask_price != NONE
    }

    /// Whether a buyer offers more than a seller asks.
    #[inline]
    #[must_use]
    pub const fn is_crossed(&self) -> bool {
        self.is_two_sided() && self.bid_price > self.ask_price
    }

    /// Whether a buyer offers exactly what a seller asks.
    #[inline]
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        self.is_two_sided() && self.bid_price == self.ask_price
    }
}

impl Default for Top {
    fn default() -> Self {
        Top::EMPTY
    }
}

/// Remembers the last top that was shown and tells whether another differs: several messages of
/// one event may change the best and change it back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TopWatch {
    shown: Top,
}

impl TopWatch {
    /// Nothing shown yet, which is the same as an empty book.
    #[must_use]
    pub const fn new() -> Self {
        TopWatch { shown: Top::EMPTY }
    }

    /// The top if it differs from the one returned last, else `None`.
    #[inline]
    pub fn changed(&mut self, now: Top) -> Option<Top> {
        if now == self.shown {
            return None;
        }
        self.shown = now;
        Some(now)
    }

    /// The top returned last.
    #[must_use]
    pub const fn shown(&self) -> Top {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossing_needs_two_sides() {
        let top = |bid_price, ask_price| Top { bid_price, bid_qty: 1, ask_price, ask_qty: 1 };
        assert!(top(101, 100).is_crossed() && !top(101, 100).is_locked());
        assert!(top(100, 100).is_locked() && !top(100, 100).is_crossed());
        assert!(!top(99, 100).is_locked() && !top(99, 100).is_crossed());
        assert!(!top(5, NONE).is_crossed() && !top(NONE, NONE).is_locked());
    }

    #[test]
    fn a_change_is_reported_once_and_a_change_back_before_it_is_seen_never() {
        let one = Top { bid_price: 1, bid_qty: 10, ..Top::EMPTY };
        let mut watch = TopWatch::new();
        assert_eq!(watch.changed(Top::EMPTY), None);
        assert_eq!(watch.changed(one), Some(one));
        assert_eq!(watch.changed(one), None);
        let less = Top { bid_qty: 9, ..one };
        assert_eq!(watch.changed(less), Some(less));
        assert_eq!(watch.shown(), less);
    }
}
