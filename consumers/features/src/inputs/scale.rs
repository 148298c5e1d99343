//! Tick and exponents of an instrument: the way from its integers to numbers for people.

/// Powers of ten that an f64 holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Exponent and tick of an instrument's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Prices are multiples of 10 to this power.
    pub price_exp: i8,
    /// Smallest price step, in that unit; below 1 where it is not known.
    pub tick: i64,
}

impl Scale {
    /// A number of the integers' unit as a price.
    #[inline]
    pub fn price(self, value: f64) -> f64 {
        let power = POWERS.get(usize::from(self.price_exp.unsigned_abs()));
        match power {
            Some(power) if self.price_exp < 0 => value / power,
            Some(power) => value * power,
            None => value * 10f64.powi(i32::from(self.price_exp)),
        }
    }

    /// `amount` in whole ticks; `None` where the tick is not known or does not divide it.
    #[inline(always)]
    pub const fn ticks(self, amount: i64) -> Option<i64> {
        if self.tick == 1 {
            return Some(amount);
        }
        if self.tick < 1 || amount % self.tick != 0 {
            return None;
        }
        Some(amount / self.tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_by_exact_powers() {
        let scale = |price_exp, tick| Scale { price_exp, tick };
        assert_eq!(scale(-4, 100).price(3_201_400.0), 320.14);
        assert_eq!(scale(3, 1).price(2.0), 2_000.0);
        assert_eq!(scale(-30, 1).price(1e30), 1e30 * 10f64.powi(-30));
        assert_eq!(scale(-4, 100).ticks(1_600), Some(16));
        assert_eq!(scale(-4, 100).ticks(1_650), None);
        assert_eq!(scale(-4, 0).ticks(100), None);
        assert_eq!(scale(0, 1).ticks(-7), Some(-7));
    }
}
