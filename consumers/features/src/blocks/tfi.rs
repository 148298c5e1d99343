//! 2.3 Trade flow imbalance: what takers bought less what they sold, by quantity and by count.
//!
//! Where the venue does not say who took, the quote before the trade decides, and the values say
//! [`flags::ESTIMATED`] for as long as such a trade is in the longest window. A gap does not stop
//! the sums; it is told until it has left the longest window.

use super::{SECOND, ratio};
use crate::flags;
use crate::inputs::{Print, Quote, Taker, classify};
use crate::window::SumWindows;

/// Windows, ns.
pub const WINDOWS: [i64; 4] = [SECOND, 5 * SECOND, 10 * SECOND, 60 * SECOND];

/// Flow over one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TfiWindow {
    /// Bought less sold.
    pub delta: i64,
    /// The same divided by the sum; NaN without a trade.
    pub ratio: f64,
    /// Trades of buyers less trades of sellers, divided by their number.
    pub by_count: f64,
    /// Bought and sold.
    pub volume: i64,
}

/// Flow over every window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TfiValues {
    /// Over 1, 5, 10 and 60 s.
    pub windows: [TfiWindow; 4],
    /// Bits of [`flags`].
    pub flags: u32,
}

/// Trade flow of an instrument.
#[derive(Debug)]
pub struct Tfi {
    /// Bought, sold, trades of buyers + trades of sellers x 2^32.
    windows: SumWindows<3, 4>,
    lengths: [i64; 4],
    last_price: Option<i64>,
    /// Direction of the last change of price.
    move_up: Option<bool>,
    since: Option<i64>,
    gap: Option<i64>,
    estimated: Option<i64>,
    revised: Option<i64>,
}

impl Tfi {
    /// Room for so many trades within the longest window.
    pub fn new(trades: usize) -> Tfi {
        Tfi::with_windows(WINDOWS, trades)
    }

    /// The same over other windows, ns, of which the last is the longest.
    pub fn with_windows(lengths: [i64; 4], trades: usize) -> Tfi {
        Tfi {
            windows: SumWindows::new(lengths, trades),
            lengths,
            last_price: None,
            move_up: None,
            since: None,
            gap: None,
            estimated: None,
            revised: None,
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.windows.clear();
        (self.last_price, self.move_up, self.since) = (None, None, None);
        (self.gap, self.estimated, self.revised) = (None, None, None);
    }

    /// Trades are followed from `now` on.
    pub fn begin(&mut self, now: i64) {
        self.since.get_or_insert(now);
    }

    /// A trade. `quote` is the best quote before it. Returns who took, or `None` if that cannot be
    /// told: then it is in no sum.
    #[inline]
    pub fn trade(&mut self, now: i64, print: &Print, quote: Option<&Quote>) -> Option<Taker> {
        self.since.get_or_insert(now);
        if let Some(last) = self.last_price.filter(|last| *last != print.price) {
            self.move_up = Some(print.price > last);
        }
        self.last_price = Some(print.price);
        let taker = match print.taker {
            Some(taker) => taker,
            None => {
                let taker = classify(print.price, quote, self.move_up)?;
                self.estimated = Some(now);
                taker
            }
        };
        let values = match taker {
            Taker::Buyer => [print.quantity, 0, 1],
            Taker::Seller => [0, print.quantity, 1 << 32],
        };
        self.windows.push(now, values);
        Some(taker)
    }

    /// Trades are missing.
    pub fn gap(&mut self, now: i64) {
        self.gap = Some(now);
    }

    /// A trade was taken back.
    pub fn revised(&mut self, now: i64) {
        self.revised = Some(now);
    }

    /// Flow at `now`.
    #[inline]
    pub fn at(&mut self, now: i64) -> TfiValues {
        self.windows.advance(now);
        let begin = now.saturating_sub(self.lengths[3]);
        let inside = |time: Option<i64>| time.is_some_and(|time| time > begin);
        let mut flags = 0;
        for (time, bit) in [
            (self.gap, flags::GAP),
            (self.estimated, flags::ESTIMATED),
            (self.revised, flags::REVISED),
            (self.since.or(Some(now)), flags::PARTIAL),
        ] {
            if inside(time) {
                flags |= bit;
            }
        }
        let windows = [0, 1, 2, 3].map(|number| {
            if self.windows.is_truncated(number, now) {
                flags |= flags::TRUNCATED;
            }
            let window = window(self.windows.sums(number));
            if window.ratio.is_nan() {
                flags |= flags::UNDEF;
            }
            window
        });
        TfiValues { windows, flags }
    }
}

#[inline(always)]
fn window([bought, sold, counts]: [i64; 3]) -> TfiWindow {
    let (buyers, sellers) = (i128::from(counts & 0xffff_ffff), i128::from(counts >> 32));
    let (b, s) = (i128::from(bought), i128::from(sold));
    TfiWindow {
        delta: bought.wrapping_sub(sold),
        ratio: ratio(b - s, b + s),
        by_count: ratio(buyers - sellers, buyers + sellers),
        volume: bought.wrapping_add(sold),
    }
}
