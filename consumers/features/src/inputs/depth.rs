//! The best levels of both sides, in memory of fixed size.

/// Levels a side that any block looks at.
pub const MAX_LEVELS: usize = 20;

/// A price and the quantity there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceLevel {
    /// Price.
    pub price: i64,
    /// Quantity of all orders at it.
    pub quantity: i64,
}

/// The best levels of both sides, best first.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    bids: [PriceLevel; MAX_LEVELS],
    asks: [PriceLevel; MAX_LEVELS],
    bid_count: usize,
    ask_count: usize,
}

impl Default for Depth {
    fn default() -> Self {
        let none = [PriceLevel::default(); MAX_LEVELS];
        Depth { bids: none, asks: none, bid_count: 0, ask_count: 0 }
    }
}

fn fill(to: &mut [PriceLevel; MAX_LEVELS], levels: impl Iterator<Item = (i64, i64)>) -> usize {
    let mut count = 0;
    for (slot, (price, quantity)) in to.iter_mut().zip(levels) {
        *slot = PriceLevel { price, quantity };
        count += 1;
    }
    count
}

impl Depth {
    /// Takes the best levels of both sides, given best first as price and quantity.
    #[inline]
    pub fn set(
        &mut self,
        bids: impl Iterator<Item = (i64, i64)>,
        asks: impl Iterator<Item = (i64, i64)>,
    ) {
        self.bid_count = fill(&mut self.bids, bids);
        self.ask_count = fill(&mut self.asks, asks);
    }

    /// Bids, best first.
    #[inline(always)]
    pub fn bids(&self) -> &[PriceLevel] {
        self.bids.get(..self.bid_count).unwrap_or(&[])
    }

    /// Asks, best first.
    #[inline(always)]
    pub fn asks(&self) -> &[PriceLevel] {
        self.asks.get(..self.ask_count).unwrap_or(&[])
    }

    /// Whether there is no level on either side.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.bid_count == 0 && self.ask_count == 0
    }

    /// Whether a change at this price can be among the levels kept here: they are not full, or the
    /// price is not worse than the last of them.
    #[inline]
    pub fn reaches(&self, is_bid: bool, price: i64) -> bool {
        let (side, count) =
            if is_bid { (&self.bids, self.bid_count) } else { (&self.asks, self.ask_count) };
        match side.last() {
            Some(last) if count == MAX_LEVELS => {
                if is_bid {
                    price >= last.price
                } else {
                    price <= last.price
                }
            }
            _ => true,
        }
    }
}
