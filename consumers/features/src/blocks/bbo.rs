//! 1.1 Best bid and offer, middle and spread.
//!
//! `mid2` is twice the middle, so that it stays an integer. The event mean of the spread and its
//! time-weighted mean are different numbers, because wide moments produce bursts of updates; what
//! is computed here over windows is the latter.

use super::SECOND;
use crate::flags;
use crate::inputs::{Quote, Scale};
use crate::window::{TimedMean, TimedSum};

/// Windows of the time-weighted spread, ns.
pub const WINDOWS: [i64; 2] = [SECOND, 60 * SECOND];

/// What one quote says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BboValues {
    /// The quote.
    pub quote: Quote,
    /// Twice the middle.
    pub mid2: i64,
    /// Ask less bid.
    pub spread: i64,
    /// The same in ticks; 0 with [`flags::UNDEF`] where that is no whole number.
    pub spread_ticks: i64,
    /// The same in 10^-4 of the middle.
    pub spread_bps: f64,
    /// Bits of [`flags`].
    pub flags: u32,
}

/// Time-weighted spread over each of [`WINDOWS`], ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadValues {
    /// NaN where there was no spread.
    pub ticks: [f64; 2],
    /// Bits of [`flags`].
    pub flags: u32,
}

/// Spread of an instrument over time.
#[derive(Debug)]
pub struct Bbo {
    spread: TimedMean<2>,
}

/// The values of a quote.
#[inline]
pub fn values(quote: &Quote, scale: Scale) -> BboValues {
    let (mid2, spread) = (quote.mid2(), quote.spread());
    let mut flags = if spread == 0 { flags::LOCKED } else { 0 };
    let ticks = scale.ticks(spread);
    if ticks.is_none() || mid2 == 0 {
        flags |= flags::UNDEF;
    }
    // 1e4 · 2 · spread / mid2, numerator exact.
    let spread_bps = super::ratio(i128::from(spread) * 20_000, i128::from(mid2));
    BboValues { quote: *quote, mid2, spread, spread_ticks: ticks.unwrap_or(0), spread_bps, flags }
}

impl Bbo {
    /// Room for so many changes of the spread within the longest window.
    pub fn new(changes: usize) -> Bbo {
        Bbo { spread: TimedMean::new(WINDOWS, changes) }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.spread.clear();
    }

    /// From `now` on this is the quote, or there is no valid one.
    #[inline]
    pub fn quote(&mut self, now: i64, quote: Option<&Quote>) {
        self.spread.set(now, quote.map(Quote::spread));
    }

    /// The time-weighted spread at `now`.
    pub fn spread(&mut self, now: i64, scale: Scale) -> SpreadValues {
        let mut out = SpreadValues { ticks: [f64::NAN; 2], flags: 0 };
        for (number, (value, length)) in out.ticks.iter_mut().zip(WINDOWS).enumerate() {
            let sum = self.spread.over(number, now);
            match mean_ticks(&sum, scale) {
                Some(mean) => *value = mean,
                None => out.flags |= flags::UNDEF,
            }
            if sum.is_truncated {
                out.flags |= flags::TRUNCATED;
            } else if sum.is_short {
                out.flags |= flags::WARMUP;
            } else if sum.covered < length {
                out.flags |= flags::PARTIAL;
            }
        }
        out
    }

    /// Integral of the spread from the first quote to `now`.
    pub fn total(&self, now: i64) -> TimedSum {
        self.spread.total(now)
    }
}

/// Mean of an integral of prices, in ticks.
fn mean_ticks(sum: &TimedSum, scale: Scale) -> Option<f64> {
    if sum.covered <= 0 || scale.tick < 1 {
        return None;
    }
    let ticks_ns = i128::from(sum.covered) * i128::from(scale.tick);
    Some(sum.integral as f64 / ticks_ns as f64)
}
