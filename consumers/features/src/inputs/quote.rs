//! The best prices of both sides and the quantities there.

use book::Top;

use crate::flags;

/// A two-sided best quote, in the exponents of the instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Best bid.
    pub bid_price: i64,
    /// Quantity there.
    pub bid_quantity: i64,
    /// Best ask.
    pub ask_price: i64,
    /// Quantity there.
    pub ask_quantity: i64,
}

impl Quote {
    /// The quote of a top, if it may be computed with, and the bits that say how far.
    ///
    /// Locked is valid. Crossed or one-sided is not: on one venue either is an error or a moment
    /// between two messages.
    #[inline]
    pub fn of(top: Top) -> (Option<Quote>, u32) {
        if !top.is_two_sided() {
            return (None, flags::ONE_SIDED);
        }
        if top.is_crossed() {
            return (None, flags::CROSSED);
        }
        let quote = Quote {
            bid_price: top.bid_price,
            bid_quantity: top.bid_qty,
            ask_price: top.ask_price,
            ask_quantity: top.ask_qty,
        };
        (Some(quote), if top.is_locked() { flags::LOCKED } else { 0 })
    }

    /// Twice the middle. Exact for every price that a venue can send; else it stops at the ends.
    #[inline(always)]
    pub const fn mid2(&self) -> i64 {
        self.ask_price.saturating_add(self.bid_price)
    }

    /// Ask less bid.
    #[inline(always)]
    pub const fn spread(&self) -> i64 {
        self.ask_price.saturating_sub(self.bid_price)
    }

    /// Numerator and denominator of the cross-weighted average price.
    #[inline(always)]
    pub fn wap_parts(&self) -> (i128, i128) {
        let weighted = |price: i64, opposite: i64| i128::from(price) * i128::from(opposite);
        let numerator = weighted(self.bid_price, self.ask_quantity)
            .saturating_add(weighted(self.ask_price, self.bid_quantity));
        (numerator, i128::from(self.ask_quantity) + i128::from(self.bid_quantity))
    }
}
