//! 2.5 Volume-weighted average price since an anchor, and the deviation of prices around it.
//!
//! The anchor is 00:00 UTC where trading never ends, else the session's begin and then the opening
//! of its market hours, in the venue's time. Sums are of price differences to the first price after
//! the anchor, so that they are small; the average is exact before its one division.

use super::ratio;
use crate::flags;
use crate::inputs::Scale;

/// ns of a day.
const DAY: i64 = 86_400_000_000_000;

/// Where the sums begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At 00:00 UTC.
    Day,
    /// When the session begins, and when its market opens.
    Session,
}

/// Values since the anchor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VwapValues {
    /// Average in the exponents of the instrument, rounded half to even.
    pub price: i64,
    /// The same as a price.
    pub vwap: f64,
    /// Volume-weighted standard deviation of the prices, as a price; NaN where a price is no whole
    /// number of ticks away from the first.
    pub sigma: f64,
    /// Quantity traded.
    pub quantity: i64,
    /// Time of the anchor, ns UTC.
    pub anchor: i64,
    /// Trades.
    pub trades: i64,
    /// Bits of [`flags`].
    pub flags: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// First price after the anchor.
    first: i64,
    quantity: i128,
    /// Of (price - first) x quantity.
    away: i128,
    /// Of the squared difference in ticks x quantity; `None` once that is no whole number.
    squares: Option<i128>,
    trades: i64,
    anchor: i64,
    flags: u32,
}

/// Average price of an instrument.
#[derive(Debug)]
pub struct Vwap {
    kind: Anchor,
    sums: Sums,
}

impl Vwap {
    /// Nothing traded yet; what was before is not known.
    pub fn new(kind: Anchor) -> Vwap {
        Vwap { kind, sums: Sums { flags: flags::PARTIAL, ..Sums::default() } }
    }

    /// The sums begin anew at the venue's time `at`.
    pub fn anchor(&mut self, at: i64) {
        self.sums = Sums { anchor: at, ..Sums::default() };
    }

    /// Says something of every value until the next anchor: trades are missing, or taken back.
    pub fn tell(&mut self, flags: u32) {
        self.sums.flags |= flags;
    }

    /// A trade at the venue's time `at`.
    #[inline]
    pub fn trade(&mut self, at: i64, price: i64, quantity: i64, scale: Scale) -> VwapValues {
        let day = at.div_euclid(DAY);
        if self.kind == Anchor::Day && day != self.sums.anchor.div_euclid(DAY) {
            let is_first = self.sums.trades == 0 && self.sums.anchor == 0;
            let flags = if is_first { self.sums.flags } else { 0 };
            self.anchor(day.saturating_mul(DAY));
            self.tell(flags);
        }
        let sums = &mut self.sums;
        if sums.trades == 0 {
            sums.first = price;
            sums.squares = Some(0);
            if sums.anchor == 0 {
                sums.anchor = at;
            }
        }
        let (away, quantity) = (price.saturating_sub(sums.first), i128::from(quantity));
        sums.trades += 1;
        sums.quantity = sums.quantity.saturating_add(quantity);
        sums.away = sums.away.saturating_add(i128::from(away).saturating_mul(quantity));
        sums.squares = sums.squares.zip(scale.ticks(away)).and_then(|(sum, ticks)| {
            let square = i128::from(ticks).checked_mul(i128::from(ticks))?;
            sum.checked_add(square.checked_mul(quantity)?)
        });
        self.values(scale)
    }

    /// Values as of the last trade.
    pub fn values(&self, scale: Scale) -> VwapValues {
        let sums = &self.sums;
        let mut flags = sums.flags;
        let total = i128::from(sums.first)
            .checked_mul(sums.quantity)
            .and_then(|product| product.checked_add(sums.away));
        let vwap = total.map_or(f64::NAN, |total| scale.price(ratio(total, sums.quantity)));
        let sigma = deviation(sums, scale)
            .map_or(f64::NAN, |ticks| scale.price(ticks * scale.tick.max(1) as f64));
        if vwap.is_nan() || sigma.is_nan() {
            flags |= flags::UNDEF;
        }
        let rounded = half_even(sums.away, sums.quantity).saturating_add(i128::from(sums.first));
        let small = |value: i128| i64::try_from(value).unwrap_or(0);
        VwapValues {
            price: small(rounded),
            vwap,
            sigma,
            quantity: small(sums.quantity),
            anchor: sums.anchor,
            trades: sums.trades,
            flags,
        }
    }
}

/// Standard deviation in ticks: sqrt((Q Σd²q - (Σdq)²) / Q²), the difference exact where it fits.
fn deviation(sums: &Sums, scale: Scale) -> Option<f64> {
    let squares = sums.squares.filter(|_| sums.quantity > 0 && scale.tick >= 1)?;
    let dq = sums.away / i128::from(scale.tick);
    let exact = sums.quantity.checked_mul(squares).zip(dq.checked_mul(dq));
    let quantity = sums.quantity as f64;
    let variance = match exact {
        Some((a, b)) => (a - b) as f64 / (quantity * quantity),
        None => squares as f64 / quantity - (dq as f64 / quantity) * (dq as f64 / quantity),
    };
    Some(variance.max(0.0).sqrt())
}

/// A quotient of integers, rounded to the nearest, a tie to the even one; 0 over 0 is 0.
fn half_even(numerator: i128, denominator: i128) -> i128 {
    if denominator <= 0 {
        return 0;
    }
    let floor = numerator.div_euclid(denominator);
    let twice = numerator.rem_euclid(denominator).saturating_mul(2);
    let is_up = twice > denominator || (twice == denominator && floor % 2 != 0);
    floor.saturating_add(i128::from(is_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_number() {
        let wanted = [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (7, 3, 2), (8, 3, 3)];
        for (numerator, denominator, quotient) in wanted {
            assert_eq!(half_even(numerator, denominator), quotient, "{numerator}/{denominator}");
        }
        assert_eq!(half_even(1, 0), 0);
    }
}
