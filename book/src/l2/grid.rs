//! Prices as places on a grid of ticks.
//!
//! Levels are neighbours in memory where their prices are neighbours in ticks, so a price has to be
//! divided by the tick for every update. A division is slow and the tick is known only when the book
//! is built, so it is turned into two multiplications: by the inverse of the tick's odd part modulo
//! 2^64, which gives the quotient of every price that is a multiple, and back, which tells whether it
//! was one.

/// A tick and its inverse.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    tick: i64,
    /// Inverse of the odd part of `tick` modulo 2^64.
    inverse: i64,
    /// Times that `tick` can be halved.
    halvings: u32,
}

impl Grid {
    /// A grid of this tick; of 1 where it is not positive.
    pub(super) fn new(tick: i64) -> Grid {
        let tick = tick.max(1);
        let halvings = tick.trailing_zeros();
        let odd = tick >> halvings;
        // Newton's iteration: each step doubles the number of right bits, beginning with three.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_i64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Grid { tick, inverse, halvings }
    }

    /// Which tick a price is; `None` where it lies between two.
    #[inline(always)]
    pub(super) fn unit(&self, price: i64) -> Option<i64> {
        let unit = price.wrapping_mul(self.inverse) >> self.halvings;
        (unit.checked_mul(self.tick) == Some(price)).then_some(unit)
    }

    /// The price of a tick that [`Grid::unit`] gave.
    #[inline(always)]
    pub(super) fn price(&self, unit: i64) -> i64 {
        unit.wrapping_mul(self.tick)
    }
}

/// Finds the tick of a book that was not told it: the greatest common divisor of its prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learning {
    divisor: u64,
    prices: u32,
}

impl Learning {
    /// Prices after which the divisor is taken for the tick. That it is a multiple of the tick then
    /// is as likely as that many coins all showing heads, and costs time only: what is not on the
    /// grid is kept in the tree.
    const ENOUGH: u32 = 32;

    pub(super) const fn new() -> Learning {
        Learning { divisor: 0, prices: 0 }
    }

    /// Takes a price into account; the tick when enough have been seen.
    pub(super) fn see(&mut self, price: i64) -> Option<i64> {
        let (mut left, mut right) = (self.divisor, price.unsigned_abs());
        while right != 0 {
            (left, right) = (right, left % right);
        }
        self.divisor = left;
        self.prices += 1;
        let tick = i64::try_from(self.divisor).unwrap_or(1);
        (self.prices >= Self::ENOUGH).then_some(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn unit_is_the_exact_quotient_or_none(
            tick in prop_oneof![1..200_i64, 1..i64::MAX, (0..62_u32).prop_map(|n| 1 << n)],
            price in prop_oneof![any::<i64>(), -1_000..1_000_i64],
            times in -300..300_i64,
        ) {
            let grid = Grid::new(tick);
            let mut prices = vec![price, tick, -tick, 0, i64::MAX, i64::MIN + 1];
            prices.extend(tick.checked_mul(times));
            for price in prices {
                let expected = (price % tick == 0).then(|| price / tick);
                prop_assert_eq!(grid.unit(price), expected, "{} / {}", price, tick);
                if let Some(unit) = expected {
                    prop_assert_eq!(grid.price(unit), price);
                }
            }
        }
    }

    #[test]
    fn the_tick_is_what_divides_all_prices() {
        let mut learning = Learning::new();
        let learnt: Vec<_> = (1..=32).map(|n| learning.see(-25 * (n * n + 3))).collect();
        assert_eq!(learnt[30], None);
        assert_eq!(learnt[31], Some(25));
        let mut zeros = Learning::new();
        assert_eq!((0..32).filter_map(|_| zeros.see(0)).next(), Some(0));
        assert_eq!(Grid::new(0).unit(7), Some(7));
    }
}
