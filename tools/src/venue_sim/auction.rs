//! Auctions: one price for everybody, chosen so that most shares match.
//!
//! All orders take part: those for the auction only, the displayed book, hidden orders. The price
//! is one of their limits, or the reference price, so it is always on a tick. Of these prices the
//! one wins at which most shares pair off, then the one with the smallest imbalance, then the one
//! nearest to the reference price, then the lower. Better prices are filled first; at one price the
//! displayed queue comes before the hidden one, and both before orders for the auction only. A book
//! that was crossed in the call phase is not crossed afterwards, because a pair that still crossed
//! could have matched too.

use protocol::venue::nasdaq::codes::{CrossType, ImbalanceSide, Side};

use super::engine::{Engine, Event, Phase};
use super::half::{Half, rank};

/// An order for the next auction only.
#[derive(Clone, Copy, Debug)]
pub struct AuctionOrder {
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub shares: u32,
    /// Limit in 10^-4 dollars, `None` for a market order.
    pub limit: Option<u32>,
}

/// What an auction would do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indication {
    /// Shares that pair off.
    pub paired: u64,
    /// Shares that do not.
    pub imbalance: u64,
    /// On which side they are.
    pub direction: ImbalanceSide,
    /// The price, 10^-4 dollars; 0 if nothing pairs off.
    pub price: u32,
}

/// One order's part in an auction.
#[derive(Clone, Copy)]
struct Interest {
    side: Side,
    /// 0 for market orders, else the rank of the price.
    rank: u32,
    shares: u32,
    /// Slot of a resting order.
    slot: Option<u32>,
    hidden: bool,
}

impl Interest {
    fn accepts(&self, price: u32) -> bool {
        self.rank <= rank(self.side, price)
    }
}

impl Engine {
    /// Enters an order for the next auction of an instrument.
    pub fn enter_auction(&mut self, instrument: u16, order: AuctionOrder) {
        self.books[usize::from(instrument)].auction.push(order);
    }

    /// What an auction would do now, for the feed's indications.
    #[must_use]
    pub fn indicate(&self, instrument: u16, reference: u32) -> Indication {
        clear(&self.interests(instrument), reference)
    }

    /// The price that the orders for the auction only would make among themselves; 0 if none.
    #[must_use]
    pub fn far_price(&self, instrument: u16, reference: u32) -> u32 {
        let mut interests = self.interests(instrument);
        interests.retain(|interest| interest.slot.is_none());
        clear(&interests, reference).price
    }

    /// Holds the auction: executes what pairs off, drops the orders for the auction only, and
    /// continues with matching.
    pub fn uncross(
        &mut self,
        instrument: u16,
        reference: u32,
        cross: CrossType,
        events: &mut Vec<Event>,
    ) -> Indication {
        let interests = self.interests(instrument);
        let result = clear(&interests, reference);
        for side in [Side::Buy, Side::Sell] {
            self.fill(&interests, side, &result, events);
        }
        let match_number = self.next_match();
        let (shares, price) = (result.paired, result.price);
        self.tell(events, Event::Crossed { shares, price, match_number, cross });
        let book = &mut self.books[usize::from(instrument)];
        book.auction.clear();
        book.phase = Phase::Continuous;
        result
    }

    /// Executes one side's share of the auction, best first.
    fn fill(
        &mut self,
        interests: &[Interest],
        side: Side,
        result: &Indication,
        events: &mut Vec<Event>,
    ) {
        let mut left = result.paired;
        // Interests of a side are in the order in which they are filled.
        for interest in interests.iter().filter(|interest| interest.side == side) {
            let shares = u64::from(interest.shares).min(left) as u32;
            if shares == 0 {
                break;
            }
            left -= u64::from(shares);
            let Some(slot) = interest.slot else { continue };
            if !interest.hidden {
                let executed = Event::ExecutedAt {
                    reference: self.slab.get(slot).reference,
                    shares,
                    match_number: self.next_match(),
                    price: result.price,
                    printable: false,
                };
                self.tell(events, executed);
            }
            self.take(slot, shares);
        }
    }

    /// Everybody who takes part, each side in the order in which it is filled.
    fn interests(&self, instrument: u16) -> Vec<Interest> {
        let book = &self.books[usize::from(instrument)];
        let mut all = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            let half = book.half(side);
            for (levels, hidden) in [(&half.shown, false), (&half.hidden, true)] {
                for (rank, level) in levels {
                    all.extend(Half::queue(&self.slab, level).map(|slot| {
                        let shares = self.slab.get(slot).shares;
                        Interest { side, rank: *rank, shares, slot: Some(slot), hidden }
                    }));
                }
            }
        }
        all.extend(book.auction.iter().map(|order| {
            let rank = order.limit.map_or(0, |limit| rank(order.side, limit));
            Interest { side: order.side, rank, shares: order.shares, slot: None, hidden: true }
        }));
        // Stable: displayed before hidden before auction, and time order within each.
        all.sort_by_key(|interest| interest.rank);
        all
    }
}

/// Chooses the price.
fn clear(interests: &[Interest], reference: u32) -> Indication {
    let mut prices: Vec<u32> = interests
        .iter()
        .filter(|interest| interest.rank != 0)
        .map(|interest| rank(interest.side, interest.rank))
        .collect();
    prices.push(reference);
    prices.sort_unstable();
    prices.dedup();
    // Demand at the lowest price, supply below it; then both are carried from price to price.
    let volume = |side, accepts: &dyn Fn(&Interest) -> bool| -> u64 {
        let some = interests.iter().filter(|interest| interest.side == side && accepts(interest));
        some.map(|interest| u64::from(interest.shares)).sum()
    };
    let mut steps: Vec<(u32, Side, u64)> = interests
        .iter()
        .filter(|interest| interest.rank != 0)
        .map(|i| (rank(i.side, i.rank), i.side, u64::from(i.shares)))
        .collect();
    steps.sort_unstable_by_key(|step| step.0);
    let mut demand = volume(Side::Buy, &|_| true);
    let mut supply = volume(Side::Sell, &|interest| interest.rank == 0);
    let (mut leaving, mut arriving) = (steps.iter().peekable(), steps.iter().peekable());
    let mut best: Option<(u64, u64, u64, u32)> = None;
    for price in prices {
        while let Some(step) = leaving.next_if(|step| step.0 < price) {
            demand -= if step.1 == Side::Buy { step.2 } else { 0 };
        }
        while let Some(step) = arriving.next_if(|step| step.0 <= price) {
            supply += if step.1 == Side::Sell { step.2 } else { 0 };
        }
        let (paired, imbalance) = (demand.min(supply), demand.abs_diff(supply));
        let distance = u64::from(price.abs_diff(reference));
        let better = best.is_none_or(|(most, least, nearest, _)| {
            (u64::MAX - paired, imbalance, distance) < (u64::MAX - most, least, nearest)
        });
        if better {
            best = Some((paired, imbalance, distance, price));
        }
    }
    let (paired, imbalance, _, price) = best.unwrap_or((0, 0, 0, reference));
    let buys = volume(Side::Buy, &|interest| interest.accepts(price));
    let direction = match imbalance {
        _ if paired == 0 => ImbalanceSide::InsufficientOrders,
        0 => ImbalanceSide::None,
        _ if buys > paired => ImbalanceSide::Buy,
        _ => ImbalanceSide::Sell,
    };
    Indication { paired, imbalance, direction, price: if paired == 0 { 0 } else { price } }
}
