//! 1.3 Weighted average price, now and as of 200 ms ago.
//!
//! Cross-weighted: a heavy bid pulls the price up. The lagged one is what a decision that takes 200
//! ms may use; next to any input that is not lagged, the lag protects nothing.

use super::ratio;
use crate::flags;
use crate::inputs::{Quote, Scale};
use crate::window::AsOf;

/// ns of the lag.
pub const LAG: i64 = 200_000_000;

/// Values at an event or a grid time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WapValues {
    /// Price now; NaN without a valid quote.
    pub wap: f64,
    /// Price as of the lag ago; NaN where there was none.
    pub wap_lag: f64,
    /// How far the price now is above that one, 10^-4.
    pub drift_bps: f64,
    /// For how long the lagged quote had stood at that time, ns.
    pub age_ns: i64,
    /// Bits of [`flags`].
    pub flags: u32,
}

/// Values at a grid time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WapGrid {
    /// As at an event.
    pub values: WapValues,
    /// Mean over the lag, by the time that each quote stood.
    pub wap_twa: f64,
}

/// Quotes of an instrument over the lag.
#[derive(Debug)]
pub struct Wap {
    states: AsOf,
    now: Option<Quote>,
    /// Time of the last gap.
    gap: i64,
}

/// Cross-weighted price of a quote; NaN where both quantities are 0.
#[inline]
pub fn wap(quote: &Quote, scale: Scale) -> f64 {
    let (numerator, denominator) = quote.wap_parts();
    scale.price(ratio(numerator, denominator))
}

impl Wap {
    /// Room for so many quotes within the lag.
    pub fn new(quotes: usize) -> Wap {
        Wap { states: AsOf::new(LAG, quotes), now: None, gap: i64::MIN }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.states.clear();
        (self.now, self.gap) = (None, i64::MIN);
    }

    /// From `now` on this is the quote; without one, for the reason in `flags`.
    #[inline]
    pub fn quote(&mut self, now: i64, quote: Option<&Quote>, flags: u32) {
        self.now = quote.copied();
        self.states.set(now, self.now, flags);
        if flags & flags::GAP != 0 {
            self.gap = now;
        }
    }

    /// The values at `now`.
    #[inline]
    pub fn at(&mut self, now: i64, scale: Scale) -> WapValues {
        let mut flags = 0;
        let current = self.now.map_or(f64::NAN, |quote| wap(&quote, scale));
        if self.gap > now.saturating_sub(LAG) {
            flags |= flags::GAP;
        }
        let (mut wap_lag, mut age_ns) = (f64::NAN, 0);
        match self.states.lagged(now) {
            Some(lagged) => {
                age_ns = lagged.age;
                flags |= lagged.flags;
                if let Some(quote) = lagged.quote {
                    wap_lag = wap(&quote, scale);
                }
            }
            None if self.states.is_truncated(now) => flags |= flags::TRUNCATED,
            None => flags |= flags::WARMUP,
        }
        if self.now.is_some_and(|quote| quote.wap_parts().1 == 0) {
            flags |= flags::UNDEF;
        }
        let drift_bps = 1e4 * (current / wap_lag - 1.0);
        let drift_bps = if drift_bps.is_finite() { drift_bps } else { f64::NAN };
        WapValues { wap: current, wap_lag, drift_bps, age_ns, flags }
    }

    /// The values at a grid time, with the mean over the lag.
    pub fn grid(&mut self, now: i64, scale: Scale) -> WapGrid {
        let values = self.at(now, scale);
        let mean = self.states.time_weighted(now, |quote| wap(quote, scale));
        WapGrid { values, wap_twa: mean.unwrap_or(f64::NAN) }
    }
}
