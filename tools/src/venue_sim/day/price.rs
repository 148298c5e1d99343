//! Where orders rest: near the touch, which moves because they do, and far away.
//!
//! There is no hidden true price. An order is placed by its side's best price, sometimes ahead of
//! it, mostly at it or a few ticks behind; the touch moves as orders improve on it, are deleted and
//! are executed. A tenth of the orders, rather those that live long, rest anywhere down to half the
//! price or up to twice it, as real books show. A book's prices are therefore no dense ladder.

use super::super::random::Random;
use super::levels::Levels;

/// A stock with its book.
#[derive(Debug)]
pub(super) struct Stock {
    /// Padded with spaces.
    pub(super) symbol: [u8; 8],
    /// Raw price of a tick: a cent, or a hundredth of it below a dollar.
    pub(super) tick: u32,
    /// The last price of a trade, or the first guess, in ticks.
    pub(super) last: u32,
    /// Bids and asks.
    pub(super) sides: [Levels; 2],
}

/// One in so many stocks is below a dollar.
const CHEAP: u64 = 33;
const DOLLAR: u64 = 10_000;
const CENT: u32 = 100;
/// The greatest price of the feed, 200,000 dollars, stands for a market order.
const HIGHEST: i64 = 1_999_999_900;
/// Of 10,000 orders so many go ahead of the best price, where there is room...
const AHEAD: u64 = 700;
/// ... so many more join it...
const JOIN: u64 = 3_300;
/// ... and so many more rest a few ticks behind it. The others are farther.
const BEHIND: u64 = 4_700;
/// Of 10,000 orders so many are anywhere, whatever their lifetime...
const ANYWHERE: u64 = 100;
/// ... and so many more for each doubling of a lifetime beyond the median.
const ANYWHERE_PER_DOUBLING: u64 = 50;

impl Stock {
    /// A stock with an empty book. Prices are lognormal around 30 dollars.
    pub(super) fn draw(symbol: [u8; 8], random: &mut Random) -> Self {
        let (tick, last) = if random.below(CHEAP) == 0 {
            (1, random.between(500, DOLLAR - 1) as u32)
        } else {
            (CENT, random.lognormal(3_000.0, 1.6).clamp(150, 300_000) as u32)
        };
        Self { symbol, tick, last, sides: [Levels::default(), Levels::default()] }
    }

    /// The best price of a side in ticks.
    fn best(&self, side: usize) -> Option<i64> {
        self.sides[side].best(side as u8).map(|price| i64::from(price / self.tick))
    }

    /// A raw price at which an order can rest; `None` if the other side leaves no room above zero.
    /// `doublings` says how much longer than the median it lives.
    pub(super) fn place(&self, side: usize, doublings: u32, random: &mut Random) -> Option<u32> {
        // Toward better prices.
        let ahead = if side == 0 { 1 } else { -1 };
        let (own, other) = (self.best(side), self.best(1 - side));
        let anchor = match (own, other) {
            (Some(own), _) => own,
            (None, Some(other)) => other - ahead * random.between(1, 4) as i64,
            (None, None) => i64::from(self.last) - ahead * random.between(1, 3) as i64,
        };
        let anywhere = ANYWHERE + ANYWHERE_PER_DOUBLING * u64::from(doublings);
        let behind = if random.chance(anywhere) {
            far(anchor, random)
        } else {
            let spread = other.map_or(1, |other| (other - anchor).abs());
            near(spread, random)
        };
        self.allowed(anchor - ahead * behind, side, other)
    }

    /// Where an order goes that is replaced: near where it was, or anew.
    pub(super) fn move_from(&self, price: u32, side: usize, random: &mut Random) -> Option<u32> {
        if random.chance(5_500) {
            return self.place(side, 0, random);
        }
        let step = random.below(7) as i64 - 3;
        let other = self.best(1 - side);
        self.allowed(i64::from(price / self.tick) + step, side, other)
    }

    /// The nearest price that neither crosses nor leaves the feed's range.
    fn allowed(&self, ticks: i64, side: usize, other: Option<i64>) -> Option<u32> {
        let tick = i64::from(self.tick);
        let (low, high) = match (side, other) {
            (0, Some(ask)) => (1, ask - 1),
            (0, None) => (1, HIGHEST / tick - 1),
            (_, Some(bid)) => (bid + 1, HIGHEST / tick),
            (_, None) => (2, HIGHEST / tick),
        };
        if low > high {
            return None;
        }
        u32::try_from(ticks.clamp(low, high) * tick).ok()
    }
}

/// Ticks behind the best price; negative ahead of it.
fn near(spread: i64, random: &mut Random) -> i64 {
    let roll = random.below(10_000);
    // A wide spread invites.
    let ahead = if spread > 1 { AHEAD + 60 * spread.min(40) as u64 } else { 0 };
    if roll < ahead {
        -1 - random.below((spread / 4).max(1) as u64) as i64
    } else if roll < ahead + JOIN {
        0
    } else if roll < ahead + JOIN + BEHIND {
        1 + random.below(6) as i64
    } else {
        doubling(2, 5, random)
    }
}

/// Ticks behind the best price, down to half of it or up to twice it. Half of them are round.
fn far(anchor: i64, random: &mut Random) -> i64 {
    let parts = doubling(0, 6, random) * 256 + random.below(256) as i64;
    let ticks = anchor * parts / (128 * 256);
    if random.bits() & 1 == 0 { ticks } else { anchor - (anchor - ticks) / 10 * 10 }
}

/// A number from `2^low` to below `2^(high + 1)`, each doubling as likely as the others.
fn doubling(low: u64, high: u64, random: &mut Random) -> i64 {
    let power = random.between(low, high);
    ((1_u64 << power) + random.below(1 << power)) as i64
}
