//! 1.5 Book imbalance: top 1, 5, 10 and 20 levels, and weighted by distance.
//!
//! From -1 (only asks) to 1 (only bids). Sums of quantities are exact; the weight of a distance of
//! d ticks, 1/(1+d), is a fixed-point number of 10^-15, so that the weighted sums are exact integers
//! too and the same on every machine.

use super::ratio;
use crate::flags;
use crate::inputs::{Depth, PriceLevel, Quote, Scale};

/// Levels a side of each plain imbalance.
pub const LEVELS: [usize; 4] = [1, 5, 10, 20];
/// Levels a side of the weighted one.
pub const WEIGHTED_LEVELS: usize = 10;

/// Weight of distance 0.
const ONE: i64 = 1_000_000_000_000_000;
/// Distances, in half ticks, that the table has.
const TABLE: usize = 2_001;

/// 1/(1+d) at d = h/2 is 2/(2+h), rounded to the nearest.
const fn weight(half_ticks: i64) -> i64 {
    let divisor = half_ticks.saturating_add(2);
    (2 * ONE + divisor / 2) / divisor
}

static WEIGHTS: [i64; TABLE] = {
    let mut table = [0; TABLE];
    let mut at = 0;
    while at < TABLE {
        table[at] = weight(at as i64);
        at += 1;
    }
    table
};

/// Imbalances of a book.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImbalanceValues {
    /// Over the best 1, 5, 10 and 20 levels.
    pub top: [f64; 4],
    /// Over the best ten levels, weighted by distance from the middle.
    pub weighted: f64,
    /// Bid levels there are, at most 20.
    pub bids: u32,
    /// Ask levels there are, at most 20.
    pub asks: u32,
    /// Bits of [`flags`].
    pub flags: u32,
}

impl ImbalanceValues {
    /// No value.
    pub const NONE: ImbalanceValues =
        ImbalanceValues { top: [f64::NAN; 4], weighted: f64::NAN, bids: 0, asks: 0, flags: 0 };
}

/// Running sums of a side after 1, 5, 10 and 20 levels, or after all there are.
#[inline(always)]
fn sums(levels: &[PriceLevel]) -> [i128; 4] {
    let mut sums = [0; 4];
    let mut total = 0_i128;
    for (at, level) in levels.iter().enumerate() {
        total += i128::from(level.quantity);
        for (sum, wanted) in sums.iter_mut().zip(LEVELS) {
            if at < wanted {
                *sum = total;
            }
        }
    }
    sums
}

#[inline(always)]
fn weighted(levels: &[PriceLevel], mid2: i64, scale: Scale) -> Option<i128> {
    let mut total = 0_i128;
    for level in levels.iter().take(WEIGHTED_LEVELS) {
        let away = level.price.saturating_mul(2).saturating_sub(mid2).saturating_abs();
        let half_ticks = scale.ticks(away)?;
        let at = usize::try_from(half_ticks).ok()?;
        let weight = WEIGHTS.get(at).copied().unwrap_or_else(|| weight(half_ticks));
        // At most 2^63 x 10^15 each: ten of them fit.
        total += i128::from(level.quantity) * i128::from(weight);
    }
    Some(total)
}

/// Imbalances of the best levels. `quote` is the valid best quote; without one there is no middle
/// and so no weighted value, and a book of one side is told as 1 or -1.
#[inline]
pub fn imbalance(depth: &Depth, quote: Option<&Quote>, scale: Scale) -> ImbalanceValues {
    let (bids, asks) = (depth.bids(), depth.asks());
    let mut out = ImbalanceValues::NONE;
    (out.bids, out.asks) = (bids.len() as u32, asks.len() as u32);
    if bids.is_empty() || asks.is_empty() {
        out.flags |= flags::ONE_SIDED;
    }
    let (bid_sums, ask_sums) = (sums(bids), sums(asks));
    for (value, (bid, ask)) in out.top.iter_mut().zip(bid_sums.into_iter().zip(ask_sums)) {
        *value = ratio(bid - ask, bid + ask);
    }
    if bid_sums[3] + ask_sums[3] == 0 {
        out.flags |= flags::UNDEF;
    }
    let Some(quote) = quote else { return out };
    let mid2 = quote.mid2();
    match (weighted(bids, mid2, scale), weighted(asks, mid2, scale)) {
        (Some(bid), Some(ask)) => out.weighted = ratio(bid - ask, bid + ask),
        _ => out.flags |= flags::UNDEF,
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_one_over_one_plus_distance() {
        for (half_ticks, weight) in WEIGHTS.iter().enumerate() {
            let wanted = 1.0 / (1.0 + half_ticks as f64 / 2.0);
            assert!((*weight as f64 / ONE as f64 - wanted).abs() < 1e-14, "{half_ticks}");
        }
        assert_eq!(weight(5_000), 399_840_063_974);
    }
}
